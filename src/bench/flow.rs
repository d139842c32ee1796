//! A step of a flow, compared with the pairwise sums that it needs.
//!
//! The score-difference flow moves `n` particles towards `m` target points at one sigma, as `run`
//! does, with the noise and the tolerance of the case. For every step, one
//! [`Pairwise::score_difference`] of the same points at the same queries is timed alone,
//! alternately before and after the step. Readings and metrics are not part of a step.

use super::case::{BenchCase, Data, Task};
use super::statistics::{PATIENCE, deviation, median};
use crate::lock::lock;
use sdflow::archive::Archived;
use sdflow::flow::{Clock, FieldAt, Noise, Scales, SdFlow, SdFlowOptions, VelocityField};
use sdflow::ode::StepReport;
use sdflow::pairwise::{Backend, Isa, Pairwise, Precision, Queries, ScoreDifference};
use sdflow::process::Observer;
use sdflow::run::{Run, RunOptions};
use sdflow::schedule::Schedule;
use sdflow::score::Kde;
use sdflow::{Error, Interrupt, Points, Result, rng::Stream};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Steps of the run.
const STEPS: usize = 200;

/// Steps that warm up and are not counted.
const WARM: usize = 3;

/// The result of the measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowReport {
    pub schema: u32,
    pub task: Task,
    pub n: usize,
    pub m: usize,
    pub dim: usize,
    pub sigma: f64,
    pub data: Data,
    pub noise: Noise,
    pub precision: Precision,
    pub backend: Backend,
    pub isa: Isa,
    pub skip: bool,
    /// The largest relative error of sums on a grid.
    pub tol: f64,
    pub threads: usize,
    /// Steps that were timed.
    pub steps: usize,
    /// Median and median absolute deviation of a whole step.
    pub seconds_per_step: f64,
    pub seconds_per_step_mad: f64,
    /// Median of the pairwise sums alone.
    pub seconds_engine: f64,
    /// Median over steps of `1 - engine / step`: the share of a step that is not pairwise sums.
    pub overhead: f64,
}

/// Measures `case` on the threads of the current pool.
///
/// # Errors
/// An interrupt.
pub fn measure(case: &BenchCase, interrupt: &Interrupt) -> Result<FlowReport> {
    let (targets, particles) = case.points();
    let sigma = case.sigma();
    let options =
        SdFlowOptions { sigma: Some(Schedule::from(sigma)), noise: Some(case.noise), ..SdFlowOptions::default() };
    let flow = SdFlow::new(Kde::of(targets.clone()).into(), Kde::of_cloud().into(), options)?;
    // The run has its own interrupt, because it is not an error to end a run that takes too long.
    let stop = Interrupt::default();
    let engine = Pairwise::new(case.options(), stop.clone());
    let times = Arc::new(Mutex::new(Times::default()));
    let beside = Pairwise::new(case.options(), stop.clone());
    let (queries, field) = (Points::default(), Points::default());
    let mut flow = Beside { flow, targets, noise: case.noise, engine: beside, queries, field, times: times.clone() };
    let now = Instant::now();
    let mut watch = StepTimer { start: now, begun: now, stop, user: interrupt.clone(), times: times.clone() };
    let options = RunOptions { steps: STEPS, every: Some(STEPS), ..RunOptions::default() };
    let run = Run::new(&mut flow, particles).options(options).pairwise(&engine).stream(Stream::new(1).label("flow"));
    run.run_with(&mut watch)?;
    if interrupt.is_raised() {
        return Err(Error::Interrupted);
    }
    let times = lock(&times);
    let counted = &times.steps[WARM.min(times.steps.len().saturating_sub(1))..];
    let of = |f: fn(&(f64, f64)) -> f64| counted.iter().map(f).collect::<Vec<f64>>();
    let (steps, choice) = (of(|(step, _)| *step), case.choice());
    Ok(FlowReport {
        schema: 1,
        task: Task::Flow,
        n: case.n,
        m: case.m,
        dim: case.dim,
        sigma,
        data: case.data,
        noise: case.noise,
        precision: choice.precision,
        backend: case.backend_of(&engine),
        isa: choice.isa,
        skip: case.skip,
        tol: case.tol,
        threads: rayon::current_num_threads(),
        steps: counted.len(),
        seconds_per_step: median(&steps),
        seconds_per_step_mad: deviation(&steps),
        seconds_engine: median(&of(|(_, engine)| *engine)),
        overhead: median(&of(|(step, engine)| 1.0 - engine / step)),
    })
}

/// Seconds of every step and of the engine alone.
#[derive(Debug, Default)]
struct Times {
    /// Seconds of the step and of the engine alone.
    steps: Vec<(f64, f64)>,
    /// Seconds of this step so far: of everything except the flow, and of the engine alone.
    beside: f64,
    engine: f64,
}

/// A flow that also times the engine alone at every evaluation.
#[derive(Debug)]
struct Beside {
    flow: SdFlow,
    targets: Points,
    noise: Noise,
    engine: Pairwise,
    queries: Points,
    field: Points,
    times: Arc<Mutex<Times>>,
}

impl Beside {
    fn engine_alone(&mut self, cloud: &Points, clock: &Clock) -> Result<()> {
        let begun = Instant::now();
        let sigma = self.flow.sigma(clock);
        self.queries.copy_from(cloud);
        let stream = match self.noise {
            Noise::None => None,
            Noise::Fresh | Noise::Half => Some(clock.randomness("noise")),
            Noise::Fixed => Some(clock.stream.label("fixed noise")),
        };
        if let Some(stream) = stream {
            stream.scatter_normal(cloud.data(), self.noise.size() * sigma, self.queries.data_mut());
        }
        let difference = ScoreDifference {
            targets: &self.targets,
            target_log_weights: None,
            particles: cloud,
            leave_out_self: false,
            sigma,
        };
        // The queries are those of the flow: the cloud, or points derived from it.
        let queries = if self.noise == Noise::None { Queries::Particles } else { Queries::At(&self.queries) };
        let alone = Instant::now();
        self.engine.score_difference(queries, &difference, &mut self.field)?;
        let engine = alone.elapsed().as_secs_f64();
        let mut times = lock(&self.times);
        times.engine += engine;
        times.beside += begun.elapsed().as_secs_f64();
        Ok(())
    }
}

impl VelocityField for Beside {
    fn name(&self) -> &'static str {
        self.flow.name()
    }

    fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        if at.clock.step.is_multiple_of(2) {
            self.engine_alone(at.cloud, at.clock)?;
            return self.flow.velocity(at, out);
        }
        self.flow.velocity(at, out)?;
        self.engine_alone(at.cloud, at.clock)
    }

    fn prepare(&mut self, cloud: &Points, clock: &Clock, last: Option<&StepReport>) -> Result<Vec<String>> {
        self.flow.prepare(cloud, clock, last)
    }

    fn scales(&self, cloud: &Points, clock: &Clock) -> Scales<'_> {
        self.flow.scales(cloud, clock)
    }
}

impl Archived for Beside {}

/// Times every step, and ends the run when it takes too long.
struct StepTimer {
    start: Instant,
    /// The start of the step.
    begun: Instant,
    stop: Interrupt,
    user: Interrupt,
    times: Arc<Mutex<Times>>,
}

impl Observer for StepTimer {
    fn progress(&mut self, _what: &str, _done: usize, _total: usize, _detail: &dyn Fn() -> String) {
        let step = self.begun.elapsed().as_secs_f64();
        let mut times = lock(&self.times);
        let (beside, engine) = (std::mem::take(&mut times.beside), std::mem::take(&mut times.engine));
        times.steps.push((step - beside, engine));
        let late = self.start.elapsed().as_secs_f64() > PATIENCE && times.steps.len() > WARM;
        if late || self.user.is_raised() {
            self.stop.raise();
        }
        self.begun = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_measured_beside_its_sums() {
        let case = BenchCase { task: Task::Flow, n: 300, m: 200, dim: 5, ..BenchCase::default() };
        let report = measure(&case, &Interrupt::default()).unwrap();
        assert_eq!(report.steps, STEPS - WARM);
        assert!(report.seconds_engine > 0.0 && report.seconds_per_step > 0.0 && report.overhead < 1.0);
        // The two times are measured separately, so a share may be slightly negative.
        assert!(report.overhead > -0.5, "{report:?}");
    }

    #[test]
    fn a_raised_interrupt_ends_it() {
        let stop = Interrupt::default();
        stop.raise();
        assert_eq!(
            measure(&BenchCase { n: 30, m: 20, dim: 2, ..BenchCase::default() }, &stop),
            Err(Error::Interrupted)
        );
    }
}
