//! Scripts with a single operation that does not end, or that fills the memory.

use crate::sandbox::{Sandbox, json, listing};
use std::time::{Duration, Instant};

/// Every round doubles the number of functions that the next round has to copy.
const DOUBLING: &str = "let f = |x| x;\nfor i in 0..60 { f = f.curry(f); }\n";

/// The interpreter checks the memory between two operations; here one operation fills it.
#[test]
fn an_operation_that_fills_the_memory_ends_the_run_and_what_was_computed_is_kept() {
    let sandbox = Sandbox::with(&format!("let x = normal(50, 2);\nsave(x, \"x.npy\");\n{DOUBLING}"));
    let begun = Instant::now();
    let done = sandbox.run("a.rhai --no-check --memory-budget 700MiB --json").code(3);
    assert!(begun.elapsed() < Duration::from_secs(100), "{:?}", begun.elapsed());
    assert!(done.stderr.contains("the memory budget of 700 MiB"), "{}", done.stderr);
    assert_eq!(json(&done.stdout)["exit_code"], 3);
}

#[test]
fn the_record_of_such_a_run_says_how_it_ended() {
    let script = format!("let seed = param(\"k\", 1);\nlet x = normal(50, 2);\nsave(x, \"x.npy\");\n{DOUBLING}");
    let sandbox = Sandbox::with(&script);
    let done = sandbox.run("sweep a.rhai --no-check -p k=1,2 --jobs 1 --memory-budget 700MiB --out s").code(3);
    assert!(done.stderr.contains("the memory budget of 700 MiB"), "{}", done.stderr);
    let files = listing(&sandbox.path("s"));
    let records: Vec<_> = files.iter().filter(|file| file.ends_with("run.json")).collect();
    let [record] = records.as_slice() else { panic!("{files:?}") };
    let record_of = json(&sandbox.read(&format!("s/{record}")));
    assert_eq!((&record_of["status"], &record_of["exit_code"]), (&"failed".into(), &3.into()));
    assert_eq!(record_of["files"], serde_json::json!(["samples/x.npy"]));
    assert!(files.contains(&record.replace("run.json", "samples/x.npy")), "{files:?}");
    assert!(record_of["error"]["message"].as_str().unwrap().contains("memory budget"), "{record_of}");
}

/// The dry run before the run meets the same operation first, unless its time is over before.
#[test]
fn such_a_run_has_its_record_whoever_meets_the_operation() {
    let sandbox = Sandbox::with(&format!("let x = normal(50, 2);\nsave(x, \"x.npy\");\n{DOUBLING}"));
    let done = sandbox.run("a.rhai --memory-budget 700MiB --out out").code(3);
    assert!(done.stderr.contains("the memory budget of 700 MiB"), "{}", done.stderr);
    let record = json(&sandbox.read("out/run.json"));
    assert_eq!((&record["status"], &record["exit_code"]), (&"failed".into(), &3.into()));
}
