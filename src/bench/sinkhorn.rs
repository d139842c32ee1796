//! Iterations of Sinkhorn's algorithm, compared with the peak of the machine and with the
//! reference.
//!
//! The work is that of `n` particles against `m` target points: a whole solution with a fixed
//! number of iterations of both sides, from the caller's f64 arrays to the f64 potentials, with
//! packing and extrapolation. The error is measured for one potential at random rows. The reference
//! computes this potential in naive f64 from the same potential of the other side.

use super::case::{BenchCase, Data, Task};
use super::statistics::{deviation, enough, median, peak_rss_mb};
use crate::allocator::METER;
use sdflow::cost::Meter;
use sdflow::pairwise::{Backend, Isa, Pairwise, PairwiseOptions, Precision, Softmax, fma_peak};
use sdflow::sinkhorn::{Marginal, Potentials, Sinkhorn, SinkhornOptions, SinkhornPrecision};
use sdflow::{Interrupt, Points, Result, rng::Stream};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Rows whose error is measured.
const ROWS: usize = 64;

/// The result of the measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SinkhornReport {
    pub schema: u32,
    pub task: Task,
    pub n: usize,
    pub m: usize,
    pub dim: usize,
    pub epsilon: f64,
    pub data: Data,
    pub precision: Precision,
    pub isa: Isa,
    pub threads: usize,
    /// Iterations of one run. Each iteration updates both sides.
    pub iterations: usize,
    /// Median and median absolute deviation of the runs.
    pub seconds_median: f64,
    pub seconds_mad: f64,
    pub runs: usize,
    /// `2 n m` pairs for each iteration.
    pub pairs_per_s: f64,
    /// 10^9 multiplications and additions per second, `2 d` for each pair.
    pub gflops: f64,
    pub fma_peak_gflops: f64,
    pub fraction_of_peak: f64,
    /// The error of the potential by norm over random rows.
    pub rel_error: f64,
    pub marginal_error: f64,
    /// Largest memory of one solution beyond the points, in MB: the allocations from the creation
    /// of the problem to the potentials.
    pub memory_mb: f64,
    /// Largest resident memory of this process so far; None if the system does not report it.
    pub peak_rss_mb: Option<f64>,
}

/// Measures `case` on the threads of the current pool.
///
/// # Errors
/// An interrupt.
pub fn measure(case: &BenchCase, interrupt: &Interrupt) -> Result<SinkhornReport> {
    let (targets, particles) = case.points();
    let engine = Pairwise::new(case.options(), interrupt.clone());
    let double = case.precision == Precision::F64;
    let options = SinkhornOptions {
        blur: case.sigma,
        tolerance: 0.0,
        max_iterations: case.iterations,
        scaling: 0.0,
        newton: false,
        precision: if double { SinkhornPrecision::F64 } else { SinkhornPrecision::F32 },
        ..SinkhornOptions::default()
    };
    let points = METER.now();
    METER.restart();
    let problem = Sinkhorn::between(&particles, &targets, options)?;
    let (mut seconds, mut peaks) = (Vec::new(), Vec::new());
    let mut found = problem.solve(&engine)?;
    let memory_mb = METER.peak().saturating_sub(points) as f64 / 1e6;
    let begin = Instant::now();
    while !enough(begin, seconds.len()) {
        peaks.push(fma_peak(case.isa) / 1e9);
        let start = Instant::now();
        found = problem.solve(&engine)?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let peak_rss_mb = peak_rss_mb();
    let rel_error = error(&found, (&particles, &targets), interrupt)?;
    let seconds_median = median(&seconds);
    let pairs_per_s = (2 * case.n * case.m * found.iterations) as f64 / seconds_median;
    let (gflops, fma_peak_gflops) = (2e-9 * case.dim as f64 * pairs_per_s, median(&peaks));
    Ok(SinkhornReport {
        schema: 1,
        task: Task::Sinkhorn,
        n: case.n,
        m: case.m,
        dim: case.dim,
        epsilon: found.epsilon,
        data: case.data,
        precision: if double { Precision::F64 } else { Precision::F32 },
        isa: case.choice().isa,
        threads: rayon::current_num_threads(),
        iterations: found.iterations,
        seconds_median,
        seconds_mad: deviation(&seconds),
        runs: seconds.len(),
        pairs_per_s,
        gflops,
        fma_peak_gflops,
        fraction_of_peak: gflops / fma_peak_gflops,
        rel_error,
        marginal_error: found.marginal_error,
        memory_mb,
        peak_rss_mb,
    })
}

/// Returns the relative error of the first potential over random rows.
fn error(found: &Potentials, (x, y): (&Points, &Points), interrupt: &Interrupt) -> Result<f64> {
    let rows = Stream::new(1).label("rows").rng().choose(x.n(), ROWS);
    let naive = PairwiseOptions { backend: Backend::Naive, precision: Precision::F64, ..PairwiseOptions::default() };
    let epsilon = found.epsilon;
    let logs: Vec<f64> = Marginal::equal(y).logs().iter().zip(&found.g).map(|(l, g)| l + g / epsilon).collect();
    let softmax = Softmax { log_weights: Some(&logs), ..Softmax::of(epsilon.sqrt()) };
    let mut sums = Vec::new();
    Pairwise::new(naive, interrupt.clone()).log_sum_exp(&x.select(&rows), y, &softmax, &mut sums)?;
    let (mut error, mut norm) = (0.0, 0.0);
    for (row, sum) in rows.iter().zip(&sums) {
        let want = -epsilon * sum;
        error += (found.f[*row] - want).powi(2);
        norm += want * want;
    }
    Ok((error / norm).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::statistics::RUNS;
    use super::*;

    #[test]
    fn a_small_case_is_measured_and_right() {
        let case = BenchCase { task: Task::Sinkhorn, n: 300, m: 200, dim: 5, ..BenchCase::default() };
        let report = measure(&case, &Interrupt::default()).unwrap();
        assert!(report.rel_error < 1e-5 && report.iterations == 100 && report.runs >= RUNS, "{report:?}");
        assert!(report.gflops > 0.0 && report.fma_peak_gflops > report.gflops);
        assert!(report.memory_mb > 0.0, "{report:?}");
        assert_eq!(serde_json::to_value(&report).unwrap()["task"], "sinkhorn");
    }
}
