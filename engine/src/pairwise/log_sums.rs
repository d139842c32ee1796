//! Log-sum-exps between two sets of points that do not move. The log-weights change from call to
//! call, as in Sinkhorn's iteration.

use super::call::{Softmax, SoftmaxCall};
use super::engine::Pairwise;
use super::grid::placements::Placements;
use super::loops::log_sums::Job;
use super::loops::output_row::rows;
use super::pack::FixedSide;
use super::plan::{self, Arithmetic, Plan, Shape, mean_square};
use super::rounding::FAR;
use super::work::Work;
use crate::points::kd_order::Orders;
use crate::simd::Real;
use crate::{Points, Result, Subject};
use rayon::prelude::*;
use std::f64::consts::LOG2_E;
use std::sync::Arc;

/// Skipping blocks does not pay if more than this share of the pairs is evaluated nevertheless.
const WORTH: f64 = 0.4;

/// Sources per task when biases are converted.
const ROWS: usize = 4096;

/// The set of points at which the sums are computed. The other set provides the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The first set.
    First,
    /// The second set.
    Second,
}

/// Sums between two fixed sets. Both sets are packed once for each sigma. Every result is the
/// expected result of the next call at the same points. An accurate expected result halves the time
/// of a call and changes the sums by no more than rounding.
///
/// In f32 the error of an exponent is about `6e-8` times the largest log-weight or squared
/// distance, with distances in units of sigma. No query is computed again in f64.
#[derive(Debug)]
pub struct LogSums<'a> {
    engine: Pairwise,
    sets: [&'a Points; 2],
    sigma: f64,
    orders: Orders<'a>,
    way: Way,
    expected: [Vec<f64>; 2],
}

/// The method by which the sums are computed at this sigma.
#[derive(Debug)]
enum Way {
    /// By [`Pairwise::log_sum_exp`]; the flag is true while the share of skipped blocks is unknown.
    Blocks {
        unknown: bool,
    },
    /// From sets that are packed once.
    F32(Plan, Box<[FixedSide<f32>; 2]>),
    F64(Plan, Box<[FixedSide<f64>; 2]>),
}

impl Pairwise {
    /// Prepares the sums between `first` (n x dim) and `second` (m x dim) for this `sigma`.
    ///
    /// # Errors
    /// Dimensions differ, `sigma` is not positive, or an interrupt.
    pub(crate) fn log_sums<'a>(&self, first: &'a Points, second: &'a Points, sigma: f64) -> Result<LogSums<'a>> {
        first.check_dim(Subject::several("the first points"), second.dim(), "the second set")?;
        let mut sums = LogSums {
            engine: self.clone(),
            sets: [first, second],
            sigma,
            orders: Orders::default(),
            way: Way::Blocks { unknown: true },
            expected: Default::default(),
        };
        sums.set_sigma(sigma)?;
        Ok(sums)
    }
}

impl LogSums<'_> {
    /// Changes sigma. The expected results are rescaled: they become `-f / sigma^2` with the same
    /// `f` as before.
    ///
    /// # Errors
    /// `sigma` is not positive, or an interrupt.
    pub fn set_sigma(&mut self, sigma: f64) -> Result<()> {
        let [first, second] = self.sets;
        self.engine.check_softmax(first, second, &Softmax::of(sigma))?;
        let ratio = (self.sigma / sigma).powi(2);
        self.expected.iter_mut().flatten().for_each(|l| *l *= ratio);
        self.sigma = sigma;
        self.choose(true);
        Ok(())
    }

    /// Chooses the method; blocks are skipped only if `may_skip`.
    fn choose(&mut self, may_skip: bool) {
        let [first, second] = self.sets;
        let options = self.engine.options();
        let scale = (0.5 * LOG2_E).sqrt() / self.sigma;
        let centre: Vec<f64> = first.mean().iter().zip(second.mean()).map(|(a, b)| 0.5 * (a + b)).collect();
        let limit = FAR / (scale * scale);
        let ((own, far), (others, far_too)) = (mean_square(first, &centre, limit), mean_square(second, &centre, limit));
        let (n, m) = (first.n(), second.n());
        let (square, far) = (scale * scale * (own + others), 8 * (far + far_too) > n + m);
        let shape = Shape { n, m, dim: first.dim(), value_dim: 0, square, far };
        let place = (&centre[..], scale);
        self.way = match plan::arithmetic(options, &shape, false) {
            Arithmetic::Naive | Arithmetic::Split(_) => Way::Blocks { unknown: false },
            _ if options.backend == super::Backend::Gemm => Way::Blocks { unknown: false },
            _ if shape.skips(options) && (may_skip || far) => Way::Blocks { unknown: !far },
            Arithmetic::F32 => {
                let plan = Plan::new::<f32>(options, &shape).without_skipping::<f32>(&shape);
                Way::F32(plan, Box::new(self.sets.map(|set| FixedSide::pack(set, place, &plan))))
            }
            Arithmetic::F64 => {
                let plan = Plan::new::<f64>(options, &shape).without_skipping::<f64>(&shape);
                Way::F64(plan, Box::new(self.sets.map(|set| FixedSide::pack(set, place, &plan))))
            }
        };
    }

    /// Computes `out[i] = log sum_j exp(l_j - |z_i - x_j|^2 / 2 sigma^2)` at the points `z` of one
    /// side. The points `x` of the other side are the sources, with log-weights `l`; a log-weight
    /// of `-inf` excludes its source.
    ///
    /// # Errors
    /// The number of log-weights is not that of the sources, or an interrupt.
    pub fn at(&mut self, side: Side, log_weights: &[f64], out: &mut Vec<f64>) -> Result<()> {
        let (here, there) = if side == Side::First { (0, 1) } else { (1, 0) };
        let (queries, sources) = (self.sets[here], self.sets[there]);
        let softmax = Softmax { sigma: self.sigma, log_weights: Some(log_weights), leave_out_self: false };
        self.engine.check_softmax(queries, sources, &softmax)?;
        out.resize(queries.n(), 0.0);
        let expected = &mut self.expected[here];
        let is_guided = expected.len() == queries.n() && expected.iter().all(|l| l.is_finite());
        if is_guided {
            out.copy_from_slice(expected);
        }
        match &self.way {
            Way::Blocks { unknown } => {
                // The work is counted apart from other users of the engine, so that the choice
                // depends on these sets alone.
                let engine = Pairwise { work: Arc::<Work>::default(), ..self.engine.clone() };
                let (orders, placements) = (&self.orders, &Placements::default());
                let call = SoftmaxCall { queries, sources, values: None, softmax, orders, placements, subtract: false };
                engine.softmax(&call, rows(None, Some(out), None))?;
                self.engine.work.add_all(&engine.work);
                if *unknown {
                    let share = engine.work.pairs() as f64 / (queries.n() as f64 * sources.n() as f64);
                    self.way = Way::Blocks { unknown: false };
                    if share > WORTH {
                        self.choose(false);
                    }
                }
            }
            Way::F32(plan, sides) => {
                pass(&self.engine, *plan, (&sides[here], &sides[there]), log_weights, is_guided, out)?;
            }
            Way::F64(plan, sides) => {
                pass(&self.engine, *plan, (&sides[here], &sides[there]), log_weights, is_guided, out)?;
            }
        }
        self.expected[here].clone_from(out);
        Ok(())
    }
}

/// Computes one side from packed sets.
fn pass<T: Real>(
    engine: &Pairwise,
    plan: Plan,
    (queries, sources): (&FixedSide<T>, &FixedSide<T>),
    log_weights: &[f64],
    is_guided: bool,
    out: &mut [f64],
) -> Result<()> {
    let scratch = engine.memory.pool();
    engine.memory.pool::<Vec<T>>().with(|bias| {
        bias.resize(sources.n, T::default());
        let chunks = bias.par_chunks_mut(ROWS).zip(log_weights.par_chunks(ROWS)).enumerate();
        chunks.for_each(|(chunk, (bias, logs))| {
            for (r, (bias, log)) in bias.iter_mut().zip(logs).enumerate() {
                *bias = T::from_f64(LOG2_E * log - sources.missing(chunk * ROWS + r, plan.form));
            }
        });
        Job { plan, queries, sources, bias }.run(out, is_guided, &scratch, (&engine.work, &engine.interrupt))
    })
}
