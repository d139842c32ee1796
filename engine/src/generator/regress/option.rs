//! Options of a regression, and the pairs on which it trains.

use crate::Points;
use crate::generator::optimiser::OptimiserPlan;
use crate::schedule::Schedule;

crate::options! {
    /// Options of `regress`.
    pub struct RegressOptions {
        /// Number of optimiser steps of a net, at least 1; an affine generator needs none, because
        /// its parameters are computed directly.
        steps: usize = 3000,
        /// Number of pairs of rows per step, at least 1.
        batch: usize = 512,
        /// Learning rate of Adam over the training: a number, a schedule or a list; left out:
        /// `cosine(0.005, 0)`.
        rate: Option<Schedule> = None,
        /// Share of the steps, at the end of the training, over which the parameters are averaged;
        /// 0 keeps the parameters of the last step.
        average: f64 = 0.25,
        /// Decay per step, 0 or more and below 1, of an exponential moving average of the
        /// parameters over all steps, such as 0.999; it replaces `average`.
        ema: Option<f64> = None,
    }
}

/// Rows that belong together: `outputs[i]` is the desired output for `inputs[i]`.
#[derive(Debug, Clone, Copy)]
pub struct Pairs<'a> {
    /// n x input_dim
    pub inputs: &'a Points,
    /// n x dim
    pub outputs: &'a Points,
}

/// Returns the number of steps, the learning rate and the averaging.
pub(super) fn plan(options: &RegressOptions) -> OptimiserPlan<'_> {
    OptimiserPlan {
        steps: options.steps,
        rate: options.rate.as_ref(),
        net_rate: 0.005,
        average: options.average,
        ema: options.ema,
    }
}
