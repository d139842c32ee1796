//! Options of a discriminator.

use crate::net::{self, Activation, Hidden};
use crate::options::at_least;
use crate::points::no_room;
use crate::schedule::Schedule;
use crate::{Error, Result, Rule};
use serde::{Deserialize, Serialize};

/// The form of the logit as a function of the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Features {
    /// Linear in the coordinates: exact for two Gaussians of equal covariance.
    Linear,
    /// Linear in the coordinates and their products: exact for any two Gaussians.
    Quadratic,
    /// A net.
    #[default]
    Mlp,
}

crate::choices!(Features);

crate::options! {
    /// Options of a discriminator.
    pub struct DiscriminatorOptions {
        /// The form of the logit: "linear" or "quadratic" in the coordinates, or "mlp", a net.
        features: Features = Features::Mlp,
        /// For "linear" and "quadratic": penalty on the squared coefficients of the standardised
        /// features, per point; 0 or more.
        ridge: f64 = 1e-5,
        /// For "linear" and "quadratic": largest number of Newton steps of each fit; at least 1.
        newton: usize = 20,
        /// Units of a hidden layer of the net, at least 1.
        hidden: usize = 64,
        /// Hidden layers, at least 1.
        layers: usize = 3,
        /// The activation function of the hidden layers: "silu", "tanh" or "softplus".
        activation: Activation = Activation::Silu,
        /// Number of optimiser steps of the net at the first evaluation of the velocity, at least
        /// 1.
        steps: usize = 500,
        /// Number of optimiser steps at every later evaluation of the velocity: there is one
        /// evaluation per step with "euler", and four with "rk4".
        follow: usize = 10,
        /// Number of points from each of the two sets per optimiser step, at least 2.
        batch: usize = 256,
        /// Learning rate of Adam over `steps`: a number, a schedule or a list. The steps of later
        /// evaluations use its last value.
        rate: Schedule = Schedule::Cosine { from: 2e-3, to: 5e-4 },
        /// Weight decay of AdamW, 0 or more: a step multiplies the parameters of the net by `1 -
        /// rate decay`.
        decay: f64 = 0.01,
    }
}

impl DiscriminatorOptions {
    /// # Errors
    /// An option is out of range.
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

    /// Returns the widths of the net for data of dimension `dim`.
    ///
    /// # Errors
    /// The net is impossible, or the machine lacks memory for the batch.
    pub(super) fn widths(&self, dim: usize) -> Result<Vec<usize>> {
        if let Some(why) = no_room(self.batch.saturating_mul(2), dim) {
            return Err(Error::argument("batch", self.batch, why));
        }
        net::widths(dim, Hidden { units: self.hidden, layers: self.layers }, 1)
    }
}
