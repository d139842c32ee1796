//! Steps of the flow of drifting models: the joint field with a Laplace kernel at one temperature.
//!
//! A step is one velocity of `n` particles, towards `m` points and away from each other. The file
//! `benches/drift_torch.py` computes the same step in PyTorch with the matrix of all pairs.

use super::case::{BenchCase, Data, Task};
use super::statistics::{deviation, enough, median};
use sdflow::flow::{Clock, DriftFlow, DriftFlowOptions, FieldAt, Normalisation, Temperatures, VelocityField};
use sdflow::pairwise::{Isa, Pairwise, PairwiseOptions, Precision};
use sdflow::{Interrupt, Points, Result, rng::Stream};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// The temperature, in mean distances of the targets.
const TEMPERATURE: f64 = 0.2;

/// The result of the measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftReport {
    pub schema: u32,
    pub task: Task,
    pub n: usize,
    pub m: usize,
    pub dim: usize,
    pub temperature: f64,
    pub data: Data,
    pub precision: Precision,
    pub isa: Isa,
    pub threads: usize,
    /// Steps that were timed.
    pub steps: usize,
    /// Median and median absolute deviation of a step.
    pub seconds_per_step: f64,
    pub seconds_per_step_mad: f64,
    pub steps_per_s: f64,
    /// The error of the velocities relative to those in f64.
    pub rel_error: f64,
}

/// Measures `case` on the threads of the current pool.
///
/// # Errors
/// Those of the flow, or an interrupt.
pub fn measure(case: &BenchCase, interrupt: &Interrupt) -> Result<DriftReport> {
    let (targets, particles) = case.points();
    let options = DriftFlowOptions {
        temperature: Temperatures::One(TEMPERATURE),
        normalisation: Normalisation::Joint,
        ..DriftFlowOptions::default()
    };
    let mut flow = DriftFlow::new(targets, options)?;
    let clock = Clock::at(0, 1, Stream::new(1));
    let mut velocity = |precision, out: &mut Points| {
        let pairwise = Pairwise::new(PairwiseOptions { precision, ..case.options() }, interrupt.clone());
        let start = Instant::now();
        flow.velocity(&FieldAt::cloud(&particles, &clock, &pairwise), out)?;
        Ok::<f64, sdflow::Error>(start.elapsed().as_secs_f64())
    };
    let precision = if case.precision == Precision::F64 { Precision::F64 } else { Precision::F32 };
    let (mut exact, mut found, mut seconds) = (Points::default(), Points::default(), Vec::new());
    velocity(Precision::F64, &mut exact)?;
    velocity(precision, &mut found)?;
    let begin = Instant::now();
    while !enough(begin, seconds.len()) {
        seconds.push(velocity(precision, &mut found)?);
    }
    let square = |points: &Points| points.data().iter().map(|v| v * v).sum::<f64>();
    let off: f64 = found.data().iter().zip(exact.data()).map(|(a, b)| (a - b).powi(2)).sum();
    let seconds_per_step = median(&seconds);
    Ok(DriftReport {
        schema: 1,
        task: Task::Drift,
        n: case.n,
        m: case.m,
        dim: case.dim,
        temperature: TEMPERATURE,
        data: case.data,
        precision,
        isa: case.choice().isa,
        threads: rayon::current_num_threads(),
        steps: seconds.len(),
        seconds_per_step,
        seconds_per_step_mad: deviation(&seconds),
        steps_per_s: 1.0 / seconds_per_step,
        rel_error: (off / square(&exact)).sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_measured_and_right() {
        let case = BenchCase { task: Task::Drift, n: 300, m: 200, dim: 5, ..BenchCase::default() };
        let report = measure(&case, &Interrupt::default()).unwrap();
        assert!(report.rel_error < 1e-5 && report.seconds_per_step > 0.0, "{report:?}");
    }
}
