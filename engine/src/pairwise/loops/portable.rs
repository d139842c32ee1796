//! The loop: tasks of query panels over the threads, blocks of sources in a fixed order inside each.
//!
//! A block of sources stays in the cache while all panels of a task pass over it: scores, weights, sums. What a task
//! computes depends on its queries only, so the bytes do not depend on the number of threads.

use super::block_schedule::Walk;
use super::gemm;
use super::online_softmax::Totals;
use super::output_row::{RowOut, nearest};
use super::tile::{self, Form, Row, WIDTH};
use crate::pairwise::Work;
use crate::pairwise::kernel::{Kernel, Part, RadialKernel, Visitor};
use crate::pairwise::pack::Packed;
use crate::pairwise::pack::kd_order::{Order, permuted};
use crate::pairwise::plan::Plan;
use crate::pairwise::pruning::{Ball, Bounds};
use crate::simd::Real;
use crate::simd::{Buffer, Pool};
use crate::{Interrupt, Points, Result};
use pulp::{Simd, WithSimd, bytemuck};
use rayon::prelude::*;

/// Most panels per task.
const PANELS: usize = 4;

/// One call.
pub struct Job<'a, T> {
    pub plan: Plan,
    pub queries: &'a Points,
    /// The order in which queries are dealt with.
    pub query_order: Option<&'a Order>,
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
}

/// How scores become weights.
#[derive(Clone, Copy)]
pub enum Weights<'a, T> {
    /// Softmax over the sources.
    Softmax,
    /// `factor w_j f(t)` with the lane profile `f` of this part of the kernel.
    Kernel { kernel: Kernel, part: Part, factor: f64, weights: &'a [T] },
}

/// Scratch of one task.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    queries: Buffer<T>,
    squares: Vec<f64>,
    best: Vec<f64>,
    scores: Buffer<T>,
    sums: Buffer<T>,
}

impl<T: Real> Job<'_, T> {
    /// Runs all tasks.
    ///
    /// # Errors
    /// An interrupt, which is looked at before every task.
    pub fn run(&self, rows: Vec<RowOut>, pool: &Pool<Scratch<T>>, work: &Work, interrupt: &Interrupt) -> Result<()> {
        let mut rows = match self.query_order {
            Some(order) => permuted(rows, &order.index),
            None => rows,
        };
        rows.par_chunks_mut(self.plan.rows()).enumerate().try_for_each(|(t, rows)| {
            interrupt.check()?;
            let sample_size = rows.iter().any(|r| r.ess.is_some());
            let pairs = pool.with(|scratch| {
                let task = Task { job: self, first: t * self.plan.rows(), rows, scratch };
                // Squares of weights cost time: they are summed only where they are asked for.
                if sample_size {
                    self.plan.isa.run(With::<_, true>(task))
                } else {
                    self.plan.isa.run(With::<_, false>(task))
                }
            });
            work.add(pairs, self.sources.dim + self.sources.value_dim);
            Ok(())
        })
    }

    /// The query at this position.
    fn query(&self, position: usize) -> usize {
        self.query_order.map_or(position, |o| o.index[position] as usize)
    }

    /// Where the source that is the query at `position` was packed.
    fn twin(&self, position: usize) -> usize {
        let index = self.query(position);
        self.source_order.map_or(index, |o| o.position.get(index).map_or(usize::MAX, |p| *p as usize))
    }
}

struct Task<'a, 'b, T> {
    job: &'a Job<'a, T>,
    first: usize,
    rows: &'a mut [RowOut<'b>],
    scratch: &'a mut Scratch<T>,
}

/// A task that sums squares of weights or does not.
struct With<K, const SQUARES: bool>(K);

impl<T: Real, const SQUARES: bool> WithSimd for With<Task<'_, '_, T>, SQUARES> {
    /// Pairs that were not skipped.
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let With(mut task) = self;
        let (job, scratch) = (task.job, &mut *task.scratch);
        let Job { plan, sources, .. } = *job;
        let panels = task.rows.len().div_ceil(plan.width);
        let (dim, value_dim) = (sources.dim, sources.value_dim);
        pack_queries(job, task.first, task.rows.len(), scratch);
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
                panels: (0..panels).map(|p| job.panel_ball(&queries[panel(p)])).collect(),
                at: None,
                best: &mut scratch.best,
            },
        };
        let mut pairs = 0;
        while let Some((p, block)) = walk.next(|p| lowest_maximum(&totals[p], &scratch.squares[p * plan.width..])) {
            let from = block * plan.block;
            let count = plan.block.min(sources.m - from);
            let live = plan.width.min(task.rows.len() - p * plan.width);
            let s = &mut tile::rows_mut::<T, S>(scores)[..count];
            let q = tile::rows::<T, S>(&queries[panel(p)]);
            if plan.gemm {
                let q = &queries[panel(p)];
                gemm::scores(q, sources.x(from, count), sources.bias(from, count), &mut scores[..count * plan.width]);
            } else {
                tile::scores::<T, S>(simd, plan.form, q, sources.x(from, count), sources.bias(from, count), s);
            }
            job.leave_out(task.first + p * plan.width, live, from, count, scores);
            let s = &mut tile::rows_mut::<T, S>(scores)[..count];
            let o = &mut sums[p * value_dim..(p + 1) * value_dim];
            absorb::<T, S, SQUARES>(
                simd,
                (job.weights, plan.gemm),
                &mut totals[p],
                s,
                (sources.values(from, count), from),
                o,
            );
            pairs += count * live;
        }
        task.finish(&totals[..panels]);
        pairs
    }
}

/// The smallest of the queries' largest scores, with `|q|^2` taken off where the form lacks it.
fn lowest_maximum<T: Real, S: Simd>(totals: &Totals<T, S>, squares: &[f64]) -> f64 {
    let max: &[T] = bytemuck::cast_slice(std::slice::from_ref(&totals.max));
    max.iter().zip(squares).map(|(m, s)| m.to_f64() - s).fold(f64::INFINITY, f64::min)
}

/// Packs the task's queries into panels; what is left of the last panel repeats the last query.
fn pack_queries<T: Real>(job: &Job<T>, first: usize, count: usize, scratch: &mut Scratch<T>) {
    let Job { plan, sources, queries, .. } = *job;
    let (dim, width) = (sources.dim, plan.width);
    let panels = count.div_ceil(width);
    let q = scratch.queries.take(panels * dim * width);
    scratch.squares.clear();
    for i in 0..panels * width {
        let query = queries.row(job.query(first + i.min(count - 1)));
        let square = sources.pack_query(query, plan.form, &mut q[i / width * dim * width..], i % width, width);
        scratch.squares.push(if plan.form == Form::Product { square } else { 0.0 });
    }
}

/// Takes one block's scores into the totals and sums of a panel.
#[inline(always)]
fn absorb<T: Real, S: Simd, const SQUARES: bool>(
    simd: S,
    (weights, gemm): (Weights<T>, bool),
    totals: &mut Totals<T, S>,
    s: &mut [Row<T, S>],
    (v, from): (&[T], usize),
    o: &mut [Row<T, S>],
) {
    match weights {
        Weights::Softmax => {
            let scale = totals.raise(simd, s);
            match o.len() {
                1 => totals.softmax_direct::<1, SQUARES>(simd, s, v, o, &scale),
                2 => totals.softmax_direct::<2, SQUARES>(simd, s, v, o, &scale),
                3 => totals.softmax_direct::<3, SQUARES>(simd, s, v, o, &scale),
                4 => totals.softmax_direct::<4, SQUARES>(simd, s, v, o, &scale),
                _ => {
                    totals.softmax::<SQUARES>(simd, s);
                    if gemm {
                        let [w, scale] = [bytemuck::cast_slice(s), bytemuck::cast_slice(&scale)];
                        gemm::accumulate::<T>(w, v, bytemuck::cast_slice_mut(o), scale);
                    } else {
                        tile::accumulate::<T, S>(simd, s, v, o, &scale);
                    }
                }
            }
        }
        Weights::Kernel { kernel, part, weights, .. } => {
            let w = &weights[from..from + s.len()];
            kernel.visit(Weigh { simd, part, totals, w, s: &mut *s });
            let one = [T::splat(simd, T::from_f64(1.0)); WIDTH];
            tile::accumulate::<T, S>(simd, s, v, o, &one);
        }
    }
}

/// Turns a block's scores into the weights of a kernel.
struct Weigh<'a, T: Real, S: Simd> {
    simd: S,
    part: Part,
    totals: &'a mut Totals<T, S>,
    w: &'a [T],
    s: &'a mut [Row<T, S>],
}

impl<T: Real, S: Simd> Visitor for Weigh<'_, T, S> {
    type Output = ();

    #[inline(always)]
    fn visit<K: RadialKernel>(self, _: K) {
        let Weigh { simd, part, totals, w, s } = self;
        match part {
            Part::Value => totals.kernel::<K, false>(simd, w, s),
            Part::Slope => totals.kernel::<K, true>(simd, w, s),
        }
    }
}

/// Finds a score at which a part of a kernel is 0.
struct Vanishing(Part);

impl Visitor for Vanishing {
    type Output = f64;

    fn visit<K: RadialKernel>(self, _: K) -> f64 {
        K::vanishing_score(self.0)
    }
}

impl<T: Real> Job<'_, T> {
    /// Gives the pairs of a query with itself a score whose weight is 0.
    fn leave_out(&self, first: usize, queries: usize, from: usize, count: usize, scores: &mut [T]) {
        let score = match self.weights {
            _ if !self.leave_out_self => return,
            Weights::Softmax => f64::NEG_INFINITY,
            Weights::Kernel { kernel, part, .. } => kernel.visit(Vanishing(part)),
        };
        let width = self.plan.width;
        for lane in 0..width.min(queries) {
            let twin = self.twin(first + lane);
            if (from..from + count).contains(&twin) {
                scores[(twin - from) * width + lane] = T::from_f64(score);
            }
        }
    }

    /// The ball of a packed panel.
    fn panel_ball(&self, q: &[T]) -> Ball {
        let (dim, width) = (self.sources.dim, self.plan.width);
        let factor = if self.plan.form == Form::Product { 0.5 } else { 1.0 };
        Ball::of(width, dim, |lane| q.iter().skip(lane).step_by(width).map(move |x| T::from_f64(factor * x.to_f64())))
    }
}

impl<T: Real> Task<'_, '_, T> {
    fn finish<S: Simd>(&mut self, totals: &[Totals<T, S>]) {
        let Job { plan, sources, weights, subtract, .. } = *self.job;
        let dim = sources.value_dim;
        let sums = self.scratch.sums.slice(totals.len() * dim * plan.width);
        for (i, row) in self.rows.iter_mut().enumerate() {
            let (p, lane) = (i / plan.width, i % plan.width);
            let [max, sum, squares] = [totals[p].max, totals[p].sum, totals[p].squares]
                .map(|row| bytemuck::cast_slice::<Row<T, S>, T>(&[row])[lane].to_f64());
            let summed = |c: usize| sources.value_scale() * sums[(p * dim + c) * plan.width + lane].to_f64();
            match weights {
                Weights::Softmax => {
                    if sum > 0.0 {
                        row.put_values(subtract, |c| sources.value_centre[c] + summed(c) / sum);
                    } else {
                        let left_out = self.job.leave_out_self.then(|| self.job.query(self.first + i));
                        let query = self.job.queries.row(self.job.query(self.first + i));
                        let nearest = nearest(query, self.job.original.0, left_out);
                        row.put_values(subtract, |c| self.job.original.1.map_or(0.0, |v| v.row(nearest)[c]));
                    }
                    row.put_softmax(max - self.scratch.squares[i], sum, squares);
                }
                Weights::Kernel { factor, .. } => {
                    row.put_values(subtract, |c| factor * (sources.value_centre[c] * sum + summed(c)));
                    if let Some(mass) = &mut row.mass {
                        **mass = factor * sum;
                    }
                }
            }
        }
    }
}
