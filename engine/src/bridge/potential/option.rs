//! Options of a pair of distributions whose bridge is known.

use super::PotentialBridge;
use crate::Result;
use crate::target::{MixtureOptions, Numbers};

crate::options! {
    /// Options of `bridge_pair`: the mixture of Gaussians that is the end potential.
    pub struct BridgePairOptions {
        /// Variance of the noise of the Brownian motion per unit of time, above 0.
        epsilon: f64 = 1.0,
        /// Means of the components, one list of coordinates each.
        means: Vec<Vec<f64>> = Vec::new(),
        /// Weights, above 0, one per component; they are divided by their sum. Left out: equal
        /// weights.
        weights: Option<Vec<f64>> = None,
        /// Standard deviation, above 0: a number for all components or a list with one each. Left
        /// out: 1, if `covs` is left out too.
        std: Option<Numbers> = None,
        /// Covariances, one list of rows per component; give either `std` or `covs`.
        covs: Option<Vec<Vec<Vec<f64>>>> = None,
        /// Number of points drawn from the source from which the backward drift is computed; 0
        /// leaves it unknown. If the source is a finite sample, all its points are used instead,
        /// and the backward drift is exact.
        starts: usize = 0,
    }
}

impl BridgePairOptions {
    /// Returns the bridge that these options describe.
    ///
    /// # Errors
    /// Those of [`MixtureOptions::mixture`] and [`PotentialBridge::of_mixture`].
    pub fn bridge(&self) -> Result<PotentialBridge> {
        let BridgePairOptions { epsilon, means, weights, std, covs, .. } = self.clone();
        let potential = MixtureOptions { means, weights, std, covs }.mixture()?;
        PotentialBridge::of_mixture(&potential, epsilon)
    }
}
