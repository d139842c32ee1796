//! The Bures-Wasserstein distance of Gaussians relative to the variance.

use super::algebra::{root, sandwich, trace};
use super::moments::Fit;
use super::{Estimate, Metric, Properties, Reference, W2Gauss};
use crate::matrix::Spectrum;
use crate::pairwise::Pairwise;
use crate::points::squared_distance;
use crate::target::Moments;
use crate::{Error, Points, Result, rng::Stream};

/// Unexplained variance in percent, BW-UVP \[korotin2021neural\]: `100 BW / (tr S / 2)`. `BW` is
/// half the square of [`W2Gauss`], and `S` is the covariance of the reference. 0 is best; points
/// that all lie at the mean of the reference have 100. The standard error is that of `BW`, scaled
/// in the same way. Cost `n d^2 + d^3`.
///
/// # Errors
/// The reference does not vary.
#[derive(Debug, Clone, Copy, Default)]
pub struct BwUvp;

impl Metric for BwUvp {
    fn name(&self) -> &'static str {
        "bw_uvp"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties { uses_weights: true, rate: 1.0, sees_units: true, degree: Some(0), ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, stream: Stream) -> Result<Estimate> {
        let variance = trace(&Fit::of_reference(reference)?.cov);
        if variance <= 0.0 {
            let reason = "all points of the reference are the same, so there is no variance to explain";
            return Err(Error::Numeric { what: "bw_uvp".into(), reason: reason.into() });
        }
        let Estimate { value, se, .. } = W2Gauss.measure(points, reference, pairwise, stream)?;
        Ok(Estimate::new(100.0 * value * value / variance, 200.0 * value * se / variance))
    }
}

/// Returns `BW = |m - m'|^2 / 2 + tr(S + S' - 2 (S^1/2 S' S^1/2)^1/2) / 2` of two distributions:
/// half the squared Wasserstein-2 distance of the Gaussians with these moments. Cost `O(d^3)`.
///
/// # Errors
/// A covariance is not finite.
pub(crate) fn bures_wasserstein(a: &Moments, b: &Moments) -> Result<f64> {
    let half = root(&Spectrum::of(&a.cov, "the covariance of the ends")?);
    let middle = Spectrum::of(&sandwich(&half, &b.cov), "the product of the covariances")?;
    let cross: f64 = middle.values().iter().map(|v| v.max(0.0).sqrt()).sum();
    let squared = squared_distance(&a.mean, &b.mean) + trace(&a.cov) + trace(&b.cov) - 2.0 * cross;
    Ok(0.5 * squared.max(0.0))
}
