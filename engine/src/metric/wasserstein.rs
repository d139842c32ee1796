//! The Wasserstein-2 distance by exact assignment.

use super::algebra::dot;
use super::assignment::assignment;
use super::estimate::{mean, variance_of_mean};
use super::{Estimate, Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::points::squared_distance;
use crate::{Error, Points, Result, rng::Stream};
use rayon::prelude::*;

crate::options! {
    /// The Wasserstein-2 distance.
    pub struct W2Options {
        /// Points used of each set at most, drawn without replacement; time grows with the cube,
        /// memory with the square (32 MB at 2,000).
        max_points: usize = 2000,
    }
}

/// `W2 = min over pairings (1/k sum |x_i - y_pi(i)|^2)^1/2`, in the data's units, exact for sets of
/// equal size. Of sets of unequal size, or above `max_points`, the same number `k` is drawn from
/// each; `k` is the part `points`. Of a weighted reference `k` points are taken, each as often as
/// its weight says. Two samples of one distribution score about `k^(-1/d)`: in high dimension the
/// floor is most of the value. The standard error is the delta method's through the dual prices
/// \[delbarrio2019central\]. Cost up to `k^3`, memory `8 k^2` bytes: one to three seconds at 2,000
/// points and twenty times that for the floor, so lower `max_points` where it is called often.
#[derive(Debug, Clone, Default)]
pub struct W2 {
    options: W2Options,
}

impl W2 {
    /// The metric with these options.
    pub fn new(options: W2Options) -> W2 {
        W2 { options }
    }
}

impl Metric for W2 {
    fn name(&self) -> &'static str {
        "w2"
    }

    fn properties(&self, dim: usize) -> Properties {
        Properties { uses_weights: true, rate: 1.0 / dim.max(2) as f64, ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, stream: Stream) -> Result<Estimate> {
        if self.options.max_points == 0 {
            return Err(Error::argument("max_points", 0, "at least one point is needed"));
        }
        let k = points.n().min(self.options.max_points);
        // By weight, any number of equal points stands for the reference.
        let (k, y) = match reference.weights() {
            Some(_) => (k, reference.equal_points(k).into_owned()),
            None => {
                let k = k.min(reference.points().n());
                (k, drawn(reference.points(), k, stream.label("reference")))
            }
        };
        let (x, mean_x) = centred(drawn(points, k, stream.label("points")));
        let (y, mean_y) = centred(y);
        let mut cost = vec![0.0; k * k];
        cost.par_chunks_mut(k).enumerate().for_each(|(i, row)| {
            row.iter_mut().zip(y.iter()).for_each(|(c, y)| *c = squared_distance(x.row(i), y));
        });
        let best = assignment(&cost, k, pairwise.interrupt())?;
        let paid: Vec<f64> = best.column.iter().enumerate().map(|(i, j)| cost[i * k + j]).collect();
        // The means part from the rest: the best pairing is that of the centred sets, the cost
        // rises by |shift|^2 and the prices by 2 shift . x and -2 shift . y.
        let shift: Vec<f64> = mean_x.iter().zip(&mean_y).map(|(a, b)| a - b).collect();
        let tilted = |prices: &[f64], points: &Points, sign: f64| -> Vec<f64> {
            prices.iter().zip(points.iter()).map(|(p, x)| p + sign * 2.0 * dot(&shift, x)).collect()
        };
        let variance = variance_of_mean(&tilted(&best.row_price, &x, 1.0))
            + variance_of_mean(&tilted(&best.column_price, &y, -1.0));
        Ok(Estimate::root(dot(&shift, &shift) + mean(&paid), variance).with_part("points", k as f64))
    }
}

/// The points less their mean, and the mean.
fn centred(mut points: Points) -> (Points, Vec<f64>) {
    let mean = points.mean();
    for i in 0..points.n() {
        points.row_mut(i).iter_mut().zip(&mean).for_each(|(x, m)| *x -= m);
    }
    (points, mean)
}

/// `k` of the points, all of them in their order when there are no more.
fn drawn(points: &Points, k: usize, stream: Stream) -> Points {
    if points.n() == k { points.clone() } else { points.select(&stream.rng().choose(points.n(), k)) }
}
