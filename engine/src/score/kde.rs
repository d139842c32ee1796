//! The kernel (empirical) score, from fixed points or from the moving cloud.

mod as_score;

use super::at::{At, Form};
use super::extent::Extent;
use crate::pairwise::{Softmax, SoftmaxMean, Values};
use crate::points::{check_weights, draw_rows, shares};
use crate::{Points, Result};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};

/// Whether the sum at the query of particle `i` includes particle `i` itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SelfTerm {
    /// The particle is included: the score is the exact score of the smoothed empirical
    /// distribution.
    #[default]
    Include,
    /// The particle is left out: the score is a less biased estimate for the distribution from
    /// which the particles come, but is rougher if there are few particles.
    Exclude,
}

crate::choices!(SelfTerm);

/// The softmax-mean denoiser `D(z) = sum_j softmax_j(l_j - |z - x_j|^2 / 2 sigma^2) x_j` of points
/// `x` with optional log-weights `l`. It is exactly the denoiser of the noised empirical
/// distribution. The cost is one pairwise pass over the points, or over a fresh random batch of
/// them.
#[derive(Debug, Clone)]
pub struct Kde {
    /// None for the moving cloud.
    points: Option<Arc<Points>>,
    log_weights: Option<Vec<f64>>,
    batch: Option<usize>,
    self_term: SelfTerm,
    extent: OnceLock<Extent>,
    mean: SoftmaxMean,
    /// Buffers: the rows of the batch, then the rows of the queries in the order of the batch.
    drawn: Points,
    ordered: Points,
}

/// The points of a kernel estimate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sources<'a> {
    /// All points.
    pub points: &'a Points,
    /// The log-weights of the points; None for equal weights.
    pub log_weights: Option<&'a [f64]>,
    /// True if query `i` excludes point `i`.
    pub leave_out_self: bool,
}

impl Kde {
    /// Creates the estimate from fixed points. They are shared, not copied.
    pub fn of(points: impl Into<Arc<Points>>) -> Kde {
        Kde { points: Some(points.into()), ..Kde::of_cloud() }
    }

    /// Creates the estimate from the moving cloud.
    pub fn of_cloud() -> Kde {
        Kde {
            points: None,
            log_weights: None,
            batch: None,
            self_term: SelfTerm::Include,
            extent: OnceLock::new(),
            mean: SoftmaxMean::default(),
            drawn: Points::default(),
            ordered: Points::default(),
        }
    }

    /// Gives the fixed points weights in proportion to `weights`.
    ///
    /// # Errors
    /// A weight is negative or not finite, none is positive, or the number of weights is not that
    /// of the points.
    pub fn with_weights(mut self, weights: &[f64]) -> Result<Kde> {
        let n = self.points.as_ref().map_or(0, |points| points.n());
        check_weights(weights, n, "weights")?;
        self.log_weights = Some(weights.iter().map(|w| w.ln()).collect());
        Ok(self)
    }

    /// Sets the size of the random batch that each evaluation draws anew; None uses all points.
    pub fn batched(mut self, batch: Option<usize>) -> Kde {
        self.batch = batch;
        self
    }

    /// Chooses the self term; it only matters for the score of the cloud itself.
    pub fn with_self_term(mut self, self_term: SelfTerm) -> Kde {
        self.self_term = self_term;
        self
    }

    fn softmax_over_all(&mut self, at: &At) -> Result<()> {
        let points = self.points.as_deref().unwrap_or(at.cloud);
        let softmax =
            Softmax { sigma: at.sigma, log_weights: self.log_weights.as_deref(), leave_out_self: self.leaves_out(at) };
        at.pairwise.softmax_mean(at.z, points, Values::Own, &softmax, &mut self.mean)
    }

    /// Evaluates the estimate on a batch of sources. If particles must exclude themselves, the
    /// queries that are in the batch come first, in the order of the batch. In this order, query
    /// `i` and source `i` are the same particle.
    fn softmax_over_batch(&mut self, at: &At, batch: usize) -> Result<()> {
        let leaves_out = self.leaves_out(at);
        let sources = self.points.as_deref().unwrap_or(at.cloud);
        let label = if self.points.is_some() { "target batch" } else { "source batch" };
        let count = if leaves_out { sources.n() } else { batch };
        let order = draw_rows(sources.n(), self.log_weights.as_deref(), count, at.stream.label(label));
        let batch = batch.min(order.len());
        self.drawn.gather(sources, &order[..batch]);
        let weights: Option<Vec<f64>> =
            self.log_weights.as_ref().map(|l| order[..batch].iter().map(|&j| l[j]).collect());
        let softmax = Softmax { sigma: at.sigma, log_weights: weights.as_deref(), leave_out_self: leaves_out };
        if !leaves_out {
            return at.pairwise.softmax_mean(at.z, &self.drawn, Values::Own, &softmax, &mut self.mean);
        }
        self.ordered.gather(at.z, &order);
        at.pairwise.softmax_mean(&self.ordered, &self.drawn, Values::Own, &softmax, &mut self.mean)?;
        std::mem::swap(&mut self.ordered, &mut self.mean.mean);
        for (row, &i) in order.iter().enumerate() {
            self.mean.mean.row_mut(i).copy_from_slice(self.ordered.row(row));
        }
        Ok(())
    }

    /// Returns the points of the estimate, if they do not move.
    pub fn points(&self) -> Option<&Arc<Points>> {
        self.points.as_ref()
    }

    /// Returns the weights of the fixed points, which sum to 1; None if they are equal.
    pub(crate) fn shares(&self) -> Option<Vec<f64>> {
        let weights: Vec<f64> = self.log_weights.as_ref()?.iter().map(|log| log.exp()).collect();
        shares(&weights, weights.len(), "weights").ok()
    }

    /// Returns the points whose softmax mean at `at` is this estimate; None if the estimate uses a
    /// batch. The difference of two such estimates takes only one call of the pairwise engine.
    pub(crate) fn sources<'a>(&'a self, at: &At<'a>) -> Option<Sources<'a>> {
        let points = self.points.as_deref().unwrap_or(at.cloud);
        let all = self.batch.is_none_or(|batch| batch >= points.n());
        let log_weights = self.log_weights.as_deref();
        all.then(|| Sources { points, log_weights, leave_out_self: self.leaves_out(at) })
    }

    /// Returns two estimates from disjoint halves of the points, from which the sampling error is
    /// estimated. None if there are too few points or a half has no weight.
    ///
    /// # Errors
    /// Those of [`super::Score::evaluate`].
    pub fn halves(&self, at: &At, form: Form) -> Result<Option<[Points; 2]>> {
        let sources = self.points.as_deref().unwrap_or(at.cloud);
        if sources.n() < 4 {
            return Ok(None);
        }
        let order = at.stream.label("halves").rng().choose(sources.n(), sources.n());
        let half = sources.n() / 2;
        let mut estimates = [Points::default(), Points::default()];
        for (indices, estimate) in [&order[..half], &order[half..2 * half]].into_iter().zip(&mut estimates) {
            let points = sources.select(indices);
            let weights: Option<Vec<f64>> = self.log_weights.as_ref().map(|l| indices.iter().map(|&j| l[j]).collect());
            if weights.as_ref().is_some_and(|w| w.iter().all(|l| *l == f64::NEG_INFINITY)) {
                return Ok(None);
            }
            let softmax = Softmax { sigma: at.sigma, log_weights: weights.as_deref(), leave_out_self: false };
            let mut mean = SoftmaxMean::default();
            at.pairwise.softmax_mean(at.z, &points, Values::Own, &softmax, &mut mean)?;
            displacement(&mean.mean, at, form, estimate);
        }
        Ok(Some(estimates))
    }

    fn leaves_out(&self, at: &At) -> bool {
        self.points.is_none() && at.aligned && self.self_term == SelfTerm::Exclude
    }
}

/// Writes `D(z) - z`, or this displacement divided by `sigma^2`.
pub(crate) fn displacement(denoised: &Points, at: &At, form: Form, out: &mut Points) {
    let scale = form.scale_of_displacement(at.sigma);
    out.reshape(at.z.n(), at.z.dim());
    let both = denoised.data().iter().zip(at.z.data());
    out.data_mut().iter_mut().zip(both).for_each(|(o, (d, z))| *o = scale * (d - z));
}
