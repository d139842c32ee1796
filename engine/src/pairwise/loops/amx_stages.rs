//! The stages of the matrix units for one pair of a panel and a block, and the weights that the
//! vector units compute at the same time.

use super::online_softmax_amx::{Row, WIDTH, Weigh};
use crate::Points;
use crate::pairwise::pack::bf16_split::{Split, VALUE_PARTS};
use crate::simd::{SIDE, TILE, Terms, Tiles};
use pulp::{Simd, bytemuck};

/// Packed numbers in a cache line.
const LINE: usize = 32;

/// The number of tiles of coordinates per pass over a block when scores are computed. So many tiles
/// of the queries stay in the first-level cache.
const CHUNK: usize = 5;

/// The data of one call.
pub struct Job<'a> {
    pub queries: &'a Points,
    pub sources: &'a Points,
    pub packed: &'a Split,
    pub terms: Terms,
    pub leave_out_self: bool,
    pub subtract: bool,
}

/// A pair of a panel and a block of sources.
#[derive(Clone, Copy)]
pub struct At {
    pub panel: usize,
    pub block: usize,
    pub from: usize,
    pub count: usize,
}

/// The work of the matrix units for one pair.
pub struct Stages<'a> {
    pub job: &'a Job<'a>,
    pub tiles: &'a Tiles,
    pub panels: usize,
    /// The indices of the queries of the task.
    pub order: &'a [usize],
    pub queries: &'a [u16],
    pub sums: &'a mut [f32],
}

/// Weights that the vector units compute while the matrix units work. Of the `parts` of the work of
/// the matrix units, `done` are finished.
pub struct Meanwhile<'a, S: Simd> {
    pub weigh: Weigh<'a, S>,
    pub done: usize,
    pub parts: usize,
}

/// Computes the share of the weights that belongs to one step of the matrix units. Both kinds of
/// units work in parallel if their instructions are close to each other.
#[inline(always)]
pub fn go_on<S: Simd, const SQUARES: bool>(simd: S, meanwhile: &mut Option<Meanwhile<S>>) {
    if let Some(Meanwhile { weigh, done, parts }) = meanwhile {
        *done += 1;
        weigh.until::<SQUARES>(simd, *done, *parts);
    }
}

impl Stages<'_> {
    /// Returns the pair at this position; None after the last pair. All panels use a block one
    /// after the other, while the block is in the cache.
    pub fn at(&self, position: usize) -> Option<At> {
        let packed = self.job.packed;
        let (panel, block) = (position % self.panels, position / self.panels);
        let from = block * packed.block;
        let count = packed.block.min(packed.m.next_multiple_of(SIDE).checked_sub(from)?);
        (count > 0).then_some(At { panel, block, from, count })
    }

    /// Returns the number of steps of the matrix units for the scores and for the sums of a pair.
    pub fn parts(&self, at: At) -> usize {
        self.job.packed.depth / SIDE * (at.count / SIDE)
    }

    /// Returns this pair's share of the next block, for prefetching, in as many pieces as the pair
    /// has parts. The block may be in the third-level cache, and prefetching it costs no time.
    #[inline(always)]
    pub fn share<'b>(&self, next: &'b [u16], at: At) -> std::slice::Chunks<'b, u16> {
        let share = next.chunks(next.len().div_ceil(self.panels).max(1)).nth(at.panel).unwrap_or_default();
        share.chunks(share.len().div_ceil(self.parts(at)).next_multiple_of(LINE).max(LINE))
    }

    /// Computes the scores of a pair without their bias.
    #[inline(always)]
    pub fn score<S: Simd, const SQUARES: bool>(
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
            let panel = self.order.chunks(SIDE).nth(at.panel).unwrap_or_default();
            self.job.leave_out(panel, (at.from, at.count), scores);
        }
    }

    /// Adds the weighted values of a pair to the sums of its panel.
    #[inline(always)]
    pub fn sum<S: Simd, const SQUARES: bool>(
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

    /// Multiplies the sums of a panel by a factor per query.
    #[inline(always)]
    pub fn rescale<S: Simd>(&mut self, simd: S, panel: usize, factor: &Row<S>) {
        let size = self.job.packed.depth * SIDE;
        for row in rows_of_mut::<S>(&mut self.sums[panel * size..(panel + 1) * size]) {
            for v in 0..WIDTH {
                row[v] = simd.mul_f32s(row[v], factor[v]);
            }
        }
    }
}

#[inline(always)]
pub fn rows_of<S: Simd>(x: &[f32]) -> &[Row<S>] {
    S::as_simd_f32s(x).0.as_chunks().0
}

#[inline(always)]
pub fn rows_of_mut<S: Simd>(x: &mut [f32]) -> &mut [Row<S>] {
    S::as_mut_simd_f32s(x).0.as_chunks_mut().0
}
