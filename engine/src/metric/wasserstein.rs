//! The Wasserstein-2 distance by exact transport.

use super::estimate::{Estimate, variance_of_mean, variance_of_weighted_mean};
use super::transport::transport;
use super::{Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::points::squared_distance;
use crate::{Error, Points, Result, rng::Stream};
use rayon::prelude::*;

crate::options! {
    /// Options of `w2`.
    pub struct W2Options {
        /// Largest number of points used from each set. From a larger set, this number of points is
        /// drawn at random, and the value is an estimate. Time grows at least with the square of
        /// this number, memory with the square (32 MB at 2,000).
        max_points: usize = 2000,
    }
}

/// `W2 = (min over plans sum_ij m_ij |x_i - y_j|^2)^1/2`, in the units of the data. The masses
/// `m_ij` of a plan are not negative. Their sums over the reference points are `1 / n`, and their
/// sums over the points are the weights of the reference, so the sets may differ in size.
///
/// The value is exact for up to `max_points` points on each side. From a larger set, `max_points`
/// points are drawn: without replacement, or, from a weighted reference, in proportion to their
/// weights. The numbers of points used are the parts `points` and `reference_points`. For two
/// samples of `k` points of one distribution, the value is about `k^(-1/d)`: in high dimension,
/// most of any value is the floor. The standard error comes from the delta method with the dual
/// prices \[delbarrio2019central\]. If several sets of prices are optimal, the standard error
/// depends slightly on which of them is found. Memory `8 n m` bytes; 2,000 points on each side take
/// a few tenths of a second.
#[derive(Debug, Clone, Default)]
pub struct W2 {
    options: W2Options,
}

impl W2 {
    /// Creates the metric with these options.
    pub fn new(options: W2Options) -> W2 {
        W2 { options }
    }
}

impl Metric for W2 {
    fn name(&self) -> &'static str {
        "w2"
    }

    fn properties(&self, dim: usize) -> Properties {
        let rate = 1.0 / dim.max(2) as f64;
        Properties {
            uses_weights: true,
            rate,
            sees_units: true,
            degree: Some(1),
            is_slow: true,
            ..Properties::default()
        }
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, stream: Stream) -> Result<Estimate> {
        let most = self.options.max_points;
        if most == 0 {
            return Err(Error::argument("max_points", 0, "at least one point is needed"));
        }
        let x = draw(points, most, stream.label("points"));
        let (y, shares) = stand_in(reference, most, stream.label("reference"));
        let (n, m, shares) = (x.n(), y.n(), shares.as_deref());
        let mut cost = vec![0.0; n * m];
        cost.par_chunks_mut(m).enumerate().for_each(|(i, row)| {
            row.iter_mut().zip(y.iter()).for_each(|(c, y)| *c = squared_distance(x.row(i), y));
        });
        let (rows, columns) = masses(n, m, shares);
        let best = transport(&cost, &rows, &columns, pairwise.interrupt())?;
        let variance = variance_of_mean(&best.row_price) + variance_of_weighted_mean(&best.column_price, shares);
        let found = Estimate::root(best.cost, variance);
        Ok(found.with_part("points", n as f64).with_part("reference_points", m as f64))
    }
}

/// Returns at most `most` of the points, drawn at random. They are in random order, because the
/// transport takes many more steps for sorted points.
fn draw(points: &Points, most: usize, stream: Stream) -> Points {
    points.select(&stream.rng().choose(points.n(), most))
}

/// Returns the reference itself with its weights, or at most `most` equally weighted points that
/// represent it. The points are in random order.
fn stand_in(reference: &Reference, most: usize, stream: Stream) -> (Points, Option<Vec<f64>>) {
    let points = reference.points();
    match reference.weights() {
        Some(weights) if points.n() <= most => {
            let order = stream.rng().choose(points.n(), most);
            (points.select(&order), Some(order.into_iter().map(|j| weights[j]).collect()))
        }
        Some(_) => (draw(&reference.equal_points(most), most, stream), None),
        None => (draw(points, most, stream), None),
    }
}

/// Returns integer masses of `n` equal points and of `m` points, which are equal or have these
/// shares. Both sides have the same sum.
fn masses(n: usize, m: usize, shares: Option<&[f64]>) -> (Vec<u64>, Vec<u64>) {
    let Some(shares) = shares else { return (vec![m as u64; n], vec![n as u64; m]) };
    // Masses use the range of integers that f64 represents exactly, so that shares are exact to
    // 1e-15 of the total mass.
    let each = (1_u64 << 52) / n as u64;
    let total = (each * n as u64) as f64;
    let (mut sum, mut before) = (0.0, 0_u64);
    let last = shares.len() - 1;
    let columns = shares.iter().enumerate().map(|(j, share)| {
        sum += share;
        let end = if j == last { total } else { (sum * total).round().min(total) } as u64;
        let mass = end - before;
        before = end;
        mass
    });
    let columns = columns.collect();
    (vec![each; n], columns)
}
