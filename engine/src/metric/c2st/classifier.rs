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
    /// A small net.
    Mlp,
    /// The best of these in a cross-validation.
    Best,
}

crate::choices!(Classifier);

/// The classifiers among which the best is selected.
pub const KINDS: [Classifier; 3] = [Classifier::Knn, Classifier::Logistic, Classifier::Mlp];

/// The largest dimension in which the logistic regression has products of coordinates: 560 of them.
const PRODUCTS: usize = 32;

impl Classifier {
    pub fn name(self) -> &'static str {
        match self {
            Classifier::Knn => "knn",
            Classifier::Logistic => "logistic",
            Classifier::Mlp => "mlp",
            Classifier::Best => "best",
        }
    }

    /// Trains the classifier and returns the share of right answers for each of the two test sets;
    /// an undecided answer is half right.
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
            Classifier::Knn | Classifier::Best => {
                [votes::predict(train, test[0], voters, interrupt)?, votes::predict(train, test[1], voters, interrupt)?]
            }
            Classifier::Logistic => discriminate(&logistic(train), train, test, stream, interrupt)?,
            Classifier::Mlp => discriminate(&mlp(train), train, test, stream, interrupt)?,
        };
        let mean = |answers: &[f64]| answers.iter().sum::<f64>() / answers.len() as f64;
        Ok([mean(&answers[0]), 1.0 - mean(&answers[1])])
    }
}

/// The prior of the coefficients is a normal distribution under which the logit of a typical point
/// has the standard deviation 2, whatever the number of features.
fn logistic(train: [&Points; 2]) -> DiscriminatorOptions {
    let dim = train[0].dim();
    let (features, count) = match dim > PRODUCTS {
        true => (Features::Linear, 2 * dim),
        false => (Features::Quadratic, dim * (dim + 3) / 2),
    };
    let ridge = 0.25 * count as f64 / (train[0].n() + train[1].n()) as f64;
    DiscriminatorOptions { features, ridge, ..DiscriminatorOptions::default() }
}

fn mlp(train: [&Points; 2]) -> DiscriminatorOptions {
    DiscriminatorOptions {
        hidden: 32,
        layers: 2,
        steps: 400,
        batch: train[0].n().clamp(2, 256),
        rate: Schedule::Cosine { from: 5e-3, to: 1e-4 },
        decay: 0.1,
        ..DiscriminatorOptions::default()
    }
}

/// Returns the answers of a discriminator at the points of both test sets: 1 for the first set, 0
/// for the second, and 1/2 if it is undecided. It works in units in which every column of the
/// training points has mean 0 and standard deviation 1.
fn discriminate(
    options: &DiscriminatorOptions,
    train: [&Points; 2],
    test: [&Points; 2],
    stream: Stream,
    interrupt: &Interrupt,
) -> Result<[Vec<f64>; 2]> {
    let units = AffineMap::pooled(train[0], train[1]);
    let squares = options.features == Features::Linear;
    let prepared = |points: &Points| {
        let standard = units.undo(points);
        if squares { with_squares(&standard) } else { standard }
    };
    let mut discriminator = Discriminator::new(options.clone())?;
    discriminator.fit(&prepared(train[0]), &prepared(train[1]), stream, interrupt)?;
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
