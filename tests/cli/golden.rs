//! Golden values: the records of a small run of every flow, training and metric, with fixed seeds.
//!
//! The values in `golden/values.csv` guard against unintended changes. They are not known to be
//! right; the tests of the engine compare with known values. After an intended change of the
//! numerics, run `SDFLOW_WRITE_GOLDEN=1 cargo test --test cli golden` and name the change under
//! **Numerics** in the changelog.

use crate::sandbox::{Done, Sandbox, json, listing};
use std::collections::BTreeMap;
use std::path::PathBuf;

const SCRIPT: &str = include_str!("golden/golden.rhai");

/// Largest relative difference from the golden values. Every instruction set sums in another order,
/// so the last digits differ, and a training amplifies these differences.
const TOLERANCE: f64 = 1e-5;
const TOLERANCE_LEARNED: f64 = 1e-2;

/// The values of a run by name, and its points by file.
struct Results {
    values: BTreeMap<String, f64>,
    points: Vec<(String, Vec<u8>)>,
}

/// Runs the script with this instruction set and this number of threads.
fn results(set: &str, threads: usize) -> Results {
    let sandbox = Sandbox::with(SCRIPT);
    let words = format!("a.rhai --out out --quiet --json --threads {threads}");
    let done = Done::of(sandbox.command(&words).env("SDFLOW_ISA", set)).code(0);
    let metrics = json(&done.stdout)["metrics"].as_object().unwrap().clone();
    let samples = sandbox.path("out/samples");
    Results {
        values: metrics.into_iter().map(|(name, metric)| (name, metric["value"].as_f64().unwrap())).collect(),
        points: listing(&samples).into_iter().map(|f| (f.clone(), std::fs::read(samples.join(f)).unwrap())).collect(),
    }
}

fn golden_file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cli/golden/values.csv")
}

/// The golden values by name.
fn golden() -> BTreeMap<String, f64> {
    let text = std::fs::read_to_string(golden_file()).unwrap();
    let row =
        |line: &str| line.split_once(',').map(|(name, value)| (name.to_string(), value.parse().unwrap())).unwrap();
    text.lines().skip(1).map(row).collect()
}

/// The instruction sets of this machine. The names of missing ones are printed.
#[expect(clippy::print_stderr)]
fn sets() -> Vec<String> {
    let report = json(&Sandbox::new().run("doctor --json").code(0).stdout);
    let (missing, here): (Vec<_>, Vec<_>) =
        report["isas"].as_array().unwrap().iter().cloned().partition(|set| !set["missing"].is_null());
    for set in &missing {
        eprintln!("{} is not tested: {}", set["name"], set["missing"]);
    }
    here.iter().map(|set| set["name"].as_str().unwrap().to_string()).collect()
}

#[test]
fn golden_values_hold_on_every_instruction_set() {
    if std::env::var_os("SDFLOW_WRITE_GOLDEN").is_some() {
        let rows: String =
            results("auto", 2).values.iter().map(|(name, value)| format!("{name},{value:.12e}\n")).collect();
        std::fs::write(golden_file(), format!("name,value\n{rows}")).unwrap();
    }
    let golden = golden();
    for set in sets() {
        let found = results(&set, 2).values;
        assert!(found.keys().eq(golden.keys()), "other values are recorded than {} holds", golden_file().display());
        let far: Vec<String> = found
            .iter()
            .filter(|(name, value)| {
                let tolerance = if name.starts_with("learned") { TOLERANCE_LEARNED } else { TOLERANCE };
                (*value - golden[*name]).abs() > tolerance * golden[*name].abs().max(1e-2)
            })
            .map(|(name, value)| format!("{name} is {value}, golden is {}", golden[name]))
            .collect();
        assert!(far.is_empty(), "with {set}:\n{}", far.join("\n"));
    }
}

#[test]
fn golden_runs_have_the_same_bytes_for_any_number_of_threads() {
    let one = results("auto", 1);
    assert!(one.points.len() > 15);
    for threads in [2, 3, 5] {
        let other = results("auto", threads);
        for (a, b) in one.points.iter().zip(&other.points) {
            assert!(a == b, "{} differs with {threads} threads", a.0);
        }
        assert!(one.values == other.values && one.points.len() == other.points.len(), "{threads} threads");
    }
}
