//! The arguments of the evaluation of a score, and the form of its values.

use crate::Points;
use crate::pairwise::Pairwise;
use crate::rng::Stream;

/// The arguments of [`super::Score::evaluate`].
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// Query points, n x dim.
    pub z: &'a Points,
    /// Noise level of the smoothing, in the units of the points.
    pub sigma: f64,
    /// The moving cloud, for estimators that follow it.
    pub cloud: &'a Points,
    /// True if row `i` of `z` was derived from row `i` of the cloud.
    pub aligned: bool,
    /// True if an estimator that learns may learn from this cloud. Otherwise an estimator that has
    /// already learned is only evaluated, so that measurements and tracers do not change the motion
    /// of the particles.
    pub learn: bool,
    /// The random stream of this step, for batches.
    pub stream: Stream,
    /// The engine of the pairwise sums.
    pub pairwise: &'a Pairwise,
}

/// The form of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `grad log p_sigma(z)`
    Score,
    /// `sigma^2 grad log p_sigma(z) = D(z) - z`
    Displacement,
}

impl Form {
    /// Returns the factor that converts a score to this form.
    pub fn scale(self, sigma: f64) -> f64 {
        match self {
            Form::Score => 1.0,
            Form::Displacement => sigma * sigma,
        }
    }

    /// Returns the factor that converts a displacement to this form.
    pub fn scale_of_displacement(self, sigma: f64) -> f64 {
        match self {
            Form::Score => 1.0 / (sigma * sigma),
            Form::Displacement => 1.0,
        }
    }
}
