//! Relative errors of mean and covariance, compared with exact moments if the target of the
//! reference has them.

use super::algebra::{inner, trace};
use super::moments::{Fit, Slope, delta, shift};
use super::units::ORDINARY;
use super::{Estimate, Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::points::{AffineMap, dot};
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
        covariance_error(points, reference)
    }
}

fn covariance_error(points: &Points, reference: &Reference) -> Result<Estimate> {
    let (fit, goal) = (Fit::of(points)?, Fit::of_reference(reference)?);
    check_spread(&goal)?;
    // The value has no unit. Squares of very large or small covariances are out of range.
    let (spread, width) = (trace(&goal.cov).sqrt(), trace(&fit.cov).sqrt());
    if !ORDINARY.contains(&spread) || (width > *ORDINARY.end() && !(0.5..=2.0).contains(&spread)) {
        let units = AffineMap::uniform(spread, vec![0.0; points.dim()]);
        return covariance_error(&units.undo(points), &reference.in_units(units)?);
    }
    // Beside so wide points the reference vanishes, and the value grows as the square of their
    // unit.
    let unit = width / ORDINARY.end();
    if unit > 1.0 {
        let ordinary = AffineMap::uniform(unit, vec![0.0; points.dim()]).undo(points);
        let found = covariance_error(&ordinary, reference)?;
        return Ok(Estimate::new(found.value * unit * unit, found.se * unit * unit));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of the covariance has no unit, even if the squares of covariances are out of
    /// range.
    #[test]
    fn the_error_of_the_covariance_has_no_unit() {
        let of = |unit: f64| {
            let scaled = |name: &str, scale: f64| {
                let mut points = Stream::new(1).label(name).normal(200, 2);
                points.data_mut().iter_mut().for_each(|x| *x *= scale * unit);
                points
            };
            covariance_error(&scaled("a", 1.5), &Reference::new(scaled("b", 1.0)).unwrap()).unwrap()
        };
        let want = of(1.0);
        assert!(want.value > 0.5);
        for unit in [1e-130, 1e-100, 1e77, 1e100, 1e149] {
            let found = of(unit);
            assert!((found.value / want.value - 1.0).abs() < 1e-9, "{unit}: {}", found.value);
            assert!((found.se / want.se - 1.0).abs() < 1e-6, "{unit}: {}", found.se);
        }
    }

    /// Beside very wide points the covariance of the reference vanishes, and the error is the
    /// quotient of the norms.
    #[test]
    fn very_wide_points_have_a_finite_error() {
        let points = |unit: f64| Points::from_rows(&[-1.0, 1.0, -3.0, 3.0].map(|x| [x * unit])).unwrap();
        let reference = Reference::new(points(1.0)).unwrap();
        for unit in [1e30, 1e55, 1e80, 1e150] {
            let found = covariance_error(&points(unit), &reference).unwrap();
            assert!((found.value / (unit * unit) - 1.0).abs() < 1e-9, "{unit}: {}", found.value);
            assert!(found.se.is_finite() && found.se > 0.1 * found.value, "{unit}: {}", found.se);
        }
        // Four times the covariance of a reference that is wide too.
        let found = covariance_error(&points(2e50), &Reference::new(points(1e50)).unwrap()).unwrap();
        assert!((found.value - 3.0).abs() < 1e-9, "{}", found.value);
    }
}
