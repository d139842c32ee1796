//! Flows: velocity fields that move a cloud of particles.
//!
//! A flow file holds one equation and its constants. Who moves (the cloud or a generator), how it steps ([`Stepper`]),
//! how long and who watches ([`crate::run`]) are other things.

mod estimate;
mod mmd;
mod sd;
mod sigma;
mod step;

pub use estimate::Estimate;
pub use mmd::{MmdFlow, MmdFlowOptions};
pub use sd::{Noise, Scaling, SdFlow, SdFlowOptions};
pub use step::{Integrator, StepReport, Stepper};

use crate::{Points, Result, pairwise::Pairwise, rng::Stream, schedule::Schedule};

/// A velocity field `dy/dt = v(y, t)` that may depend on the whole cloud.
pub trait Flow: Send + Sync + std::fmt::Debug {
    /// Name for messages and progress: "sd_flow".
    fn name(&self) -> &'static str;

    /// The dimension it was made for; None follows the cloud.
    fn dim(&self) -> Option<usize>;

    /// Chooses what the caller left open from the cloud it starts with, and checks that the two fit. Returns what it
    /// chose, a sentence each.
    ///
    /// # Errors
    /// Dimensions that do not match, options that cannot be met.
    fn prepare(&mut self, start: &Points, clock: &Clock) -> Result<Vec<String>>;

    /// Writes the velocity of every particle into `out`, n x d.
    ///
    /// # Errors
    /// As the estimators it stands on; an interrupt.
    fn velocity(&mut self, cloud: &Points, clock: &Clock, pairwise: &Pairwise, out: &mut Points) -> Result<()>;

    /// Step size as a function of progress.
    fn step_size(&self) -> &Schedule;

    /// How to step.
    fn integrator(&self) -> Integrator;

    /// The length below which an error of one step does not matter, for adaptive steps.
    fn resolution(&self, cloud: &Points, clock: &Clock) -> f64;

    /// Told after every step, for flows that pace themselves.
    fn stepped(&mut self, _report: &StepReport, _clock: &Clock) {}

    /// Readings of its inner state at this moment, by name: `sigma`, effective sample sizes, the field's error.
    ///
    /// # Errors
    /// As [`Flow::velocity`].
    fn readings(&mut self, _cloud: &Points, _clock: &Clock, _pairwise: &Pairwise) -> Result<Vec<(&'static str, f64)>> {
        Ok(Vec::new())
    }

    /// Pairs that one velocity, and one round of readings, of a cloud of `cloud` points take.
    fn pairs(&self, _cloud: usize) -> FlowPairs {
        FlowPairs::default()
    }

    /// What the user should know once the run is over, a sentence each.
    fn warnings(&self, _cloud: &Points) -> Vec<String> {
        Vec::new()
    }
}

/// Pairs of a query and a source, as [`Flow::pairs`] foretells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlowPairs {
    /// Of one evaluation of the velocity.
    pub velocity: u64,
    /// Of one round of readings.
    pub readings: u64,
}

/// Where in a run a step stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// Step, from 0.
    pub step: usize,
    /// Steps in all, at least 1.
    pub steps: usize,
    /// Place within the step, in `[0, 1]`: the stage of a Runge-Kutta method.
    pub stage: f64,
    /// The run's random stream.
    pub stream: Stream,
}

impl Clock {
    /// The beginning of `step`.
    pub fn at(step: usize, steps: usize, stream: Stream) -> Clock {
        Clock { step, steps: steps.max(1), stage: 0.0, stream }
    }

    /// Share of the run done, computed as a fraction of the whole and never accumulated.
    pub fn progress(&self) -> f64 {
        ((self.step as f64 + self.stage) / self.steps as f64).min(1.0)
    }

    /// The random stream of this step and purpose, the same for all stages of the step.
    pub fn randomness(&self, purpose: &str) -> Stream {
        self.stream.label(purpose).at(self.step as u64)
    }
}
