//! Options of a mixture fit.

use crate::score::covariance_shape::Shape;

crate::options! {
    /// Options of `mixture_fit`.
    pub struct MixtureFitOptions {
        /// Number of components, at least 1. Left out: the number with the largest likelihood on
        /// half of the cloud, fitted to the other half and smoothed by sigma. A larger number must
        /// add 0.05 to the log likelihood per point. The number is chosen again whenever sigma has
        /// changed by a factor of 1.5, and after 25 evaluations.
        k: Option<usize> = None,
        /// True if all components have the same covariance, which is then estimated from all
        /// points. Left out: the choice with the larger likelihood on half of the cloud.
        pooled: Option<bool> = None,
        /// The covariances of the components: "full" or "diagonal".
        covariance: Shape = Shape::Full,
        /// True if covariances are shrunk towards a multiple of the identity, by the estimate of
        /// Ledoit and Wolf. With few points in many dimensions, this is much more accurate.
        shrinkage: bool = true,
        /// Number of principal coordinates in which the components are told apart, at least 1.
        coordinates: usize = 10,
        /// Constant added to the diagonal of each covariance, relative to the mean variance of the
        /// cloud; 0 or more.
        ridge: f64 = 1e-6,
        /// Iterations of expectation maximisation per evaluation, at least 1; each evaluation
        /// starts from the result of the previous one.
        rounds: usize = 3,
        /// Iterations of a fit that starts from k-means++ centres, at least 1.
        first_rounds: usize = 50,
    }
}
