//! The loop of [`super::portable`] on the matrix units: softmax means of the sources by split bfloat16 products.
//!
//! Panels of 32 queries lie across two registers; scores, weights and sums go through squares of 32 x 32. Every pair of
//! a panel and a block goes through three stages, one behind the other: while the matrix units make the scores of one
//! pair and the sums of the last but one, the vector units make the weights of the one between.

use super::Loops;
use super::online_softmax_amx::{Row, Totals, WIDTH, Weigh};
use super::output_row::{RowOut, nearest};
use crate::pairwise::dispatch::Measure;
use crate::pairwise::pack::bf16_split::{Split, VALUE_PARTS};
use crate::pairwise::reductions::{KernelCall, SoftmaxCall};
use crate::pairwise::{Pairwise, Work};
use crate::simd::Isa;
use crate::simd::{Buffer, Pool};
use crate::simd::{SIDE, TILE, Terms, Tiles};
use crate::{Interrupt, Points, Result};
use pulp::{Simd, WithSimd, bytemuck};
use rayon::prelude::*;

/// Most panels per task.
const PANELS: usize = 16;

/// Bytes of packed sources per block, and of queries and sums per task: together inside a second-level cache.
const BLOCK_BYTES: usize = 1 << 18;
const TASK_BYTES: usize = 5 << 18;

/// Coordinates of the scores, in tiles, per pass over a block: what queries have of them stays in the first-level cache.
const CHUNK: usize = 5;

/// Numbers between two buffers that are used together, so that they do not share their offsets within a page.
const APART: usize = 64;

/// Packed numbers in a cache line.
const LINE: usize = 32;

/// Sources per block for this many coordinates.
pub fn block(dim: usize) -> usize {
    (BLOCK_BYTES / (8 * dim.next_multiple_of(SIDE))).clamp(3 * SIDE, 8 * SIDE) / SIDE * SIDE
}

/// These loops, for softmax means of the sources.
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
        engine.memory.split.with(|packed| {
            packed.pack(sources, measure.place(), softmax.log_weights, block(sources.dim()), self.0);
            let leave_out_self = call.leave_out_self();
            let job = Job { queries, sources, packed, terms: self.0, leave_out_self, subtract };
            job.run(&mut rows, &engine.memory.amx, &engine.work, &engine.interrupt)
        })?;
        Ok(Vec::new())
    }

    /// Kernels have no loop on the matrix units: the plan does not come here, and f64 would do the rows if it did.
    fn kernel<'b>(&self, _: &Pairwise, _: &KernelCall, _: &Measure, rows: Vec<RowOut<'b>>) -> Result<Vec<RowOut<'b>>> {
        Ok(rows)
    }
}

/// One call.
pub struct Job<'a> {
    pub queries: &'a Points,
    pub sources: &'a Points,
    pub packed: &'a Split,
    pub terms: Terms,
    pub leave_out_self: bool,
    pub subtract: bool,
}

/// Scratch of one task.
#[derive(Debug, Default)]
pub struct Scratch {
    queries: Buffer<u16>,
    squares: Vec<f64>,
    scores: Buffer<f32>,
    weights: Buffer<u32>,
    sums: Buffer<f32>,
}

impl Job<'_> {
    /// Runs all tasks; the machine must have matrix units.
    ///
    /// # Errors
    /// An interrupt, which is looked at before every task.
    pub fn run(&self, rows: &mut [RowOut], pool: &Pool<Scratch>, work: &Work, interrupt: &Interrupt) -> Result<()> {
        // How panels are dealt to tasks changes no result: each is summed by itself.
        let even = rows.len().div_ceil(SIDE * 4 * rayon::current_num_threads());
        let panels = (TASK_BYTES / (SIDE * 8 * self.packed.depth)).min(even).clamp(1, PANELS);
        rows.par_chunks_mut(panels * SIDE).enumerate().try_for_each(|(t, rows)| {
            interrupt.check()?;
            let pairs = rows.len() * self.packed.m;
            let sample_size = rows.iter().any(|r| r.ess.is_some());
            pool.with(|scratch| {
                let Some(tiles) = Tiles::acquire() else { return };
                let task = Task { job: self, first: t * panels * SIDE, rows, scratch, tiles };
                // Squares of weights cost time: they are summed only where they are asked for.
                if sample_size {
                    Isa::Avx512.run(With::<_, true>(task));
                } else {
                    Isa::Avx512.run(With::<_, false>(task));
                }
            });
            work.add(pairs, 2 * self.packed.dim);
            Ok(())
        })
    }
}

struct Task<'a, 'b> {
    job: &'a Job<'a>,
    first: usize,
    rows: &'a mut [RowOut<'b>],
    scratch: &'a mut Scratch,
    tiles: Tiles,
}

/// A task that sums squares of weights or does not.
struct With<K, const SQUARES: bool>(K);

impl<const SQUARES: bool> WithSimd for With<Task<'_, '_>, SQUARES> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let With(mut task) = self;
        let Job { packed, .. } = *task.job;
        let panels = task.rows.len().div_ceil(SIDE);
        task.pack_queries(panels);
        let Task { job, first, rows, scratch, tiles } = &mut task;
        let mut totals = [Totals::<S>::new(simd); PANELS];
        let size = packed.block * SIDE;
        let sums = scratch.sums.take(panels * packed.depth * SIDE);
        sums.fill(0.0);
        let queries = scratch.queries.slice(panels * packed.panel());
        let mut stages = Stages { job, tiles, panels, first: *first, rows: rows.len(), queries, sums };
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

/// A pair of a panel and a block of sources.
#[derive(Clone, Copy)]
struct At {
    panel: usize,
    block: usize,
    from: usize,
    count: usize,
}

/// What the matrix units do for one pair.
struct Stages<'a> {
    job: &'a Job<'a>,
    tiles: &'a Tiles,
    panels: usize,
    first: usize,
    rows: usize,
    queries: &'a [u16],
    sums: &'a mut [f32],
}

/// The weights that are made beside it, and how many parts of the matrix units' work are done.
struct Meanwhile<'a, S: Simd> {
    weigh: Weigh<'a, S>,
    done: usize,
    parts: usize,
}

/// Makes weights for as long as a step of the matrix units takes: they work beside the vector units as long as
/// instructions for both are near each other.
#[inline(always)]
fn go_on<S: Simd, const SQUARES: bool>(simd: S, meanwhile: &mut Option<Meanwhile<S>>) {
    if let Some(Meanwhile { weigh, done, parts }) = meanwhile {
        *done += 1;
        weigh.until::<SQUARES>(simd, *done, *parts);
    }
}

impl Stages<'_> {
    /// The pair at this position: a block is met by all panels while it is in the cache.
    fn at(&self, position: usize) -> Option<At> {
        let packed = self.job.packed;
        let (panel, block) = (position % self.panels, position / self.panels);
        let from = block * packed.block;
        let count = packed.block.min(packed.m.next_multiple_of(SIDE).checked_sub(from)?);
        (count > 0).then_some(At { panel, block, from, count })
    }

    /// Steps of the matrix units for the scores, and for the sums, of a pair.
    fn parts(&self, at: At) -> usize {
        self.job.packed.depth / SIDE * (at.count / SIDE)
    }

    /// This pair's share of what the next block will need, in as many pieces as the pair has parts. It may still be in the
    /// third-level cache, and fetching it by the way costs nothing.
    #[inline(always)]
    fn share<'b>(&self, next: &'b [u16], at: At) -> std::slice::Chunks<'b, u16> {
        let share = next.chunks(next.len().div_ceil(self.panels).max(1)).nth(at.panel).unwrap_or_default();
        share.chunks(share.len().div_ceil(self.parts(at)).next_multiple_of(LINE).max(LINE))
    }

    /// The scores of a pair but for their bias.
    #[inline(always)]
    fn score<S: Simd, const SQUARES: bool>(
        &self,
        simd: S,
        at: At,
        scores: &mut [f32],
        meanwhile: &mut Option<Meanwhile<S>>,
    ) {
        let Job { packed, terms, .. } = *self.job;
        let queries = &self.queries[at.panel * packed.panel()..(at.panel + 1) * packed.panel()];
        let (low, high) = queries.split_at(packed.panel() / 2);
        let steps = packed.depth / SIDE;
        let mut ahead = self.share(packed.block_x(at.block + 1), at);
        for chunk in (0..steps).step_by(CHUNK) {
            for j in (0..at.count).step_by(SIDE) {
                let (x, square) = (packed.x(at.from + j), &mut scores[j * SIDE..(j + SIDE) * SIDE]);
                if chunk == 0 {
                    self.tiles.clear()
                } else {
                    self.tiles.load(square)
                }
                for k in chunk..steps.min(chunk + CHUNK) {
                    let k = k * packed.parts * TILE;
                    self.tiles.add(terms, 1, [&x[0][k..], &x[1][k..]], [&low[k..], &high[k..]]);
                    self.tiles.fetch(ahead.next().unwrap_or_default());
                    go_on::<S, SQUARES>(simd, meanwhile);
                }
                self.tiles.store(square);
            }
        }
        if self.job.leave_out_self {
            let (first, queries) = (self.first + at.panel * SIDE, self.rows - at.panel * SIDE);
            self.job.leave_out(first, queries, at.from, at.count, scores);
        }
    }

    /// Adds a pair's weighted values to its panel's sums.
    #[inline(always)]
    fn sum<S: Simd, const SQUARES: bool>(
        &mut self,
        simd: S,
        at: At,
        weights: &[u32],
        meanwhile: &mut Option<Meanwhile<S>>,
    ) {
        let packed = self.job.packed;
        let steps = at.count / SIDE;
        let (low, high) = bytemuck::cast_slice(&weights[..at.count * SIDE]).split_at(steps * VALUE_PARTS * TILE);
        let mut ahead = self.share(packed.block_values(at.block + 1), at);
        for c in (0..packed.depth).step_by(SIDE) {
            let v = packed.values(at.block, c);
            let square = &mut self.sums[(at.panel * packed.depth + c) * SIDE..][..SIDE * SIDE];
            self.tiles.load(square);
            for k in 0..steps {
                let k = k * VALUE_PARTS * TILE;
                self.tiles.add(Terms::Three, 1, [&v[0][k..], &v[1][k..]], [&low[k..], &high[k..]]);
                self.tiles.fetch(ahead.next().unwrap_or_default());
                go_on::<S, SQUARES>(simd, meanwhile);
            }
            self.tiles.store(square);
        }
    }

    /// Multiplies a panel's sums by a factor per query.
    #[inline(always)]
    fn rescale<S: Simd>(&mut self, simd: S, panel: usize, factor: &Row<S>) {
        let size = self.job.packed.depth * SIDE;
        for row in rows_of_mut::<S>(&mut self.sums[panel * size..(panel + 1) * size]) {
            for v in 0..WIDTH {
                row[v] = simd.mul_f32s(row[v], factor[v]);
            }
        }
    }
}

#[inline(always)]
fn rows_of<S: Simd>(x: &[f32]) -> &[Row<S>] {
    S::as_simd_f32s(x).0.as_chunks().0
}

#[inline(always)]
fn rows_of_mut<S: Simd>(x: &mut [f32]) -> &mut [Row<S>] {
    S::as_mut_simd_f32s(x).0.as_chunks_mut().0
}

impl Job<'_> {
    /// Gives the pairs of a query with itself a score whose weight is 0.
    fn leave_out(&self, first: usize, queries: usize, from: usize, count: usize, scores: &mut [f32]) {
        for i in first.max(from)..(first + SIDE.min(queries)).min(from + count) {
            scores[(i - from) * SIDE + (i - first)] = f32::NEG_INFINITY;
        }
    }
}

impl Task<'_, '_> {
    /// Packs the task's queries into panels; what is left of the last panel repeats the last query.
    #[inline(always)]
    fn pack_queries(&mut self, panels: usize) {
        let Job { packed, queries, .. } = *self.job;
        let q = self.scratch.queries.take(panels * packed.panel());
        q.fill(0);
        self.scratch.squares.clear();
        for i in 0..panels * SIDE {
            let query = queries.row(self.first + i.min(self.rows.len() - 1));
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
                let left_out = self.job.leave_out_self.then_some(self.first + i);
                let nearest = nearest(self.job.queries.row(self.first + i), self.job.sources, left_out);
                row.put_values(subtract, |c| self.job.sources.row(nearest)[c]);
            }
            row.put_softmax(max - self.scratch.squares[i], sum, squares);
        }
    }
}
