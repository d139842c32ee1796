//! Training steps of a small net, compared with the peak of the machine.
//!
//! The net has three hidden layers of 128 units and SiLU between `dim` inputs and `dim` outputs. A
//! step is the forward pass of the whole batch, the gradient of half the mean squared distance to
//! fixed targets, and Adam.

use super::case::{BenchCase, Task};
use super::statistics::{deviation, enough, median};
use sdflow::net::{Activation, AdamOptions, Mlp, Trainer};
use sdflow::pairwise::{Isa, fma_peak};
use sdflow::{Error, Interrupt, Result, rng::Stream};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::time::Instant;

/// Hidden layers and their width.
const HIDDEN: [usize; 3] = [128; 3];

/// Steps of one run.
const STEPS: usize = 50;

/// The result of the measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetReport {
    pub schema: u32,
    pub task: Task,
    /// Rows of the batch.
    pub n: usize,
    pub dim: usize,
    pub hidden: Vec<usize>,
    pub parameters: usize,
    pub threads: usize,
    /// Steps of all runs.
    pub steps: usize,
    /// Median and median absolute deviation, over the runs, of the seconds per step.
    pub seconds_per_step: f64,
    pub seconds_per_step_mad: f64,
    pub steps_per_s: f64,
    /// 10^9 multiplications and additions per second of the products alone.
    pub gflops: f64,
    pub fma_peak_gflops: f64,
    pub fraction_of_peak: f64,
    /// The loss before the first step and at the end.
    pub loss_first: f64,
    pub loss_last: f64,
}

/// Measures `case` on the threads of the current pool.
///
/// # Errors
/// The net is too large, or an interrupt.
pub fn measure(case: &BenchCase, interrupt: &Interrupt) -> Result<NetReport> {
    let stream = Stream::new(1).label("net");
    let numbers = |label: &str| stream.label(label).normal(case.n, case.dim).data().iter().map(|v| *v as f32).collect();
    let (input, want): (Vec<f32>, Vec<f32>) = (numbers("input"), numbers("targets"));
    let widths: Vec<usize> = [case.dim].into_iter().chain(HIDDEN).chain([case.dim]).collect();
    let net = Mlp::new(&widths, Activation::Silu, false, stream)?;
    let (flops, parameters) = (net.flops() as f64 * case.n as f64, net.parameters().len());
    let mut trainer = Trainer::new(net, AdamOptions::default(), 0.0);
    let loss = |rows: Range<usize>, out: &mut [f32]| {
        let want = &want[rows.start * case.dim..rows.end * case.dim];
        let mut sum = 0.0;
        for (y, want) in out.iter_mut().zip(want) {
            *y -= want;
            sum += 0.5 * f64::from(*y * *y);
        }
        sum
    };
    let loss_first = trainer.step(&input, 1e-3, loss);
    let (mut seconds, mut peaks, mut loss_last) = (Vec::new(), Vec::new(), loss_first);
    let begin = Instant::now();
    while !enough(begin, seconds.len()) {
        peaks.push(fma_peak(Isa::Auto) / 1e9);
        let start = Instant::now();
        for _ in 0..STEPS {
            if interrupt.is_raised() {
                return Err(Error::Interrupted);
            }
            loss_last = trainer.step(&input, 1e-3, loss);
        }
        seconds.push(start.elapsed().as_secs_f64() / STEPS as f64);
    }
    let seconds_per_step = median(&seconds);
    let (gflops, fma_peak_gflops) = (flops / seconds_per_step / 1e9, median(&peaks));
    Ok(NetReport {
        schema: 1,
        task: Task::Net,
        n: case.n,
        dim: case.dim,
        hidden: HIDDEN.to_vec(),
        parameters,
        threads: rayon::current_num_threads(),
        steps: STEPS * seconds.len(),
        seconds_per_step,
        seconds_per_step_mad: deviation(&seconds),
        steps_per_s: 1.0 / seconds_per_step,
        gflops,
        fma_peak_gflops,
        fraction_of_peak: gflops / fma_peak_gflops,
        loss_first,
        loss_last,
    })
}

#[cfg(test)]
mod tests {
    use super::super::statistics::RUNS;
    use super::*;

    #[test]
    fn a_small_net_is_measured_and_learns() {
        let case = BenchCase { task: Task::Net, n: 32, dim: 2, ..BenchCase::default() };
        let report = measure(&case, &Interrupt::default()).unwrap();
        assert!(report.loss_last < 0.5 * report.loss_first, "{report:?}");
        assert!(report.gflops > 0.0 && report.fma_peak_gflops > 0.0 && report.steps >= RUNS * STEPS);
        assert_eq!(report.parameters, 2 * 128 + 128 + 2 * (128 * 128 + 128) + 2 * 128 + 2);
    }
}
