//! The number of repetitions of a measurement, and statistics of the results.

use std::time::Instant;

/// The smallest number of runs, and the seconds after which no further run starts once this number
/// is reached.
pub const RUNS: usize = 5;
pub const SECONDS: f64 = 1.0;

/// The largest number of seconds spent on runs, even if fewer than [`RUNS`] were made.
pub const PATIENCE: f64 = 60.0;

/// True if `runs` runs since `begin` are enough.
pub fn enough(begin: Instant, runs: usize) -> bool {
    let elapsed = begin.elapsed().as_secs_f64();
    elapsed > PATIENCE && runs > 0 || elapsed > SECONDS && runs >= RUNS
}

/// Returns the median; for an even number of values, the lower of the two middle values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// Returns the median absolute deviation from the median.
pub fn deviation(values: &[f64]) -> f64 {
    let middle = median(values);
    median(&values.iter().map(|v| (v - middle).abs()).collect::<Vec<_>>())
}

/// Returns the largest resident memory of this process so far, in MB; None where unknown.
pub fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}
