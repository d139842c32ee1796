//! The run folder, a repeated run that prints the stored results, and Ctrl-C.

use crate::sandbox::{Done, Sandbox, json, listing};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Moves 100 particles to a Gaussian in 20 steps, prints a line and draws a plot.
const SMALL: &str = r#"
let n = param("n", 100);
let target = gaussian(#{dim: 2, mean: [1.0, 0.0], std: 0.5});
let result = run(sd_flow(target, gaussian_fit(), #{sigma: 0.3}), normal(n, 2), #{steps: 20, every: 5});
print(`moved ${n}`);
record(#{distance: energy(result.points, target.sample(100))});
expect("all moved", result.points.n == n);
plot(result.points, "cloud.svg");
"#;

/// Runs until it is stopped.
const ENDLESS: &str = r#"
let target = gaussian(#{dim: 2});
let result = run(sd_flow(target, gaussian_fit(), #{sigma: 0.3}), normal(200, 2), #{steps: 100000000, every: 10});
"#;

#[test]
fn a_run_leaves_its_folder() {
    let sandbox = Sandbox::with(SMALL);
    let done = sandbox.run("a.rhai -p n=120 --seed 7").code(0);
    assert!(done.stdout.starts_with("moved 120\n") && done.stdout.contains("1 of 1 hold"), "{}", done.stdout);
    let record = sandbox.record();
    assert_eq!(record["schema"], 1);
    assert_eq!(record["status"], "done");
    assert_eq!(record["seed"], 7);
    assert_eq!(record["params"]["n"], serde_json::json!({"value": 120, "origin": "command line"}));
    assert_eq!(record["checks"][0]["name"], "all moved");
    assert_eq!(record["steps"], 20);
    assert!(record["work"]["pairs_per_s"].as_f64().is_some() && record["machine"]["threads"].as_u64() >= Some(1));
    let folder = sandbox.run_folder();
    let files = listing(&folder);
    for name in ["run.json", "script.rhai", "metrics.csv", "metrics.jsonl", "log.txt", "plots/cloud.svg"] {
        assert!(files.iter().any(|file| file == name), "{name} is not in {files:?}");
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert!(read("log.txt").contains("moved 120") && read("script.rhai").contains("sd_flow"));
    let rows: Vec<_> = read("metrics.jsonl").lines().map(json).collect();
    assert!(rows.len() >= 4 && rows.iter().all(|row| row.is_object()));
    assert_eq!(read("metrics.csv").lines().count(), rows.len() + 1);
}

#[test]
fn the_same_command_again_answers_from_the_finished_run() {
    let sandbox = Sandbox::with(SMALL);
    let first = sandbox.run("a.rhai").code(0);
    let before = sandbox.read(&format!("{}/metrics.csv", sandbox.run_folder().display()));
    let again = sandbox.run("a.rhai").code(0);
    assert!(again.stderr.contains("already finished"), "{}", again.stderr);
    assert_eq!(first.stdout, again.stdout);

    let forced = sandbox.run("a.rhai --force").code(0);
    assert!(forced.stdout.starts_with("moved 100"), "{}", forced.stdout);
    assert_eq!(sandbox.read(&format!("{}/metrics.csv", sandbox.run_folder().display())), before);

    sandbox.run("a.rhai --seed 1").code(0);
    assert_eq!(std::fs::read_dir(sandbox.path("runs")).unwrap().count(), 2);
}

#[test]
fn the_environment_sets_parameters_and_the_command_line_beats_it() {
    let sandbox = Sandbox::with(SMALL);
    let done = Done::of(sandbox.command("a.rhai --json").env("SDFLOW_P_N", "60")).code(0);
    assert_eq!(json(&done.stdout)["params"]["n"], serde_json::json!({"value": 60, "origin": "environment"}));
    let done = Done::of(sandbox.command("a.rhai --json -p n=50").env("SDFLOW_P_N", "60")).code(0);
    assert_eq!(json(&done.stdout)["params"]["n"]["value"], 50);
}

/// A default that the script computes is not known before the run; a value of the environment is.
#[test]
fn another_value_of_the_environment_is_another_run_whether_or_not_the_default_is_computed() {
    for default in ["5", "2 + 3"] {
        let sandbox = Sandbox::with(&format!("let n = param(\"n\", {default}); print(`n is ${{n}}`);"));
        for n in ["7", "8"] {
            let done = Done::of(sandbox.command("a.rhai").env("SDFLOW_P_N", n)).code(0);
            assert!(done.stdout.contains(&format!("n is {n}")), "default {default}: {}", done.stdout);
        }
    }
}

#[test]
fn json_is_all_of_standard_output_and_prints_go_aside() {
    let sandbox = Sandbox::with(SMALL);
    let done = sandbox.run("a.rhai --json").code(0);
    assert_eq!(json(&done.stdout), sandbox.record());
    assert!(done.stderr.contains("moved 100"));
    assert_eq!(json(&sandbox.run("a.rhai --json").code(0).stdout), sandbox.record());
}

#[test]
fn a_failed_check_leaves_with_4_each_time() {
    let sandbox = Sandbox::with("expect(\"sums\", 1 + 1 == 3);");
    for words in ["a.rhai", "a.rhai", "a.rhai --quiet"] {
        let done = sandbox.run(words).code(4);
        assert!(format!("{}{}", done.stdout, done.stderr).contains("FAILED sums"), "{words}");
    }
    assert_eq!(sandbox.record()["status"], "done");
}

#[test]
fn an_error_while_running_keeps_the_record() {
    let sandbox = Sandbox::with("print(\"begun\");\nlet y = normal(0, 2);\n");
    let code = sandbox.run("a.rhai").code;
    let record = sandbox.record();
    assert_eq!((record["status"].as_str(), record["exit_code"].as_i64()), (Some("failed"), Some(code.into())));
    assert_eq!(record["error"]["line"], 2);
}

#[test]
fn quiet_says_nothing_when_all_is_well() {
    let done = Sandbox::with("let n = 1; expect(\"one\", n == 1);").run("a.rhai --quiet").code(0);
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("", ""));
}

#[test]
fn out_names_the_folder_and_another_run_is_not_overwritten() {
    let sandbox = Sandbox::with("let n = param(\"n\", 1); print(n);");
    sandbox.run("a.rhai --out here/it").code(0);
    assert_eq!(json(&sandbox.read("here/it/run.json"))["status"], "done");
    let refused = sandbox.run("a.rhai --out here/it -p n=2").code(2);
    assert!(refused.stderr.contains("another run"), "{}", refused.stderr);
    sandbox.run("a.rhai --out here/it -p n=2 --force").code(0);
    assert_eq!(json(&sandbox.read("here/it/run.json"))["params"]["n"]["value"], 2);
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let metrics = ["1", "2", "3"].map(|threads| {
        let sandbox = Sandbox::with(SMALL);
        sandbox.run(&format!("a.rhai --threads {threads}")).code(0);
        sandbox.read(&format!("{}/metrics.jsonl", sandbox.run_folder().display()))
    });
    assert!(metrics.iter().all(|text| *text == metrics[0]));
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_exists() {
    stopped_by(&["-INT"]);
}

/// The signals that a job manager, `timeout` and a closed terminal send. A signal is sent twice if
/// it goes to the process and to its group.
#[cfg(unix)]
#[test]
fn termination_and_a_hangup_keep_what_exists() {
    stopped_by(&["-TERM", "-TERM"]);
    stopped_by(&["-HUP"]);
}

#[cfg(unix)]
fn stopped_by(signals: &[&str]) {
    let sandbox = Sandbox::with(ENDLESS);
    let child = sandbox.command("a.rhai").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("rows of metrics", || {
        let folder = sandbox.path("runs").read_dir().ok()?.next()?.ok()?.path();
        (std::fs::read_to_string(folder.join("metrics.csv")).ok()?.lines().count() > 3).then_some(())
    });
    for signal in signals {
        let sent = std::process::Command::new("kill").args([*signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
    let asked = Instant::now();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    let record = sandbox.record();
    assert_eq!((record["status"].as_str(), record["exit_code"].as_i64()), (Some("stopped"), Some(130)));
    assert!(record["steps"].as_u64() > Some(0));
    let rows = std::fs::read_to_string(sandbox.run_folder().join("metrics.jsonl")).unwrap();
    assert!(rows.lines().map(json).count() > 2);
}

/// The step size is far above the limit of stability.
#[test]
fn divergence_leaves_with_5_and_beats_a_failed_check() {
    let sandbox = Sandbox::with(
        r#"
expect("sums", 1 + 1 == 3);
let scores = [exact(gaussian(#{dim: 2, std: 0.1})), exact(gaussian(#{dim: 2}))];
run(sd_flow(scores[0], scores[1], #{sigma: 0, scaling: "raw", step: 10.0}), normal(50, 2), #{steps: 1000});
"#,
    );
    let done = sandbox.run("a.rhai").code(5);
    let record = sandbox.record();
    assert_eq!(record["stop"]["reason"], "diverged", "{}", done.stderr);
    assert!(!record["stop"]["advice"].as_str().unwrap().is_empty());
}

#[test]
fn quick_caps_the_work_and_says_so() {
    let sandbox = Sandbox::with(ENDLESS);
    let done = sandbox.run("a.rhai --quick").code(0);
    assert!(done.stdout.contains("quick"), "{}", done.stdout);
    let record = sandbox.record();
    assert!(record["quick"] == true && record["steps"].as_u64() < Some(1000));
}

/// An unfinished run is computed again, and a message says so.
#[test]
fn an_unfinished_run_is_computed_anew() {
    let sandbox = Sandbox::with(SMALL);
    sandbox.run("a.rhai").code(0);
    let file = sandbox.run_folder().join("run.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"status\": \"done\"", "\"status\": \"running\"")).unwrap();
    let again = sandbox.run("a.rhai").code(0);
    assert!(again.stderr.contains("the run starts again") && again.stdout.starts_with("moved 100"), "{}", again.stderr);
    assert_eq!(sandbox.record()["status"], "done");
}

/// The folder then holds no earlier attempt at this run.
#[test]
fn another_run_that_failed_is_overwritten_without_a_word() {
    let sandbox = Sandbox::with("throw \"no\";");
    sandbox.run("a.rhai --out one").code(3);
    sandbox.write("a.rhai", SMALL);
    let done = sandbox.run("a.rhai --out one --force").code(0);
    assert!(!done.stderr.contains("attempt") && done.stdout.starts_with("moved 100"), "{}", done.stderr);
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no {what} within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The same command again prints what the script had printed, and the summary says which run of a
/// flow a metric belongs to.
#[test]
fn a_stored_run_repeats_its_prints() {
    let sandbox = Sandbox::with(
        "let p = normal(60, 2);
        for sigma in [0.5, 1.0] {
            let r = run(sd_flow(normal(50, 2), #{sigma: sigma}), normal(50, 2), p, #{steps: 2, metrics: [\"energy\"]});
            print(`sigma ${sigma}`);
        }
        table([#{a: 1, b: 2}]);
        record(#{other: 3.0});",
    );
    let first = sandbox.run("a.rhai --out out").code(0).stdout;
    let again = sandbox.run("a.rhai --out out").code(0).stdout;
    assert_eq!(first, again);
    assert!(first.starts_with("sigma 0.5\nsigma 1.0\n") && first.contains("energy (run 2)"), "{first}");
    assert!(first.contains("  other  ") && !first.contains("other (run"), "{first}");
    let json: serde_json::Value = json(&sandbox.run("a.rhai --out out --json").code(0).stdout);
    assert_eq!((&json["prints"][0], &json["metrics"]["energy"]["run"]), (&"sigma 0.5".into(), &2.into()));

    let long = Sandbox::with(
        "for i in 0..300 { print(\"x\".sub_string(0, 1) + i); } let s = \"\"; s.pad(70000, 'y'); print(s);",
    );
    long.run("a.rhai --out out").code(0);
    let again = long.run("a.rhai --out out").code(0);
    assert!(again.stdout.contains("x299") && !again.stdout.contains("yyy"), "{}", again.stdout.len());
    assert!(again.stderr.contains("all of it is in out/log.txt"), "{}", again.stderr);
}

/// A failure is reported once, on standard error, and automatic choices are in the log of a quiet
/// run.
#[test]
fn an_error_is_told_once() {
    for words in ["a.rhai --out out", "a.rhai --out out --quiet --force"] {
        let sandbox =
            Sandbox::with("let r = run(sd_flow(normal(20, 2)), normal(20, 2), #{steps: 1}); throw \"no luck\";");
        let failed = sandbox.run(words).code(3);
        assert!(!failed.stdout.contains("no luck"), "{}", failed.stdout);
        assert_eq!(
            failed.stderr.matches("no luck").count(),
            2,
            "the message and the line of the script: {}",
            failed.stderr
        );
        assert_eq!(failed.stdout.contains("chosen from the data"), !words.contains("quiet"));
        let log = sandbox.read("out/log.txt");
        assert!(log.contains("no luck") && log.contains("chosen from the data"), "{log}");
    }
}

/// Each of these mistakes stands after a computation of hours. The dry run before the run finds it.
#[test]
fn late_mistakes_are_found_before_the_run() {
    let slow = "let x = dataset(\"moons\").sample(4000);\n\
                let r = run(sd_flow(x), normal(4000, 2), #{steps: 1000000});\n\
                let g = mlp(#{dim: 2});\n";
    for (late, told) in [
        ("animate(r, \"x.mp4\");", "`file` of `animate`"),
        ("let name = \"x\" + \".bmp\"; plot(r, name);", "x.bmp"),
        ("fisher(r.points, normal(500, 2));", "fisher"),
        ("print(r.pionts);", "no property `pionts`"),
        ("let y = load(\"nowhere.npy\");", "nowhere.npy"),
        ("energy(r.points, normal(100, 3));", "the points have 2 columns"),
        ("threshold(\"enrgy\", \"<\", 1.0);", "enrgy"),
        ("density(2, \"-(x[0]^2\");", "-(x[0]^2"),
        ("let f = |a| a; f.call(1, 2);", "takes 1 argument, 2 were given"),
    ] {
        let sandbox = Sandbox::with(&format!("{slow}{late}\n"));
        let ran = sandbox.run("a.rhai --out out");
        assert!(ran.code == 3 || ran.code == 6, "{late}: {}", ran.stderr);
        assert!(ran.stderr.contains("nothing was computed"), "{late}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{late}: {}", ran.stderr);
    }
}

/// After a condition on results, the dry run cannot know whether a run meets the same error; and an
/// end by `throw` is what the script asks for.
#[test]
fn what_depends_on_results_does_not_stop_a_run() {
    let sandbox = Sandbox::with(
        "let x = normal(50, 2);\n\
         let r = run(sd_flow(x), normal(50, 2), normal(50, 2), #{steps: 2, metrics: [\"energy\"]});\n\
         if r.metrics.energy > 1e9 { throw \"far\"; }\n\
         let found = [];\n\
         if r.metrics.energy < 1e9 { found.push([1.0, 2.0]); }\n\
         print(found[0][0]);\n\
         print(points(found).n);\n\
         let best = ();\n\
         for x in [1, 2] { if r.metrics.energy < 1e9 { best = #{n: x}; } }\n\
         print(best.n + r.history.column(\"energy\")[1] / r.stats.pairs > 0.0);\n\
         print(relative_error([[1.0, 0.0], [0.0, 1.0]], r.points.cov()) > 0.0);\n\
         throw \"the end\";",
    );
    let done = sandbox.run("a.rhai").code(3);
    assert!(
        done.stdout.contains("1.0\n1\ntrue\ntrue\n") && done.stderr.contains("the end"),
        "{}{}",
        done.stdout,
        done.stderr
    );
    let checked = sandbox.run("check a.rhai").code(0);
    assert!(!checked.stderr.contains("threw"), "{}", checked.stderr);
}

/// The dry run has placeholders where a run has results. None of these scripts fails.
#[test]
fn placeholders_do_not_stop_a_run() {
    let begin = "let x = normal(50, 2);\n\
                 let r = run(sd_flow(x), normal(50, 2), normal(50, 2), #{steps: 5, metrics: [\"energy\"]});\n\
                 let e = r.metrics.energy.value;\n";
    for script in [
        "let best = \"\"; for name in [\"moons\", \"circles\"] { if e < 1e9 { best = name; } } dataset(best).sample(5);",
        "let best = []; if e < 1e9 { best = x; } energy(best, x);",
        "let best = 0; if e < 1e9 { best = r; } print(best.points.n);",
        "let y = x; if e > 1e9 { y = normal(50, 3); } if e < 1e9 { energy(x, y); }",
        "let row = (); if e < 1e9 { row = #{n: 1}; } print(row.n);",
        "sweep(#{k: [1, 2]}, |p| { let row = (); if energy(x, normal(9, 2)).value < 1e9 { row = #{v: p.k}; } row });",
        "sweep(#{h: [-1.0, 0.5, 0.0]}, |p| #{v: energy(x, gaussian(#{dim: 2, std: p.h}).sample(9))});",
        "let s = run(sd_flow(x), x, x, #{steps: 50, metrics: [\"energy\"], stop_when: #{energy: 1e9}});\n\
         normal(10, 2).rows(0, s.stats.steps + 1);",
        "let m = [#{}]; m[0].step = |x| x + 1; print(m[0].step(2));",
        "try { sweep(#{k: [1, 2]}, |p| { throw \"no\"; }); } catch { } print(x.n);",
    ] {
        let done = Sandbox::with(&format!("{begin}{script}\n")).run("a.rhai");
        assert_eq!(done.code, 0, "{script}: {}{}", done.stdout, done.stderr);
    }
}
