//! What a regression is asked for, and what it leaves.

use crate::Points;
use crate::generator::optimiser::Pace;
use crate::schedule::Schedule;

crate::options! {
    /// Options of `regress`.
    pub struct RegressOptions {
        /// Optimiser steps of a net, at least 1; an affine generator is solved for at once.
        steps: usize = 3000,
        /// Pairs per step, at least 1.
        batch: usize = 512,
        /// Learning rate of Adam over the training: a number, a schedule, a list; left out:
        /// `cosine(0.005, 0)`.
        rate: Option<Schedule> = None,
        /// Share of the steps, counted from the end, over which the parameters are averaged; 0
        /// keeps the last ones.
        average: f64 = 0.25,
    }
}

/// Rows that belong together: `outputs[i]` is what becomes of `inputs[i]`.
#[derive(Debug, Clone, Copy)]
pub struct Pairs<'a> {
    /// n x input_dim
    pub inputs: &'a Points,
    /// n x dim
    pub outputs: &'a Points,
}

/// How long and how fast.
pub(super) fn pace(options: &RegressOptions) -> Pace<'_> {
    Pace { steps: options.steps, rate: options.rate.as_ref(), average: options.average }
}
