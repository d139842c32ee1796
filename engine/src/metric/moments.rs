//! Mean and covariance, exact or of a sample, and the standard errors of functions of these
//! moments.

use super::estimate::variance_of_weighted_mean;
use super::{Estimate, Reference};
use crate::Result;
use crate::matrix::product;
use crate::points::{self, Points};
use faer::Mat;

/// The first two moments and, if they are an estimate, the sample from which they were computed.
#[derive(Debug)]
pub struct Fit<'a> {
    /// Mean, d.
    pub mean: Vec<f64>,
    /// Covariance, d x d; that of a sample is the maximum-likelihood estimate.
    pub cov: Mat<f64>,
    sample: Option<&'a Points>,
    weights: Option<&'a [f64]>,
}

/// The derivative of a function `g(mean, cov)`: `g` changes by `<cov, dC> + mean . dm`.
#[derive(Debug)]
pub struct Slope {
    /// `dg/dmean`, d.
    pub mean: Vec<f64>,
    /// `dg/dcov`, symmetric, d x d.
    pub cov: Mat<f64>,
}

impl Fit<'_> {
    /// Returns the moments of equally weighted points.
    ///
    /// # Errors
    /// There is not enough memory for a covariance of this many coordinates.
    pub fn of(points: &Points) -> Result<Fit<'_>> {
        points::check_matrix(points.dim())?;
        Ok(Fit { mean: points.mean(), cov: points.covariance(), sample: Some(points), weights: None })
    }

    /// Returns the exact moments of the target of the reference if it has them, otherwise the
    /// moments of the weighted sample.
    ///
    /// # Errors
    /// Those of [`Fit::of`].
    pub fn of_reference(reference: &Reference) -> Result<Fit<'_>> {
        points::check_matrix(reference.points().dim())?;
        Ok(match reference.moments() {
            Some(exact) => Fit { mean: exact.mean, cov: exact.cov, sample: None, weights: None },
            None => {
                let (points, weights) = (reference.points(), reference.weights());
                let (mean, cov) =
                    (points::weighted_mean(points, weights), points::weighted_covariance(points, weights));
                Fit { mean, cov, sample: Some(points), weights }
            }
        })
    }

    /// Returns the number of points of the sample; None if the moments are exact.
    pub fn n(&self) -> Option<usize> {
        self.sample.map(Points::n)
    }

    /// Returns the variance of `g(mean, cov)` over samples, to first order: the point `x` has the
    /// influence `(x - mean)^T dg/dcov (x - mean) + dg/dmean . (x - mean)`. It is 0 for exact
    /// moments. Cost `n d^2`.
    pub fn variance(&self, slope: &Slope) -> f64 {
        let Some(points) = self.sample else { return 0.0 };
        let centred = self.centred(points);
        let mapped = product(centred.as_ref(), slope.cov.as_ref());
        let linear = product(centred.as_ref(), Mat::from_fn(slope.mean.len(), 1, |i, _| slope.mean[i]).as_ref());
        let influence = |i: usize| {
            let row = centred.row(i).iter().zip(mapped.row(i).iter());
            row.map(|(x, a)| x * a).sum::<f64>() + linear[(i, 0)]
        };
        variance_of_weighted_mean(&(0..points.n()).map(influence).collect::<Vec<_>>(), self.weights)
    }

    /// Returns `x - mean` for every point, n x d.
    pub fn centred(&self, points: &Points) -> Mat<f64> {
        Mat::from_fn(points.n(), points.dim(), |i, j| points.row(i)[j] - self.mean[j])
    }
}

/// Returns `a.mean - b.mean`.
pub fn shift(a: &Fit, b: &Fit) -> Vec<f64> {
    a.mean.iter().zip(&b.mean).map(|(x, y)| x - y).collect()
}

/// Returns an estimate from the value of a function of two fits and its two derivatives. The
/// standard error comes from the delta method.
pub fn delta(value: f64, points: (&Fit, &Slope), reference: (&Fit, &Slope)) -> Estimate {
    let variance = points.0.variance(points.1) + reference.0.variance(reference.1);
    Estimate::new(value, variance.sqrt())
}
