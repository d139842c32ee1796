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
    /// Are the particles of every step a fresh sample, as a generator in training makes them?
    pub fresh: bool,
    /// The run's random stream.
    pub stream: Stream,
}

impl Clock {
    /// The beginning of `step`.
    pub fn at(step: usize, steps: usize, stream: Stream) -> Clock {
        Clock { step, steps: steps.max(1), stage: 0.0, fresh: false, stream }
    }

    /// The same moment of a generator's training.
    pub fn of_fresh_samples(self) -> Clock {
        Clock { fresh: true, ..self }
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
