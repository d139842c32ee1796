//! Expectation maximisation in a few coordinates \[dempster1977maximum\].

use crate::matrix::multiply;
use crate::points::squared_distance;
use crate::rng::{Rng, Stream};
use crate::target::{Density, Gaussian, Mixture};
use crate::{Interrupt, Points, Result};
use faer::Mat;

/// The number of starts of a first fit. The fit with the largest likelihood is kept.
const STARTS: u64 = 3;

/// The settings of expectation maximisation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rounds<'a> {
    /// The number of iterations.
    pub count: usize,
    /// Constant added to the diagonal of each covariance, relative to the mean variance.
    pub ridge: f64,
    /// Ends the iterations when it is raised.
    pub interrupt: &'a Interrupt,
}

/// Returns the likeliest of several mixtures of `k` components, each fitted from k-means++ centres.
pub(super) fn first_fit(points: &Points, k: usize, rounds: Rounds, stream: Stream) -> Result<Mixture> {
    let mut best: Option<(f64, Mixture)> = None;
    for start in 0..if k > 1 { STARTS } else { 1 } {
        let guess = first_guess(points, k, &mut stream.at(start).rng())?;
        let found = improve(points, guess, rounds)?;
        let mut logs = Vec::new();
        found.log_density(points, 0.0, &mut logs)?;
        let likelihood = logs.iter().sum();
        if best.as_ref().is_none_or(|(most, _)| likelihood > *most) {
            best = Some((likelihood, found));
        }
    }
    match best {
        Some((_, mixture)) => Ok(mixture),
        None => first_guess(points, k, &mut stream.rng()),
    }
}

/// Returns a mixture with k-means++ centres \[arthur2007kmeans\]. All components have the same
/// isotropic covariance, the mean variance within the clusters.
fn first_guess(points: &Points, k: usize, rng: &mut Rng) -> Result<Mixture> {
    let n = points.n();
    let mut centres = vec![rng.below(n)];
    let mut nearest: Vec<f64> = points.iter().map(|x| squared_distance(x, points.row(centres[0]))).collect();
    while centres.len() < k {
        let total: f64 = nearest.iter().sum();
        let mut left = rng.uniform() * total;
        let next = nearest.iter().position(|d| {
            left -= d;
            left < 0.0
        });
        centres.push(next.unwrap_or_else(|| rng.below(n)));
        let centre = points.row(centres[centres.len() - 1]);
        nearest.iter_mut().zip(points.iter()).for_each(|(d, x)| *d = d.min(squared_distance(x, centre)));
    }
    let variance = nearest.iter().sum::<f64>() / (n * points.dim()) as f64;
    let std = variance.max(least(1e-12, points)).sqrt();
    let components =
        centres.iter().map(|&i| Gaussian::isotropic(points.row(i).to_vec(), std)).collect::<Result<_>>()?;
    Mixture::new(vec![1.0; k], components)
}

/// Returns the mixture after `rounds.count` iterations.
pub(super) fn improve(points: &Points, mut mixture: Mixture, rounds: Rounds) -> Result<Mixture> {
    let ridge = positive_ridge(points, rounds.ridge);
    let mut shares = Points::default();
    for _ in 0..rounds.count {
        rounds.interrupt.check()?;
        mixture.responsibilities(points, 0.0, &mut shares)?;
        mixture = maximise(points, &shares, &mixture, ridge)?;
    }
    Ok(mixture)
}

/// Returns the constant that is added to each variance. It is never 0, because a component on a
/// single point would have no density.
pub(super) fn positive_ridge(points: &Points, relative: f64) -> f64 {
    (relative * points.spread().powi(2) / points.dim() as f64).max(least(1e-14, points))
}

/// Returns the smallest variance that counts as positive. It is a share of the variance of the
/// cloud, and above the rounding errors caused by the distance of the cloud from the origin. If all
/// points lie at the origin, it is the share itself.
fn least(share: f64, points: &Points) -> f64 {
    let away: f64 = points.mean().iter().map(|m| m * m).sum();
    let floor = share * points.spread().powi(2) + (4.0 * f64::EPSILON).powi(2) * away;
    if floor > 0.0 { floor } else { share }
}

/// Takes the M step: computes weighted moments. A component with less than one point keeps its mean
/// and covariance. No weight is below 1e-12.
fn maximise(points: &Points, shares: &Points, last: &Mixture, ridge: f64) -> Result<Mixture> {
    let (n, dim) = (points.n(), points.dim());
    let mut weights = Vec::with_capacity(shares.dim());
    let mut components = Vec::with_capacity(shares.dim());
    for (k, component) in last.components().iter().enumerate() {
        let mass: f64 = shares.iter().map(|r| r[k]).sum();
        weights.push((mass / n as f64).max(1e-12));
        if mass < 1.0 {
            components.push(component.clone());
            continue;
        }
        let mut mean = vec![0.0; dim];
        for (x, r) in points.iter().zip(shares.iter()) {
            mean.iter_mut().zip(x).for_each(|(m, x)| *m += r[k] * x / mass);
        }
        let centred = Mat::from_fn(n, dim, |i, j| shares.row(i)[k].sqrt() * (points.row(i)[j] - mean[j]));
        let mut cov = Mat::zeros(dim, dim);
        multiply(cov.as_mut(), faer::Accum::Replace, centred.transpose(), centred.as_ref(), 1.0 / mass);
        (0..dim).for_each(|j| cov[(j, j)] += ridge);
        components.push(Gaussian::new(mean, cov)?);
    }
    Mixture::new(weights, components)
}
