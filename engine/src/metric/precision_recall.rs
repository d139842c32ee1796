//! Precision and recall.

use super::properties::FEW_POINTS;
use super::{Better, Estimate, Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::points::neighbour::{self, Balls, KdTree, check_count};
use crate::{Interrupt, Points, Result, Subject, rng::Stream};

crate::options! {
    /// Options of `precision_recall`.
    pub struct PrecisionRecallOptions {
        /// Rank of the neighbour whose distance is the radius of the ball around a point, at least
        /// 1; the point itself does not count.
        neighbours: usize = 3,
    }
}

/// The number of random divisions into halves for the standard error.
const DIVISIONS: u64 = 8;

/// Harmonic mean of precision and recall, in [0, 1] \[kynkaanniemi2019improved\]. The support of
/// the distribution of a set is estimated by balls around its points. The radius of a ball is the
/// distance to the `k`-th nearest neighbour in the same set, with `k = neighbours`. Parts:
/// `precision`, the share of points inside a ball of the reference, and `recall`, the share of
/// reference points inside a ball of the points. Even two samples of one distribution score less
/// than 1: compare the value with its floor. Whether a ball contains a point depends on the
/// neighbours of the point too, so the standard error comes from subsamples \[politis1994large\].
/// Both sets are divided into two halves at random. If the first halves have the value `a` and the
/// second halves the value `b`, the variance is `(a - b)^2 / 4`, averaged over 8 such divisions.
/// The standard error is NaN if the halves of a set have at most `k` points. In few dimensions the
/// cost is proportional to `(n + m) log(n + m)`, otherwise to `(n + m)^2 d`.
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
        Properties {
            better: Better::Higher,
            rate: 0.0,
            sees_units: true,
            floor_points: FEW_POINTS,
            ..Properties::default()
        }
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, stream: Stream) -> Result<Estimate> {
        let (k, real, interrupt) = (self.options.neighbours, reference.points(), pairwise.interrupt());
        check_count(k, Subject::points(), points, k + 1)?;
        check_count(k, Subject::argument("reference"), real, k + 1)?;
        let [value, precision, recall] = values(points, real, k, interrupt)?;
        let mut variances = [f64::NAN; 3];
        if points.n().min(real.n()) / 2 > k {
            variances = [0.0; 3];
            for division in 0..DIVISIONS {
                let key = stream.at(division);
                let (points, real) = (halves(points, key.label("points")), halves(real, key.label("reference")));
                let a = values(&points[0], &real[0], k, interrupt)?;
                let b = values(&points[1], &real[1], k, interrupt)?;
                for ((variance, a), b) in variances.iter_mut().zip(a).zip(b) {
                    *variance += (a - b) * (a - b) / (4 * DIVISIONS) as f64;
                }
            }
        }
        let [se, of_precision, of_recall] = variances.map(f64::sqrt);
        let found = Estimate::new(value, se).with_part("precision", precision).with_part("recall", recall);
        Ok(found.with_part("precision_se", of_precision).with_part("recall_se", of_recall))
    }
}

/// Returns the harmonic mean of precision and recall, the precision and the recall.
fn values(points: &Points, real: &Points, k: usize, interrupt: &Interrupt) -> Result<[f64; 3]> {
    let (precision, recall) = (covered(points, real, k, interrupt)?, covered(real, points, k, interrupt)?);
    let sum = precision + recall;
    Ok([if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 }, precision, recall])
}

/// Returns the share of the queries inside a ball around a point of `set`.
fn covered(queries: &Points, set: &Points, k: usize, interrupt: &Interrupt) -> Result<f64> {
    let tree = KdTree::of(set);
    let radii = neighbour::distances(set, &tree, k, true, interrupt)?;
    let balls = Balls::of(&tree, &radii);
    let hits = neighbour::over(queries, interrupt, |_, x, _| balls.contain(x))?;
    Ok(hits.iter().filter(|hit| **hit).count() as f64 / hits.len() as f64)
}

/// Returns two random disjoint halves of the points.
fn halves(points: &Points, stream: Stream) -> [Points; 2] {
    let order = stream.rng().choose(points.n(), points.n());
    let (a, b) = order.split_at(points.n() / 2);
    [points.select(a), points.select(b)]
}
