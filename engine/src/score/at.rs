//! Where an estimate is expected, and in which form.

use crate::Points;
use crate::pairwise::Pairwise;
use crate::rng::Stream;

/// Where an estimate is expected.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// Query points, n x dim.
    pub z: &'a Points,
    /// Smoothing, in the points' units.
    pub sigma: f64,
    /// The moving cloud, for estimators that follow it.
    pub cloud: &'a Points,
    /// Row `i` of `z` was made from row `i` of the cloud.
    pub aligned: bool,
    /// Does an estimate that learns take this cloud in? Otherwise, once it knows one, it is only
    /// asked, so that measuring and following do not change where particles go.
    pub learn: bool,
    /// Randomness of this step (batches).
    pub stream: Stream,
    /// Does the pairwise sums.
    pub pairwise: &'a Pairwise,
}

/// What an estimator writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `grad log p_sigma(z)`
    Score,
    /// `sigma^2 grad log p_sigma(z) = D(z) - z`
    Shift,
}

impl Form {
    /// The factor by which a score becomes this form.
    pub fn scale(self, sigma: f64) -> f64 {
        match self {
            Form::Score => 1.0,
            Form::Shift => sigma * sigma,
        }
    }
}
