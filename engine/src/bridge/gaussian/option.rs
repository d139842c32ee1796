//! Options of a bridge between Gaussians.

use crate::Result;
use crate::bridge::reference_process::{ReferenceProcess, usual_epsilon};
use crate::target::Target;

crate::options! {
    /// Options of `gaussian_bridge`.
    pub struct GaussianBridgeOptions {
        /// Variance of the noise of the reference process per unit of time, above 0: the weight of
        /// the entropy in the transport problem with the cost `|x - y|^2 / 2`. Left out: the mean
        /// of the variances of all coordinates of both ends.
        epsilon: Option<f64> = None,
        /// Rate at which the reference process returns to the origin, 0 to 100. With 0 the
        /// reference process is a Brownian motion, otherwise the Ornstein-Uhlenbeck process `dX =
        /// -pull X dt + sqrt(epsilon) dB`.
        pull: f64 = 0.0,
    }
}

impl GaussianBridgeOptions {
    /// Returns the reference process that these options describe, between these ends.
    ///
    /// # Errors
    /// An option is out of range.
    pub fn reference(&self, ends: [&dyn Target; 2]) -> Result<ReferenceProcess> {
        ReferenceProcess::new(self.epsilon.unwrap_or_else(|| usual_epsilon(ends)), self.pull)
    }
}
