//! Measurements of the engine on this machine.

mod case;
mod cases;
mod flow;
mod net;
mod pairwise;

pub use case::{BenchCase, Data, Task};
pub use cases::cases;
pub use flow::FlowReport;
pub use net::NetReport;
pub use pairwise::PairwiseReport;

use sdflow::{Error, Interrupt, Result};
use std::time::Instant;

/// Fewest runs, and seconds after which no further run starts once there are that many.
const RUNS: usize = 5;
const SECONDS: f64 = 1.0;

/// Most seconds spent on runs, however few there were.
const PATIENCE: f64 = 60.0;

/// Have `runs` runs since `begin` measured enough?
fn enough(begin: Instant, runs: usize) -> bool {
    let elapsed = begin.elapsed().as_secs_f64();
    elapsed > PATIENCE && runs > 0 || elapsed > SECONDS && runs >= RUNS
}

/// Measures one score difference.
///
/// # Errors
/// A case that is impossible, threads that the system does not grant, an interrupt.
pub fn pairwise(case: &BenchCase, interrupt: &Interrupt) -> Result<PairwiseReport> {
    on_threads(case, || pairwise::measure(case, interrupt))
}

/// Measures one step of a flow.
///
/// # Errors
/// As [`pairwise()`].
pub fn flow(case: &BenchCase, interrupt: &Interrupt) -> Result<FlowReport> {
    on_threads(case, || flow::measure(case, interrupt))
}

/// Measures training steps of a net.
///
/// # Errors
/// As [`pairwise()`].
pub fn net(case: &BenchCase, interrupt: &Interrupt) -> Result<NetReport> {
    on_threads(case, || net::measure(case, interrupt))
}

fn on_threads<R: Send>(case: &BenchCase, measure: impl FnOnce() -> Result<R> + Send) -> Result<R> {
    case.check()?;
    let threads = case.threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|e| Error::argument("threads", threads, format!("the system must grant them: {e}")))?;
    pool.install(measure)
}

/// The middle value; of an even number, the lower middle.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// Median absolute deviation from the median.
fn deviation(values: &[f64]) -> f64 {
    let middle = median(values);
    median(&values.iter().map(|v| (v - middle).abs()).collect::<Vec<_>>())
}

/// "VmHWM" of this process in MB.
fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}
