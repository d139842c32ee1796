//! The backend for matrix units: softmax means of the sources, by products of numbers split into
//! bfloat16 parts. Panels and blocks are combined in the same order as in [`super::portable`].
//!
//! Panels of 32 queries lie across two registers; scores, weights and sums are computed in squares
//! of 32 x 32 numbers. Every pair of a panel and a block passes through three stages of a pipeline.
//! While the matrix units compute the scores of one pair and the sums of another, the vector units
//! compute the weights of the pair between them.

use super::amx_stages::{Job, Meanwhile, Stages, rows_of};
use super::online_softmax_amx::{Row, Totals, Weigh};
use super::output_row::{RowOut, nearest};
use super::{Loops, RowByRow};
use crate::pairwise::call::{KernelCall, SoftmaxCall};
use crate::pairwise::measure::Measure;
use crate::pairwise::pack::bf16_split::Split;
use crate::pairwise::{Pairwise, Work};
use crate::simd::{Buffer, Isa, Pool, SIDE, Terms, Tiles};
use crate::{Interrupt, Result};
use pulp::{Simd, WithSimd, bytemuck};
use rayon::prelude::*;

/// The largest number of panels per task.
const PANELS: usize = 16;

/// Bytes of packed sources per block, and of queries and sums per task; both fit a second-level
/// cache.
const BLOCK_BYTES: usize = 1 << 18;
const TASK_BYTES: usize = 5 << 18;

/// Numbers between two buffers that are used together, so that the buffers do not start at the same
/// offset within a page.
const APART: usize = 64;

/// Returns the number of sources per block for this many coordinates.
pub fn block(dim: usize) -> usize {
    (BLOCK_BYTES / (8 * dim.next_multiple_of(SIDE))).clamp(3 * SIDE, 8 * SIDE) / SIDE * SIDE
}

/// The backend, for softmax means of the sources.
pub struct Amx(pub Terms);

impl Loops for Amx {
    fn softmax<'b>(
        &self,
        engine: &Pairwise,
        call: &SoftmaxCall,
        measure: &Measure,
        mut rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        let SoftmaxCall { queries, sources, softmax, subtract, .. } = *call;
        engine.memory.pool::<Split>().with(|packed| {
            packed.pack(sources, measure.place(), softmax.log_weights, block(sources.dim()), self.0);
            let leave_out_self = call.leave_out_self();
            let job = Job { queries, sources, packed, terms: self.0, leave_out_self, subtract };
            job.run(&mut rows, &engine.memory.pool(), &engine.work, &engine.interrupt)
        })?;
        Ok(Vec::new())
    }

    /// Returns all rows uncomputed, because this backend has no kernels. The plan does not select
    /// it for kernel sums; if it did, the returned rows would be computed in f64.
    fn kernel<'b>(&self, _: &Pairwise, _: &KernelCall, _: &Measure, rows: Vec<RowOut<'b>>) -> Result<Vec<RowOut<'b>>> {
        Ok(rows)
    }
}

impl RowByRow for Amx {
    fn unit(&self, _: &Pairwise, _: &Measure) -> (usize, bool) {
        (SIDE, false)
    }
}

/// Buffers of one task.
#[derive(Debug, Default)]
pub struct Scratch {
    queries: Buffer<u16>,
    /// The indices of the queries.
    order: Vec<usize>,
    squares: Vec<f64>,
    scores: Buffer<f32>,
    weights: Buffer<u32>,
    sums: Buffer<f32>,
}

impl Job<'_> {
    /// Runs all tasks; the machine must have matrix units.
    ///
    /// # Errors
    /// An interrupt, which is checked before every task.
    pub fn run(&self, rows: &mut [RowOut], pool: &Pool<Scratch>, work: &Work, interrupt: &Interrupt) -> Result<()> {
        // The assignment of panels to tasks changes no result, because each panel is summed
        // separately.
        let even = rows.len().div_ceil(SIDE * 4 * rayon::current_num_threads());
        let panels = (TASK_BYTES / (SIDE * 8 * self.packed.depth)).min(even).clamp(1, PANELS);
        rows.par_chunks_mut(panels * SIDE).try_for_each(|rows| {
            interrupt.check()?;
            let pairs = rows.len() * self.packed.m;
            let sample_size = rows.iter().any(|r| r.ess.is_some());
            pool.with(|scratch| {
                let Some(tiles) = Tiles::acquire() else { return };
                let task = Task { job: self, rows, scratch, tiles };
                // Squares of weights cost time, so they are summed only if requested.
                if sample_size {
                    Isa::run_wide(With::<_, true>(task));
                } else {
                    Isa::run_wide(With::<_, false>(task));
                }
            });
            work.add(pairs, 2 * self.packed.dim);
            Ok(())
        })
    }
}

struct Task<'a, 'b> {
    job: &'a Job<'a>,
    rows: &'a mut [RowOut<'b>],
    scratch: &'a mut Scratch,
    tiles: Tiles,
}

/// A task with or without sums of squared weights.
struct With<K, const SQUARES: bool>(K);

impl<const SQUARES: bool> WithSimd for With<Task<'_, '_>, SQUARES> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let With(mut task) = self;
        let Job { packed, .. } = *task.job;
        let panels = task.rows.len().div_ceil(SIDE);
        task.pack_queries(panels);
        let Task { job, scratch, tiles, .. } = &mut task;
        let mut totals = [Totals::<S>::new(simd); PANELS];
        let size = packed.block * SIDE;
        let sums = scratch.sums.take(panels * packed.depth * SIDE);
        sums.fill(0.0);
        let queries = scratch.queries.slice(panels * packed.panel());
        let mut stages = Stages { job, tiles, panels, order: &scratch.order, queries, sums };
        let (mut scores, mut scores_before) = scratch.scores.take(2 * size + APART).split_at_mut(size + APART);
        let (mut weights, mut weights_before) = scratch.weights.take(2 * size + APART).split_at_mut(size + APART);
        let steps = panels * packed.padded / packed.block;
        for t in 0..steps + 2 {
            let (scored, weighed, summed) = (stages.at(t), t.checked_sub(1), t.checked_sub(2));
            let (weighed, summed) = (weighed.and_then(|t| stages.at(t)), summed.and_then(|t| stages.at(t)));
            let parts = [scored, summed].into_iter().flatten().map(|at| stages.parts(at)).sum();
            let mut meanwhile = weighed.map(|at| {
                let (scores, bias) = (&rows_of::<S>(scores_before)[..at.count], packed.bias(at.from, at.count));
                if at.from == 0 {
                    totals[at.panel].look(simd, scores, bias);
                }
                Meanwhile { weigh: Weigh::new(simd, &totals[at.panel], scores, bias, weights), done: 0, parts }
            });
            if let Some(at) = scored {
                stages.score::<S, SQUARES>(simd, at, scores, &mut meanwhile);
            }
            if let Some(at) = summed {
                stages.sum::<S, SQUARES>(simd, at, weights_before, &mut meanwhile);
            }
            if let (Some(Meanwhile { mut weigh, .. }), Some(at)) = (meanwhile, weighed) {
                weigh.until::<SQUARES>(simd, 1, 1);
                if !totals[at.panel].take(simd, &weigh) {
                    let factor = totals[at.panel].raise(simd, &weigh.max);
                    stages.rescale(simd, at.panel, &factor);
                    let (scores, bias) = (&rows_of::<S>(scores_before)[..at.count], packed.bias(at.from, at.count));
                    let mut again = Weigh::new(simd, &totals[at.panel], scores, bias, weights);
                    again.until::<SQUARES>(simd, 1, 1);
                    totals[at.panel].take(simd, &again);
                }
            }
            std::mem::swap(&mut scores, &mut scores_before);
            std::mem::swap(&mut weights, &mut weights_before);
        }
        task.finish(&totals[..panels]);
    }
}

impl Job<'_> {
    /// Sets the scores of the pairs of a query with itself so that their weight is 0. The queries
    /// of the panel are given by their indices.
    pub fn leave_out(&self, panel: &[usize], (from, count): (usize, usize), scores: &mut [f32]) {
        for (lane, query) in panel.iter().enumerate() {
            if (from..from + count).contains(query) {
                scores[(query - from) * SIDE + lane] = f32::NEG_INFINITY;
            }
        }
    }
}

impl Task<'_, '_> {
    /// Packs the queries of the task into panels; the remaining lanes of the last panel repeat the
    /// last query.
    #[inline(always)]
    fn pack_queries(&mut self, panels: usize) {
        let Job { packed, queries, .. } = *self.job;
        let q = self.scratch.queries.take(panels * packed.panel());
        q.fill(0);
        self.scratch.squares.clear();
        self.scratch.order.clear();
        self.scratch.order.extend(self.rows.iter().map(|row| row.query));
        for i in 0..panels * SIDE {
            let query = queries.row(self.rows[i.min(self.rows.len() - 1)].query);
            let panel = &mut q[i / SIDE * packed.panel()..(i / SIDE + 1) * packed.panel()];
            self.scratch.squares.push(packed.pack_query(query, panel, i % SIDE));
        }
    }

    fn finish<S: Simd>(&mut self, totals: &[Totals<S>]) {
        let Job { packed, subtract, .. } = *self.job;
        let sums = self.scratch.sums.slice(totals.len() * packed.depth * SIDE);
        for (i, row) in self.rows.iter_mut().enumerate() {
            let (p, lane) = (i / SIDE, i % SIDE);
            let [max, sum, squares] = [totals[p].reference, totals[p].sum, totals[p].squares]
                .map(|row| f64::from(bytemuck::cast_slice::<Row<S>, f32>(&[row])[lane]));
            if sum > 0.0 {
                let factor = 1.0 / (sum * packed.scale);
                let mean = |c: usize| factor * f64::from(sums[(p * packed.depth + c) * SIDE + lane]);
                row.put_values(subtract, |c| packed.centre[c] + mean(c));
            } else {
                let left_out = self.job.leave_out_self.then_some(row.query);
                let nearest = nearest(self.job.queries.row(row.query), self.job.sources, left_out);
                row.put_values(subtract, |c| self.job.sources.row(nearest)[c]);
            }
            row.put_softmax(max - self.scratch.squares[i], sum, squares);
        }
    }
}
