//! Options of a bridge between Gaussians.

use crate::Result;
use crate::bridge::ReferenceProcess;

crate::options! {
    /// Options of `gaussian_bridge`.
    pub struct GaussianBridgeOptions {
        /// Variance of the noise of the reference process per unit of time, above 0: the weight of
        /// the entropy in the transport problem with the cost `|x - y|^2 / 2`.
        epsilon: f64 = 1.0,
        /// Rate at which the reference process returns to the origin, 0 to 100. With 0 the
        /// reference process is a Brownian motion, otherwise the Ornstein-Uhlenbeck process `dX =
        /// -pull X dt + sqrt(epsilon) dB`.
        pull: f64 = 0.0,
    }
}

impl GaussianBridgeOptions {
    /// Returns the reference process that these options describe.
    ///
    /// # Errors
    /// An option is out of range.
    pub fn reference(&self) -> Result<ReferenceProcess> {
        ReferenceProcess::new(self.epsilon, self.pull)
    }
}
