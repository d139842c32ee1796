//! The classifier two-sample test.

use super::estimate::variance_of_share;
use super::{Estimate, Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::points::neighbour;
use crate::{Error, Points, Result, rng::Stream};

crate::options! {
    /// Options of `c2st`.
    pub struct C2stOptions {
        /// Number of neighbours that vote; an even number is increased by one. Left out: the square
        /// root of the number of training points.
        neighbours: Option<usize> = None,
        /// Largest number of points used from each set, drawn without replacement.
        max_points: usize = 5000,
    }
}

/// The accuracy of a nearest-neighbour classifier between the points and the reference, on points
/// on which it was not trained. It is 1/2 if the classifier cannot distinguish the sets, and 1 if
/// it always can \[lopezpaz2017revisiting\]. The same number of points is drawn from both sets;
/// half of each trains the classifier. The standard error is that of a binomial distribution over
/// the tested points, so a value more than two standard errors above 1/2 shows a difference. A
/// better classifier for these data may detect differences that this classifier misses. The parts
/// are `points`, the number of points used of each set, and `neighbours`. Cost `points^2 d`.
///
/// # Errors
/// There are fewer than 4 points on either side, or an option is 0.
#[derive(Debug, Clone, Default)]
pub struct C2st {
    options: C2stOptions,
}

impl C2st {
    /// Creates the metric with these options.
    pub fn new(options: C2stOptions) -> C2st {
        C2st { options }
    }
}

impl Metric for C2st {
    fn name(&self) -> &'static str {
        "c2st"
    }

    /// The accuracy does not fall with the number of points.
    fn properties(&self, _dim: usize) -> Properties {
        Properties { rate: 0.0, sees_units: true, ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, stream: Stream) -> Result<Estimate> {
        let C2stOptions { neighbours, max_points } = self.options;
        for (name, given) in [("neighbours", neighbours), ("max_points", Some(max_points))] {
            if given == Some(0) {
                return Err(Error::argument(name, 0, "at least 1 is needed"));
            }
        }
        let count = points.n().min(reference.points().n()).min(max_points);
        if count < 4 {
            return Err(Error::shape(
                "the smaller set",
                format!("too few points ({count})"),
                "a classifier needs at least 4 to be trained and tested",
            ));
        }
        let split = |points: &Points, label: &str| {
            let order = stream.label(label).rng().choose(points.n(), count);
            (points.select(&order[..count / 2]), points.select(&order[count / 2..]))
        };
        let ((train, test), (train_reference, test_reference)) =
            (split(points, "points"), split(reference.points(), "reference"));
        let half = train.n();
        let taught = train.concat(&train_reference)?;
        let voters = neighbours.unwrap_or((2.0 * half as f64).sqrt() as usize).clamp(1, 2 * half - 1) | 1;
        let verdicts = |queries: &Points| {
            neighbour::over_distances(queries, &taught, pairwise.interrupt(), |_, distances| {
                verdict(distances, half, voters)
            })
        };
        let (own, other) = (verdicts(&test)?, verdicts(&test_reference)?);
        let right = own.iter().sum::<f64>() + other.iter().map(|own| 1.0 - own).sum::<f64>();
        let tested = (own.len() + other.len()) as f64;
        let accuracy = right / tested;
        let found = Estimate::new(accuracy, variance_of_share(accuracy, tested).sqrt());
        Ok(found.with_part("points", count as f64).with_part("neighbours", voters as f64))
    }
}

/// Returns the prediction of the `voters` nearest training points from their squared distances: 1
/// for the points, 0 for the reference, 1/2 for a tie. The first `half` distances belong to the
/// points, the others to the reference. Training points at the same distance as the last voter
/// share the remaining votes, so that the order of equal points has no effect.
fn verdict(distances: &[f64], half: usize, voters: usize) -> f64 {
    let mut sorted = distances.to_vec();
    let last = *sorted.select_nth_unstable_by(voters - 1, f64::total_cmp).1;
    let count = |part: &[f64], fits: fn(&f64, &f64) -> bool| part.iter().filter(|d| fits(d, &last)).count() as f64;
    let (own, other) = distances.split_at(half);
    let [nearer, nearer_other] = [own, other].map(|part| count(part, |d, last| d < last));
    let [tied, tied_other] = [own, other].map(|part| count(part, |d, last| d == last));
    let left = voters as f64 - nearer - nearer_other;
    // Twice the votes for the points minus all votes, multiplied by the number of tied points, so
    // that all numbers are whole.
    let majority = (2.0 * nearer - voters as f64) * (tied + tied_other) + 2.0 * left * tied;
    0.5 * (1.0 + if majority == 0.0 { 0.0 } else { majority.signum() })
}

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn equal_distances_share_their_votes() {
        // Without ties, the three nearest are own, own, other.
        assert_eq!(verdict(&[0.1, 0.2, 9.0, 0.3, 8.0, 7.0], 3, 3), 1.0);
        // All are at one distance: 2 own points and 3 others share three votes; 3 of each give a
        // tie.
        assert_eq!(verdict(&[1.0, 1.0, 1.0, 1.0, 1.0], 2, 3), 0.0);
        assert_eq!(verdict(&[1.0; 6], 3, 3), 0.5);
        // One is nearer, and one own point and one other share two votes: 2 of 3 votes are own.
        assert_eq!(verdict(&[0.5, 1.0, 4.0, 1.0, 5.0, 6.0], 3, 3), 1.0);
        // The order of the points does not matter.
        assert_eq!(verdict(&[4.0, 1.0, 0.5, 6.0, 5.0, 1.0], 3, 3), 1.0);
        assert_eq!(verdict(&[1.0, 5.0, 6.0, 1.0, 0.5, 4.0], 3, 3), 0.0);
    }
}
