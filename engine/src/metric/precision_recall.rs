//! Precision and recall.

use super::estimate::variance_of_share;
use super::{Better, Estimate, Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::points::neighbour;
use crate::{Points, Result, Subject, rng::Stream};

crate::options! {
    /// Options of `precision_recall`.
    pub struct PrecisionRecallOptions {
        /// Rank of the neighbour whose distance is the radius of the ball around a point, at least
        /// 1; the point itself does not count.
        neighbours: usize = 3,
    }
}

/// Harmonic mean of precision and recall, in [0, 1] \[kynkaanniemi2019improved\]. The support of
/// the distribution of a set is estimated by balls around its points. The radius of a ball is the
/// distance to the `k`-th nearest neighbour in the same set. Parts: `precision`, the share of
/// points inside a ball of the reference, and `recall`, the share of reference points inside a ball
/// of the points. Two samples of one distribution score less than 1; the floor gives their score.
/// The standard error takes both shares as binomial. Cost `(n + m)^2 d`.
///
/// # Errors
/// There are fewer than `k + 1` points on either side, or `neighbours` = 0.
#[derive(Debug, Clone, Default)]
pub struct PrecisionRecall {
    options: PrecisionRecallOptions,
}

impl PrecisionRecall {
    /// Creates the metric with these options.
    pub fn new(options: PrecisionRecallOptions) -> PrecisionRecall {
        PrecisionRecall { options }
    }
}

impl Metric for PrecisionRecall {
    fn name(&self) -> &'static str {
        "precision_recall"
    }

    /// A share does not fall with the number of points.
    fn properties(&self, _dim: usize) -> Properties {
        Properties { better: Better::Higher, rate: 0.0, sees_units: true, counts_pairs: true, ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, _: Stream) -> Result<Estimate> {
        let (k, real) = (self.options.neighbours, reference.points());
        neighbour::check_count(k, Subject::points(), points, k + 1)?;
        neighbour::check_count(k, Subject::argument("reference"), real, k + 1)?;
        let inside = |queries: &Points, set: &Points| -> Result<(f64, f64)> {
            let radii = neighbour::distances(set, set, k, true, pairwise.interrupt())?;
            let hits = neighbour::over_distances(queries, set, pairwise.interrupt(), |_, distances| {
                distances.iter().zip(&radii).any(|(d, r)| d.sqrt() <= *r)
            })?;
            let n = hits.len() as f64;
            let share = hits.iter().filter(|hit| **hit).count() as f64 / n;
            Ok((share, variance_of_share(share, n)))
        };
        let ((precision, of_precision), (recall, of_recall)) = (inside(points, real)?, inside(real, points)?);
        let sum = precision + recall;
        let (value, se) = match sum > 0.0 {
            true => {
                let slopes = [2.0 * (recall / sum).powi(2), 2.0 * (precision / sum).powi(2)];
                let variance = slopes[0] * slopes[0] * of_precision + slopes[1] * slopes[1] * of_recall;
                (2.0 * precision * recall / sum, variance.sqrt())
            }
            false => (0.0, 0.0),
        };
        let found = Estimate::new(value, se).with_part("precision", precision).with_part("recall", recall);
        Ok(found.with_part("precision_se", of_precision.sqrt()).with_part("recall_se", of_recall.sqrt()))
    }
}
