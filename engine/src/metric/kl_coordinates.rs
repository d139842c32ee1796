//! The Kullback-Leibler divergence of Gaussians, coordinate by coordinate.

use super::gaussian::check_varies;
use super::moments::{Fit, Slope, delta, shift};
use super::{Estimate, Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::{Points, Result, rng::Stream};
use faer::Mat;

/// `sum_j KL(N(mu_j, C_jj) || N(m_j, S_jj))` in nats: the sum of the divergences of the marginals
/// of the coordinates. It does not depend on correlations. For a perfect sample of `n` points and
/// exact moments it is about `d / n`. Cost `n d^2`, because of the standard error.
///
/// # Errors
/// A coordinate does not vary.
#[derive(Debug, Clone, Copy, Default)]
pub struct KlCoordinates;

impl Metric for KlCoordinates {
    fn name(&self) -> &'static str {
        "kl_coordinates"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties { uses_weights: true, rate: 1.0, ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, _: &Pairwise, _: Stream) -> Result<Estimate> {
        let (fit, goal) = (Fit::of(points)?, Fit::of_reference(reference)?);
        for (fit, whose) in [(&fit, "points"), (&goal, "reference")] {
            check_varies(self.name(), fit, whose)?;
        }
        let (d, off) = (points.dim(), shift(&fit, &goal));
        let variances = |j: usize| (fit.cov[(j, j)], goal.cov[(j, j)]);
        let term = |j: usize| {
            let (c, s) = variances(j);
            0.5 * (c / s + off[j] * off[j] / s - 1.0 + (s / c).ln())
        };
        let diagonal = |f: &dyn Fn(usize) -> f64| Mat::from_fn(d, d, |i, j| if i == j { f(i) } else { 0.0 });
        let pull = |j: usize| off[j] / variances(j).1;
        let from = Slope {
            mean: (0..d).map(pull).collect(),
            cov: diagonal(&|j| 0.5 * (1.0 / variances(j).1 - 1.0 / variances(j).0)),
        };
        let to = Slope {
            mean: (0..d).map(|j| -pull(j)).collect(),
            cov: diagonal(&|j| {
                let (c, s) = variances(j);
                0.5 * (1.0 - (c + off[j] * off[j]) / s) / s
            }),
        };
        Ok(delta((0..d).map(term).sum(), (&fit, &from), (&goal, &to)))
    }
}
