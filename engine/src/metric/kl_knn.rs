//! The KL divergence from distances to neighbours.

use super::estimate::{mean, variance_of_mean};
use super::{Estimate, Metric, Reference};
use crate::pairwise::Pairwise;
use crate::points::neighbour;
use crate::{Points, Result, rng::Stream};

crate::options! {
    /// The KL divergence from neighbours.
    pub struct KlKnnOptions {
        /// The neighbour whose distance is taken: more of them, less variance and more bias; at least 1.
        neighbours: usize = 5,
    }
}

/// `KL(q || p)` in nats from `n` points of `q` and `m` of the reference `p`, without a density [wang2009divergence]:
/// `d/n sum_i ln(nu_i / rho_i) + ln(m / (n - 1))`, where `nu_i` is the distance of point `i` to its `k`-th nearest reference point
/// and `rho_i` to its `k`-th nearest other point. It may be below 0 by chance, and is where points repeat reference points.
/// More than `k` points on one place make it `+inf`, since such a law has no density; more than `k - 1` reference points there
/// `-inf`. The standard error is that of the mean over points, times `sqrt 2` for the reference's own
/// chance. The bias grows with the dimension: read it beside its floor. Cost `n (n + m) d`.
///
/// # Errors
/// Fewer than `k + 1` points or `k` reference points; `neighbours` = 0.
#[derive(Debug, Clone, Default)]
pub struct KlKnn {
    options: KlKnnOptions,
}

impl KlKnn {
    /// The metric with these options.
    pub fn new(options: KlKnnOptions) -> KlKnn {
        KlKnn { options }
    }
}

impl Metric for KlKnn {
    fn name(&self) -> &'static str {
        "kl_knn"
    }

    fn growth(&self, n: usize, m: usize) -> f64 {
        (n * (n + m)) as f64
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, _: Stream) -> Result<Estimate> {
        let (k, to) = (self.options.neighbours, reference.points());
        neighbour::check_count(k, "the points", points, k + 1)?;
        neighbour::check_count(k, "the reference", to, k)?;
        let own = neighbour::distances(points, points, k, true, pairwise.interrupt())?;
        let other = neighbour::distances(points, to, k, false, pairwise.interrupt())?;
        let dim = points.dim() as f64;
        let terms: Vec<f64> = other.iter().zip(&own).map(|(nu, rho)| dim * (nu / rho).ln()).collect();
        let sizes = (to.n() as f64 / (points.n() - 1) as f64).ln();
        Ok(Estimate::new(mean(&terms) + sizes, (2.0 * variance_of_mean(&terms)).sqrt()))
    }
}
