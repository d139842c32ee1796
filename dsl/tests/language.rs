//! The guarantees of the script language: parameters, identity, checks, records, limits, the
//! sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use sdflow_dsl::{Fault, Request, check, execute, prepare};
use serde_json::json;
use stage::{Heard, request, run};
use std::sync::Arc;

fn prepared(change: impl FnOnce(&mut Request), text: &str) -> sdflow_dsl::Prepared {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request(folder.path(), text);
    change(&mut request);
    prepare(&request).unwrap()
}

fn param(name: &str, value: &str) -> (String, String) {
    (name.into(), value.into())
}

#[test]
fn parameters_take_the_type_of_their_default() {
    let text = "let dim = param(\"dim\", 8);\nlet s = param(\"s\", 0.5);\nlet n = param(\"n\", 2 * dim);\n\
                print(`${dim} ${s} ${n} ${param(\"on\", true)} ${param(\"word\", \"a\")}`);";
    let folder = tempfile::tempdir().unwrap();
    let mut request = request(folder.path(), text);
    request.params = vec![param("dim", "4"), param("s", "2"), param("n", "3")];
    request.environment = vec![param("WORD", "b"), param("S", "7")];
    let prepared = prepare(&request).unwrap();
    let heard = Arc::new(Heard::default());
    let outcome = execute(&prepared, heard.clone());
    assert_eq!(outcome.failure, None);
    assert_eq!(heard.said(), ["4 2.0 3 true b"]);
    assert_eq!((&outcome.params["s"].value, outcome.params["s"].origin.as_str()), (&json!(2.0), "command line"));
    assert_eq!(outcome.params["word"].origin, "environment");
    assert_eq!(outcome.params["on"].origin, "script");
}

#[test]
fn a_value_of_the_wrong_type_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    for (text, computed) in [("param(\"dim\", 8);", false), ("param(\"dim\", 2 * 4);", true)] {
        let mut request = request(folder.path(), text);
        request.params = vec![param("dim", "many")];
        let failure = match prepare(&request) {
            Err(failure) => failure,
            Ok(prepared) => execute(&prepared, Arc::new(Heard::default())).failure.unwrap(),
        };
        assert_eq!(failure.kind, Fault::Usage);
        assert_eq!(failure.place.is_some(), computed);
        assert!(failure.message.contains("many") && failure.message.contains("whole number"), "{}", failure.message);
    }
}

#[test]
fn the_identity_tells_runs_apart_and_nothing_else() {
    let text = "let n = param(\"n\", 8);\nlet x = load(\"x.npy\");";
    let same = prepared(|_| {}, text);
    assert_eq!(same.identity(), prepared(|_| {}, text).identity());
    assert_eq!(same.identity().len(), 16);
    let others = [
        prepared(|r| r.seed = 2, text),
        prepared(|r| r.params = vec![param("seed", "2")], "let n = param(\"n\", 8);\nlet x = load(\"x.npy\"); "),
        prepared(|r| r.quick = false, text),
        prepared(|r| r.params = vec![param("n", "9")], text),
        prepared(|r| std::fs::write(r.script.with_file_name("x.npy"), "other").unwrap(), text),
        prepared(|_| {}, "let n = param(\"n\", 9);\nlet x = load(\"x.npy\");"),
    ];
    for other in &others {
        assert_ne!(same.identity(), other.identity());
    }
    assert_eq!(others[1].seed(), 2);
    let elsewhere = prepared(|r| r.folder = r.folder.join("deeper"), text);
    assert_eq!(same.identity(), elsewhere.identity());
}

#[test]
fn the_text_holds_the_imports() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("part.rhai"), "fn two() { 2 }\n").unwrap();
    let before = prepare(&request(folder.path(), "import \"part\" as part;\nprint(part::two());")).unwrap();
    assert!(before.text().contains("fn two()"));
    std::fs::write(folder.path().join("part.rhai"), "fn two() { 3 }\n").unwrap();
    let after = prepare(&request(folder.path(), "import \"part\" as part;\nprint(part::two());")).unwrap();
    assert_ne!(before.identity(), after.identity());
}

#[test]
fn checks_and_records_stand_in_the_outcome() {
    let (outcome, _) = run("threshold(\"error\", \"<\", 0.1);\nexpect(\"a\", true);\nexpect(\"b\", 1 > 2);\n\
                            record(#{error: 0.5});\nrecord(#{error: 0.05});");
    assert_eq!(outcome.failure, None);
    let checks: Vec<_> = outcome.checks.iter().map(|c| (c.name.as_str(), c.pass, c.value)).collect();
    assert_eq!(checks, [("error < 0.1", true, Some(0.05)), ("a", true, None), ("b", false, None)]);
    assert_eq!(outcome.metrics["error"].value, 0.05);
}

#[test]
fn a_failure_keeps_what_was_done() {
    let (outcome, printed) =
        run("expect(\"a\", true);\nprint(\"here\");\nsave(normal(5, 2), \"x.npy\");\nnormal(0, 2);");
    assert!(outcome.failure.is_some());
    assert_eq!((outcome.checks.len(), printed), (1, vec!["here".to_string()]));
    assert_eq!(outcome.files, [std::path::PathBuf::from("samples/x.npy")]);
}

#[test]
fn a_run_moves_points_and_says_what_it_did() {
    let (outcome, printed) = run("let p = dataset(\"8gaussians\");\nlet x = p.sample(400);\n\
         let r = run(sd_flow(x), normal(400, 2), p, #{steps: 30, metrics: [\"energy\"]});\n\
         let before = energy(normal(400, 2), p);\nprint(r.stop);\nprint(r.metrics.energy.value < before / 5);\n\
         print(r.history.column(\"step\").len() > 2);\nexpect(\"a reading is a number\", r.metrics.energy < before);");
    assert_eq!(outcome.failure, None);
    assert_eq!(printed[1..], ["finished", "true", "true"], "{printed:?}");
    assert!(printed[0].starts_with("sigma: from"), "{printed:?}");
    let energy = &outcome.metrics["energy"];
    assert!(energy.floor.is_some() && energy.se.is_some());
    assert_eq!((outcome.steps, outcome.nfe), (30, 30));
    assert!(outcome.pairs > 0 && outcome.flops > 0.0 && outcome.seconds.contains_key("flow"));
    assert_eq!(outcome.stop.unwrap().reason, "finished");
}

#[test]
fn the_same_script_gives_the_same_points_and_another_seed_others() {
    let text = "let x = dataset(\"moons\").sample(100);\nlet r = run(sd_flow(x), normal(100, 2), #{steps: 5});\n\
                print(r.points.mean());";
    let heard = |seed: u64| {
        let folder = tempfile::tempdir().unwrap();
        let mut request = request(folder.path(), text);
        request.seed = seed;
        let heard = Arc::new(Heard::default());
        assert_eq!(execute(&prepare(&request).unwrap(), heard.clone()).failure, None);
        heard.said()
    };
    assert_eq!(heard(1), heard(1));
    assert_ne!(heard(1), heard(2));
}

#[test]
fn a_generator_learns_the_law() {
    let folder = tempfile::tempdir().unwrap();
    let text = "let p = ar1(0.5, #{dim: 3});\nlet g = affine(#{dim: 3});\n\
                let before = relative_error(g.cov(), p.cov());\n\
                fit(g, sd_flow(p, gaussian_fit()), gaussian(#{dim: 3}), #{steps: 400, batch: 256});\n\
                expect(\"learnt\", relative_error(g.cov(), p.cov()) < 0.2 && before > 0.2);";
    let mut request = request(folder.path(), text);
    request.quick = false;
    let outcome = execute(&prepare(&request).unwrap(), Arc::new(Heard::default()));
    assert_eq!(outcome.failure, None);
    assert!(outcome.checks[0].pass);
}

#[test]
fn quick_caps_points_and_steps_and_says_so() {
    let (outcome, printed) = run("let x = normal(5000, 2);\nprint(x.n);\nprint(x.rows(2500, 5000).n);\n\
             print(run(sd_flow(x), normal(10, 2), #{steps: 1000}).stats.steps);");
    assert_eq!(outcome.failure, None);
    assert_eq!((printed[0].as_str(), printed[1].as_str(), printed.last().unwrap().as_str()), ("512", "256", "30"));
    assert_eq!(outcome.warnings.iter().filter(|w| w.starts_with("--quick")).count(), 2);
}

#[test]
fn an_interrupt_ends_a_script_that_catches_everything() {
    let folder = tempfile::tempdir().unwrap();
    let text = "loop { try { let r = run(sd_flow(normal(400, 2)), normal(400, 2), #{steps: 20}); } catch (e) { } }";
    let request = request(folder.path(), text);
    let interrupt = request.interrupt.clone();
    let watch = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        interrupt.raise();
    });
    let outcome = execute(&prepare(&request).unwrap(), Arc::new(Heard::default()));
    watch.join().unwrap();
    assert_eq!(outcome.failure.unwrap().kind, Fault::Interrupted);
}

#[test]
fn a_caught_failure_prints_its_cause() {
    let (outcome, printed) = run("try { normal(0, 2); } catch (e) { print(e); }");
    assert_eq!(outcome.failure, None);
    assert_eq!(printed, ["`n` of `normal` is 0, but it must be at least 1"]);
}

#[test]
fn a_quotient_of_whole_numbers_is_warned_of() {
    let (outcome, _) =
        run("let f = sd_flow(normal(10, 2), #{sigma: 1.0,\n step: 1/2});\nlet g = 4/2;\nlet h = 1 + 3/2;");
    assert_eq!(outcome.warnings.len(), 2, "{:?}", outcome.warnings);
    for (warning, place) in outcome.warnings.iter().zip(["2:8", "4:13"]) {
        let want = format!("script.rhai:{place}: a quotient of whole numbers is rounded towards 0: write 1.0/2.0");
        assert!(warning.ends_with(&want), "{warning}");
    }
}

#[test]
fn check_finds_what_a_run_would_meet_without_running() {
    let folder = tempfile::tempdir().unwrap();
    let text = "let dim = param(\"dim\", 2);\nlet k = param(\"k\", 2 * dim);\nlet x = load(\"x.npy\", #{kye: 1});\n\
                let f = |a| a + 1;\nlet y = f.call(2);\nif dim > 5 { nromal(1, 2); }\nlet z = x.rows(1);\n\
                let s = 1.0 / 2;\nlet flow = sd_flow(x, #{sigma: 1/2, sgima: 2});\nlet p = dataset(\"mons\");\n\
                fn g(a) { a }\ng(1, 2);\nsave(x, \"out.npy\");\nlet l = \"ab\".len();\nlet m = [1, 2].map(|v| v * 2);\n\
                run(flow, x, x, #{metrics: [\"enrgy\"]});\n";
    let report = check(&request(folder.path(), text), &stage::nobody(), None);
    let messages: Vec<&str> = report.errors.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`load` has no option `kye`",
            "there is no function `nromal`",
            "`rows` takes 2 arguments, 1 was given",
            "`sd_flow` has no option `sgima`",
            "there is no data set `mons`",
            "`g` takes 1 argument, 2 were given",
            "there is no metric `enrgy`",
        ]
    );
    let lines: Vec<usize> = report.errors.iter().map(|d| d.place.as_ref().unwrap().line).collect();
    assert_eq!(lines, [3, 6, 7, 9, 10, 12, 16]);
    assert_eq!(report.warnings.len(), 1);
    assert_eq!(report.params["dim"].value, json!(2));
    assert_eq!(
        (report.computed, report.writes, report.reads),
        (vec!["k".into()], vec!["out.npy".into()], vec!["x.npy".into()])
    );
}

/// A run and a metric share the floor of a reference, whether it is a target or points.
#[test]
fn a_floor_is_computed_once() {
    for reference in ["p", "x", "p.sample(200)"] {
        let (outcome, _) = stage::run(&format!(
            "let p = dataset(\"moons\");\nlet x = normal(200, 2);\nlet reference = {reference};\n\
             let r = run(sd_flow(p.sample(150)), normal(100, 2), reference, #{{steps: 2, metrics: [\"energy\"]}});\n\
             let e = energy(r.points, reference);\nrecord(#{{of_run: r.metrics.energy.floor, alone: e.floor}});"
        ));
        assert_eq!(outcome.failure.as_ref().map(stage::told), None);
        assert_eq!(outcome.metrics["of_run"].value, outcome.metrics["alone"].value, "{reference}");
    }
}

/// In Rhai, a method call of a function binds `this`, and a closure in a map is called as a method.
#[test]
fn functions_of_the_script_are_called_as_methods() {
    let (outcome, said) = run("fn raise(x) { this += x; }\n\
                               fn double() { this * 2 }\n\
                               let y = 5;\n\
                               y.raise(4);\n\
                               let m = #{add: |x| x + 1};\n\
                               m.later = |x| x + 2;\n\
                               print(`${y} ${5.double()} ${m.add(2)} ${m.later(2)}`);");
    assert_eq!(outcome.failure, None);
    assert_eq!(said, ["9 10 3 4"]);
}

/// Beyond 1e150 the square of a coordinate is infinite. Without the check, each of these gave
/// infinity, NaN, or 0.
#[test]
fn points_with_infinite_squares_are_refused_when_they_are_made() {
    for made in [
        "points([[1e155, 1.0]])",
        "affine(#{dim: 2, scale: 1e155}).sample(5)",
        "gaussian(#{mean: [1e160, 0.0]}).sample(5)",
    ] {
        let failure = run(&format!("let x = {made};\nprint(x.cov());")).0.failure.unwrap();
        assert_eq!(failure.place.unwrap().line, 1);
        assert!(failure.message.contains("at most 1e150"), "{}", failure.message);
    }
    let (_, said) = run("print(norm([(0.0).ln() * 0.0, 1.0]).is_nan());");
    assert_eq!(said, ["true"]);
    let (outcome, said) = run("print(norm([3e200, 4e200])); print(relative_error([1.1e200, 0.0], [1e200, 0.0]));");
    assert_eq!(outcome.failure, None);
    assert!((said[0].parse::<f64>().unwrap() / 5e200 - 1.0).abs() < 1e-15, "{}", said[0]);
    assert!((said[1].parse::<f64>().unwrap() - 0.1).abs() < 1e-12, "{}", said[1]);
}
