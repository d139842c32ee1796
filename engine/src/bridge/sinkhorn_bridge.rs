//! The Schroedinger bridge between two sets of points, from the potentials of Sinkhorn's algorithm.

use super::potential::choose;
use super::{Bridge, Coupling, ReferenceProcess};
use crate::pairwise::{Pairwise, Softmax, SoftmaxMean, Values};
use crate::points::{squared_distance, weighted_covariance, weighted_mean};
use crate::rng::Stream;
use crate::sinkhorn;
use crate::target::Moments;
use crate::{Error, Points, Result};
use rayon::prelude::*;
use std::sync::Arc;

/// The bridge between two finite samples relative to a Brownian motion of variance `epsilon`,
/// without training \[pooladian2024plugin\]. With the masses `b_j` and the potential `g` of the
/// target's points `y_j`, the drift of the bridge is
///
/// ```text
/// u(t, x) = (sum_j w_j y_j - x) / (1 - t),
/// w_j ~ b_j exp(g_j / epsilon - |x - y_j|^2 / (2 epsilon (1 - t)))
/// ```
///
/// At `t = 1` the drift is infinite, because the process ends in the points of the target
/// themselves. Cost: `n m d` per evaluation, memory `O(n + m)`.
#[derive(Debug, Clone)]
pub struct SinkhornBridge {
    start: Side,
    end: Side,
    reference: ReferenceProcess,
    pairwise: Pairwise,
}

/// The points of one end, each with `log b_j + g_j / epsilon`.
#[derive(Debug, Clone)]
struct Side {
    points: Arc<Points>,
    log_weights: Arc<[f64]>,
}

impl SinkhornBridge {
    /// Creates the bridge whose plan is this solution of a transport problem.
    ///
    /// # Errors
    /// The problem was unbalanced, so that its plan does not have the two samples as marginals.
    pub fn new(plan: &sinkhorn::Coupling, pairwise: &Pairwise) -> Result<SinkhornBridge> {
        if plan.is_unbalanced() {
            return Err(Error::argument("rho", "given", "a bridge begins and ends in the given points; leave it out"));
        }
        let side = |i: usize| {
            let (points, log_weights) = plan.side(i);
            Side { points: Arc::clone(points), log_weights: log_weights.into() }
        };
        let reference = ReferenceProcess::brownian(plan.potentials().epsilon)?;
        Ok(SinkhornBridge { start: side(0), end: side(1), reference, pairwise: pairwise.clone() })
    }

    /// Returns the probabilities of the points of the end given the start `x`.
    fn shares(&self, x: &[f64]) -> Vec<f64> {
        let epsilon = self.reference.epsilon();
        let logs = self.end.log_weights.iter().zip(self.end.points.iter());
        let logs: Vec<f64> = logs.map(|(l, y)| l - squared_distance(x, y) / (2.0 * epsilon)).collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let parts: Vec<f64> = logs.into_iter().map(|l| (l - most).exp()).collect();
        let total: f64 = parts.iter().sum();
        parts.into_iter().map(|part| part / total).collect()
    }
}

impl Bridge for SinkhornBridge {
    fn name(&self) -> String {
        format!("a bridge between {} and {} points", self.start.points.n(), self.end.points.n())
    }

    fn dim(&self) -> usize {
        self.end.points.dim()
    }

    fn reference(&self) -> ReferenceProcess {
        self.reference
    }

    fn forward(&self, t: f64, points: &Points, out: &mut Points) -> Result<()> {
        let left = 1.0 - t;
        if left <= 0.0 {
            let want = "the drift towards single points is infinite at its end; evaluate it before, or use the plan";
            return Err(Error::argument("t", t, want));
        }
        let sigma = (self.reference.epsilon() * left).sqrt();
        let softmax = Softmax { sigma, log_weights: Some(&self.end.log_weights), leave_out_self: false };
        let mut found = SoftmaxMean::default();
        self.pairwise.softmax_mean(points, &self.end.points, Values::Own, &softmax, &mut found)?;
        *out = found.mean;
        out.data_mut().iter_mut().zip(points.data()).for_each(|(u, x)| *u = (*u - x) / left);
        Ok(())
    }

    fn reversed(&self) -> Option<Box<dyn Bridge + '_>> {
        let (start, end) = (self.end.clone(), self.start.clone());
        Some(Box::new(SinkhornBridge { start, end, ..self.clone() }))
    }

    fn plan(&self) -> Option<&dyn Coupling> {
        Some(self)
    }
}

impl Coupling for SinkhornBridge {
    fn draw(&self, points: &Points, stream: Stream, out: &mut Points) -> Result<()> {
        self.pairwise.interrupt().check()?;
        let dim = points.dim();
        out.reshape(points.n(), dim);
        let rows = out.data_mut().par_chunks_mut(dim).zip(points.data().par_chunks(dim));
        rows.enumerate().for_each(|(i, (y, x))| {
            let chosen = choose(&self.shares(x), stream.at(i as u64).rng().uniform());
            y.copy_from_slice(self.end.points.row(chosen));
        });
        Ok(())
    }

    fn conditional_moments(&self, x: &[f64]) -> Moments {
        let shares = self.shares(x);
        let mean = weighted_mean(&self.end.points, Some(&shares));
        let cov = weighted_covariance(&self.end.points, Some(&shares));
        Moments { mean, cov }
    }
}
