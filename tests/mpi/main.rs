//! The command under `mpirun`, with several ranks on this machine.
//!
//! The tests need an MPI library, so they are built by the feature `mpi`:
//! `cargo test --features mpi --test mpi`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sdflow-engine");

/// The program on `ranks` ranks; None for a start without `mpirun`.
fn program(ranks: Option<usize>) -> Command {
    let Some(ranks) = ranks else { return Command::new(PROGRAM) };
    let mut command = launcher();
    command.args(["-n", &ranks.to_string(), PROGRAM]);
    command
}

fn launcher() -> Command {
    let mut command = Command::new("mpirun");
    // Containers run as root, and ranks may outnumber cores.
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command.args(["--oversubscribe", "--quiet"]);
    command
}

fn run(mut command: Command, folder: &Path, words: &[&str]) -> Output {
    command.current_dir(folder).args(words).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn record(folder: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("run.json")).unwrap()).unwrap()
}

/// The bytes of the points that a run saved.
fn saved(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let paths = std::fs::read_dir(folder.join("samples")).unwrap().map(|file| file.unwrap().path());
    let saved = paths.filter(|path| path.extension().is_some_and(|ending| ending == "npy"));
    saved.map(|path| (path.file_name().unwrap().to_string_lossy().into(), std::fs::read(&path).unwrap())).collect()
}

/// Scripts whose sums are large enough to be shared.
const SCRIPTS: [(&str, &str); 5] = [
    (
        "sd_flow",
        r#"let data = dataset("checkerboard");
           let done = run(sd_flow(data.sample(3000)), normal(3000, 2), data, #{steps: 12, metrics: ["energy"]});
           save(done.points, "moved.npy");"#,
    ),
    (
        "many_dimensions",
        r#"let flow = sd_flow(ar1(0.8, #{dim: 24}).sample(2500), #{precision: "auto"});
           save(run(flow, normal(2500, 24), #{steps: 5}).points, "moved.npy");"#,
    ),
    (
        "kernels",
        r#"let data = dataset("moons").sample(3000);
           save(run(mmd_flow(data), normal(3000, 2), #{steps: 5}).points, "mmd.npy");
           save(run(svgd(gaussian(#{dim: 2})), normal(3000, 2), #{steps: 5}).points, "svgd.npy");"#,
    ),
    (
        "transport",
        r#"let flow = sinkhorn_flow(dataset("moons").sample(3000), #{epsilon: 0.05});
           save(run(flow, normal(3000, 2), #{steps: 3}).points, "moved.npy");
           let from = dataset("8gaussians").sample(3000);
           print(sinkhorn(from, normal(3000, 2), #{epsilon: 0.5}).cost);"#,
    ),
    (
        "diffusion",
        r#"let flow = reverse_sde(dataset("checkerboard").sample(3000));
           let done = run(flow, flow.prior(3000), #{steps: 10});
           save(done.points, "moved.npy");
           print(energy(done.points, dataset("checkerboard").sample(4000)));"#,
    ),
];

#[test]
fn the_bytes_are_those_of_a_start_without_mpirun() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in SCRIPTS {
        let script = format!("{name}.rhai");
        std::fs::write(folder.path().join(&script), text).unwrap();
        let start = |ranks: Option<usize>| {
            let out = format!("{name}-{}", ranks.unwrap_or(0));
            let ended = run(program(ranks), folder.path(), &["run", &script, "--out", &out, "--no-report", "--quiet"]);
            assert!(ended.status.success(), "{name} on {ranks:?} ranks: {}", told(&ended));
            let out = folder.path().join(out);
            (saved(&out), record(&out))
        };
        let (points, alone) = start(None);
        assert!(!points.is_empty(), "{name}");
        for ranks in [1, 2, 4] {
            let (found, record) = start(Some(ranks));
            assert!(found == points, "{name}: the points differ on {ranks} ranks");
            for same in ["metrics", "prints", "steps", "nfe", "identity"] {
                assert_eq!(record[same], alone[same], "{name}: {same} on {ranks} ranks");
            }
            assert_eq!(record["work"]["pairs"], alone["work"]["pairs"], "{name} on {ranks} ranks");
            let others = record["work"]["pairs_of_others"].as_array().map_or(0, Vec::len);
            assert_eq!(others, ranks - 1, "{name}: {}", record["work"]);
        }
    }
}

/// Without skipped blocks, every rank evaluates an equal part of the pairs.
#[test]
fn the_work_is_divided_evenly() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "let data = normal(6000, 8);\nsave(run(mmd_flow(data), normal(6000, 8), #{steps: 3}).points, \"moved.npy\");";
    std::fs::write(folder.path().join("a.rhai"), text).unwrap();
    let ended = run(program(Some(4)), folder.path(), &["a.rhai", "--out", "a", "--no-report", "--quiet"]);
    assert!(ended.status.success(), "{}", told(&ended));
    let work = &record(&folder.path().join("a"))["work"];
    let all = work["pairs"].as_f64().unwrap();
    for pairs in work["pairs_of_others"].as_array().unwrap() {
        let share = pairs.as_f64().unwrap() / all;
        assert!((share - 0.25).abs() < 0.05 * 0.25, "{work}");
    }
}

#[test]
fn the_cells_of_a_sweep_are_divided() {
    let folder = tempfile::tempdir().unwrap();
    let text = "let n = param(\"n\", 50);\nlet moons = dataset(\"moons\");\n\
                run(sd_flow(moons.sample(200)), normal(n, 2), moons, #{steps: 3, metrics: [\"energy\"]});";
    std::fs::write(folder.path().join("a.rhai"), text).unwrap();
    let words = |out: &'static str| ["sweep", "a.rhai", "-p", "n=50,60,70,80,90", "--out", out, "--no-report"];
    let alone = run(program(None), folder.path(), &words("alone"));
    let shared = run(program(Some(3)), folder.path(), &words("shared"));
    assert!(alone.status.success() && shared.status.success(), "{}{}", told(&alone), told(&shared));
    let table = |out: &str| {
        let text = std::fs::read_to_string(folder.path().join(out).join("table.jsonl")).unwrap();
        let row = |line: &str| {
            let row: Value = serde_json::from_str(line).unwrap();
            (row["n"].clone(), row["energy"].clone(), row["status"].clone())
        };
        text.lines().map(row).collect::<Vec<_>>()
    };
    assert_eq!(table("shared"), table("alone"));
    assert_eq!(table("shared").len(), 5);
}

#[test]
fn ranks_with_other_instruction_sets_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.rhai"), "print(1);").unwrap();
    let mut command = launcher();
    let words = [PROGRAM, "a.rhai", "--out", "a", "--no-report"];
    command.args(["-n", "1"]).args(words).args([":", "-n", "1", "-x", "SDFLOW_ISA=scalar"]).args(words);
    let ended = command.current_dir(folder.path()).output().unwrap();
    assert!(!ended.status.success() && told(&ended).contains("rank 1: it runs sdflow"), "{}", told(&ended));
    assert!(!folder.path().join("a").exists());
}

/// A mistake is reported once, by rank 0, whose exit code is that of the command.
#[test]
fn a_mistake_is_reported_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.rhai"), "prnt(1);").unwrap();
    for words in [&["a.rhai", "--out", "a"][..], &["sweep", "a.rhai", "-p", "seed=1,2", "--out", "b"]] {
        let ended = run(program(Some(3)), folder.path(), words);
        assert_eq!(told(&ended).matches("error").count(), 1, "{}", told(&ended));
        assert_eq!(ended.status.code(), Some(3), "{}", told(&ended));
    }
}

/// A signal to one rank ends all ranks. The same command then continues the run on two ranks.
#[test]
fn a_run_goes_on_after_the_death_of_a_rank() {
    let folder = tempfile::tempdir().unwrap();
    let text = "let data = dataset(\"moons\").sample(3000);\nlet done = run(sd_flow(data), normal(3000, 2), \
                #{steps: 400});\nsave(done.points, \"moved.npy\");";
    std::fs::write(folder.path().join("a.rhai"), text).unwrap();
    let words = |out: &'static str| ["run", "a.rhai", "--out", out, "--no-report", "--checkpoint-every", "0.2s"];
    let mut child = program(Some(3)).current_dir(folder.path()).args(words("cut")).spawn().unwrap();
    let checkpoint = || has_checkpoint(&folder.path().join("cut"));
    let begun = Instant::now();
    while !checkpoint() && begun.elapsed() < Duration::from_secs(60) {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before a checkpoint was written");
        std::thread::sleep(Duration::from_millis(20));
    }
    let ranks = ranks_of(child.id());
    assert_eq!(ranks.len(), 3, "{ranks:?}");
    kill(ranks[1]);
    let died = Instant::now();
    let ended = child.wait().unwrap();
    assert!(!ended.success() && died.elapsed() < Duration::from_secs(20), "{ended:?} after {:?}", died.elapsed());
    for (ranks, out) in [(Some(2), "cut"), (None, "whole")] {
        let ended = run(program(ranks), folder.path(), &words(out));
        assert!(ended.status.success(), "{}", told(&ended));
    }
    assert_eq!(record(&folder.path().join("cut"))["resumed"], true);
    assert_eq!(saved(&folder.path().join("cut")), saved(&folder.path().join("whole")));
}

fn has_checkpoint(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder.join("checkpoint")).into_iter().flatten().flatten();
    files.map(|file| file.file_name()).any(|name| name == "run-0")
}

/// The processes that `mpirun` has started on this machine.
fn ranks_of(launcher: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parent = |process: &u32| {
        // The name of the program stands in brackets; state and parent follow.
        let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    numbers.filter(|process| parent(process) == Some(launcher)).collect()
}

fn kill(process: u32) {
    assert!(Command::new("sh").args(["-c", &format!("kill -9 {process}")]).status().unwrap().success());
}
