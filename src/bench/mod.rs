//! Measures the engine: one whole score difference against the machine's peak and against the reference.
//!
//! The work is `n` particles against `m` target points and against themselves, from the caller's f64 arrays to the f64
//! field, packing and conversion included. The peak of fused multiply-adds is measured in the same run on the same
//! threads, the error on random rows against the naive f64 reference.

use sdflow::pairwise::{Backend, Choice, Isa, Pairwise, PairwiseOptions, Precision, ScoreDifference, fma_peak};
use sdflow::{Error, Interrupt, Points, Result, rng::Stream};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Rows whose error is measured.
const ROWS: usize = 64;

/// Fewest runs, and seconds after which no further run starts once there are that many.
const RUNS: usize = 5;
const SECONDS: f64 = 1.0;

/// Most seconds spent on runs, however few there were.
const PATIENCE: f64 = 60.0;

/// Where the points come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Data {
    /// Targets `N(1, I/4)`, particles `N(0, I)`.
    #[default]
    Gauss,
    /// Both from 25 modes of standard deviation .1, two apart in the first two coordinates.
    Mixture25,
}

/// One measurement to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchCase {
    /// What is measured: "pairwise".
    pub task: String,
    /// Particles.
    pub n: usize,
    /// Target points.
    pub m: usize,
    /// Coordinates.
    pub dim: usize,
    /// Bandwidth; None is `.3 sqrt dim`.
    pub sigma: Option<f64>,
    /// The points.
    pub data: Data,
    /// Arithmetic.
    pub precision: Precision,
    /// Loops.
    pub backend: Backend,
    /// Instruction set.
    pub isa: Isa,
    /// May blocks without weight be skipped?
    pub skip: bool,
    /// Threads; None is what the machine has.
    pub threads: Option<usize>,
}

impl Default for BenchCase {
    fn default() -> Self {
        BenchCase {
            task: "pairwise".into(),
            n: 16_384,
            m: 16_384,
            dim: 64,
            sigma: None,
            data: Data::Gauss,
            precision: Precision::F32,
            backend: Backend::Auto,
            isa: Isa::Auto,
            skip: true,
            threads: None,
        }
    }
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchReport {
    pub schema: u32,
    pub task: String,
    pub n: usize,
    pub m: usize,
    pub dim: usize,
    pub sigma: f64,
    pub data: Data,
    pub precision: Precision,
    pub backend: Backend,
    pub isa: Isa,
    pub skip: bool,
    pub threads: usize,
    /// Median and median absolute deviation of the runs.
    pub seconds_median: f64,
    pub seconds_mad: f64,
    pub runs: usize,
    /// All pairs per second, skipped ones included: what the user gets.
    pub pairs_per_s: f64,
    /// 10^9 multiplications and additions per second, `4 n (m + n) d` less what was skipped.
    pub gflops: f64,
    pub fma_peak_gflops: f64,
    pub fraction_of_peak: f64,
    /// By norm over random rows, and the largest of one row.
    pub rel_error: f64,
    pub rel_error_max_row: f64,
    /// Largest resident memory of this process so far; None where the system does not say.
    pub peak_rss_mb: Option<f64>,
}

/// Makes one measurement.
///
/// # Errors
/// An unknown task, a size of 0, a `sigma` that is not positive, or an interrupt.
pub fn run(case: &BenchCase, interrupt: &Interrupt) -> Result<BenchReport> {
    if case.task != "pairwise" {
        return Err(Error::unknown("bench task", &case.task, ["pairwise"]));
    }
    for (name, value) in [("n", case.n), ("m", case.m), ("dim", case.dim)] {
        if value == 0 {
            return Err(Error::argument(name, value, "it must be at least 1"));
        }
    }
    for (name, points) in [("n", case.n), ("m", case.m)] {
        if points.checked_mul(case.dim).is_none_or(|values| values > 1 << 30) {
            return Err(Error::argument(name, points, "n and m times dim must be at most 2^30 values"));
        }
    }
    let threads = case.threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|e| Error::argument("threads", threads, format!("the system must grant them: {e}")))?;
    pool.install(|| measure(case, interrupt))
}

/// The whole table: every size, dimension, precision and kind of data that the documentation shows; `each` sees a
/// report as soon as it is there.
///
/// # Errors
/// As [`run`].
pub fn matrix(
    threads: Option<usize>,
    interrupt: &Interrupt,
    mut each: impl FnMut(&BenchReport),
) -> Result<Vec<BenchReport>> {
    cases(threads)
        .iter()
        .map(|case| {
            let report = run(case, interrupt)?;
            each(&report);
            Ok(report)
        })
        .collect()
}

/// The rows of [`matrix`].
pub fn cases(threads: Option<usize>) -> Vec<BenchCase> {
    let of = |n: usize, dim: usize, precision: Precision| BenchCase {
        n,
        m: n,
        dim,
        precision,
        threads,
        ..BenchCase::default()
    };
    let mut cases = Vec::new();
    for dim in [64, 256, 784] {
        cases.push(of(16_384, dim, Precision::Bf16x3));
    }
    cases.push(of(16_384, 256, Precision::Bf16x6));
    for dim in [2, 3, 8, 64, 256, 784] {
        cases.push(of(4096, dim, Precision::F32));
        cases.push(of(16_384, dim, Precision::F32));
    }
    cases.extend([2, 64].map(|dim| of(4096, dim, Precision::F64)));
    for dim in [2usize, 16] {
        for skip in [true, false] {
            let sigma = Some(0.02 * (dim as f64).sqrt());
            cases.push(BenchCase { data: Data::Mixture25, sigma, skip, ..of(16_384, dim, Precision::F32) });
        }
    }
    cases
}

fn measure(case: &BenchCase, interrupt: &Interrupt) -> Result<BenchReport> {
    let (targets, particles) = points(case);
    let sigma = case.sigma.unwrap_or(0.3 * (case.dim as f64).sqrt());
    let difference = ScoreDifference {
        targets: &targets,
        target_log_weights: None,
        particles: &particles,
        leave_out_self: false,
        sigma,
    };
    let options = PairwiseOptions { precision: case.precision, backend: case.backend, isa: case.isa, skip: case.skip };
    let engine = Pairwise::new(options, interrupt.clone());
    let mut field = Points::default();
    engine.score_difference(&particles, &difference, &mut field)?;
    let flops = engine.work().flops() as f64;

    let (mut seconds, mut peaks) = (Vec::new(), Vec::new());
    let begin = Instant::now();
    loop {
        let elapsed = begin.elapsed().as_secs_f64();
        if elapsed > PATIENCE && !seconds.is_empty() || elapsed > SECONDS && seconds.len() >= RUNS {
            break;
        }
        peaks.push(fma_peak(case.isa) / 1e9);
        let start = Instant::now();
        engine.score_difference(&particles, &difference, &mut field)?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    // Memory as the measured work left it, before the reference adds its own.
    let peak_rss_mb = peak_rss_mb();
    let (rel_error, rel_error_max_row) = errors(&field, &particles, &difference, interrupt)?;
    let seconds_median = median(&seconds);
    let deviations: Vec<f64> = seconds.iter().map(|s| (s - seconds_median).abs()).collect();
    let spread = (targets.spread().powi(2) + particles.spread().powi(2)).sqrt() / std::f64::consts::SQRT_2;
    let choice = Choice::of(engine.options(), (case.n, case.m), case.dim, sigma, spread);
    let (gflops, fma_peak_gflops) = (flops / seconds_median / 1e9, median(&peaks));
    Ok(BenchReport {
        schema: 1,
        task: case.task.clone(),
        n: case.n,
        m: case.m,
        dim: case.dim,
        sigma,
        data: case.data,
        precision: choice.precision,
        backend: choice.backend,
        isa: choice.isa,
        skip: case.skip,
        threads: rayon::current_num_threads(),
        seconds_median,
        seconds_mad: median(&deviations),
        runs: seconds.len(),
        pairs_per_s: (case.n * (case.m + case.n)) as f64 / seconds_median,
        gflops,
        fma_peak_gflops,
        fraction_of_peak: gflops / fma_peak_gflops,
        rel_error,
        rel_error_max_row,
        peak_rss_mb,
    })
}

/// Targets and particles.
fn points(case: &BenchCase) -> (Points, Points) {
    let stream = Stream::new(1).label("bench");
    let mut targets = stream.label("targets").normal(case.m, case.dim);
    let mut particles = stream.label("particles").normal(case.n, case.dim);
    match case.data {
        Data::Gauss => targets.data_mut().iter_mut().for_each(|v| *v = 1.0 + 0.5 * *v),
        Data::Mixture25 => {
            for points in [&mut targets, &mut particles] {
                points.data_mut().iter_mut().for_each(|v| *v *= 0.1);
                for i in 0..points.n() {
                    for (axis, mode) in [i % 5, i / 5 % 5].into_iter().enumerate().take(case.dim) {
                        points.row_mut(i)[axis] += 2.0 * mode as f64 - 4.0;
                    }
                }
            }
        }
    }
    (targets, particles)
}

/// Relative error of the field by norm over random rows, and that of the worst row.
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

/// The middle value; of an even number, the lower middle.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// "VmHWM" of this process in MB.
fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_case_is_measured_and_right() {
        let case = BenchCase { n: 300, m: 200, dim: 5, ..BenchCase::default() };
        let report = run(&case, &Interrupt::default()).unwrap();
        assert!(report.rel_error < 1e-5 && report.rel_error > 0.0 && report.rel_error_max_row < 1e-4);
        assert!(report.seconds_median > 0.0 && report.runs >= RUNS);
        assert!(report.gflops > 0.0 && report.fma_peak_gflops > report.gflops);
        let keys = serde_json::to_value(&report).unwrap();
        assert_eq!(keys["schema"], 1);
        assert_eq!(keys["precision"], "f32");
        assert_eq!(keys["data"], "gauss");
    }

    #[test]
    fn impossible_cases_are_refused() {
        let none = Interrupt::default();
        assert!(run(&BenchCase { n: 0, ..BenchCase::default() }, &none).is_err());
        assert!(run(&BenchCase { sigma: Some(-1.0), ..BenchCase::default() }, &none).is_err());
        assert!(run(&BenchCase { task: "pairwize".into(), ..BenchCase::default() }, &none).is_err());
    }
}
