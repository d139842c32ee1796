//! Points with their masses.

use crate::points::{check_weights, shares, squared_distance, weighted_mean};
use crate::{Points, Result};

/// One side of a transport problem: points and their masses.
#[derive(Debug, Clone)]
pub struct Marginal<'a> {
    /// The points.
    pub points: &'a Points,
    masses: Vec<f64>,
    logs: Vec<f64>,
}

impl<'a> Marginal<'a> {
    /// Gives all points equal masses that sum to 1.
    pub fn equal(points: &'a Points) -> Marginal<'a> {
        let n = points.n();
        Marginal { points, masses: vec![1.0 / n as f64; n], logs: vec![-(n as f64).ln(); n] }
    }

    /// Creates masses from `weights`: the weights themselves if `as_given`, otherwise the weights
    /// divided by their sum. Without weights, masses are equal. `what` names the weights in errors.
    ///
    /// # Errors
    /// A weight is negative or not finite, none is positive, or their number is not that of the
    /// points.
    pub fn new(points: &'a Points, weights: Option<&[f64]>, what: &str, as_given: bool) -> Result<Marginal<'a>> {
        let Some(weights) = weights else { return Ok(Marginal::equal(points)) };
        check_weights(weights, points.n(), what)?;
        let masses = if as_given { weights.to_vec() } else { shares(weights, points.n(), what)? };
        let logs = masses.iter().map(|a| a.ln()).collect();
        Ok(Marginal { points, masses, logs })
    }

    /// The masses, n.
    pub fn masses(&self) -> &[f64] {
        &self.masses
    }

    /// The logarithms of the masses; `-inf` for a mass of 0.
    pub fn logs(&self) -> &[f64] {
        &self.logs
    }

    /// Returns the sum of the masses.
    pub fn total(&self) -> f64 {
        self.masses.iter().sum()
    }

    /// True if the other side has the same points with the same masses.
    pub fn is_same(&self, other: &Marginal) -> bool {
        let same = std::ptr::eq(self.points, other.points) || self.points == other.points;
        same && self.masses == other.masses
    }

    /// Returns the mean of the points.
    pub(super) fn mean(&self) -> Vec<f64> {
        let total = self.total();
        let mean = weighted_mean(self.points, Some(&self.masses));
        mean.into_iter().map(|m| m / total).collect()
    }

    /// Returns the mean of the squared distances from `centre`.
    pub(super) fn variance(&self, centre: &[f64]) -> f64 {
        let sum: f64 = self.points.iter().zip(&self.masses).map(|(x, a)| a * squared_distance(x, centre)).sum();
        sum / self.total()
    }

    /// Returns the mean squared distance of the points from their mean.
    pub fn total_variance(&self) -> f64 {
        self.variance(&self.mean())
    }

    /// Returns `sum_i a_i values_i` over the points with positive mass.
    pub(super) fn integral(&self, values: impl Fn(usize) -> f64) -> f64 {
        self.masses.iter().enumerate().filter(|(_, a)| **a > 0.0).map(|(i, a)| a * values(i)).sum()
    }
}
