//! Options of a learned bridge.

use crate::options::at_least;
use crate::schedule::Schedule;
use crate::{Error, Result, Rule};
use serde::{Deserialize, Serialize};

/// The form of the matrices `S_k`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShapeKind {
    /// Diagonal matrices.
    #[default]
    Diagonal,
    /// Any positive definite matrices.
    Full,
}

/// What the training minimises.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PotentialLoss {
    /// The relative entropy of the true plan with respect to the learned plan.
    #[default]
    Plan,
    /// The relative entropy of a process with independent ends with respect to the learned bridge.
    Matching,
}

crate::choices!(ShapeKind, PotentialLoss);

crate::options! {
    /// Options of `light_sb`.
    pub struct LightSbOptions {
        /// Variance of the noise of the Brownian motion per unit of time, above 0: the weight of
        /// the entropy in the transport problem with the cost `|x - y|^2 / 2`. Left out: the mean
        /// of the variances of all coordinates of both ends.
        epsilon: Option<f64> = None,
        /// Number of Gaussians in the potential, at least 1. If the target has fewer points, there
        /// is one Gaussian per point.
        components: usize = 50,
        /// The form of the covariances of these Gaussians: "diagonal" or "full". "full" is for
        /// targets whose coordinates are correlated; it costs `dim` times as much.
        shape: ShapeKind = ShapeKind::Diagonal,
        /// What is minimised: "plan", the relative entropy of the true plan with respect to the
        /// learned plan; or "matching", the mean squared difference between the learned drift and
        /// the drift of Brownian bridges between independent starts and ends. Both are smallest at
        /// the exact bridge; the gradients of "matching" have more noise.
        loss: PotentialLoss = PotentialLoss::Plan,
        /// Number of optimiser steps, at least 1.
        steps: usize = 10_000,
        /// Number of points of each of the two distributions per optimiser step, at least 2.
        batch: usize = 128,
        /// Learning rate of Adam over `steps`: a number, a schedule or a list.
        rate: Schedule = Schedule::Cosine { from: 1e-2, to: 1e-3 },
        /// True to learn the backward process too, by a second training with the ends exchanged.
        /// With false the bridge has neither a backward drift nor a probability flow.
        backward: bool = true,
    }
}

impl LightSbOptions {
    /// Checks the options.
    ///
    /// # Errors
    /// An option is out of range.
    pub(super) fn check(&self) -> Result<()> {
        let LightSbOptions { epsilon, components, steps, batch, .. } = *self;
        at_least(&[("components", components, 1), ("steps", steps, 1), ("batch", batch, 2)])?;
        if let Some(epsilon) = epsilon.filter(|epsilon| !(*epsilon > 0.0 && epsilon.is_finite())) {
            return Err(Error::argument("epsilon", epsilon, Rule::Positive.worded("it must be positive and finite")));
        }
        self.rate.check("rate", 0.0..=f64::INFINITY)
    }
}
