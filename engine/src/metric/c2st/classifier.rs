//! The classifiers of the two-sample test.

use super::votes;
use crate::points::AffineMap;
use crate::schedule::Schedule;
use crate::score::{Discriminator, DiscriminatorOptions, Features};
use crate::{Interrupt, Points, Result, rng::Stream};
use serde::{Deserialize, Serialize};

/// The kind of a classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Classifier {
    /// The vote of the nearest neighbours.
    Knn,
    /// Logistic regression on the coordinates and their products.
    Logistic,
    /// Logistic regression on piecewise linear functions of single coordinates.
    Additive,
    /// A small net.
    Mlp,
    /// The best of these in a cross-validation.
    Best,
}

crate::choices!(Classifier);

/// The classifiers among which the best is selected.
pub const KINDS: [Classifier; 4] = [Classifier::Knn, Classifier::Logistic, Classifier::Additive, Classifier::Mlp];

/// The largest dimension in which the logistic regression has products of coordinates: 560 of them.
const PRODUCTS: usize = 32;

impl Classifier {
    pub fn name(self) -> &'static str {
        match self {
            Classifier::Knn => "knn",
            Classifier::Logistic => "logistic",
            Classifier::Additive => "additive",
            Classifier::Mlp => "mlp",
            Classifier::Best => "best",
        }
    }

    /// Trains the classifier and returns the share of right answers for each of the two test sets.
    /// An undecided answer counts as half right.
    ///
    /// # Errors
    /// The training fails, or an interrupt.
    pub fn accuracies(
        self,
        train: [&Points; 2],
        test: [&Points; 2],
        neighbours: Option<usize>,
        stream: Stream,
        interrupt: &Interrupt,
    ) -> Result<[f64; 2]> {
        let voters = neighbours.unwrap_or_else(|| votes::usual(train[0].n() + train[1].n()));
        let answers = match self {
            Classifier::Knn | Classifier::Best => votes::predict(train, test, voters, interrupt)?,
            Classifier::Logistic => logistic(train, test, stream, interrupt)?,
            Classifier::Additive => additive(train, test, stream, interrupt)?,
            Classifier::Mlp => mlp(train, test, stream, interrupt)?,
        };
        let mean = |answers: &[f64]| answers.iter().sum::<f64>() / answers.len() as f64;
        Ok([mean(&answers[0]), 1.0 - mean(&answers[1])])
    }
}

/// Logistic regression on the coordinates and their products; in more than [`PRODUCTS`] dimensions,
/// on the coordinates and their squares. The prior of the coefficients is a normal distribution
/// under which the logit of a typical point has the standard deviation 2, whatever the number of
/// features.
fn logistic(train: [&Points; 2], test: [&Points; 2], stream: Stream, interrupt: &Interrupt) -> Result<[Vec<f64>; 2]> {
    let (dim, units) = (train[0].dim(), AffineMap::pooled(train[0], train[1]));
    let (features, count) = match dim > PRODUCTS {
        true => (Features::Linear, 2 * dim),
        false => (Features::Quadratic, dim * (dim + 3) / 2),
    };
    let ridge = 0.25 * count as f64 / (train[0].n() + train[1].n()) as f64;
    let options = DiscriminatorOptions { features, ridge, ..DiscriminatorOptions::default() };
    let prepared = |points: &Points| match features {
        Features::Linear => with_squares(&units.undo(points)),
        _ => units.undo(points),
    };
    discriminate(&options, train, test, prepared, stream, interrupt)
}

/// Logistic regression on a piecewise linear function of every coordinate, with knots at quantiles
/// of the training points: an additive model \[hastie1986generalized\]. At most two hat functions
/// per coordinate differ from 0 at a point. Their squares add up to 2/3 on average. The logit
/// therefore has the standard deviation 2, as in [`logistic`], if the coefficients have the
/// variance `6 / d`.
fn additive(train: [&Points; 2], test: [&Points; 2], stream: Stream, interrupt: &Interrupt) -> Result<[Vec<f64>; 2]> {
    let ridge = train[0].dim() as f64 / (6 * (train[0].n() + train[1].n())) as f64;
    let options = DiscriminatorOptions { features: Features::Linear, ridge, ..DiscriminatorOptions::default() };
    let hats = Hats::new(train);
    discriminate(&options, train, test, |points| hats.features(points), stream, interrupt)
}

/// A small net on the coordinates.
fn mlp(train: [&Points; 2], test: [&Points; 2], stream: Stream, interrupt: &Interrupt) -> Result<[Vec<f64>; 2]> {
    let options = DiscriminatorOptions {
        hidden: 32,
        layers: 2,
        steps: 400,
        batch: train[0].n().clamp(2, 256),
        rate: Schedule::Cosine { from: 5e-3, to: 1e-4 },
        decay: 0.1,
        ..DiscriminatorOptions::default()
    };
    let units = AffineMap::pooled(train[0], train[1]);
    discriminate(&options, train, test, |points| units.undo(points), stream, interrupt)
}

/// Returns the answers of a discriminator at the points of both test sets: 1 for the first set, 0
/// for the second, and 1/2 if it is undecided. `prepared` returns the features of points. The
/// classifiers that use coordinates scale every column such that the training points have mean 0
/// and standard deviation 1.
fn discriminate(
    options: &DiscriminatorOptions,
    train: [&Points; 2],
    test: [&Points; 2],
    prepared: impl Fn(&Points) -> Points,
    stream: Stream,
    interrupt: &Interrupt,
) -> Result<[Vec<f64>; 2]> {
    let mut discriminator = Discriminator::new(options.clone())?;
    let train = train.map(&prepared);
    discriminator.fit(&train[0], &train[1], stream, interrupt)?;
    let (mut logits, mut slopes) = (Vec::new(), Points::zeros(0, train[0].dim()));
    Ok(test.map(|points| {
        discriminator.evaluate(&prepared(points), &mut logits, &mut slopes);
        // A logit that is not a number decides nothing.
        logits
            .iter()
            .map(|l| {
                if *l > 0.0 {
                    1.0
                } else if *l < 0.0 {
                    0.0
                } else {
                    0.5
                }
            })
            .collect()
    }))
}

/// Returns the points with the squares of their coordinates as further columns.
fn with_squares(points: &Points) -> Points {
    let dim = points.dim();
    let mut all = Points::zeros(points.n(), 2 * dim);
    for (i, row) in points.iter().enumerate() {
        let (own, squares) = all.row_mut(i).split_at_mut(dim);
        own.copy_from_slice(row);
        squares.iter_mut().zip(row).for_each(|(to, x)| *to = x * x);
    }
    all
}

/// Hat functions of single coordinates: each is 1 at its knot, 0 at the neighbouring knots, and
/// linear in between.
struct Hats {
    /// The knots of every coordinate, in increasing order and without repetitions.
    knots: Vec<Vec<f64>>,
}

impl Hats {
    /// Chooses the knots of every coordinate among its values at the pooled training points: the
    /// smallest, the largest and seven quantiles in between, or fewer quantiles in more than 128
    /// dimensions.
    fn new(train: [&Points; 2]) -> Hats {
        let dim = train[0].dim();
        let pieces = (1024 / dim).clamp(2, 8);
        let knots = (0..dim).map(|j| {
            let mut column: Vec<f64> = train.iter().flat_map(|points| points.iter().map(|row| row[j])).collect();
            column.sort_by(f64::total_cmp);
            let mut knots: Vec<f64> = (0..=pieces).map(|k| column[k * (column.len() - 1) / pieces]).collect();
            knots.dedup();
            knots
        });
        Hats { knots: knots.collect() }
    }

    /// Returns the values of all hat functions at every point. Beyond the outermost knots every
    /// function is constant.
    fn features(&self, points: &Points) -> Points {
        let mut all = Points::zeros(points.n(), self.knots.iter().map(Vec::len).sum());
        for (i, row) in points.iter().enumerate() {
            let mut rest = all.row_mut(i);
            for (knots, x) in self.knots.iter().zip(row) {
                let own;
                (own, rest) = rest.split_at_mut(knots.len());
                let above = knots.partition_point(|knot| knot <= x);
                if above == 0 || above == knots.len() {
                    own[above.saturating_sub(1)] = 1.0;
                } else {
                    let (low, high) = (knots[above - 1], knots[above]);
                    own[above] = (x - low) / (high - low);
                    own[above - 1] = 1.0 - own[above];
                }
            }
        }
        all
    }
}
