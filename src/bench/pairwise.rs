//! One evaluation of the score difference, compared with the peak of the machine and with the
//! reference.
//!
//! The work is that of `n` particles against `m` target points and against themselves, from the
//! caller's f64 arrays to the f64 field, including packing and conversion. The peak of fused
//! multiply-adds is measured in the same run on the same threads; the error is measured on random
//! rows against the naive f64 reference.

use super::case::{BenchCase, Data, Task};
use super::statistics::{deviation, enough, median, peak_rss_mb};
use sdflow::pairwise::{
    Backend, Centres, Isa, Pairwise, PairwiseOptions, Precision, Queries, ScoreDifference, fma_peak, matrix_peak,
};
use sdflow::{Interrupt, Points, Result, rng::Stream};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Rows whose error is measured.
const ROWS: usize = 64;

/// The result of the measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairwiseReport {
    pub schema: u32,
    pub task: Task,
    pub n: usize,
    pub m: usize,
    pub dim: usize,
    pub sigma: f64,
    pub data: Data,
    pub precision: Precision,
    pub backend: Backend,
    pub isa: Isa,
    pub skip: bool,
    /// The largest relative error of sums on a grid.
    pub tol: f64,
    /// The origin that is subtracted from coordinates before they are rounded.
    pub centres: Centres,
    pub threads: usize,
    /// Median and median absolute deviation of the runs.
    pub seconds_median: f64,
    pub seconds_mad: f64,
    pub runs: usize,
    /// All pairs per second, including skipped ones: the speed that the user sees.
    pub pairs_per_s: f64,
    /// 10^9 multiplications and additions per second: `4 n (m + n) d` without the skipped pairs.
    pub gflops: f64,
    pub fma_peak_gflops: f64,
    pub fraction_of_peak: f64,
    /// 10^9 bfloat16 operations per second of the matrix units, if the case uses them.
    pub matrix_peak_gflops: Option<f64>,
    /// The error by norm over random rows, and the largest error of a row.
    pub rel_error: f64,
    pub rel_error_max_row: f64,
    /// Largest resident memory of this process so far; None if the system does not report it.
    pub peak_rss_mb: Option<f64>,
}

/// Measures `case` on the threads of the current pool.
///
/// # Errors
/// An interrupt.
pub fn measure(case: &BenchCase, interrupt: &Interrupt) -> Result<PairwiseReport> {
    let (targets, particles) = case.points();
    let sigma = case.sigma();
    let difference = ScoreDifference {
        targets: &targets,
        target_log_weights: None,
        particles: &particles,
        leave_out_self: false,
        sigma,
    };
    let engine = Pairwise::new(case.options(), interrupt.clone());
    let mut field = Points::default();
    engine.score_difference(Queries::Particles, &difference, &mut field)?;
    let flops = engine.work().flops() as f64;

    let choice = case.choice();
    let (mut seconds, mut peaks, mut matrix_peaks) = (Vec::new(), Vec::new(), Vec::new());
    let begin = Instant::now();
    while !enough(begin, seconds.len()) {
        peaks.push(fma_peak(case.isa) / 1e9);
        matrix_peaks.extend((choice.backend == Backend::Amx).then(matrix_peak).flatten().map(|peak| peak / 1e9));
        engine.forget();
        let start = Instant::now();
        engine.score_difference(Queries::Particles, &difference, &mut field)?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    // The memory is read here, because the reference that follows needs memory of its own.
    let peak_rss_mb = peak_rss_mb();
    let (rel_error, rel_error_max_row) = errors(&field, &particles, &difference, interrupt)?;
    let seconds_median = median(&seconds);
    let (gflops, fma_peak_gflops) = (flops / seconds_median / 1e9, median(&peaks));
    Ok(PairwiseReport {
        schema: 1,
        task: Task::Pairwise,
        n: case.n,
        m: case.m,
        dim: case.dim,
        sigma,
        data: case.data,
        precision: choice.precision,
        backend: case.backend_of(&engine),
        isa: choice.isa,
        skip: case.skip,
        tol: case.tol,
        centres: choice.centres,
        threads: rayon::current_num_threads(),
        seconds_median,
        seconds_mad: deviation(&seconds),
        runs: seconds.len(),
        pairs_per_s: (case.n * (case.m + case.n)) as f64 / seconds_median,
        gflops,
        fma_peak_gflops,
        fraction_of_peak: gflops / fma_peak_gflops,
        matrix_peak_gflops: (!matrix_peaks.is_empty()).then(|| median(&matrix_peaks)),
        rel_error,
        rel_error_max_row,
        peak_rss_mb,
    })
}

/// Relative error of the field by norm over random rows, and the relative error of the worst row.
fn errors(
    field: &Points,
    particles: &Points,
    difference: &ScoreDifference,
    interrupt: &Interrupt,
) -> Result<(f64, f64)> {
    let rows = Stream::new(1).label("rows").rng().choose(particles.n(), ROWS);
    let naive = PairwiseOptions { backend: Backend::Naive, precision: Precision::F64, ..PairwiseOptions::default() };
    let mut want = Points::default();
    Pairwise::new(naive, interrupt.clone()).score_difference(&particles.select(&rows), difference, &mut want)?;
    let (mut error, mut norm, mut worst) = (0.0, 0.0, 0.0f64);
    for (row, want) in rows.iter().zip(want.iter()) {
        let (e, w) =
            field.row(*row).iter().zip(want).fold((0.0, 0.0), |(e, s), (g, w)| (e + (g - w) * (g - w), s + w * w));
        (error, norm, worst) = (error + e, norm + w, worst.max((e / w).sqrt()));
    }
    Ok(((error / norm).sqrt(), worst))
}

#[cfg(test)]
mod tests {
    use super::super::statistics::RUNS;
    use super::*;

    #[test]
    fn a_small_case_is_measured_and_right() {
        let case = BenchCase { n: 300, m: 200, dim: 5, ..BenchCase::default() };
        let report = measure(&case, &Interrupt::default()).unwrap();
        assert!(report.rel_error < 1e-5 && report.rel_error > 0.0 && report.rel_error_max_row < 1e-4);
        assert!(report.seconds_median > 0.0 && report.runs >= RUNS);
        assert!(report.gflops > 0.0 && report.fma_peak_gflops > report.gflops);
        let keys = serde_json::to_value(&report).unwrap();
        assert_eq!(keys["schema"], 1);
        assert_eq!(keys["precision"], "f32");
        assert_eq!(keys["data"], "gauss");
        assert_eq!(keys["task"], "pairwise");
    }
}
