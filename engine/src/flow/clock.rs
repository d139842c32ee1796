//! Where in a run a step stands.

use crate::rng::Stream;

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
