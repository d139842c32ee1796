//! Options of a distillation.

use crate::net::Activation;
use crate::schedule::Schedule;
use crate::score::DenoiserOptions;
use serde::{Deserialize, Serialize};

crate::options! {
    /// Options of `distill`.
    pub struct DistillOptions {
        /// Number of optimiser steps of the generator, at least 1.
        steps: usize = 2000,
        /// Number of base points drawn per step, and per update of the source score, at least 2.
        batch: usize = 512,
        /// Learning rate of Adam over the run: a number, a schedule or a list. Left out:
        /// `cosine(0.02, 0)` for an affine generator, `cosine(0.005, 0)` for a net.
        rate: Option<Schedule> = None,
        /// Share of the steps, at the end of the training, over which the parameters are averaged;
        /// 0 keeps the parameters of the last step.
        average: f64 = 0.25,
        /// Decay per step, 0 or more and below 1, of an exponential moving average of the
        /// parameters over all steps, such as 0.999; it replaces `average`.
        ema: Option<f64> = None,
        /// Number of steps between rows of the history; left out: about 20 rows per run.
        every: Option<usize> = None,
        /// Number of steps between checkpoints. In addition, checkpoints are written at the
        /// interval of `--checkpoint-every`, by default one minute.
        checkpoint_every: Option<usize> = None,
        /// Number of optimiser steps of the source score before every step of the generator, each
        /// on fresh points of the generator; at least 1.
        score_updates: usize = 5,
        /// Learning rate of Adam for the source score over the run: a number, a schedule or a list.
        score_rate: Schedule = Schedule::Cosine { from: 2e-3, to: 2e-4 },
        /// Number of optimiser steps of the source score before the first step of the generator.
        warm_up: usize = 300,
        /// Units of a hidden layer of the net of the source score, at least 1.
        hidden: usize = 128,
        /// Hidden layers of the net of the source score, at least 1.
        layers: usize = 3,
        /// Activation of the net of the source score: "silu", "tanh" or "softplus".
        activation: Activation = Activation::Silu,
        /// Smallest noise level, in the units of the points. Left out: the finest detail of the
        /// teacher, but not below the smallest noise level that the teacher has learned.
        sigma_min: Option<f64> = None,
        /// Largest noise level. Left out: the larger of the diameter of the teacher and the
        /// distance from the generator to the teacher, but not above the largest noise level that
        /// the teacher has learned.
        sigma_max: Option<f64> = None,
        /// Number of noise levels per step, among which the points are divided evenly; at least 1
        /// and at most `batch`.
        levels: usize = 16,
        /// "dmd" divides the velocity of each point by the mean absolute difference between the
        /// point and the teacher's denoised point, in units of the size of the target; "none" does
        /// not.
        weight: Weight = Weight::Dmd,
    }
}

/// The weight of the velocity of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// `1 / mean_j |y - D_teacher(z)|_j` \[yin2024onestep\].
    #[default]
    Dmd,
    /// The weight 1.
    None,
}

crate::choices!(Weight);

impl DistillOptions {
    /// The options of the net of the source score.
    pub(super) fn source(&self) -> DenoiserOptions {
        let DistillOptions { hidden, layers, activation, .. } = *self;
        let (batch, sigma_min, sigma_max) = (self.batch, self.sigma_min, self.sigma_max);
        DenoiserOptions { hidden, layers, activation, batch, sigma_min, sigma_max, ..DenoiserOptions::default() }
    }
}
