//! The Sinkhorn divergence.

use super::estimate::{Estimate, variance_of_mean, variance_of_weighted_mean};
use super::properties::FEW_POINTS;
use super::units::at_ordinary_scale;
use super::{Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::sinkhorn::{Marginal, SinkhornOptions, SinkhornPrecision, divergence};
use crate::{Error, Points, Result, rng::Stream};

crate::options! {
    /// Options of `sinkhorn_divergence`.
    pub struct SinkhornDivergenceOptions {
        /// The strength of the regularisation, in the units of the cost `|x - y|^2 / 2`; positive.
        /// The default is 1/20 of the total variance of the reference.
        epsilon: Option<f64> = None,
        /// The strength of the regularisation as a length, `blur = sqrt(epsilon)`. Give `epsilon`
        /// or `blur`, not both.
        blur: Option<f64> = None,
        /// The L1 error of the marginals at which the iterations end. The error of the value is of
        /// the order of the square of this tolerance.
        tolerance: f64 = 1e-4,
        /// Largest number of iterations. If they do not converge, the metric returns an error.
        max_iterations: usize = 5000,
    }
}

/// The default of epsilon, relative to the total variance of the reference.
const SHARE: f64 = 0.05;

/// The Sinkhorn divergence `OT(p, q) - OT(p, p)/2 - OT(q, q)/2` for the cost `|x - y|^2 / 2`
/// regularised by epsilon \[feydy2019interpolating\], in squared units of the data. For a small
/// epsilon it is half the squared Wasserstein-2 distance; for a large epsilon it is half the
/// squared distance of the means. It is 0 only for equal distributions. Two samples of one
/// distribution have a value of the order of `1/n`, with a factor that grows as epsilon falls
/// \[genevay2019sample\]. The parts are `epsilon`, `marginal_error` and `iterations`. The standard
/// error is that of the means of the potentials, by the delta method \[mena2019statistical\]. Cost
/// `(n + m)^2` pairs in f64 per iteration.
#[derive(Debug, Clone, Default)]
pub struct SinkhornDivergence {
    options: SinkhornDivergenceOptions,
}

impl SinkhornDivergence {
    /// Creates the metric with these options.
    pub fn new(options: SinkhornDivergenceOptions) -> SinkhornDivergence {
        SinkhornDivergence { options }
    }
}

impl Metric for SinkhornDivergence {
    fn name(&self) -> &'static str {
        "sinkhorn_divergence"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties {
            uses_weights: true,
            rate: 1.0,
            sees_units: true,
            floor_points: FEW_POINTS,
            is_slow: true,
            iterates: true,
            ..Properties::default()
        }
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, _: Stream) -> Result<Estimate> {
        at_ordinary_scale(points, reference, 2, |points, reference, unit| {
            self.divergence(points, reference, pairwise, unit)
        })
    }
}

impl SinkhornDivergence {
    /// Returns the divergence of points whose coordinates were divided by `unit`.
    fn divergence(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, unit: f64) -> Result<Estimate> {
        let SinkhornDivergenceOptions { epsilon, blur, tolerance, max_iterations } = self.options;
        let (epsilon, blur) = (epsilon.map(|e| e / unit / unit), blur.map(|b| b / unit));
        let (x, weights) = (Marginal::equal(points), reference.weights());
        let y = Marginal::new(reference.points(), weights, "weights", false)?;
        // The iterations run in f64, as in every metric.
        let precision = SinkhornPrecision::F64;
        let base = SinkhornOptions { precision, ..SinkhornOptions::default() };
        let mut options = SinkhornOptions { epsilon, blur, tolerance, max_iterations, ..base };
        options.check()?;
        // The default of epsilon depends only on the reference, so that values of different points
        // can be compared.
        let given = options.given();
        (options.epsilon, options.blur) = (Some(given.unwrap_or_else(|| SHARE * positive(y.total_variance()))), None);
        let found = divergence(&x, &y, &options, pairwise)?;
        let worst = found.worst();
        if let Some(advice) = worst.advice(tolerance) {
            return Err(Error::Numeric { what: "`sinkhorn_divergence`".into(), reason: advice });
        }
        let minus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>();
        let (on_x, on_y) = (minus(&found.between.f, &found.own[0].f), minus(&found.between.g, &found.own[1].g));
        let se = (variance_of_mean(&on_x) + variance_of_weighted_mean(&on_y, weights)).sqrt();
        // The divergence is not negative: a value below 0 is an error of the iterations.
        let estimate = Estimate::new(found.value.max(0.0), se).with_part("epsilon", worst.epsilon * unit * unit);
        let estimate = estimate.with_part("marginal_error", worst.marginal_error);
        Ok(estimate.with_part("iterations", found.between.iterations as f64))
    }
}

/// Returns the variance. If all points coincide, returns 1, because every epsilon gives the same
/// value.
fn positive(variance: f64) -> f64 {
    if SHARE * variance > 0.0 { variance } else { 1.0 }
}
