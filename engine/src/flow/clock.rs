//! The moment of a step within a run.

use crate::rng::Stream;

/// The moment of a step within a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// Index of the step, from 0.
    pub step: usize,
    /// Number of steps of the run, at least 1.
    pub steps: usize,
    /// Position within the step, in `[0, 1]`: the stage of a Runge-Kutta method.
    pub stage: f64,
    /// True if the particles of every step are a fresh sample, as in the training of a generator.
    pub fresh: bool,
    /// The run's random stream.
    pub stream: Stream,
}

impl Clock {
    /// Returns the beginning of `step`.
    pub fn at(step: usize, steps: usize, stream: Stream) -> Clock {
        Clock { step, steps: steps.max(1), stage: 0.0, fresh: false, stream }
    }

    /// Returns the same moment in the training of a generator.
    pub fn of_fresh_samples(self) -> Clock {
        Clock { fresh: true, ..self }
    }

    /// Returns the share of the run that is done. It is computed anew from the step and the stage,
    /// so that rounding errors do not add up.
    pub fn progress(&self) -> f64 {
        ((self.step as f64 + self.stage) / self.steps as f64).min(1.0)
    }

    /// Returns the random stream of this step and purpose, the same for all stages of the step.
    pub fn randomness(&self, purpose: &str) -> Stream {
        self.stream.label(purpose).at(self.step as u64)
    }
}
