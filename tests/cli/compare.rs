//! A comparison of two runs.

use crate::sandbox::{Sandbox, json};

const SCRIPT: &str = "let shift = param(\"shift\", 0.0);
record(#{energy: 1.0 + shift, coverage: 0.9 - shift, width: 3.0 + shift});
let e = energy(normal(50, 2), normal(50, 2));
record(#{noisy_energy: e});";

fn two() -> Sandbox {
    let sandbox = Sandbox::with(SCRIPT);
    sandbox.run("a.rhai --out one --quiet").code(0);
    sandbox.run("a.rhai --out two --quiet -p shift=0.2 --seed 3").code(0);
    sandbox
}

#[test]
fn what_got_worse_is_told_and_can_fail() {
    let sandbox = two();
    let said = sandbox.run("compare one two").code(0).stdout;
    let line = |name: &str| said.lines().find(|l| l.trim_start().starts_with(name)).unwrap_or_else(|| panic!("{said}"));
    assert!(line("energy").contains("+20.0 %") && line("energy").ends_with("worse"), "{said}");
    assert!(line("coverage").contains("-22.2 %") && line("coverage").ends_with("worse"), "{said}");
    assert!(line("width").contains("not judged"), "{said}");
    assert!(line("-p shift").contains("0.0  ->  0.2") && line("seed").contains("0  ->  3"), "{said}");
    let failed = sandbox.run("compare one two --fail-above 5%").code(4).stdout;
    assert_eq!(failed.matches("FAILED").count(), 2, "{failed}");
    sandbox.run("compare one two --fail-above 0.21 --json").code(4);
    sandbox.run("compare one two --fail-above 30%").code(0);
    assert!(sandbox.run("compare one one --fail-above 0").code(0).stdout.contains("same"));
}

#[test]
fn json_holds_all_of_it() {
    let sandbox = two();
    let done = json(&sandbox.run("compare one two --fail-above 5% --json").code(4).stdout);
    assert_eq!((&done["schema"], &done["exit_code"]), (&1.into(), &4.into()));
    assert_eq!(done["failed"], serde_json::json!(["coverage", "energy"]));
    assert_eq!(done["metrics"]["energy"]["better"], "lower");
    assert_eq!(done["metrics"]["noisy_energy"]["verdict"], "same");
    let noisy = &done["metrics"]["noisy_energy"];
    let number = |side: &str, key: &str| noisy[side][key].as_f64().unwrap();
    let error = number("a", "se").hypot(number("b", "se"));
    assert!((noisy["z"].as_f64().unwrap() - (number("b", "value") - number("a", "value")) / error).abs() < 1e-9);
}

#[test]
fn what_is_no_run_is_refused() {
    let sandbox = two();
    for (words, code, why) in [
        ("compare one nowhere", 6, "there is no folder `nowhere`"),
        ("compare . one", 6, "not a run folder"),
        ("compare one", 2, ""),
        ("compare one two --fail-above x", 2, ""),
    ] {
        let said = sandbox.run(words).code(code).stderr;
        assert!(said.contains(why), "{words}: {said}");
    }
    sandbox.write("broken/run.json", "{}");
    assert!(sandbox.run("compare one broken --json").code(6).stdout.contains("\"exit_code\": 6"));
}

#[test]
fn cells_of_two_sweeps_match_by_what_varies() {
    let sandbox =
        Sandbox::with(&format!("let n = param(\"n\", 1);\n{}", SCRIPT.replace("1.0 + shift", "1.0 + shift * n")));
    sandbox.run("sweep a.rhai --out one --quiet -p n=1,2,3 -p seed=1,2").code(0);
    sandbox.run("sweep a.rhai --out two --quiet -p n=2,3,4 -p seed=1,2 -p shift=0.1").code(0);
    let said = sandbox.run("compare one two").code(0).stdout;
    let line = |name: &str| said.lines().find(|l| l.trim_start().starts_with(name)).unwrap_or_else(|| panic!("{said}"));
    assert!(line("cells").ends_with("4 finished in both, 2 only in A, 2 only in B"), "{said}");
    assert!(line("-p shift").contains("0.0  ->  0.1"), "{said}");
    let words: Vec<&str> = line("energy").split_whitespace().collect();
    assert_eq!(words, ["energy", "0", "4", "+25.0", "%", "-", "n=3,", "seed=1"], "{said}");
    let words: Vec<&str> = line("noisy_energy").split_whitespace().collect();
    assert_eq!(words, ["noisy_energy", "0", "0", "+0.0", "%", "+0.0", "-"], "{said}");

    let done = json(&sandbox.run("compare one two --fail-above 25% --json").code(4).stdout);
    let failed = [
        "energy at n=3, seed=1",
        "energy at n=3, seed=2",
        "n=1, seed=1 is missing in B",
        "n=1, seed=2 is missing in B",
    ];
    assert_eq!(done["failed"], serde_json::json!(failed));
    assert_eq!((&done["exit_code"], done["cells"].as_array().unwrap().len()), (&4.into(), 4));
    assert_eq!(done["cells"][0]["metrics"]["noisy_energy"]["verdict"], "same");
    sandbox.run("compare one one --fail-above 0").code(0);

    sandbox.run("sweep a.rhai --out far --quiet -p n=7,8").code(0);
    let far = sandbox.run("compare one far").code(6).stderr;
    assert!(far.contains("no finished cell in common") && far.contains("parameters that vary"), "{far}");
    sandbox.run("a.rhai --out single --quiet").code(0);
    let mixed = sandbox.run("compare one single").code(6).stderr;
    assert!(mixed.contains("compare it with another sweep, or two of its cells"), "{mixed}");
}
