//! What can be chosen about a distillation.

use crate::net::Activation;
use crate::schedule::Schedule;
use crate::score::DenoiserOptions;
use serde::{Deserialize, Serialize};

crate::options! {
    /// Options of `distill`.
    pub struct DistillOptions {
        /// Optimiser steps of the generator, at least 1.
        steps: usize = 2000,
        /// Base points drawn per step, and per update of the source's score, at least 2.
        batch: usize = 512,
        /// Learning rate of Adam over the run: a number, a schedule, a list; left out:
        /// `cosine(0.02, 0)` for an affine generator, `cosine(0.005, 0)` for a net.
        rate: Option<Schedule> = None,
        /// Share of the steps, counted from the end, over which the parameters are averaged; 0
        /// keeps the last ones.
        average: f64 = 0.25,
        /// Write a row of history every so many steps; left out: about 20 times in the run.
        every: Option<usize> = None,
        /// Optimiser steps of the source's score, each on fresh points of the generator, before
        /// every step of the generator; at least 1.
        score_updates: usize = 5,
        /// Learning rate of Adam for the source's score over the run: a number, a schedule, a list.
        score_rate: Schedule = Schedule::Cosine { from: 2e-3, to: 2e-4 },
        /// Optimiser steps of the source's score before the generator's first.
        warm_up: usize = 300,
        /// Units of a hidden layer of the source's score, at least 1.
        hidden: usize = 128,
        /// Its hidden layers, at least 1.
        layers: usize = 3,
        /// Its "silu", "tanh" or "softplus".
        activation: Activation = Activation::Silu,
        /// Smallest noise, in the points' units; left out: the finest detail of the teacher, within
        /// what it has learned.
        sigma_min: Option<f64> = None,
        /// Largest noise; left out: the larger of the teacher's diameter and the generator's
        /// distance from it, within what it has learned.
        sigma_max: Option<f64> = None,
        /// Noise levels per step, each for its share of the points; at least 1, and no more than
        /// points are used.
        levels: usize = 16,
        /// "dmd" divides each point's velocity by its mean absolute distance to the teacher's
        /// denoised point, "none" does not.
        weight: Weight = Weight::Dmd,
    }
}

/// What weighs the points' velocities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// `1 / mean_j |y - D_teacher(z)|_j` \[yin2024onestep\].
    #[default]
    Dmd,
    /// 1
    None,
}

crate::choices!(Weight);

impl DistillOptions {
    /// The shape of the source's net.
    pub(super) fn source(&self) -> DenoiserOptions {
        let DistillOptions { hidden, layers, activation, .. } = *self;
        let (batch, sigma_min, sigma_max) = (self.batch, self.sigma_min, self.sigma_max);
        DenoiserOptions { hidden, layers, activation, batch, sigma_min, sigma_max, ..DenoiserOptions::default() }
    }
}
