//! An interrupted run goes on from its last checkpoint, and its results have the same bytes as
//! those of an uninterrupted run.
#![cfg(unix)]

use crate::sandbox::{Done, Sandbox, listing};
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Five kinds of runs, of about a second each.
const KINDS: [(&str, &str); 5] = [
    (
        "a flow with a learned score",
        r#"let p = dataset("moons").sample(400);
        let flow = sd_flow(p, denoiser(#{hidden: 16, steps: 40, follow: 2, sigma_min: 0.05, sigma_max: 4.0}), #{sigma: geometric(3, 0.1)});
        let r = run(flow, normal(400, 2), p, #{steps: 250, metrics: ["energy"], snapshots: 4, carry: normal(20, 2)});
        save(r.points, "y.npy"); save(r.carried, "c.npy");"#,
    ),
    (
        "a sampler",
        r#"let p = ar1(0.8, #{dim: 8});
        let r = run(langevin(p, #{sampler: "mala"}), normal(2000, 8), p, #{steps: 900, every: 20, metrics: ["frechet"]});
        save(r.points, "y.npy");"#,
    ),
    (
        "trainings",
        r#"let p = dataset("moons").sample(400);
        let g = mlp(#{hidden: 24});
        fit(g, sd_flow(p), gaussian(#{dim: 2}), #{steps: 120, batch: 200});
        let h = affine(#{dim: 2});
        distill(h, denoiser(p, #{hidden: 16, steps: 150}), gaussian(#{dim: 2}), #{steps: 60, warm_up: 20, hidden: 16, batch: 100});
        save(g.sample(100), "g.npy"); save(h.sample(100), "h.npy");"#,
    ),
    (
        "many calls",
        r#"let p = dataset("25gaussians");
        let y = normal(300, 2);
        for k in 0..6 { y = run(sd_flow(p, #{sigma: 2.0 / (k + 1), step: adaptive(1, 0.01)}), y, p, #{steps: 80, metrics: ["energy"]}).points; }
        save(y, "y.npy");"#,
    ),
    (
        "a sweep inside",
        r#"let p = dataset("moons").sample(400);
        let t = sweep(#{sigma: [0.2, 0.4, 0.8], seed: [1, 2]}, |c| {
            let r = run(sd_flow(p, #{sigma: c.sigma}), normal(300, 2), p, #{steps: 100, metrics: ["energy"]});
            save(r.points, `y-${c.sigma}-${c.seed}.npy`);
            #{energy: r.metrics.energy}
        });
        t.save("t.csv");"#,
    ),
];

const WORDS: &str = "a.rhai --out out --quiet --threads 1 --checkpoint-every 7";

/// The results of a run that contain no times: points, tables, the history.
fn results(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    let is_result =
        |name: &String| name.starts_with("samples/") || name.starts_with("tables/") || name.starts_with("metrics.");
    let files = listing(&sandbox.path("out")).into_iter().filter(is_result);
    files.map(|name| (name.clone(), std::fs::read(sandbox.path("out").join(&name)).unwrap())).collect()
}

/// Kills runs of this kind the given number of times, and returns the number of attempts that went
/// on from a checkpoint.
fn kill_and_go_on(what: &str, script: &str, kills: u32) -> usize {
    let whole = Sandbox::with(script);
    let begun = Instant::now();
    whole.run(WORDS).code(0);
    let (alone, expected) = (begun.elapsed(), results(&whole));
    assert!(!expected.is_empty(), "{what}");
    let (mut sandbox, mut resumed) = (Sandbox::with(script), 0);
    for kill in 0..kills {
        let threads = [1, 2, 3, 5][kill as usize % 4];
        let words = WORDS.replace("--quiet ", "").replace("--threads 1", &format!("--threads {threads}"));
        let mut child = sandbox.command(&words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // Multiples of the golden ratio, modulo 1, spread the moments of the kills over the run.
        std::thread::sleep(alone.mul_f64(0.9 * (0.618_034 * f64::from(kill + 1)).fract()));
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        let told = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
        let refused = told.lines().any(|line| line.starts_with("error"));
        assert!(!refused && !told.contains("damaged"), "{what}, kill {kill}: {told}");
        resumed += usize::from(told.contains("goes on after"));
        if ended {
            assert!(results(&sandbox) == expected, "{what}, kill {kill}: other bytes than of the run left alone");
            sandbox = Sandbox::with(script);
        }
    }
    sandbox.run(WORDS).code(0);
    assert!(results(&sandbox) == expected, "{what}: other bytes than of the run left alone");
    assert!(!sandbox.path("out/checkpoint").exists() && !sandbox.path("out/cells").exists(), "{what}");
    resumed
}

/// Each attempt uses a different number of threads from the attempt before. There are few kills
/// here; `SDFLOW_KILLS=200 cargo test kills` makes 200.
#[test]
fn kills_at_any_moment_change_no_byte() {
    let kills: u32 = std::env::var("SDFLOW_KILLS").map_or(20, |text| text.parse().unwrap());
    let each = kills.div_ceil(KINDS.len() as u32);
    let resumed: usize = KINDS.iter().map(|(what, script)| kill_and_go_on(what, script, each)).sum();
    // An attempt that is killed before its first checkpoint leaves nothing to continue from. On a
    // busy machine this happens to many attempts.
    assert!(resumed > kills as usize / 10, "only {resumed} of {kills} attempts went on from a checkpoint");
}

/// A flow that would take days.
const LONG: &str = r#"let n = param("n", 300);
    let p = load("x" + ".csv");
    let r = run(sd_flow(p), normal(n, 2), #{steps: if n > 250 { 100000000 } else { 30 }});
    save(r.points, "y.npy");"#;

fn long() -> Sandbox {
    let sandbox = Sandbox::with(LONG);
    let rows: Vec<String> = (0..200).map(|i| format!("{},{}", f64::from(i % 17), f64::from(i % 23))).collect();
    sandbox.write("x.csv", rows.join("\n"));
    sandbox
}

#[test]
fn a_run_ends_when_its_time_is_over_and_goes_on() {
    let sandbox = long();
    let first = sandbox.run("a.rhai --out out --max-time 2s").code(130);
    assert!(first.stderr.contains("--max-time") && first.stderr.contains("same command goes on"), "{}", first.stderr);
    let steps = |done: &Done| -> u64 {
        let text = done.stderr.split("goes on after ").nth(1).unwrap_or_else(|| panic!("{}", done.stderr));
        text.split(' ').next().unwrap().parse().unwrap()
    };
    let second = sandbox.run("a.rhai --out out --max-time 2s").code(130);
    let third = sandbox.run("a.rhai --out out --max-time 1s").code(130);
    assert!(0 < steps(&second) && steps(&second) < steps(&third));
    let record = crate::sandbox::json(&sandbox.read("out/run.json"));
    assert!(record["steps"].as_u64().unwrap() > steps(&third));
    let restarted = sandbox.run("a.rhai --out out --max-time 1s --force").code(130);
    assert!(!restarted.stderr.contains("goes on after"), "{}", restarted.stderr);
}

/// A checkpoint of other data, parameters or arithmetic is refused, and the error names the
/// difference.
#[test]
fn a_checkpoint_of_something_else_is_refused() {
    let sandbox = long();
    sandbox.run("a.rhai --out out --max-time 1s").code(130);
    let refused = sandbox.run("a.rhai --out out -p n=301").code(2);
    assert!(refused.stderr.contains("there `n` is 300, here it is 301"), "{}", refused.stderr);
    let mut scalar = sandbox.command("a.rhai --out out --max-time 5s");
    let refused = Done::of(scalar.env("SDFLOW_ISA", "scalar")).code(6);
    assert!(refused.stderr.contains("now it is scalar") && refused.stderr.contains("--force"), "{}", refused.stderr);
    let rows = sandbox.read("x.csv");
    sandbox.write("x.csv", rows.replacen("0.0", "0.5", 1).replacen("0,0", "0.5,0", 1));
    let refused = sandbox.run("a.rhai --out out --max-time 5s").code(6);
    assert!(
        refused.stderr.contains("its data is") && refused.stderr.contains("checkpoint/run-0"),
        "{}",
        refused.stderr
    );
    sandbox.write("x.csv", rows);
    let resumed = sandbox.run("a.rhai --out out --max-time 1s").code(130);
    assert!(resumed.stderr.contains("goes on after"), "{}", resumed.stderr);
}

/// If the last checkpoint is damaged, the checkpoint before it is used.
#[test]
fn a_damaged_checkpoint_is_told_and_the_one_before_it_taken() {
    let sandbox = long();
    sandbox.run("a.rhai --out out --max-time 2s --checkpoint-every 5").code(130);
    let newest = sandbox.path("out/checkpoint/run-0");
    let mut bytes = std::fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&newest, &bytes).unwrap();
    let resumed = sandbox.run("a.rhai --out out --max-time 1s").code(130);
    assert!(
        resumed.stderr.contains("its checksum is wrong") && resumed.stderr.contains("goes on after"),
        "{}",
        resumed.stderr
    );
    for name in ["run-0", "run-0.before"] {
        sandbox.write(&format!("out/checkpoint/{name}"), "sdflow checkpoint 1\nnothing");
    }
    let anew = sandbox.run("a.rhai --out out --max-time 1s").code(130);
    assert!(anew.stderr.contains("cut off") && !anew.stderr.contains("goes on after"), "{}", anew.stderr);
}

/// A step that takes longer than the grace period is interrupted, and the checkpoint of the step
/// before it remains.
#[test]
fn a_signal_is_answered_within_seconds() {
    let sandbox = long();
    let child = sandbox.command("a.rhai --out out").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    let sent = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(sandbox.path("out/checkpoint/run-0").is_file());
}

/// After an error late in a script, the results before it are not lost: the corrected script goes
/// on from them.
#[test]
fn a_mended_script_takes_up_what_did_not_change() {
    let script = |last: &str| {
        format!(
            "let p = dataset(\"25gaussians\");\nlet y = run(sd_flow(p), normal(300, 2), #{{steps: 60}}).points;\n\
             let z = run(sd_flow(p), y, #{{steps: 30}}).points;\nlet k = [1];\n{last}\nsave(z, \"z.npy\");"
        )
    };
    let sandbox = Sandbox::with(&script("print(k[5]);"));
    sandbox.run("a.rhai --no-check --checkpoint-every 20").code(3);
    let folders = || std::fs::read_dir(sandbox.path("runs")).unwrap().map(|entry| entry.unwrap().path());
    let failed = folders().next().unwrap();
    sandbox.write("a.rhai", script("print(k[0]);"));
    let mended = sandbox.run("a.rhai --checkpoint-every 20").code(0);
    let gone_on = ["run sd_flow goes on after 60 steps", "run sd_flow goes on after 30 steps"];
    assert!(gone_on.iter().all(|line| mended.stderr.contains(line)), "{}", mended.stderr);
    let whole = Sandbox::with(&script("print(k[0]);"));
    whole.run("a.rhai --out out").code(0);
    let folder = folders().find(|path| *path != failed).unwrap();
    let points = |folder: &std::path::Path| std::fs::read(folder.join("samples/z.npy")).unwrap();
    assert!(points(&folder) == points(&whole.path("out")));
    // A change before a call can change the result of the call.
    sandbox.write("a.rhai", script("print(k[0]);").replace("steps: 30", "steps: 31"));
    std::fs::remove_dir_all(&folder).unwrap();
    let changed = sandbox.run("a.rhai --checkpoint-every 20").code(0);
    assert!(changed.stderr.contains(gone_on[0]) && !changed.stderr.contains(gone_on[1]), "{}", changed.stderr);
}

/// A mistake that the text of a script shows is found before anything is computed.
#[test]
fn a_mistake_in_the_text_is_found_before_the_first_step() {
    for (last, named) in [
        ("print(r.points.nonsense());", "nonsense"),
        ("plot(r.points, \"a.gif\");", ".svg or .png"),
        ("plot(r.points, \"a.png\", #{titel: \"x\"});", "titel"),
        ("save(r.points, \"/tmp/y.npy\");", "inside the run folder"),
        ("save(r.points);", "save"),
        ("fn f() { undefined_function(1) }", "undefined_function"),
    ] {
        let sandbox = Sandbox::with(&format!(
            "let x = dataset(\"moons\").sample(1000);\nlet r = run(sd_flow(x), normal(1000, 2), #{{steps: 1000000}});\n{last}"
        ));
        let begun = Instant::now();
        let done = sandbox.run("a.rhai --out out").code(3);
        assert!(done.stderr.contains(named), "{last}: {}", done.stderr);
        assert!(!sandbox.path("out").exists() && begun.elapsed() < Duration::from_secs(60), "{last}");
    }
}

/// A run whose folder is removed ends with an error.
#[test]
fn a_folder_that_vanishes_is_told() {
    let sandbox = long();
    let words = "a.rhai --out out --checkpoint-every 20";
    let child = sandbox.command(words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !sandbox.path("out/checkpoint/run-0").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no checkpoint within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
    while std::fs::remove_dir_all(sandbox.path("out")).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the folder could not be removed");
    }
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(6), "{told}");
    assert!(told.contains("cannot write out"), "{told}");
}

/// If the disk is full, the run ends with an error, and its last checkpoint stays complete.
#[test]
fn a_full_disk_keeps_the_last_checkpoint() {
    let sandbox = Sandbox::with(
        "let p = dataset(\"25gaussians\");\nlet r = run(sd_flow(p), normal(2000, 2), #{steps: 1000000, snapshots: 100001});",
    );
    let program = sandbox.command("").get_program().to_owned();
    // A file of more than 300 blocks of 512 or 1024 bytes is refused, as by a full disk.
    let limited = format!("ulimit -f 300; exec {} a.rhai --out out --checkpoint-every 1", program.to_string_lossy());
    let mut shell = std::process::Command::new("sh");
    let done = Done::of(shell.args(["-c", &limited]).current_dir(sandbox.path("")));
    assert_eq!(done.code, 6, "{}", done.stderr);
    assert!(done.stderr.contains("cannot write") && done.stderr.contains("checkpoint/run-0"), "{}", done.stderr);
    let resumed = sandbox.run("a.rhai --out out --max-time 1s").code(130);
    assert!(resumed.stderr.contains("goes on after"), "{}", resumed.stderr);
}

/// The memory and the open files of a process.
#[cfg(target_os = "linux")]
fn held(process: u32) -> Option<(u64, usize)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).ok()?.count();
    Some((memory.trim().trim_end_matches(" kB").parse().ok()?, files))
}

/// Nothing is kept per step: in the last quarter of 200,000 steps, memory is within 2 % of that in
/// the second quarter, and no more files are open.
#[cfg(target_os = "linux")]
#[test]
fn many_steps_need_no_more_memory_than_few() {
    let sandbox = Sandbox::with(
        r#"let x = dataset("moons").sample(50);
        let r = run(sd_flow(x, #{sigma: 0.3}), normal(50, 2), normal(50, 2), #{steps: 200000, snapshots: 20, metrics: ["energy"], every: 2000});
        save(r.points, "y.npy");"#,
    );
    let mut command = sandbox.command("a.rhai --out out --quiet --checkpoint-every 1s --threads 1");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut seen = Vec::new();
    // After the last step, noise floors are computed, which takes further memory.
    let rows = || std::fs::read_to_string(sandbox.path("out/metrics.jsonl")).unwrap_or_default();
    let steps_are_over = || rows().lines().last().is_some_and(|row| row.contains("\"step\":200000"));
    while child.try_wait().unwrap().is_none() {
        seen.extend(held(child.id()).filter(|_| !steps_are_over()));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(child.wait().unwrap().success() && seen.len() > 16, "{} looks", seen.len());
    let quarter = |k: usize| seen[k * seen.len() / 4..(k + 1) * seen.len() / 4].iter();
    let (early, late) =
        (quarter(1).max_by_key(|look| look.0).unwrap().0, quarter(3).max_by_key(|look| look.0).unwrap().0);
    assert!(late as f64 <= 1.02 * early as f64, "{early} kB, then {late} kB");
    // While a checkpoint is written, one more file is open.
    assert!(quarter(3).map(|look| look.1).min() <= quarter(1).map(|look| look.1).min());
}
