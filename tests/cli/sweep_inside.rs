//! `sweep` inside a script: its cells share the cores, and an interrupted run keeps its finished
//! cells.

use crate::sandbox::{Done, Sandbox, json, listing};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A script with prints, rows of history, notes, warnings, checks, files with own and with common
/// names, nested sweeps, a generator from outside, and a cell that fails.
const FULL: &str = r#"
let g = affine(#{dim: 2});
let bowl = density(2, |x| { normal(3, 1); x.column(0).map(|u| -0.5 * u * u) }, |x| normal(x.n, 2));
fn twice(x) { 2 * x }
let t = sweep(#{n: [20, 30, 0, 40], seed: [1, 2, 3]}, |p| {
    print(`cell ${p.n} ${p.seed}`);
    let r = run(sd_flow(kde(dataset("moons").sample(100))), normal(p.n, 2), dataset("moons"),
                #{steps: 12, every: 4, metrics: ["energy"]});
    let q = run(sd_flow(bowl, #{sigma: 0.5}), normal(p.n, 2), #{steps: 2});
    save(q.points, `y-${p.n}.npy`);
    fit(g, sd_flow(ar1(0.5, #{dim: 2}), gaussian_fit()), gaussian(#{dim: 2}), #{steps: 5, batch: 64});
    plot(r.points, "last.svg");
    expect("few", p.n < 40);
    let inner = sweep(#{b: [1, 2]}, |q| #{z: normal(3, 1).mean()[0] + p.n * q.b});
    #{energy: r.metrics.energy, m: g.mean()[0], twice: twice(p.n), z: inner.column("z")[1], odd: 0.0 / 0.0}
});
print(t);
print(g.mean()[0]);
print(normal(2, 1).mean()[0]);
t.save("t.csv");
"#;

/// True for the warning that names a share of the time.
fn is_timed(line: &str) -> bool {
    line.contains("of the run's time")
}

#[test]
fn the_bytes_are_the_same_for_any_number_of_threads() {
    let sandbox = Sandbox::with(FULL);
    let of = |threads: usize| {
        let done = sandbox.run(&format!("a.rhai --quiet --threads {threads} --out {threads}")).code(4);
        assert_eq!(done.stderr.matches("sweep: the cell n=0, seed=").count(), 3, "{}", done.stderr);
        done.stdout
    };
    let said = of(1);
    assert!(said.contains("cell 0 3\ncell 40 1\n"), "{said}");
    assert_eq!((of(2), of(3)), (said.clone(), said));
    let files = listing(&sandbox.path("1"));
    assert!(
        ["metrics.csv", "plots/last.svg", "samples/y-40.npy", "tables/t.csv"]
            .iter()
            .all(|name| files.contains(&name.to_string())),
        "{files:?}"
    );
    assert!(!files.iter().any(|file| file.starts_with("cells")), "{files:?}");
    for other in ["2", "3"] {
        assert_eq!(listing(&sandbox.path(other)), files);
        for file in files.iter().filter(|file| !["run.json", "log.txt", "report.html"].contains(&file.as_str())) {
            let read = |run: &str| std::fs::read(sandbox.path(run).join(file)).ok();
            assert!(read("1") == read(other), "{file} differs with {other} threads");
        }
        let log = |run: &str| {
            sandbox
                .read(&format!("{run}/log.txt"))
                .lines()
                .filter(|line| !is_timed(line))
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert_eq!(log("1"), log(other));
        let record = |run: &str| {
            let record = json(&sandbox.read(&format!("{run}/run.json")));
            ["checks", "steps", "nfe", "files", "metrics", "params"].map(|key| record[key].clone())
        };
        assert_eq!(record("1"), record(other));
    }
}

/// The cells take some time. After them the script fails, so that the records of the cells stay.
const LONG: &str = r#"
let t = sweep(#{n: [20, 30, 40, 50, 0, 60], seed: [1, 2, 3, 4]}, |p| {
    let r = run(sd_flow(kde(dataset("moons").sample(400))), normal(p.n, 2), dataset("moons"),
                #{steps: 60, every: 20, metrics: ["energy"]});
    save(r.points, `y-${p.n}-${p.seed}.npy`);
    print(`cell ${p.n} ${p.seed}`);
    #{energy: r.metrics.energy, odd: 0.0 / 0.0}
});
t.save("t.csv");
throw "the end";
"#;

const CELLS: &str = "run/cells/0.jsonl";

/// The records of finished cells. A cell that was computed again would contain other times.
fn finished(sandbox: &Sandbox) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.path(CELLS)).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(String::from).collect()
}

/// Starts the run and waits until it has finished a few more cells.
fn begun(sandbox: &Sandbox, more: usize) -> std::process::Child {
    let before = finished(sandbox).len();
    let child =
        sandbox.command("a.rhai --out run --quiet").stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while finished(sandbox).len() < (before + more).min(20) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{more} more cells were not finished within a minute");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

/// The results of the run, which must fail after its cells.
fn results(sandbox: &Sandbox, done: Done) -> Vec<Vec<u8>> {
    assert!(done.stderr.contains("the end"), "{}", done.stderr);
    let read = |file: &String| std::fs::read(sandbox.path("run").join(file)).unwrap();
    let files = listing(&sandbox.path("run"));
    let kept =
        files.iter().filter(|file| !file.starts_with("cells") && !["run.json", "report.html"].contains(&file.as_str()));
    kept.map(read).chain([done.stdout.into_bytes()]).collect()
}

#[test]
fn a_killed_run_computes_only_the_rest() {
    let alone = Sandbox::with(LONG);
    let done = alone.run("a.rhai --out run --quiet").code(3);
    let want = results(&alone, done);
    assert_eq!((finished(&alone).len(), want.len()), (20, 27));
    let sandbox = Sandbox::with(LONG);
    let mut before = Vec::new();
    for more in [1, 2, 5] {
        let mut child = begun(&sandbox, more);
        child.kill().unwrap();
        child.wait().unwrap();
        let after = finished(&sandbox);
        assert!(before.iter().all(|line| after.contains(line)), "a finished cell was lost or computed again");
        before = after;
    }
    // An incomplete line, which a killed process left, is not a cell.
    let torn = sandbox.read(CELLS) + &before[0][..before[0].len() / 2];
    sandbox.write(CELLS, torn);
    let done = sandbox.run("a.rhai --out run --quiet").code(3);
    assert!(
        done.stderr.contains("the run starts again, except for the finished cells of its sweeps"),
        "{}",
        done.stderr
    );
    assert_eq!(results(&sandbox, done), want);
    let after = finished(&sandbox);
    assert!(after.len() == 20 && before.iter().all(|line| after.contains(line)), "{} of 20", after.len());

    let done = sandbox.run("a.rhai --out run --quiet --force").code(3);
    assert_eq!(results(&sandbox, done), want);
    assert!(finished(&sandbox).iter().all(|line| !after.contains(line)), "--force has answered from the record");
    // With another seed nothing may be reused.
    let done = sandbox.run("a.rhai --out run --quiet --force --seed 1").code(3);
    assert_ne!(results(&sandbox, done), want);
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_finished_cells() {
    let sandbox = Sandbox::with(&LONG.replace("throw \"the end\";", ""));
    let child = begun(&sandbox, 2);
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    let before = finished(&sandbox).len();
    assert!((2..20).contains(&before), "{before}");
    assert_eq!(json(&sandbox.read("run/run.json"))["status"], "stopped");
    sandbox.run("a.rhai --out run --quiet").code(0);
    assert!(!sandbox.path("run/cells").exists());
}
