//! What can be chosen about a denoiser.

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
        /// "silu", "tanh" or "softplus".
        activation: Activation = Activation::Silu,
        /// Optimiser steps: all of them for a target, the first ones for the moving cloud; at
        /// least 1.
        steps: usize = 3000,
        /// Optimiser steps at every evaluation of the velocity after the first, for the moving
        /// cloud: at every step of Euler's, four times a step of "rk4".
        follow: usize = 10,
        /// Points per optimiser step, each with its own noise, at least 2.
        batch: usize = 512,
        /// Learning rate of Adam over `steps`: a number, a schedule, a list; following the cloud
        /// goes on with its last value.
        rate: Schedule = Schedule::Cosine { from: 2e-3, to: 1e-4 },
        /// The exponential running mean of the parameters keeps this share per step, 0 or more and
        /// below 1; the moving cloud's net has none.
        average: f64 = 0.999,
        /// Smallest noise that it learns, in the points' units; left out: half the spacing of a
        /// target's points, half the flow's sigma of the moment for the moving cloud.
        sigma_min: Option<f64> = None,
        /// Largest; left out: twice the target's diameter, twice the flow's sigma.
        sigma_max: Option<f64> = None,
    }
}

impl DenoiserOptions {
    /// # Errors
    /// An option out of range.
    pub(crate) fn check(&self) -> Result<()> {
        let DenoiserOptions { steps, batch, .. } = *self;
        at_least(&[("steps", steps, 1), ("batch", batch, 2)])?;
        if !(0.0..1.0).contains(&self.average) {
            return Err(Error::argument(
                "average",
                self.average,
                Rule::NotNegative.worded("it must be 0 or more and below 1"),
            ));
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
        // The shape is refused here rather than at the first step.
        self.widths(1)?;
        self.rate.check("rate", 0.0..=f64::INFINITY)
    }

    /// Widths of the net for data of dimension `dim`.
    ///
    /// # Errors
    /// A net that cannot be, or a batch for which this machine has no room.
    pub(super) fn widths(&self, dim: usize) -> Result<Vec<usize>> {
        if let Some(why) = no_room(self.batch, dim + FEATURES) {
            return Err(Error::argument("batch", self.batch, why));
        }
        net::widths(dim + FEATURES, Hidden { units: self.hidden, layers: self.layers }, dim)
    }
}
