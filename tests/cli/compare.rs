//! Two runs side by side.

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
    for (words, code) in
        [("compare one nowhere", 6), ("compare . one", 6), ("compare one", 2), ("compare one two --fail-above x", 2)]
    {
        let said = sandbox.run(words).code(code).stderr;
        assert!(code == 2 || said.contains("no run folder"), "{words}: {said}");
    }
    sandbox.write("broken/run.json", "{}");
    assert!(sandbox.run("compare one broken --json").code(6).stdout.contains("\"exit_code\": 6"));
}
