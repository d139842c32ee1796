//! The loop of [`super::reduce`] on the matrix units: softmax means of the sources by split bfloat16 products.
//!
//! Panels of 32 queries lie across two registers; scores, weights and sums go through squares of 32 x 32. The weights
//! are split into two parts as they are made, already in the pairs that the second product wants.

use super::Work;
use super::buffer::{Buffer, Pool};
use super::isa::Isa;
use super::row::{RowOut, nearest};
use super::split::{Split, VALUE_PARTS};
use super::tile_amx::{SIDE, TILE, Terms, Tiles};
use super::weigh::Totals;
use crate::{Interrupt, Points, Result};
use pulp::{Simd, WithSimd, bytemuck};
use rayon::prelude::*;

/// Most panels per task.
const PANELS: usize = 8;

/// Bytes of packed sources per block, and of queries and sums per task: together inside a second-level cache.
const BLOCK_BYTES: usize = 1 << 20;
const TASK_BYTES: usize = 3 << 18;

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
        let (mut filling, mut ready) = scratch.weights.take(2 * packed.block * SIDE).split_at_mut(packed.block * SIDE);
        let square = scratch.square.take(SIDE * SIDE);
        let mut pending: Option<Pending<S>> = None;
        for from in (0..packed.m).step_by(packed.block) {
            let count = packed.block.min(packed.m.next_multiple_of(SIDE) - from);
            for p in 0..panels {
                let (low, high) = queries[p * packed.panel()..(p + 1) * packed.panel()].split_at(packed.panel() / 2);
                for j in (0..count).step_by(SIDE) {
                    tiles.clear();
                    tiles.add(terms, packed.depth / SIDE, packed.x(from + j), [low, high]);
                    tiles.store(&mut scores[j * SIDE..(j + SIDE) * SIDE]);
                }
                for (row, bias) in rows_of_mut::<S>(scores).iter_mut().zip(packed.bias(from, count)) {
                    for s in row {
                        *s = simd.add_f32s(*s, simd.splat_f32s(*bias));
                    }
                }
                if job.leave_out_self {
                    job.leave_out(*first + p * SIDE, rows.len() - p * SIDE, from, count, scores);
                }
                let scores = &rows_of::<S>(scores)[..count];
                let scale = totals[p].raise(simd, scores);
                let mut weigh = Weigh::new(simd, totals[p].shift(simd), scores, filling);
                if let Some(before) = &pending {
                    sum_values(simd, tiles, packed, before, ready, (square, all_sums), Some(&mut weigh));
                }
                weigh.up_to(simd, count / 2);
                weigh.add_to(simd, &mut totals[p]);
                pending = Some(Pending { panel: p, block: from / packed.block, count, scale });
                std::mem::swap(&mut filling, &mut ready);
            }
        }
        if let Some(last) = &pending {
            sum_values(simd, tiles, packed, last, ready, (square, all_sums), None);
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

/// A block of weights whose values are still to be summed.
struct Pending<S: Simd> {
    panel: usize,
    block: usize,
    count: usize,
    /// Factor of what was summed before.
    scale: Row<S>,
}

/// Adds a block's weighted values to its panel's sums, and makes the next block's weights meanwhile: the matrix units work
/// beside the vector units as long as instructions for both are near each other.
#[inline(always)]
fn sum_values<S: Simd>(
    simd: S,
    tiles: &Tiles,
    packed: &Split,
    pending: &Pending<S>,
    weights: &[u32],
    (square, sums): (&mut [f32], &mut [f32]),
    mut meanwhile: Option<&mut Weigh<S>>,
) {
    let steps = pending.count / SIDE;
    let (low, high) = bytemuck::cast_slice(&weights[..pending.count * SIDE]).split_at(steps * VALUE_PARTS * TILE);
    for c in (0..packed.depth).step_by(SIDE) {
        let v = packed.values(pending.block, c);
        tiles.clear();
        for k in 0..steps {
            let at = k * VALUE_PARTS * TILE;
            tiles.add(Terms::Three, 1, [&v[0][at..], &v[1][at..]], [&low[at..], &high[at..]]);
            if let Some(weigh) = &mut meanwhile {
                weigh.up_to(simd, weigh.pairs() * (c / SIDE * steps + k + 1) / (packed.depth / SIDE * steps));
            }
        }
        tiles.store(square);
        let sums = &mut sums[(pending.panel * packed.depth + c) * SIDE..];
        for (o, add) in rows_of_mut::<S>(sums).iter_mut().zip(rows_of::<S>(square)) {
            for v in 0..WIDTH {
                o[v] = simd.mul_add_f32s(o[v], pending.scale[v], add[v]);
            }
        }
    }
}

/// Softmax weights of a block's scores, in two parts, as stripes of tiles: `[query / 16][source / 32][part]`, each tile
/// 16 rows of two neighbouring sources.
struct Weigh<'a, S: Simd> {
    shift: Row<S>,
    scores: &'a [[Row<S>; 2]],
    tiles: &'a mut [S::u32s],
    done: usize,
    sum: Row<S>,
    squares: Row<S>,
}

impl<'a, S: Simd> Weigh<'a, S> {
    #[inline(always)]
    fn new(simd: S, shift: Row<S>, scores: &'a [Row<S>], weights: &'a mut [u32]) -> Weigh<'a, S> {
        let zero = [simd.splat_f32s(0.0); WIDTH];
        let tiles = S::as_mut_simd_u32s(weights).0;
        Weigh { shift, scores: scores.as_chunks().0, tiles, done: 0, sum: zero, squares: zero }
    }

    /// Pairs of sources.
    #[inline(always)]
    fn pairs(&self) -> usize {
        self.scores.len()
    }

    /// Makes the weights of the pairs of sources before `until`.
    #[inline(always)]
    fn up_to(&mut self, simd: S, until: usize) {
        let (half, sixteen, upper) = (simd.splat_u32s(0x8000), simd.splat_u32s(16), simd.splat_u32s(0xffff_0000));
        let stripe = self.scores.len() / 16 * VALUE_PARTS;
        for pair in self.done..until {
            for v in 0..WIDTH {
                let (mut high, mut low) = ([half; 2], [half; 2]);
                for (i, row) in self.scores[pair].iter().enumerate() {
                    let w = super::exp::exp2_f32(simd, simd.sub_f32s(row[v], self.shift[v]));
                    self.sum[v] = simd.add_f32s(self.sum[v], w);
                    self.squares[v] = simd.mul_add_e_f32s(w, w, self.squares[v]);
                    // Rounded half up: good to 2^-9, and the rest to 2^-9 of that.
                    high[i] = simd.and_u32s(simd.add_u32s(simd.transmute_u32s_f32s(w), half), upper);
                    let rest = simd.sub_f32s(w, simd.transmute_f32s_u32s(high[i]));
                    low[i] = simd.add_u32s(simd.transmute_u32s_f32s(rest), half);
                }
                let at = (v * stripe + pair / 16 * VALUE_PARTS) * 16 + pair % 16;
                self.tiles[at] = simd.or_u32s(high[1], simd.wrapping_dyn_shr_u32s(high[0], sixteen));
                let low_odd = simd.and_u32s(low[1], upper);
                self.tiles[at + 16] = simd.or_u32s(low_odd, simd.wrapping_dyn_shr_u32s(low[0], sixteen));
            }
        }
        self.done = self.done.max(until);
    }

    #[inline(always)]
    fn add_to(&self, simd: S, totals: &mut Totals<f32, S, WIDTH>) {
        for v in 0..WIDTH {
            totals.sum[v] = simd.add_f32s(totals.sum[v], self.sum[v]);
            totals.squares[v] = simd.add_f32s(totals.squares[v], self.squares[v]);
        }
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
