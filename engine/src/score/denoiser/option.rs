//! Options of a denoiser.

use super::noise_features::FEATURES;
use crate::net::{self, Activation, Hidden};
use crate::options::at_least;
use crate::points::no_room;
use crate::schedule::Schedule;
use crate::{Error, Result, Rule};

crate::options! {
    /// Options of `denoiser`.
    pub struct DenoiserOptions {
        /// Units of a hidden layer, at least 1.
        hidden: usize = 128,
        /// Hidden layers, at least 1.
        layers: usize = 3,
        /// The activation function of the hidden layers: "silu", "tanh" or "softplus".
        activation: Activation = Activation::Silu,
        /// Number of optimiser steps, at least 1. For a target this is the length of the whole
        /// training. For the moving cloud it is the length of the training at the first evaluation
        /// of the velocity.
        steps: usize = 3000,
        /// For the moving cloud: number of optimiser steps at every later evaluation of the
        /// velocity; there is one evaluation per step with "euler", and four with "rk4".
        follow: usize = 10,
        /// Number of points per optimiser step, each with its own noise level; at least 2.
        batch: usize = 512,
        /// Learning rate of Adam over `steps`: a number, a schedule or a list. The steps of later
        /// evaluations use its last value.
        rate: Schedule = Schedule::Cosine { from: 2e-3, to: 1e-4 },
        /// Decay per step of the exponential moving average of the parameters, 0 or more and below
        /// 1; the net of the moving cloud is not averaged.
        ema: f64 = 0.999,
        /// Smallest noise level that the net learns, in the units of the points. Left out: for a
        /// target, half of `spacing / sqrt(dim)`, at which noise moves a point by about half the
        /// spacing of the target's points, but at most a tenth of their standard deviation; for the
        /// moving cloud, half the current sigma of the flow.
        sigma_min: Option<f64> = None,
        /// Largest noise level that the net learns. Left out: for a target twice its diameter, for
        /// the moving cloud twice the current sigma of the flow.
        sigma_max: Option<f64> = None,
    }
}

impl DenoiserOptions {
    /// # Errors
    /// An option is out of range.
    pub(crate) fn check(&self) -> Result<()> {
        let DenoiserOptions { steps, batch, .. } = *self;
        at_least(&[("steps", steps, 1), ("batch", batch, 2)])?;
        if !(0.0..1.0).contains(&self.ema) {
            return Err(Error::argument("ema", self.ema, Rule::NotNegative.worded("it must be 0 or more and below 1")));
        }
        for (name, sigma) in [("sigma_min", self.sigma_min), ("sigma_max", self.sigma_max)] {
            if let Some(sigma) = sigma.filter(|sigma| !(*sigma > 0.0 && sigma.is_finite())) {
                return Err(Error::argument(name, sigma, Rule::Positive));
            }
        }
        if let (Some(min), Some(max)) = (self.sigma_min, self.sigma_max)
            && min >= max
        {
            return Err(Error::argument("sigma_min", min, format!("it must be below `sigma_max`, {max}")));
        }
        // An impossible shape gives an error here rather than at the first step.
        self.widths(1)?;
        self.rate.check("rate", 0.0..=f64::INFINITY)
    }

    /// Returns the widths of the net for data of dimension `dim`.
    ///
    /// # Errors
    /// The net is impossible, or the machine lacks memory for the batch.
    pub(super) fn widths(&self, dim: usize) -> Result<Vec<usize>> {
        if let Some(why) = no_room(self.batch, dim + FEATURES) {
            return Err(Error::argument("batch", self.batch, why));
        }
        net::widths(dim + FEATURES, Hidden { units: self.hidden, layers: self.layers }, dim)
    }
}
