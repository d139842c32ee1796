//! A process that ends in the points of a finite sample.

use super::potential::choose;
use crate::pairwise::{Pairwise, Softmax, SoftmaxMean, Values};
use crate::points::{squared_distance, weighted_covariance, weighted_mean};
use crate::rng::Stream;
use crate::target::Moments;
use crate::{Error, Points, Result};
use rayon::prelude::*;
use std::sync::Arc;

/// The points `y_j` in which a Brownian motion of variance `epsilon` ends, with the logarithms
/// `l_j` of weights that are known up to a factor. Given the position `x` at time `t`, the end is
/// `y_j` with the probability `w_j ~ exp(l_j - |x - y_j|^2 / (2 epsilon (1 - t)))`, and the drift
/// is `(sum_j w_j y_j - x) / (1 - t)`.
#[derive(Debug, Clone)]
pub struct FiniteEnd {
    /// The points.
    pub points: Arc<Points>,
    /// The logarithms of the weights.
    pub log_weights: Arc<[f64]>,
}

impl FiniteEnd {
    /// Writes the drift at time `t` into `out`, n x dim. Cost: `n m d`, memory `O(n + m)`.
    ///
    /// # Errors
    /// `t` is 1, where the drift is infinite; an interrupt.
    pub fn drift(&self, pairwise: &Pairwise, epsilon: f64, t: f64, points: &Points, out: &mut Points) -> Result<()> {
        let left = 1.0 - t;
        if left <= 0.0 {
            let want = "the drift towards single points is infinite at its end; evaluate it before, or use the plan";
            return Err(Error::argument("t", t, want));
        }
        let sigma = (epsilon * left).sqrt();
        let softmax = Softmax { sigma, log_weights: Some(&self.log_weights), leave_out_self: false };
        let mut found = SoftmaxMean::default();
        pairwise.softmax_mean(points, &self.points, Values::Own, &softmax, &mut found)?;
        *out = found.mean;
        out.data_mut().iter_mut().zip(points.data()).for_each(|(u, x)| *u = (*u - x) / left);
        Ok(())
    }

    /// Writes into row `i` of `out` an end drawn for the start `x_i` at time 0.
    pub fn draw(&self, epsilon: f64, points: &Points, stream: Stream, out: &mut Points) {
        let dim = points.dim();
        out.reshape(points.n(), dim);
        let rows = out.data_mut().par_chunks_mut(dim).zip(points.data().par_chunks(dim));
        rows.enumerate().for_each(|(i, (y, x))| {
            let chosen = choose(&self.shares(epsilon, x), stream.at(i as u64).rng().uniform());
            y.copy_from_slice(self.points.row(chosen));
        });
    }

    /// Returns the mean and the covariance of the end given the start `x` at time 0.
    pub fn conditional_moments(&self, epsilon: f64, x: &[f64]) -> Moments {
        let shares = self.shares(epsilon, x);
        let mean = weighted_mean(&self.points, Some(&shares));
        let cov = weighted_covariance(&self.points, Some(&shares));
        Moments { mean, cov }
    }

    /// Returns the probabilities of the points given the start `x` at time 0.
    fn shares(&self, epsilon: f64, x: &[f64]) -> Vec<f64> {
        let logs = self.log_weights.iter().zip(self.points.iter());
        let logs: Vec<f64> = logs.map(|(l, y)| l - squared_distance(x, y) / (2.0 * epsilon)).collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let parts: Vec<f64> = logs.into_iter().map(|l| (l - most).exp()).collect();
        let total: f64 = parts.iter().sum();
        parts.into_iter().map(|part| part / total).collect()
    }
}
