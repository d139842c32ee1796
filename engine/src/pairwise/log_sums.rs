//! Log-sum-exps between two sets of points that do not move. The log-weights change from call to
//! call, as in Sinkhorn's iteration.

use super::call::{Softmax, SoftmaxCall};
use super::engine::Pairwise;
use super::grid::placements::Placements;
use super::loops::log_sums::Job;
use super::loops::output_row::rows;
use super::options::PairwiseOptions;
use super::pack::FixedSide;
use super::plan::{self, Arithmetic, Plan, Shape, mean_square};
use super::ranks::leader::Call;
use super::ranks::shared::collect;
use super::rounding::FAR;
use super::work::Work;
use crate::points::kd_order::Orders;
use crate::points::nth_block;
use crate::simd::Real;
use crate::{Points, Result, Subject};
use rayon::prelude::*;
use std::f64::consts::LOG2_E;
use std::ops::Range;
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
/// distance, with distances in units of sigma. Queries are computed again in f64 only if blocks are
/// skipped.
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
    /// Changes sigma. The expected results are `-f / sigma^2` with a potential `f`; they are
    /// rescaled so that `f` stays the same.
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
        let (options, setting) = (self.engine.options(), Setting::of(self.sets, self.sigma));
        let Setting { shape, .. } = &setting;
        self.way = match plan::arithmetic(options, shape, false) {
            Arithmetic::Naive | Arithmetic::Split(_) => Way::Blocks { unknown: false },
            _ if options.backend == super::Backend::Gemm => Way::Blocks { unknown: false },
            _ if shape.skips(options) && (may_skip || shape.far) => Way::Blocks { unknown: !shape.far },
            Arithmetic::F32 => {
                let plan = setting.plan::<f32>(options);
                Way::F32(plan, Box::new(self.sets.map(|set| setting.pack(set, &plan))))
            }
            Arithmetic::F64 => {
                let plan = setting.plan::<f64>(options);
                Way::F64(plan, Box::new(self.sets.map(|set| setting.pack(set, &plan))))
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
                let mut shared = self.share(Arithmetic::F32, (queries, sources), (log_weights, is_guided), out);
                let sides = (&sides[here], &sides[there]);
                pass((&self.engine, shared.as_mut()), *plan, sides, log_weights, is_guided, out)?;
            }
            Way::F64(plan, sides) => {
                let mut shared = self.share(Arithmetic::F64, (queries, sources), (log_weights, is_guided), out);
                let sides = (&sides[here], &sides[there]);
                pass((&self.engine, shared.as_mut()), *plan, sides, log_weights, is_guided, out)?;
            }
        }
        self.expected[here].clone_from(out);
        Ok(())
    }

    /// Begins the same call on the other ranks, if there are other ranks and the call is large.
    fn share(
        &self,
        arithmetic: Arithmetic,
        sets: (&Points, &Points),
        (log_weights, is_guided): (&[f64], bool),
        expected: &[f64],
    ) -> Option<Call<'_>> {
        let expected = is_guided.then_some(expected);
        self.engine.start_log_sums(arithmetic, sets, self.sigma, (log_weights, expected))
    }
}

/// How two sets are packed at this sigma.
struct Setting {
    centre: Vec<f64>,
    scale: f64,
    shape: Shape,
}

impl Setting {
    fn of([first, second]: [&Points; 2], sigma: f64) -> Setting {
        let scale = (0.5 * LOG2_E).sqrt() / sigma;
        let centre: Vec<f64> = first.mean().iter().zip(second.mean()).map(|(a, b)| 0.5 * (a + b)).collect();
        let limit = FAR / (scale * scale);
        let ((own, far), (others, far_too)) = (mean_square(first, &centre, limit), mean_square(second, &centre, limit));
        let (n, m) = (first.n(), second.n());
        let (square, far) = (scale * scale * (own + others), 8 * (far + far_too) > n + m);
        Setting { centre, scale, shape: Shape { n, m, dim: first.dim(), value_dim: 0, square, far } }
    }

    fn plan<T: Real>(&self, options: &PairwiseOptions) -> Plan {
        Plan::new::<T>(options, &self.shape).without_skipping::<T>(&self.shape)
    }

    fn pack<T: Real>(&self, set: &Points, plan: &Plan) -> FixedSide<T> {
        FixedSide::pack(set, (&self.centre, self.scale), plan)
    }
}

/// Computes one side from packed sets, on all ranks if the call is shared.
fn pass<T: Real>(
    (engine, shared): (&Pairwise, Option<&mut Call>),
    plan: Plan,
    (queries, sources): (&FixedSide<T>, &FixedSide<T>),
    log_weights: &[f64],
    is_guided: bool,
    out: &mut [f64],
) -> Result<()> {
    let ranks = shared.as_ref().map_or(1, |shared| shared.size());
    let all: Vec<Range<usize>> = (0..ranks).map(|rank| panels(&plan, out.len(), (rank, ranks))).collect();
    panels_of(engine, plan, (queries, sources), log_weights, is_guided, (0, &mut out[all[0].clone()]))?;
    match shared {
        Some(shared) => collect((shared, engine), |rank| all[rank].clone(), (1, out)),
        None => Ok(()),
    }
}

/// Returns the queries of one rank: whole panels.
fn panels(plan: &Plan, queries: usize, (rank, ranks): (usize, usize)) -> Range<usize> {
    let Range { start, end } = nth_block(queries.div_ceil(plan.width), ranks, rank);
    start * plan.width..queries.min(end * plan.width)
}

/// Computes the results of some queries into `out.1`. The first of these queries is the first query
/// of panel `out.0`.
fn panels_of<T: Real>(
    engine: &Pairwise,
    plan: Plan,
    (queries, sources): (&FixedSide<T>, &FixedSide<T>),
    log_weights: &[f64],
    is_guided: bool,
    out: (usize, &mut [f64]),
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

impl Pairwise {
    /// Returns this rank's part of the log-sum-exps between two sets that do not move. Rank 0 has
    /// chosen this arithmetic and sends the log-weights and the expected results, if it has any.
    pub(super) fn log_sums_part(
        &self,
        arithmetic: Arithmetic,
        sets: (&Points, &Points),
        sigma: f64,
        given: (&[f64], Option<&[f64]>),
        ranks: (usize, usize),
    ) -> Result<Vec<f64>> {
        match arithmetic {
            Arithmetic::F64 => self.log_sums_part_in::<f64>(sets, sigma, given, ranks),
            _ => self.log_sums_part_in::<f32>(sets, sigma, given, ranks),
        }
    }

    fn log_sums_part_in<T: Real>(
        &self,
        (queries, sources): (&Points, &Points),
        sigma: f64,
        (log_weights, expected): (&[f64], Option<&[f64]>),
        ranks: (usize, usize),
    ) -> Result<Vec<f64>> {
        let setting = Setting::of([queries, sources], sigma);
        let plan = setting.plan::<T>(&self.options);
        let rows = panels(&plan, queries.n(), ranks);
        let mut out = match expected {
            Some(expected) => expected[rows.clone()].to_vec(),
            None => vec![0.0; rows.len()],
        };
        let sides = (setting.pack::<T>(queries, &plan), setting.pack::<T>(sources, &plan));
        let from = rows.start / plan.width;
        panels_of(self, plan, (&sides.0, &sides.1), log_weights, expected.is_some(), (from, &mut out))?;
        Ok(out)
    }
}
