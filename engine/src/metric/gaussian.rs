//! Distances between two Gaussians: one is fitted to the points, and the other has the moments of
//! the reference (exact moments if its target has them in closed form, otherwise those of its
//! sample).

use super::algebra::{inner, inverse_root, root, sandwich, times, trace};
use super::moments::{Fit, Slope, delta, shift};
use super::{Estimate, Metric, Properties, Reference};
use crate::matrix::Spectrum;
use crate::number::counted;
use crate::number::number;
use crate::pairwise::Pairwise;
use crate::points::dot;
use crate::{Error, Points, Result, Subject, rng::Stream};
use faer::Mat;

/// Wasserstein-2 distance of the Gaussians, `W2^2 = |mu - m|^2 + tr(C + S - 2 (C^1/2 S C^1/2)^1/2)`
/// \[dowson1982frechet\], in the units of the data. It depends only on the first two moments. Its
/// resolution is 1e-8 times the scale of the data. Cost `n d^2 + d^3`.
#[derive(Debug, Clone, Copy, Default)]
pub struct W2Gauss;

impl Metric for W2Gauss {
    fn name(&self) -> &'static str {
        "w2_gauss"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties { uses_weights: true, sees_units: true, degree: Some(1), ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, _: &Pairwise, _: Stream) -> Result<Estimate> {
        let (fit, goal) = (Fit::of(points)?, Fit::of_reference(reference)?);
        let spectrum = Spectrum::of(&fit.cov, "the covariance of the points")?;
        let half = root(&spectrum);
        let middle = sandwich(&half, &goal.cov);
        let middle = Spectrum::of(&middle, "the product of the covariances")?;
        let off = shift(&fit, &goal);
        let cross: f64 = middle.values().iter().map(|v| v.max(0.0).sqrt()).sum();
        let squared = dot(&off, &off) + trace(&fit.cov) + trace(&goal.cov) - 2.0 * cross;
        // The derivatives of the cross term come from the maps between the Gaussians: x -> forth x
        // maps N(0, C) to N(0, S).
        let forth = sandwich(&inverse_root(&spectrum), &root(&middle));
        let back = sandwich(&half, &inverse_root(&middle));
        let from = Slope { mean: off.iter().map(|v| 2.0 * v).collect(), cov: identity_less(&forth) };
        let to = Slope { mean: off.iter().map(|v| -2.0 * v).collect(), cov: identity_less(&back) };
        let se = delta(squared, (&fit, &from), (&goal, &to)).se;
        Ok(Estimate::root(squared, se * se))
    }
}

/// The square of [`W2Gauss`]. Computed from features of images, it is known as the Frechet
/// inception distance. Here it is computed from the coordinates.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frechet;

impl Metric for Frechet {
    fn name(&self) -> &'static str {
        "frechet"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties { uses_weights: true, rate: 1.0, sees_units: true, degree: Some(2), ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, stream: Stream) -> Result<Estimate> {
        let Estimate { value, se, .. } = W2Gauss.measure(points, reference, pairwise, stream)?;
        Ok(Estimate::new(value * value, 2.0 * value * se))
    }
}

/// `KL(N(mu, C) || N(m, S)) = 1/2 [tr(S^-1 C) + (m - mu)^T S^-1 (m - mu) - d + ln det S - ln det
/// C]` in nats. For a perfect sample of `n` points it is about `d (d + 3) / 4n`. Cost `n d^2 +
/// d^3`.
///
/// # Errors
/// `n <= d` for a fitted side, or a covariance is not positive definite.
#[derive(Debug, Clone, Copy, Default)]
pub struct KlGauss;

impl Metric for KlGauss {
    fn name(&self) -> &'static str {
        "kl_gauss"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties { uses_weights: true, rate: 1.0, ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, _: &Pairwise, _: Stream) -> Result<Estimate> {
        let (fit, goal) = (Fit::of(points)?, Fit::of_reference(reference)?);
        check_rank(&fit, Subject::points())?;
        check_rank(&goal, Subject::argument("reference"))?;
        for (fit, whose) in [(&fit, "points"), (&goal, "reference")] {
            check_varies(self.name(), fit, whose)?;
        }
        let c = Spectrum::positive(&fit.cov, "the covariance of the points")?;
        let s = Spectrum::positive(&goal.cov, "the covariance of the reference")?;
        let off = shift(&fit, &goal);
        let log_det = |s: &Spectrum| s.values().iter().map(|v| v.ln()).sum::<f64>();
        let inverse = s.map(|v| 1.0 / v);
        let pull = times(&inverse, &off);
        let d = points.dim() as f64;
        let value = 0.5 * (inner(&inverse, &fit.cov) + dot(&off, &pull) - d + log_det(&s) - log_det(&c));
        let from = Slope { mean: pull.clone(), cov: (&inverse - c.map(|v| 1.0 / v)) * faer::Scale(0.5) };
        let second = Mat::from_fn(off.len(), off.len(), |i, j| fit.cov[(i, j)] + off[i] * off[j]);
        let to = Slope {
            mean: pull.iter().map(|v| -v).collect(),
            cov: (&inverse - sandwich(&inverse, &second)) * faer::Scale(0.5),
        };
        Ok(delta(value, (&fit, &from), (&goal, &to)))
    }
}

/// # Errors
/// Returns an error if a column is constant: such a column has no density with respect to a column
/// that varies.
pub fn check_varies(metric: &str, fit: &Fit, whose: &str) -> Result<()> {
    let Some(column) = (0..fit.mean.len()).find(|j| fit.cov[(*j, *j)] <= 0.0) else { return Ok(()) };
    let value = number(fit.mean[column]);
    let reason = format!(
        "column {column} of the {whose} (counted from 0) has the constant value {value}: leave it out on both sides"
    );
    Err(Error::Numeric { what: metric.into(), reason })
}

/// # Errors
/// Returns an error if there are too few points for a covariance of full rank.
pub fn check_rank(fit: &Fit, what: Subject) -> Result<()> {
    let d = fit.mean.len();
    match fit.n() {
        Some(n) if n <= d => {
            let want = format!("a Gaussian fit in {d} dimensions needs more than {d}");
            Err(Error::shape(what, counted(n, "row"), want))
        }
        _ => Ok(()),
    }
}

/// `I - A`
fn identity_less(a: &Mat<f64>) -> Mat<f64> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| f64::from(u8::from(i == j)) - a[(i, j)])
}
