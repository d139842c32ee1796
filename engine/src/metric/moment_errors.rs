//! Relative errors of mean and covariance, compared with exact moments if the target of the
//! reference has them.

use super::algebra::{inner, trace};
use super::moments::{Fit, Slope, delta, shift};
use super::{Estimate, Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::points::dot;
use crate::{Error, Points, Result, rng::Stream};
use faer::{Mat, Scale};

/// The relative error `|C - S|_F / |S|_F` of the covariance in the Frobenius norm. Cost `n d^2`.
///
/// # Errors
/// All points of the reference coincide.
#[derive(Debug, Clone, Copy, Default)]
pub struct CovarianceError;

impl Metric for CovarianceError {
    fn name(&self) -> &'static str {
        "covariance_error"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties { uses_weights: true, sees_units: true, ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, _: &Pairwise, _: Stream) -> Result<Estimate> {
        let (fit, goal) = (Fit::of(points)?, Fit::of_reference(reference)?);
        check_spread(&goal)?;
        let scale = inner(&goal.cov, &goal.cov).sqrt();
        let gap = &fit.cov - &goal.cov;
        let size = inner(&gap, &gap).sqrt();
        let direction = gap * Scale(if size > 0.0 { 1.0 / (size * scale) } else { 0.0 });
        let value = size / scale;
        let d = points.dim();
        let shrink = &goal.cov * Scale(value / (scale * scale));
        let to = Slope { mean: vec![0.0; d], cov: Scale(-1.0) * &direction - shrink };
        let from = Slope { mean: vec![0.0; d], cov: direction };
        Ok(delta(value, (&fit, &from), (&goal, &to)))
    }
}

/// The error `|mu - m| / sqrt(tr S)` of the mean, relative to the spread of the reference. The part
/// `absolute` is the distance `|mu - m|` itself. Cost `n d^2`.
///
/// # Errors
/// All points of the reference coincide.
#[derive(Debug, Clone, Copy, Default)]
pub struct MeanError;

impl Metric for MeanError {
    fn name(&self) -> &'static str {
        "mean_error"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties { uses_weights: true, sees_units: true, ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, _: &Pairwise, _: Stream) -> Result<Estimate> {
        let (fit, goal) = (Fit::of(points)?, Fit::of_reference(reference)?);
        check_spread(&goal)?;
        let (off, d) = (shift(&fit, &goal), points.dim());
        let (distance, spread) = (dot(&off, &off).sqrt(), trace(&goal.cov).sqrt());
        let per_unit = if distance > 0.0 { 1.0 / (distance * spread) } else { 0.0 };
        let value = distance / spread;
        let from = Slope { mean: off.iter().map(|v| v * per_unit).collect(), cov: Mat::zeros(d, d) };
        let shrink = -0.5 * value / (spread * spread);
        let to = Slope {
            mean: off.iter().map(|v| -v * per_unit).collect(),
            cov: Mat::from_fn(d, d, |i, j| if i == j { shrink } else { 0.0 }),
        };
        Ok(delta(value, (&fit, &from), (&goal, &to)).with_part("absolute", distance))
    }
}

fn check_spread(goal: &Fit) -> Result<()> {
    if trace(&goal.cov) > 0.0 {
        return Ok(());
    }
    let reason = "all its points coincide, so no error can be relative to it";
    Err(Error::Numeric { what: "the covariance of the reference".into(), reason: reason.into() })
}
