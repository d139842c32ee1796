//! The loop for registers of any width: tasks of query panels over the threads, blocks of sources in a fixed order inside
//! each.
//!
//! A block of sources stays in the cache while all panels of a task pass over it: scores, weights, sums. What a task
//! computes depends on its queries only, so the bytes do not depend on the number of threads.

use super::Loops;
use super::block_schedule::Walk;
use super::gemm;
use super::online_softmax::Totals;
use super::output_row::{RowOut, nearest};
use super::tile::{self, Form, Row, WIDTH};
use super::weights::Weights;
use crate::pairwise::dispatch::Measure;
use crate::pairwise::pack::Packed;
use crate::pairwise::pack::frame::{Moved, median};
use crate::pairwise::pack::kd_order::{Order, permuted};
use crate::pairwise::plan::{Centres, Plan, Shape};
use crate::pairwise::pruning::{Ball, Bounds};
use crate::pairwise::reductions::{KernelCall, SoftmaxCall};
use crate::pairwise::rounding::{Rounding, Seen};
use crate::pairwise::scratch::Working;
use crate::pairwise::{KernelSum, Pairwise, Work};
use crate::simd::{Buffer, Pool, Real};
use crate::{Interrupt, Points, Result};
use pulp::{Simd, WithSimd, bytemuck};
use rayon::prelude::*;
use std::f64::consts::LOG2_E;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

/// Most panels per task.
const PANELS: usize = 4;

/// These loops in one working type.
#[derive(Default)]
pub struct Portable<T>(PhantomData<T>);

impl<T: Working> Loops for Portable<T> {
    fn softmax<'b>(
        &self,
        engine: &Pairwise,
        call: &SoftmaxCall,
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        let SoftmaxCall { queries, sources, softmax, subtract, .. } = *call;
        let plan = Plan::new::<T>(&engine.options, &Shape { n: rows.len(), ..measure.shape });
        let order = plan.skip.then(|| Order::of(sources, plan.block));
        let rows = if plan.skip { in_space_order(rows, queries, plan.width) } else { rows };
        let pad = T::pad(&engine.memory);
        pad.packed.with(|packed| {
            match (&order, plan.centres) {
                (Some(order), Centres::Many) => {
                    packed.pack_blocks(sources, call.values, measure.place(), plan.block, softmax.log_weights, order);
                }
                _ => {
                    let place = measure.place();
                    packed.pack(sources, call.values, place, plan.form, softmax.log_weights, order.as_ref());
                }
            }
            let bounds = plan.skip.then(|| Bounds::of(packed, &plan));
            let top = softmax.log_weights.map_or(0.0, |l| LOG2_E * l.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            let job = Job {
                plan,
                queries,
                sources: packed,
                source_order: order.as_ref(),
                bounds: bounds.as_ref(),
                original: (sources, call.points()),
                leave_out_self: call.leave_out_self(),
                weights: Weights::Softmax,
                subtract,
                rounding: keeping::<T>(Rounding::of::<T>(plan.form, top, measure.unit)),
            };
            job.run(rows, &pad.portable, (&engine.work, &engine.interrupt))
        })
    }

    fn kernel<'b>(
        &self,
        engine: &Pairwise,
        call: &KernelCall,
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        let KernelCall { queries, sources, sum } = *call;
        let shape = Shape { far: false, ..measure.shape };
        // A root magnifies the rounding of a small squared distance: no product form here.
        let plan = Plan { form: Form::Difference, gemm: false, ..Plan::new::<T>(&engine.options, &shape) };
        let weights: Vec<T> = match sum.weights {
            Some(weights) => weights.iter().map(|w| T::from_f64(*w)).collect(),
            None => vec![T::from_f64(1.0); sources.n()],
        };
        let pad = T::pad(&engine.memory);
        pad.packed.with(|packed| {
            packed.pack(sources, sum.values, measure.place(), plan.form, None, None);
            let KernelSum { kernel, part, leave_out_self, .. } = sum;
            let job = Job {
                plan,
                queries,
                sources: packed,
                source_order: None,
                bounds: None,
                original: (sources, call.points()),
                leave_out_self,
                weights: Weights::Kernel { kernel, part, factor: measure.factor, weights: &weights },
                subtract: false,
                rounding: keeping::<T>(Rounding::of::<T>(plan.form, 0.0, measure.unit)),
            };
            job.run(rows, &pad.portable, (&engine.work, &engine.interrupt))
        })
    }
}

/// f64 keeps its digits, or nothing does.
fn keeping<T: Real>(rounding: Rounding) -> Option<Rounding> {
    (size_of::<T>() == 4).then_some(rounding)
}

/// Rows whose queries are near each other beside each other.
fn in_space_order<'b>(rows: Vec<RowOut<'b>>, queries: &Points, leaf: usize) -> Vec<RowOut<'b>> {
    let order = if rows.len() == queries.n() {
        Order::of(queries, leaf)
    } else {
        Order::of(&queries.select(&rows.iter().map(|row| row.query).collect::<Vec<_>>()), leaf)
    };
    permuted(rows, &order.index)
}

/// One call.
pub struct Job<'a, T> {
    pub plan: Plan,
    pub queries: &'a Points,
    pub sources: &'a Packed<T>,
    /// The order in which sources were packed.
    pub source_order: Option<&'a Order>,
    /// What lets blocks be skipped.
    pub bounds: Option<&'a Bounds>,
    /// Sources and values as the caller gave them.
    pub original: (&'a Points, Option<&'a Points>),
    pub leave_out_self: bool,
    pub weights: Weights<'a, T>,
    /// What the rows hold is taken away from the values.
    pub subtract: bool,
    /// Queries that do not keep their digits are handed back; None keeps all.
    pub rounding: Option<Rounding>,
}

/// Scratch of one task.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    queries: Buffer<T>,
    /// Squared norms of the queries, and what of them scores lack.
    norms: Vec<f64>,
    squares: Vec<f64>,
    /// Centres of the panels, panels x dim, and how far from them blocks were moved.
    centres: Vec<f64>,
    axis: Vec<f64>,
    reach: Vec<f64>,
    best: Vec<f64>,
    moved: Moved<T>,
    scores: Buffer<T>,
    sums: Buffer<T>,
}

impl<T: Real> Job<'_, T> {
    /// Runs all tasks, on the rows in this order. Returns those whose queries did not keep their digits, as they were, by
    /// query.
    ///
    /// # Errors
    /// An interrupt, which is looked at before every task.
    pub fn run<'b>(
        &self,
        mut rows: Vec<RowOut<'b>>,
        pool: &Pool<Scratch<T>>,
        (work, interrupt): (&Work, &Interrupt),
    ) -> Result<Vec<RowOut<'b>>> {
        let undone = Mutex::new(Vec::new());
        rows.par_chunks_mut(self.plan.rows()).try_for_each(|rows| {
            interrupt.check()?;
            let sample_size = rows.iter().any(|r| r.ess.is_some());
            let (pairs, left) = pool.with(|scratch| {
                let task = Task { job: self, rows, scratch };
                // Squares of weights cost time: they are summed only where they are asked for.
                if sample_size {
                    self.plan.isa.run(With::<_, true>(task))
                } else {
                    self.plan.isa.run(With::<_, false>(task))
                }
            });
            work.add(pairs, self.sources.dim + self.sources.value_dim);
            if !left.is_empty() {
                undone.lock().unwrap_or_else(PoisonError::into_inner).extend(left);
            }
            Ok(())
        })?;
        let mut undone = undone.into_inner().unwrap_or_else(PoisonError::into_inner);
        undone.sort_unstable_by_key(|row: &RowOut| row.query);
        Ok(undone)
    }

    /// Where the source that is this query was packed.
    fn twin(&self, query: usize) -> usize {
        self.source_order.map_or(query, |o| o.position.get(query).map_or(usize::MAX, |p| *p as usize))
    }

    /// Gives the pairs of a query with itself a score whose weight is 0.
    fn leave_out(&self, rows: &[RowOut], from: usize, count: usize, scores: &mut [T]) {
        if !self.leave_out_self {
            return;
        }
        let (width, score) = (self.plan.width, T::from_f64(self.weights.vanishing_score()));
        for (lane, row) in rows.iter().enumerate() {
            let twin = self.twin(row.query);
            if (from..from + count).contains(&twin) {
                scores[(twin - from) * width + lane] = score;
            }
        }
    }
}

struct Task<'a, 'b, T> {
    job: &'a Job<'a, T>,
    rows: &'a mut [RowOut<'b>],
    scratch: &'a mut Scratch<T>,
}

/// A task that sums squares of weights or does not.
struct With<K, const SQUARES: bool>(K);

impl<'b, T: Real, const SQUARES: bool> WithSimd for With<Task<'_, 'b, T>, SQUARES> {
    /// Pairs that were not skipped, and queries that were not done.
    type Output = (usize, Vec<RowOut<'b>>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (usize, Vec<RowOut<'b>>) {
        let With(mut task) = self;
        task.pack_queries();
        let (job, scratch) = (task.job, &mut *task.scratch);
        let Job { plan, sources, .. } = *job;
        let panels = task.rows.len().div_ceil(plan.width);
        let (dim, value_dim) = (sources.dim, sources.value_dim);
        let mut totals = [Totals::<T, S>::new(simd); PANELS];
        let sums = tile::rows_mut::<T, S>(scratch.sums.take(panels * value_dim * plan.width));
        sums.fill([T::splat(simd, T::default()); WIDTH]);
        let queries = scratch.queries.slice(panels * dim * plan.width);
        let scores = scratch.scores.take(plan.block * plan.width);
        let blocks = sources.m.div_ceil(plan.block);
        let panel = |p: usize| p * dim * plan.width..(p + 1) * dim * plan.width;
        let mut walk = match job.bounds {
            None => Walk::Full { met: 0, panels, blocks },
            Some(bounds) => Walk::Bounded {
                bounds,
                panels: (0..panels)
                    .map(|p| job.panel_ball(&queries[panel(p)], &scratch.centres[p * dim..(p + 1) * dim]))
                    .collect(),
                at: None,
                best: &mut scratch.best,
            },
        };
        let mut pairs = 0;
        while let Some((p, block)) = walk.next(|p| lowest_maximum(&totals[p], &scratch.squares[p * plan.width..])) {
            let from = block * plan.block;
            let count = plan.block.min(sources.m - from);
            let live = plan.width.min(task.rows.len() - p * plan.width);
            let (x, bias) = if sources.by_blocks() {
                let centre = &scratch.centres[p * dim..(p + 1) * dim];
                let (x, bias, moved) = scratch.moved.block(sources, (from, count), centre, plan.form);
                scratch.reach[p] = scratch.reach[p].max(moved);
                (x, bias)
            } else {
                (sources.x(from, count), sources.bias(from, count))
            };
            let q = &queries[panel(p)];
            if plan.gemm {
                gemm::scores(q, x, bias, &mut scores[..count * plan.width]);
            } else {
                let s = &mut tile::rows_mut::<T, S>(scores)[..count];
                tile::scores::<T, S>(simd, plan.form, tile::rows::<T, S>(q), x, bias, s);
            }
            job.leave_out(&task.rows[p * plan.width..][..live], from, count, scores);
            let s = &mut tile::rows_mut::<T, S>(scores)[..count];
            let o = &mut sums[p * value_dim..(p + 1) * value_dim];
            let v = if sources.values_are_sources() { x } else { sources.values(from, count) };
            job.weights.absorb::<S, SQUARES>(simd, plan.gemm, &mut totals[p], s, (v, from), o);
            pairs += count * live;
        }
        (pairs, task.finish(&totals[..panels]))
    }
}

/// The smallest of the queries' largest scores, with `|q|^2` taken off where the form lacks it.
fn lowest_maximum<T: Real, S: Simd>(totals: &Totals<T, S>, squares: &[f64]) -> f64 {
    let max: &[T] = bytemuck::cast_slice(std::slice::from_ref(&totals.max));
    max.iter().zip(squares).map(|(m, s)| m.to_f64() - s).fold(f64::INFINITY, f64::min)
}

impl<T: Real> Job<'_, T> {
    /// The ball of a packed panel, around the common centre.
    fn panel_ball(&self, q: &[T], centre: &[f64]) -> Ball {
        let (dim, width, sources) = (self.sources.dim, self.plan.width, self.sources);
        let factor = if self.plan.form == Form::Product { 0.5 } else { 1.0 };
        let moved = || centre.iter().zip(&sources.centre).map(|(panel, all)| (panel - all) * sources.scale);
        let ball = Ball::of(width, dim, |lane| {
            q.iter().skip(lane).step_by(width).zip(moved()).map(move |(x, moved)| factor * x.to_f64() + moved)
        });
        ball.with_room(T::EPSILON, sources.by_blocks())
    }
}

impl<'b, T: Real> Task<'_, 'b, T> {
    /// Packs the task's queries into panels; what is left of the last panel repeats the last query.
    fn pack_queries(&mut self) {
        let Job { plan, sources, queries, .. } = *self.job;
        let (dim, width, count) = (sources.dim, plan.width, self.rows.len());
        let panels = count.div_ceil(width);
        let scratch = &mut *self.scratch;
        let q = scratch.queries.take(panels * dim * width);
        scratch.norms.resize(panels * width, 0.0);
        scratch.squares.resize(panels * width, 0.0);
        scratch.centres.resize(panels * dim, 0.0);
        scratch.reach.clear();
        scratch.reach.resize(panels, 0.0);
        let query = |i: usize| queries.row(self.rows[i.min(count - 1)].query);
        for (p, centre) in scratch.centres.chunks_exact_mut(dim).enumerate() {
            if sources.by_blocks() {
                median(width, |lane| query(p * width + lane), dim, &mut scratch.axis, centre);
            } else {
                centre.copy_from_slice(&sources.centre);
            }
            let panel = &mut q[p * dim * width..(p + 1) * dim * width];
            for lane in 0..width {
                let query = query(p * width + lane);
                let square = sources.pack_query((query, centre), plan.form, panel, lane, width);
                scratch.norms[p * width + lane] = square;
                scratch.squares[p * width + lane] = if plan.form == Form::Product { square } else { 0.0 };
            }
        }
    }

    /// Writes the rows, but for those whose digits were lost.
    fn finish<S: Simd>(&mut self, totals: &[Totals<T, S>]) -> Vec<RowOut<'b>> {
        let Job { plan, sources, weights, subtract, .. } = *self.job;
        let (job, scratch, dim) = (self.job, &*self.scratch, sources.value_dim);
        let sums = scratch.sums.slice(totals.len() * dim * plan.width);
        let mut undone = Vec::new();
        for (i, row) in self.rows.iter_mut().enumerate() {
            let (p, lane) = (i / plan.width, i % plan.width);
            let [max, sum, squares] = [totals[p].max, totals[p].sum, totals[p].squares]
                .map(|row| bytemuck::cast_slice::<Row<T, S>, T>(&[row])[lane].to_f64());
            let max = max - scratch.squares[i];
            let query = row.query;
            if let Some(rounding) = &job.rounding {
                let seen = Seen { square: scratch.norms[i], reach: scratch.reach[p], max, sum };
                if !rounding.keeps(&weights, &seen) {
                    undone.push(std::mem::take(row));
                    continue;
                }
            }
            let centre = if sources.by_blocks() && sources.values_are_sources() {
                &scratch.centres[p * dim..(p + 1) * dim]
            } else {
                &sources.value_centre[..]
            };
            let summed = |c: usize| sources.value_scale() * sums[(p * dim + c) * plan.width + lane].to_f64();
            match weights {
                Weights::Softmax => {
                    if sum > 0.0 {
                        row.put_values(subtract, |c| centre[c] + summed(c) / sum);
                    } else {
                        let left_out = job.leave_out_self.then_some(query);
                        let nearest = nearest(job.queries.row(query), job.original.0, left_out);
                        row.put_values(subtract, |c| job.original.1.map_or(0.0, |v| v.row(nearest)[c]));
                    }
                    row.put_softmax(max, sum, squares);
                }
                Weights::Kernel { factor, .. } => {
                    row.put_values(subtract, |c| factor * (centre[c] * sum + summed(c)));
                    row.put(factor * sum, 1.0);
                }
            }
        }
        undone
    }
}
