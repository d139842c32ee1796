//! `bench`: measurements and refusals.

use crate::sandbox::{Done, Sandbox, json};

#[test]
fn bench_measures_one_case() {
    let done = Sandbox::new().run("bench pairwise --n 200 --m 300 --dim 3 --precision f64 --json").code(0);
    let report = json(&done.stdout);
    assert_eq!(
        (report["n"].as_u64(), report["m"].as_u64(), report["precision"].as_str()),
        (Some(200), Some(300), Some("f64"))
    );
    assert!(report["rel_error"].as_f64().unwrap() < 1e-12 && report["pairs_per_s"].as_f64().unwrap() > 0.0);
    for words in ["bench nonsense", "bench --n 0", "bench --sigma -1", "bench --isa avx3", "bench --skip maybe"] {
        assert!(Sandbox::new().run(words).code(2).stdout.is_empty(), "{words}");
    }
}

#[test]
fn bench_measures_a_step_of_a_flow() {
    for noise in ["fresh", "none"] {
        let words = format!("bench flow --n 200 --m 300 --dim 3 --precision f64 --noise {noise} --json");
        let report = json(&Sandbox::new().run(&words).code(0).stdout);
        assert_eq!(
            (report["task"].as_str(), report["noise"].as_str(), report["m"].as_u64()),
            (Some("flow"), Some(noise), Some(300))
        );
        let [step, engine, overhead] =
            ["seconds_per_step", "seconds_engine", "overhead"].map(|key| report[key].as_f64().unwrap());
        assert!(step > 0.0 && engine > 0.0 && overhead < 1.0, "{report}");
    }
    let shown = Sandbox::new().run("bench flow --n 200 --dim 3").code(0).stdout;
    assert!(shown.lines().count() == 2 && shown.contains("overhead") && shown.trim_end().ends_with('%'), "{shown}");
}

#[test]
fn bench_measures_a_net_in_training() {
    let report = json(&Sandbox::new().run("bench net --n 64 --threads 1 --json").code(0).stdout);
    assert_eq!(
        (report["task"].as_str(), report["n"].as_u64(), report["dim"].as_u64()),
        (Some("net"), Some(64), Some(2))
    );
    let [rate, share, first, last] =
        ["steps_per_s", "fraction_of_peak", "loss_first", "loss_last"].map(|key| report[key].as_f64().unwrap());
    assert!(rate > 0.0 && share > 0.0 && share < 1.5 && last < first, "{report}");
    let shown = Sandbox::new().run("bench net --n 64").code(0).stdout;
    assert!(shown.lines().count() == 2 && shown.contains("128-128-128"), "{shown}");
}

#[test]
fn bench_measures_iterations_of_sinkhorn() {
    let report = json(&Sandbox::new().run("bench sinkhorn --n 300 --m 200 --dim 3 --threads 1 --json").code(0).stdout);
    assert_eq!(
        (report["task"].as_str(), report["n"].as_u64(), report["iterations"].as_u64()),
        (Some("sinkhorn"), Some(300), Some(100))
    );
    let [rate, share, error] =
        ["pairs_per_s", "fraction_of_peak", "rel_error"].map(|key| report[key].as_f64().unwrap());
    assert!(rate > 0.0 && share > 0.0 && share < 1.5 && error < 1e-5, "{report}");
    let words = "bench sinkhorn --n 2000 --dim 2 --precision f64 --iterations 3";
    let shown = Sandbox::new().run(words).code(0).stdout;
    assert!(shown.lines().count() == 2 && shown.contains("epsilon") && shown.contains("memory"), "{shown}");
    let report = json(&Sandbox::new().run(&format!("{words} --json")).code(0).stdout);
    // A matrix of all pairs would take 32 MB in f64, and the points take 64 kB.
    let memory = report["memory_mb"].as_f64().unwrap();
    assert!(report["iterations"] == 3 && memory > 0.05 && memory < 16.0, "{report}");
}

#[test]
fn flags_that_would_be_ignored_are_refused() {
    let sandbox = Sandbox::new();
    for (words, named) in [
        ("bench --matrix --n 5 --dim 3", &["`--n`, `--dim`"][..]),
        ("bench --matrix --m 5 --sigma 1 --data gauss", &["`--m`, `--sigma`, `--data`"]),
        ("bench --matrix --precision f64 --backend fused --skip on", &["`--precision`, `--backend`, `--skip`"]),
        ("bench flow --matrix", &["bench pairwise --matrix"]),
        ("bench --noise none", &["`--noise`", "bench flow"]),
        ("bench sinkhorn --precision bf16x3", &["f32 or f64", "--precision f32"]),
        ("bench net --iterations 3", &["`--iterations`", "bench sinkhorn"]),
        ("bench sinkhorn --matrix", &["bench pairwise --matrix"]),
        ("bench net --m 5 --sigma 1", &["`--m`, `--sigma`", "`--n` sets the batch size"]),
        ("bench net --matrix", &["bench pairwise --matrix"]),
        ("bench nonsense", &["nonsense", "pairwise"]),
    ] {
        let done = sandbox.run(words).code(2);
        assert!(done.stdout.is_empty() && named.iter().all(|n| done.stderr.contains(n)), "{words}: {}", done.stderr);
    }
    let refused = json(&sandbox.run("bench --matrix --n 5 --json").code(2).stdout);
    assert!(refused["error"]["hint"].as_str().unwrap().contains("--matrix"), "{refused}");
}

#[test]
fn the_environment_sets_the_instruction_set_and_the_flag_beats_it() {
    let sandbox = Sandbox::new();
    let isa = |words: &str| {
        let words = format!("bench --n 100 --dim 2 --json {words}");
        let done = Done::of(sandbox.command(&words).env("SDFLOW_ISA", "scalar")).code(0);
        json(&done.stdout)["isa"].as_str().unwrap().to_string()
    };
    assert_eq!(isa(""), "scalar");
    assert_eq!(isa("--isa scalar"), "scalar");
    let best = json(&sandbox.run("bench --n 100 --dim 2 --json").code(0).stdout)["isa"].clone();
    assert_eq!(isa("--isa auto"), best.as_str().unwrap());
}
