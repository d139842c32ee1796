//! The destination of results, and the result of a query without sources.

use crate::Points;
use crate::points::squared_distance;
use rayon::prelude::*;
use std::f64::consts::LN_2;

/// The destination of the results of one query.
#[derive(Default)]
pub struct RowOut<'a> {
    /// Index of the query.
    pub query: usize,
    /// Softmax mean, or moment.
    pub values: &'a mut [f64],
    /// Log normaliser, or mass.
    pub mass: Option<&'a mut f64>,
    /// Effective sample size.
    pub ess: Option<&'a mut f64>,
}

impl RowOut<'_> {
    /// Writes the values, minus the previous contents of the row if `subtract` is true.
    pub fn put_values(&mut self, subtract: bool, value: impl Fn(usize) -> f64) {
        for (c, v) in self.values.iter_mut().enumerate() {
            *v = if subtract { value(c) - *v } else { value(c) };
        }
    }

    /// Writes normaliser and sample size. They follow from the largest score in bits, the sum of
    /// weights relative to it, and the sum of the squares of these weights.
    pub fn put_softmax(&mut self, max: f64, sum: f64, squares: f64) {
        if self.mass.is_none() && self.ess.is_none() {
            // A logarithm takes time, so it is computed only for results that are requested.
            return;
        }
        if sum > 0.0 {
            self.put(LN_2 * (max + sum.log2()), sum * sum / squares);
        } else {
            self.put(f64::NEG_INFINITY, 1.0);
        }
    }

    /// Writes the results that another rank computed: values, mass and sample size, as far as they
    /// are requested.
    pub fn put_all(&mut self, subtract: bool, results: &[f64]) {
        let (values, rest) = results.split_at(self.values.len());
        self.put_values(subtract, |c| values[c]);
        let (mut rest, or) = (rest.iter().copied(), f64::NAN);
        if let Some(to) = &mut self.mass {
            **to = rest.next().unwrap_or(or);
        }
        if let Some(to) = &mut self.ess {
            **to = rest.next().unwrap_or(or);
        }
    }

    /// Writes normaliser or mass, and sample size, if they are requested.
    pub fn put(&mut self, mass: f64, ess: f64) {
        if let Some(to) = &mut self.mass {
            **to = mass;
        }
        if let Some(to) = &mut self.ess {
            **to = ess;
        }
    }
}

/// Returns a row for every query, from the arrays that are requested.
pub fn rows<'a>(
    values: Option<&'a mut Points>,
    mass: Option<&'a mut Vec<f64>>,
    ess: Option<&'a mut Vec<f64>>,
) -> Vec<RowOut<'a>> {
    let dim = values.as_ref().map_or(1, |values| values.dim().max(1));
    let n = values.as_ref().map_or(0, |values| values.n()).max(mass.as_ref().map_or(0, |mass| mass.len()));
    let values = values.map_or_else(Default::default, |values| values.data_mut());
    if mass.is_none() && ess.is_none() {
        let row = |(query, values)| RowOut { query, values, mass: None, ess: None };
        return values.par_chunks_exact_mut(dim).enumerate().map(row).collect();
    }
    let mut values = values.chunks_exact_mut(dim);
    let mut mass = mass.map_or_else(Default::default, |mass| &mut mass[..]).iter_mut();
    let mut ess = ess.map_or_else(Default::default, |ess| &mut ess[..]).iter_mut();
    let row = |query| RowOut { query, values: values.next().unwrap_or_default(), mass: mass.next(), ess: ess.next() };
    (0..n).map(row).collect()
}

/// Returns the source nearest to `query`, not counting the source `left_out`. Its value is the
/// result at a query at which all weights are 0.
pub fn nearest(query: &[f64], sources: &Points, left_out: Option<usize>) -> usize {
    let distance = |j: usize| squared_distance(query, sources.row(j));
    let candidates = (0..sources.n()).filter(|&j| Some(j) != left_out);
    candidates.min_by(|&i, &j| distance(i).total_cmp(&distance(j))).unwrap_or(0)
}
