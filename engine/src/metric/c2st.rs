//! Can a classifier tell the points from the reference?

use super::{Estimate, Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::points::neighbour;
use crate::{Error, Points, Result, rng::Stream};

crate::options! {
    /// The classifier two-sample test.
    pub struct C2stOptions {
        /// Neighbours that vote; an even number takes one more. Left out: the root of the number of
        /// training points.
        neighbours: Option<usize> = None,
        /// Points used of each set at most, drawn without replacement.
        max_points: usize = 5000,
    }
}

/// Accuracy, on points that it was not trained on, of a nearest-neighbour classifier that tells the
/// points from the reference: 1/2 when it cannot, 1 when it always can \[lopezpaz2017revisiting\].
/// The same number is drawn from both sets; half of each trains. The standard error is binomial
/// over the tested points, so a value more than two of them above 1/2 is a difference that was
/// seen. What it does not see, a classifier made for the data may. Parts: `points`, those used of
/// each set, and `neighbours`. Cost `points^2 d`.
///
/// # Errors
/// Fewer than 4 points on either side; an option of 0.
#[derive(Debug, Clone, Default)]
pub struct C2st {
    options: C2stOptions,
}

impl C2st {
    /// The metric with these options.
    pub fn new(options: C2stOptions) -> C2st {
        C2st { options }
    }
}

impl Metric for C2st {
    fn name(&self) -> &'static str {
        "c2st"
    }

    /// An accuracy does not fall with the size.
    fn properties(&self, _dim: usize) -> Properties {
        Properties { rate: 0.0, ..Properties::default() }
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
                format!("{count} points"),
                "at least 4 train and test a classifier",
            ));
        }
        let split = |points: &Points, label: &str| {
            let order = stream.label(label).rng().choose(points.n(), count);
            (points.select(&order[..count / 2]), points.select(&order[count / 2..]))
        };
        let ((train, test), (train_reference, test_reference)) =
            (split(points, "points"), split(reference.points(), "reference"));
        let half = train.n();
        let taught = train.joined(&train_reference)?;
        let voters = neighbours.unwrap_or((2.0 * half as f64).sqrt() as usize).clamp(1, 2 * half - 1) | 1;
        let votes = |queries: &Points| {
            neighbour::over_distances(queries, &taught, pairwise.interrupt(), |_, distances| {
                let mut order: Vec<usize> = (0..distances.len()).collect();
                let nearer = |a: &usize, b: &usize| distances[*a].total_cmp(&distances[*b]).then(a.cmp(b));
                order.select_nth_unstable_by(voters - 1, nearer);
                2 * order[..voters].iter().filter(|j| **j < half).count() > voters
            })
        };
        let (own, other) = (votes(&test)?, votes(&test_reference)?);
        let right = own.iter().filter(|own| **own).count() + other.iter().filter(|own| !**own).count();
        let tested = (own.len() + other.len()) as f64;
        let accuracy = right as f64 / tested;
        let found = Estimate::new(accuracy, (accuracy * (1.0 - accuracy) / tested).sqrt());
        Ok(found.with_part("points", count as f64).with_part("neighbours", voters as f64))
    }
}
