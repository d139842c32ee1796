//! The Fisher divergence.

use super::algebra::times;
use super::estimate::{mean, variance_of_mean};
use super::gaussian::check_rank;
use super::moments::Fit;
use super::{Estimate, Metric, Properties, Reference};
use crate::error::MissingPart;
use crate::matrix::{Spectrum, product};
use crate::pairwise::Pairwise;
use crate::points::dot;
use crate::target::Target;
use crate::{Points, Result, Subject, rng::Stream};
use faer::Mat;
use std::sync::Arc;

/// The Fisher divergence `F(q || p) = E_q |grad log p - grad log q|^2`, the rate per unit time at
/// which the score-difference flow lowers `KL(q || p)` \[weber2023score\]. The score of the target
/// is exact. The score of the particles is that of a Gaussian fit, or exact if their distribution
/// is given ([`Fisher::with_source`]). The unit of the divergence is the inverse square of the unit
/// of the data. Cost `n d^2 + d^3`.
///
/// # Errors
/// The target of the reference has no closed-form score; with the Gaussian fit, `n <= d` or the
/// covariance is singular.
#[derive(Debug, Clone, Default)]
pub struct Fisher {
    source: Option<Arc<dyn Target>>,
}

impl Fisher {
    /// Creates the metric with the exact score of the distribution `source` of the particles.
    pub fn with_source(source: Arc<dyn Target>) -> Fisher {
        Fisher { source: Some(source) }
    }
}

impl Metric for Fisher {
    fn name(&self) -> &'static str {
        "fisher"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties { rate: 1.0, ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, _: &Pairwise, _: Stream) -> Result<Estimate> {
        let mut gap = Points::default();
        let target = reference.expect_target(self.name(), "score")?;
        target.expect_density(MissingPart::Score)?.score(points, 0.0, &mut gap)?;
        let Some(source) = &self.source else { return with_gaussian_fit(points, gap) };
        let mut own = Points::default();
        source.expect_density(MissingPart::Score)?.score(points, 0.0, &mut own)?;
        gap.data_mut().iter_mut().zip(own.data()).for_each(|(p, q)| *p -= q);
        let squares: Vec<f64> = gap.iter().map(|r| dot(r, r)).collect();
        Ok(Estimate::new(mean(&squares), variance_of_mean(&squares).sqrt()))
    }
}

/// `gap` is the score of the target; the score of the fit is `-C^-1 (y - mu)`. A point contributes
/// to the mean and to the fit. Let `r` be the difference of the scores and `G = mean (y - mu) r^T`.
/// The influence of a point is then `|r|^2 - 2 (y - mu)^T C^-1 G C^-1 (y - mu) - 2 (C^-1 mean r) .
/// (y - mu)`.
fn with_gaussian_fit(points: &Points, mut gap: Points) -> Result<Estimate> {
    let fit = Fit::of(points)?;
    check_rank(&fit, Subject::points())?;
    let precision = Spectrum::positive(&fit.cov, "the covariance of the points")?.map(|v| 1.0 / v);
    let centred = fit.centred(points);
    let pulled = product(centred.as_ref(), precision.as_ref());
    for i in 0..gap.n() {
        gap.row_mut(i).iter_mut().zip(pulled.row(i).iter()).for_each(|(r, p)| *r += p);
    }
    let (n, d) = (points.n(), points.dim());
    let r = Mat::from_fn(n, d, |i, j| gap.row(i)[j]);
    let moment = product(centred.transpose(), r.as_ref());
    let tilt = times(&precision, &gap.mean());
    let bent = product(product(pulled.as_ref(), moment.as_ref()).as_ref(), precision.as_ref());
    let squares: Vec<f64> = gap.iter().map(|r| dot(r, r)).collect();
    let influence = |i: usize| {
        let pairs = centred.row(i).iter().zip(bent.row(i).iter()).zip(&tilt);
        squares[i] - 2.0 * pairs.map(|((y, b), t)| y * (b / n as f64 + t)).sum::<f64>()
    };
    let influences: Vec<f64> = (0..n).map(influence).collect();
    Ok(Estimate::new(mean(&squares), variance_of_mean(&influences).sqrt()))
}
