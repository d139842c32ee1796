//! The classifier two-sample test.

mod classifier;
mod votes;

use super::estimate::variance_of_share;
use super::{Estimate, Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::{Error, Interrupt, Points, Result, rng::Stream};
use classifier::{Classifier, KINDS};

crate::options! {
    /// Options of `c2st`.
    pub struct C2stOptions {
        /// "knn", the vote of the nearest neighbours; "logistic", logistic regression on the
        /// coordinates and their products; "additive", logistic regression on piecewise linear
        /// functions of single coordinates; "mlp", a small net; or "best", the one of these four
        /// with the best accuracy in a cross-validation within the training points.
        classifier: Classifier = Classifier::Best,
        /// Number of neighbours that vote; an even number is increased by one. Left out: the square
        /// root of the number of training points.
        neighbours: Option<usize> = None,
        /// Largest number of points used from each set, drawn without replacement.
        max_points: usize = 5000,
    }
}

/// The number of parts into which a cross-validation divides the training points.
const FOLDS: usize = 3;

/// The accuracy of a classifier that tells the points from the reference, on points on which it was
/// not trained. It is 1/2 if the classifier cannot distinguish the sets, and 1 if it always can
/// \[lopezpaz2017revisiting\]. The same number of points is drawn from both sets. Half of each
/// trains the classifier, and for "best" also selects it. The other half only tests it. Given the
/// training points, the tested points are independent: the standard error is that of two binomial
/// distributions, one for each set. Between samples of one distribution the variance of the
/// accuracy is at most `1 / (4 tested)` for every classifier, where `tested` counts the tested
/// points of both sets. The noise floor is therefore `1/2 + 1.645 / (2 sqrt(tested))`, without
/// simulation. Another classifier may detect differences that these classifiers miss.
///
/// The parts are `points`, the number of points used of each set, and for "best" the accuracy of
/// every classifier in the cross-validation. Cost `points^2 d` for the neighbours, `points d^4` for
/// the logistic regression (`points d^2` in more than 32 dimensions, where it has squares but no
/// products), `points d^2` for the additive model, and 400 steps on at most 256 points of each set
/// for the net. "best" trains each classifier three times on two thirds of the training points, and
/// the selected classifier once more on all of them.
///
/// # Errors
/// A set has fewer than 4 points, `max_points` is below 4, or `neighbours` is 0.
#[derive(Debug, Clone, Default)]
pub struct C2st {
    options: C2stOptions,
}

impl C2st {
    /// Creates the metric with these options.
    pub fn new(options: C2stOptions) -> C2st {
        C2st { options }
    }

    /// Returns the number of points that are used of each set.
    ///
    /// # Errors
    /// The number is below 4.
    fn count(&self, n: usize, m: usize) -> Result<usize> {
        let count = n.min(m).min(self.options.max_points);
        match count < 4 {
            true => Err(Error::shape(
                "the smaller set",
                format!("too few points ({count})"),
                "a classifier needs at least 4 to be trained and tested",
            )),
            false => Ok(count),
        }
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

    fn known_floor(&self, n: usize, m: usize) -> Option<f64> {
        let count = self.count(n, m).ok()?;
        let tested = 2 * (count - count / 2);
        Some(0.5 + 1.645 * 0.5 / (tested as f64).sqrt())
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, stream: Stream) -> Result<Estimate> {
        let C2stOptions { neighbours, max_points, classifier } = self.options;
        for (name, given) in [("neighbours", neighbours), ("max_points", Some(max_points))] {
            if given == Some(0) {
                return Err(Error::argument(name, 0, "at least 1 is needed"));
            }
        }
        let count = self.count(points.n(), reference.points().n())?;
        let split = |points: &Points, label: &str| {
            let order = stream.label(label).rng().choose(points.n(), count);
            (points.select(&order[..count / 2]), points.select(&order[count / 2..]))
        };
        let ((train, test), (train_reference, test_reference)) =
            (split(points, "points"), split(reference.points(), "reference"));
        let (train, test) = ([&train, &train_reference], [&test, &test_reference]);
        let (interrupt, mut parts) = (pairwise.interrupt(), vec![("points", count as f64)]);
        let classifier = match classifier {
            Classifier::Best => {
                let validated = validate(train, neighbours, stream.label("validation"), interrupt)?;
                parts.extend(validated.iter().map(|(kind, accuracy)| (kind.name(), *accuracy)));
                // If several accuracies are equal, the first classifier in the order of `KINDS` is
                // selected.
                validated.iter().rev().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(Classifier::Knn, |(kind, _)| *kind)
            }
            chosen => chosen,
        };
        let right = classifier.accuracies(train, test, neighbours, stream.label("classifier"), interrupt)?;
        let accuracy = 0.5 * (right[0] + right[1]);
        let variance: f64 = right.iter().map(|a| 0.25 * variance_of_share(*a, test[0].n() as f64)).sum();
        let found = Estimate::new(accuracy, variance.sqrt());
        Ok(parts.into_iter().fold(found, |found, (name, value)| found.with_part(name, value)))
    }
}

/// Returns the accuracy of every kind of classifier in a cross-validation.
fn validate(
    sets: [&Points; 2],
    neighbours: Option<usize>,
    stream: Stream,
    interrupt: &Interrupt,
) -> Result<Vec<(Classifier, f64)>> {
    let folds = FOLDS.min(sets[0].n());
    let mut sums = KINDS.map(|kind| (kind, 0.0));
    for fold in 0..folds {
        let part = |points: &Points, tested: bool| {
            let rows: Vec<usize> = (0..points.n()).filter(|i| (i % folds == fold) == tested).collect();
            points.select(&rows)
        };
        let (train, test) = (sets.map(|points| part(points, false)), sets.map(|points| part(points, true)));
        for (kind, sum) in &mut sums {
            let (train, test) = ([&train[0], &train[1]], [&test[0], &test[1]]);
            let right = kind.accuracies(train, test, neighbours, stream.at(fold as u64), interrupt)?;
            *sum += 0.5 * (right[0] + right[1]) / folds as f64;
        }
    }
    Ok(sums.to_vec())
}
