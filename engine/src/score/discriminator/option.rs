//! What can be chosen about a discriminator.

use crate::net::{self, Activation, Hidden};
use crate::options::at_least;
use crate::points::no_room;
use crate::schedule::Schedule;
use crate::{Error, Result, Rule};
use serde::{Deserialize, Serialize};

/// What the logit is a function of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Features {
    /// Of the coordinates, linearly: right for Gaussians of equal covariance.
    Linear,
    /// Of the coordinates and their products: right for any two Gaussians.
    Quadratic,
    /// Of a net.
    #[default]
    Mlp,
}

crate::choices!(Features);

crate::options! {
    /// Options of a discriminator.
    pub struct DiscriminatorOptions {
        /// What the logit is made of: "linear", "quadratic" or "mlp".
        features: Features = Features::Mlp,
        /// Penalty on the squared coefficients of standardised linear and quadratic features, per
        /// point; 0 or more.
        ridge: f64 = 1e-5,
        /// Newton steps at most, each time, for linear and quadratic features; at least 1.
        newton: usize = 20,
        /// Units of a hidden layer of the net, at least 1.
        hidden: usize = 64,
        /// Hidden layers, at least 1.
        layers: usize = 3,
        /// "silu", "tanh" or "softplus".
        activation: Activation = Activation::Silu,
        /// Optimiser steps of the net at first, at least 1.
        steps: usize = 500,
        /// Optimiser steps at every evaluation of the velocity after the first: at every step of
        /// Euler's, four times a step of "rk4".
        follow: usize = 10,
        /// Points of each of the two sets per optimiser step, at least 2.
        batch: usize = 256,
        /// Learning rate of Adam over `steps`: a number, a schedule, a list; it then goes on with
        /// its last value.
        rate: Schedule = Schedule::Cosine { from: 2e-3, to: 5e-4 },
        /// Share of the net's parameters taken off by a step, times the rate (AdamW); 0 or more.
        decay: f64 = 0.01,
    }
}

impl DiscriminatorOptions {
    /// # Errors
    /// An option out of range.
    pub fn check(&self) -> Result<()> {
        at_least(&[("newton", self.newton, 1), ("steps", self.steps, 1), ("batch", self.batch, 2)])?;
        for (name, value) in [("ridge", self.ridge), ("decay", self.decay)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::argument(name, value, Rule::NotNegative));
            }
        }
        self.widths(1)?;
        self.rate.check("rate", 0.0..=f64::INFINITY)
    }

    /// Widths of the net for data of dimension `dim`.
    ///
    /// # Errors
    /// A net that cannot be, or a batch for which this machine has no room.
    pub(super) fn widths(&self, dim: usize) -> Result<Vec<usize>> {
        if let Some(why) = no_room(self.batch.saturating_mul(2), dim) {
            return Err(Error::argument("batch", self.batch, why));
        }
        net::widths(dim, Hidden { units: self.hidden, layers: self.layers }, 1)
    }
}
