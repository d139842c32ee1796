//! The KL divergence from distances to neighbours.

use super::estimate::{mean, variance_of_mean};
use super::properties::FEW_POINTS;
use super::{Estimate, Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::points::neighbour::{self, KdTree};
use crate::{Error, Points, Result, Subject, rng::Stream};

crate::options! {
    /// Options of `kl_knn`.
    pub struct KlKnnOptions {
        /// Rank of the neighbour whose distance is used, at least 1; a larger rank gives less
        /// variance and more bias.
        neighbours: usize = 5,
    }
}

/// `KL(q || p)` in nats, estimated from `n` points of `q` and `m` points of the reference `p`; no
/// density is needed \[wang2009divergence\]. It is `d/n sum_i ln(nu_i / rho_i) + ln(m / (n - 1))`.
/// Here `nu_i` is the distance of point `i` to its `k`-th nearest reference point, and `rho_i` is
/// the distance of point `i` to its `k`-th nearest other point, with `k = neighbours`. The estimate
/// may be negative by chance, and is negative if points repeat reference points. If more than `k`
/// points coincide, the estimate is `+inf`, because such a distribution has no density. If a point
/// coincides with `k` or more reference points, the estimate is `-inf`. The standard error is that
/// of the mean over points, times `sqrt 2` for the randomness of the reference. The bias grows with
/// the dimension: compare the value with its floor. In few dimensions the cost is proportional to
/// `(n + m) log(n + m)`, otherwise to `n (n + m) d`.
///
/// # Errors
/// There are fewer than `k + 1` points or `k` reference points; `neighbours` = 0;
/// [`Error::Numeric`] if both infinities occur.
#[derive(Debug, Clone, Default)]
pub struct KlKnn {
    options: KlKnnOptions,
}

impl KlKnn {
    /// Creates the metric with these options.
    pub fn new(options: KlKnnOptions) -> KlKnn {
        KlKnn { options }
    }
}

impl Metric for KlKnn {
    fn name(&self) -> &'static str {
        "kl_knn"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties { sees_units: true, floor_points: FEW_POINTS, ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, _: Stream) -> Result<Estimate> {
        let (k, to) = (self.options.neighbours, reference.points());
        neighbour::check_count(k, Subject::points(), points, k + 1)?;
        neighbour::check_count(k, Subject::argument("reference"), to, k)?;
        let [own, other] = [(points, true), (to, false)]
            .map(|(set, own)| neighbour::distances(points, &KdTree::of(set), k, own, pairwise.interrupt()));
        let (own, other) = (own?, other?);
        let dim = points.dim() as f64;
        let terms: Vec<f64> = other.iter().zip(&own).map(|(nu, rho)| dim * (nu / rho).ln()).collect();
        let value = mean(&terms);
        if value.is_nan() {
            let coincident = |distances: &[f64]| distances.iter().filter(|d| **d == 0.0).count();
            let reason = format!(
                "{} points coincide with {k} or more other points and {} with {k} or more \
                 reference points, so no densities can be estimated; make `neighbours` larger than \
                 the number of coinciding points, or use a metric without densities, such as \
                 \"energy\"",
                coincident(&own),
                coincident(&other)
            );
            return Err(Error::Numeric { what: "kl_knn".into(), reason });
        }
        let sizes = (to.n() as f64 / (points.n() - 1) as f64).ln();
        Ok(Estimate::new(value + sizes, (2.0 * variance_of_mean(&terms)).sqrt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(points: Points, reference: Points) -> Result<Estimate> {
        let reference = Reference::new(reference).unwrap();
        KlKnn::default().measure(&points, &reference, &Pairwise::default(), Stream::new(1))
    }

    /// Ten points coincide. The reference has no point at their place, or the same ten points.
    #[test]
    fn coincident_points_are_infinite_or_refused_and_never_nan() {
        let free = Stream::new(1).normal(20, 2);
        let mut heap = Stream::new(2).normal(20, 2);
        (0..10).for_each(|i| heap.row_mut(i).fill(0.5));
        assert_eq!(of(heap.clone(), free.clone()).unwrap().value, f64::INFINITY);
        assert!(of(free.clone(), free.clone()).unwrap().value.is_finite());
        let told = of(heap.clone(), heap).unwrap_err().to_string();
        assert!(told.contains("`neighbours`") && told.contains("10 points coincide with 5"), "{told}");
    }
}
