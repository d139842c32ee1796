//! Where results go, and what a query gets that has no source left.

use crate::Points;
use crate::points::squared_distance;
use std::f64::consts::LN_2;

/// Where the results of one query go.
#[derive(Default)]
pub struct RowOut<'a> {
    /// Softmax mean, or moment.
    pub values: &'a mut [f64],
    /// Log normaliser, or mass.
    pub mass: Option<&'a mut f64>,
    /// Effective sample size.
    pub ess: Option<&'a mut f64>,
}

impl RowOut<'_> {
    /// Writes the values, less what is there if that is wanted.
    pub fn put_values(&mut self, subtract: bool, value: impl Fn(usize) -> f64) {
        for (c, v) in self.values.iter_mut().enumerate() {
            *v = if subtract { value(c) - *v } else { value(c) };
        }
    }

    /// Writes normaliser and sample size from the largest score in bits, the sum of weights relative to it, and the sum
    /// of their squares.
    pub fn put_softmax(&mut self, max: f64, sum: f64, squares: f64) {
        if let Some(mass) = &mut self.mass {
            **mass = if sum > 0.0 { LN_2 * (max + sum.log2()) } else { f64::NEG_INFINITY };
        }
        if let Some(ess) = &mut self.ess {
            **ess = if sum > 0.0 { sum * sum / squares } else { 1.0 };
        }
    }
}

/// The source nearest to `query` but for the one left out, for a query to which no weight leads.
pub fn nearest(query: &[f64], sources: &Points, left_out: Option<usize>) -> usize {
    let distance = |j: usize| squared_distance(query, sources.row(j));
    let candidates = (0..sources.n()).filter(|&j| Some(j) != left_out);
    candidates.min_by(|&i, &j| distance(i).total_cmp(&distance(j))).unwrap_or(0)
}
