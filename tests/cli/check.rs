//! Dry runs: their estimates and refusals, and the absence of written files.

use crate::sandbox::{Sandbox, json, listing};

const SCRIPT: &str = "let p = dataset(\"moons\");\nlet x = p.sample(200);\n\
                      let r = run(sd_flow(x), normal(100, 2), p, #{steps: 9, metrics: [\"energy\"]});\n\
                      print(r.metrics.energy);\nsave(r.points, \"y.npy\");\nthreshold(\"energy\", \">\", -1);\n";

#[test]
fn the_report_estimates_the_pairs_of_a_run() {
    let sandbox = Sandbox::with(SCRIPT);
    let done = sandbox.run("check a.rhai --json").code(0);
    let report = json(&done.stdout);
    assert_eq!(listing(&sandbox.path("")), ["a.rhai"], "nothing is written");
    assert_eq!(done.stderr.trim(), "?", "prints go to standard error");
    let table = sandbox.run("check a.rhai").code(0).stdout;
    assert!(table.contains("run sd_flow  a.rhai:3") && table.contains("total"), "{table}");
    let record = json(&sandbox.run("a.rhai --json").code(0).stdout);
    assert_eq!(report["pairs"], record["work"]["pairs"]);
    assert_eq!((report["steps"].as_u64(), report["work"][0]["line"].as_u64()), (Some(9), Some(3)));
    assert!(report["seconds"].as_f64().unwrap() > 0.0 && report["bytes"].as_u64().unwrap() > 8 * 2 * 300);
}

#[test]
fn mistakes_that_only_a_run_would_meet_have_their_exit_codes() {
    for (line, code) in
        [("energy(r.points, normal(5, 3));", 6), ("threshold(\"enrgy\", \"<\", 1);", 3), ("load(\"n\" + \".npy\");", 6)]
    {
        let sandbox = Sandbox::with(&format!("{SCRIPT}{line}\n"));
        let done = sandbox.run("check a.rhai --quick").code(code);
        assert!(done.stderr.contains("a.rhai:7:"), "{}", done.stderr);
        assert_eq!(listing(&sandbox.path("")), ["a.rhai"]);
    }
}

/// The memory of `w2` for 6,000 points includes a cost matrix of 288 MB. The estimate comes from a
/// measurement on far fewer points.
#[test]
fn the_memory_of_a_metric_is_counted() {
    let sandbox =
        Sandbox::with("let x = normal(6000, 2);\nw2(x, normal(6000, 2), #{max_points: 6000});\nprint(x.n);\n");
    let report = json(&sandbox.run("check a.rhai --json").code(0).stdout);
    let bytes = report["bytes"].as_f64().unwrap();
    assert!((bytes / 298e6 - 1.0).abs() < 0.25, "{bytes}");
    let said = sandbox.run("check a.rhai").code(0).stdout;
    assert!(said.contains("memory    about 2") || said.contains("memory    about 3"), "{said}");
    // The measurement uses at most 2,000 points, whatever the number of points.
    let sandbox = Sandbox::with("let x = normal(6000, 2);\nw2(x, normal(6000, 2));\n");
    let report = json(&sandbox.run("check a.rhai --json").code(0).stdout);
    assert!(report["bytes"].as_f64().unwrap() < 100e6, "{}", report["bytes"]);
}
