//! The loop of [`super::reduce`] on the matrix units: softmax means of the sources by split bfloat16 products.
//!
//! Panels of 32 queries lie across two registers; scores, weights and sums go through squares of 32 x 32. The weights
//! are split into two parts as they are made, already in the pairs that the second product wants.

use super::Work;
use super::buffer::{Buffer, Pool};
use super::isa::Isa;
use super::reduce::{RowOut, nearest};
use super::split::{Split, VALUE_PARTS};
use super::tile_amx::{SIDE, Start, TILE, Terms, Tiles};
use super::weigh::Totals;
use crate::{Interrupt, Points, Result};
use pulp::{Simd, WithSimd, bytemuck};
use rayon::prelude::*;

/// Most panels per task.
const PANELS: usize = 8;

/// Bytes of packed sources per block, and of queries and sums per task: together inside a second-level cache.
const BLOCK_BYTES: usize = 1 << 19;
const TASK_BYTES: usize = 1 << 20;

/// Registers across a panel.
const WIDTH: usize = 2;

/// One row of a panel.
type Row<S> = [<S as Simd>::f32s; WIDTH];

/// Sources per block for this many coordinates.
pub fn block(dim: usize) -> usize {
    (BLOCK_BYTES / (8 * dim.next_multiple_of(SIDE))).clamp(SIDE, 256) / SIDE * SIDE
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
    square: Buffer<f32>,
    sums: Buffer<f32>,
}

impl Job<'_> {
    /// Runs all tasks; the machine must have matrix units.
    ///
    /// # Errors
    /// An interrupt, which is looked at before every task.
    pub fn run(&self, rows: &mut [RowOut], pool: &Pool<Scratch>, work: &Work, interrupt: &Interrupt) -> Result<()> {
        let panels = (TASK_BYTES / (SIDE * 8 * self.packed.depth)).clamp(1, PANELS);
        rows.par_chunks_mut(panels * SIDE).enumerate().try_for_each(|(t, rows)| {
            interrupt.check()?;
            let pairs = rows.len() * self.packed.m;
            pool.with(|scratch| {
                let Some(tiles) = Tiles::acquire() else { return };
                Isa::Avx512.run(Task { job: self, first: t * panels * SIDE, rows, scratch, tiles });
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

impl WithSimd for Task<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Job { packed, terms, .. } = *self.job;
        let panels = self.rows.len().div_ceil(SIDE);
        self.pack_queries(panels);
        let Task { job, first, rows, scratch, tiles } = &mut self;
        let mut totals = [Totals::<f32, S, WIDTH>::new(simd); PANELS];
        let queries = scratch.queries.slice(panels * packed.panel());
        let all_sums = scratch.sums.take(panels * packed.depth * SIDE);
        all_sums.fill(0.0);
        let scores = scratch.scores.take(packed.block * SIDE);
        let weights = scratch.weights.take(packed.block * SIDE);
        let square = scratch.square.take(SIDE * SIDE);
        for from in (0..packed.m).step_by(packed.block) {
            let count = packed.block.min(packed.m.next_multiple_of(SIDE) - from);
            for p in 0..panels {
                let (low, high) = queries[p * packed.panel()..(p + 1) * packed.panel()].split_at(packed.panel() / 2);
                for j in (0..count).step_by(SIDE) {
                    let (x, start) = packed.scores(from + j);
                    let c = &mut scores[j * SIDE..(j + SIDE) * SIDE];
                    tiles.product(terms, packed.depth / SIDE, x, [low, high], Start::Rows(start), c);
                }
                if job.leave_out_self {
                    job.leave_out(*first + p * SIDE, rows.len() - p * SIDE, from, count, scores);
                }
                let s = &rows_of::<S>(scores)[..count];
                let scale = totals[p].raise(simd, s);
                weigh_split(simd, &mut totals[p], s, weights);
                let stripe = count / SIDE * VALUE_PARTS * TILE;
                let (low, high) = bytemuck::cast_slice(&weights[..count * SIDE]).split_at(stripe);
                for c in (0..packed.depth).step_by(SIDE) {
                    let v = packed.values(from / packed.block, c);
                    tiles.product(Terms::Three, count / SIDE, v, [low, high], Start::Zero, square);
                    let sums = &mut all_sums[(p * packed.depth + c) * SIDE..];
                    for (o, add) in rows_of_mut::<S>(sums).iter_mut().zip(rows_of::<S>(square)) {
                        for v in 0..WIDTH {
                            o[v] = simd.mul_add_f32s(o[v], scale[v], add[v]);
                        }
                    }
                }
            }
        }
        self.finish(&totals[..panels]);
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

/// Softmax weights of the scores, in two parts, as stripes of tiles: `[query / 16][source / 32][part]`, each tile 16
/// rows of two neighbouring sources.
#[inline(always)]
fn weigh_split<S: Simd>(simd: S, totals: &mut Totals<f32, S, WIDTH>, s: &[Row<S>], weights: &mut [u32]) {
    let shift = totals.shift(simd);
    let (half, sixteen, upper) = (simd.splat_u32s(0x8000), simd.splat_u32s(16), simd.splat_u32s(0xffff_0000));
    let stripe = s.len() / SIDE * VALUE_PARTS;
    let tiles = S::as_mut_simd_u32s(weights).0;
    let mut sum = [simd.splat_f32s(0.0); WIDTH];
    let mut squares = sum;
    for (pair, [even, odd]) in s.as_chunks::<2>().0.iter().enumerate() {
        for v in 0..WIDTH {
            let (mut high, mut low) = ([half; 2], [half; 2]);
            for (i, row) in [even, odd].into_iter().enumerate() {
                let w = super::exp::exp2_f32(simd, simd.sub_f32s(row[v], shift[v]));
                sum[v] = simd.add_f32s(sum[v], w);
                squares[v] = simd.mul_add_e_f32s(w, w, squares[v]);
                // Rounded half up: good to 2^-9, and the rest to 2^-9 of that.
                high[i] = simd.and_u32s(simd.add_u32s(simd.transmute_u32s_f32s(w), half), upper);
                let rest = simd.sub_f32s(w, simd.transmute_f32s_u32s(high[i]));
                low[i] = simd.add_u32s(simd.transmute_u32s_f32s(rest), half);
            }
            let at = (v * stripe + pair / 16 * VALUE_PARTS) * 16 + pair % 16;
            tiles[at] = simd.or_u32s(high[1], simd.wrapping_dyn_shr_u32s(high[0], sixteen));
            let low_odd = simd.and_u32s(low[1], upper);
            tiles[at + 16] = simd.or_u32s(low_odd, simd.wrapping_dyn_shr_u32s(low[0], sixteen));
        }
    }
    for v in 0..WIDTH {
        totals.sum[v] = simd.add_f32s(totals.sum[v], sum[v]);
        totals.squares[v] = simd.add_f32s(totals.squares[v], squares[v]);
    }
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

    fn finish<S: Simd>(&mut self, totals: &[Totals<f32, S, WIDTH>]) {
        let Job { packed, subtract, .. } = *self.job;
        let sums = self.scratch.sums.slice(totals.len() * packed.depth * SIDE);
        for (i, row) in self.rows.iter_mut().enumerate() {
            let (p, lane) = (i / SIDE, i % SIDE);
            let [max, sum, squares] = [totals[p].max, totals[p].sum, totals[p].squares]
                .map(|row| f64::from(bytemuck::cast_slice::<Row<S>, f32>(&[row])[lane]));
            if sum > 0.0 {
                let mean = |c: usize| f64::from(sums[(p * packed.depth + c) * SIDE + lane]) / (sum * packed.scale);
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
