//! The findings of several runs in one document.

use crate::sandbox::{Done, Sandbox, json};
use insta::assert_snapshot;

const SCRIPT: &str = "let shift = param(\"shift\", 0.25);
let word = param(\"word\", \"a\");
expect(\"small\", shift < 1);
expect(\"positive\", shift > 0);
conclude(`The shift is ${rounded(shift, 2)},
          so the word is ${word}.`);";

/// Runs with a fixed instruction set, so that the document is the same on every machine.
fn scalar(sandbox: &Sandbox, words: &[&str]) -> Done {
    Done::of(sandbox.command("").args(words).env("SDFLOW_ISA", "scalar"))
}

/// The document without the version of this program.
fn document(sandbox: &Sandbox, words: &str) -> String {
    sandbox.run(words).code(0).stdout.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn every_run_is_a_paragraph_with_its_command() {
    let sandbox = Sandbox::with(SCRIPT);
    sandbox.write("gallery/b.rhai", "conclude(\"Nothing was checked.\");");
    scalar(&sandbox, &["a.rhai", "--out", "plain"]).code(0);
    let words = ["a.rhai", "--out", "other", "-p", "shift=1.5", "-p", "word=\"it's, well\"", "--seed", "3", "--quick"];
    scalar(&sandbox, &words).code(4);
    scalar(&sandbox, &["gallery/b.rhai", "--out", "b"]).code(0);
    assert_snapshot!(document(&sandbox, "findings other b plain"));
    let told = sandbox.run("findings other b plain -o found.md").code(0);
    assert!(told.stdout.is_empty() && told.stderr.contains("3 runs in found.md"), "{}", told.stderr);
    assert_eq!(sandbox.read("found.md"), sandbox.run("findings other b plain").stdout);
    assert!(!sandbox.path("found.md.draft").exists());
}

const SEEDED: &str = r#"
let x = normal(50, 1);
let mean = x.mean()[0];
let side = if mean > 0.0 { "right" } else { "left" };
let moments = [#{mean: mean, sd: x.cov()[0][0], words: "a|b"}, #{mean: 3, sd: 4, words: "c"}];
if mean > 0.0 { moments.reverse(); }
save(table(moments), "moments.md");
save(table(moments), "moments.csv");
save(table([#{side: side, mean: mean}]), "sides.md");
save(table([#{kind: "all", mean: energy(x, gaussian(#{dim: 1}), #{floor: false})}]), "energy.md");
let long = [];
for i in 0..60 { long.push(#{i: i}); }
save(table(long), "long.csv");
expect("near", abs(mean) < 0.2);
expect("right", mean > 0.0);
conclude(`The mean of ${x.n} points is ${rounded(mean, 2)}, to the ${side} of 0.`);"#;

#[test]
fn runs_that_differ_in_the_seed_share_a_section() {
    let sandbox = Sandbox::with(SEEDED);
    for seed in ["2", "0", "1", "3", "8"] {
        scalar(&sandbox, &["a.rhai", "--quiet", "--seed", seed, "--out", &format!("s{seed}")]);
    }
    assert_snapshot!(document(&sandbox, "findings s2 s0 s1 s3 s8"));
    assert_eq!(sandbox.run("findings s2 s1 s0").code(0).stdout, sandbox.run("findings s0 s1 s2").code(0).stdout);
    // Tables that were damaged since are told.
    sandbox.write("s2/tables/energy.md", "");
    sandbox.write("s0/tables/long.csv", [0xff]);
    sandbox.write("s1/tables/moments.csv", "");
    let damaged = document(&sandbox, "findings s2 s0 s1 s3 s8");
    let left_out = damaged.lines().find(|line| line.starts_with("Tables not shown")).unwrap();
    for told in
        ["`energy` (the runs have other rows)", "`long` (it cannot be read)", "`moments` (the runs have other rows)"]
    {
        assert!(left_out.contains(told), "{left_out}");
    }
    sandbox.write("s0/tables/energy.md", "");
    assert!(document(&sandbox, "findings s0").contains("`energy` (it is empty)"));
    // A repetition of a run, and other code, have sections of their own; other comments do not.
    let sections = |words: &str| document(&sandbox, words).matches("\n## a\n").count();
    assert_eq!(sections("findings s2 s1 s2"), 2);
    sandbox.write("a.rhai", SEEDED.replace("let x =", "// Points.\nlet x ="));
    scalar(&sandbox, &["a.rhai", "--quiet", "--seed", "4", "--out", "comment"]);
    sandbox.write("a.rhai", SEEDED.replace("normal(50", "normal(51"));
    scalar(&sandbox, &["a.rhai", "--quiet", "--seed", "5", "--out", "code"]);
    assert_eq!((sections("findings s2 s1 comment"), sections("findings s2 s1 code")), (1, 2));
}

#[test]
fn what_did_not_come_to_its_end_is_said() {
    let sandbox = Sandbox::with("conclude(\"So far so good.\");\nnormal(0, 2);");
    scalar(&sandbox, &["a.rhai", "--out", "failed"]).code(3);
    let mut record = json(&sandbox.read("failed/run.json"));
    record.as_object_mut().unwrap().remove("error");
    record.as_object_mut().unwrap().remove("conclusion");
    for status in ["stopped", "running"] {
        record["status"] = status.into();
        sandbox.write(&format!("{status}/run.json"), record.to_string());
    }
    assert_snapshot!(document(&sandbox, "findings failed stopped running"));
}

#[test]
fn what_is_no_finding_is_refused() {
    let sandbox = Sandbox::with("1");
    sandbox.run("a.rhai --out silent --quiet").code(0);
    sandbox.write("empty/other.txt", "");
    sandbox.write("sweep/table.jsonl", "");
    let record = json(&sandbox.read("silent/run.json"));
    let changed = |name: &str, schema: i32| {
        let mut record = record.clone();
        record["schema"] = schema.into();
        sandbox.write(&format!("{name}/run.json"), record.to_string());
    };
    changed("newer", 2);
    sandbox.write("broken/run.json", "{\"schema\": 1}");
    let commands = ["nowhere", "empty", "sweep", "silent", "newer", "broken"];
    let told = commands.map(|run| sandbox.run(&format!("findings {run}")).complaint());
    assert_snapshot!(told.join("\n\n"));
    let none = sandbox.run("findings").code(2);
    assert!(none.stderr.contains("<RUN>"), "{}", none.stderr);
    sandbox.write("said.rhai", "conclude(\"a\");");
    sandbox.run("said.rhai --out said --quiet").code(0);
    let refused = sandbox.run("findings said -o nowhere/found.md").code(6).stderr;
    assert!(refused.contains("cannot write nowhere/found.md") && refused.contains("`-o`"), "{refused}");
    // If one folder holds no run, the file stays as it was.
    sandbox.write("found.md", "earlier");
    sandbox.run("findings said empty -o found.md").code(6);
    assert_eq!(sandbox.read("found.md"), "earlier");
    // A run without a conclusion, or a sweep, does not hide the other runs.
    let partly = sandbox.run("findings silent said sweep -o found.md").code(0);
    assert_eq!(sandbox.read("found.md"), sandbox.run("findings said").code(0).stdout);
    assert_snapshot!(partly.stderr);
}

#[test]
fn the_conclusion_is_kept_and_shown_again() {
    let sandbox = Sandbox::with(SCRIPT);
    let first = sandbox.run("a.rhai --out one").code(0);
    let again = sandbox.run("a.rhai --out one").code(0);
    for done in [&first, &again] {
        assert!(done.stdout.contains("  conclusion\n    The shift is 0.25, so the word is a.\n"), "{}", done.stdout);
    }
    assert!(again.stderr.contains("already finished"), "{}", again.stderr);
    let record = json(&sandbox.run("a.rhai --out one --json").code(0).stdout);
    assert_eq!((&record["conclusion"], &record["schema"]), (&"The shift is 0.25, so the word is a.".into(), &1.into()));
    sandbox.write("silent.rhai", "1");
    let silent = json(&sandbox.run("silent.rhai --json").code(0).stdout);
    assert!(silent.get("conclusion").is_none());
}
