//! Sources and queries as tiles of bfloat16 parts, for the matrix units.
//!
//! `x = hi + lo (+ lolo)`, where each part is the bfloat16 nearest to the remainder. Squared norms
//! are computed from the sum of the parts, so that a score is the negative squared distance of the
//! split points, and cancellation causes no additional error.

use crate::Points;
use crate::simd::Buffer;
use crate::simd::Isa;
use crate::simd::{SIDE, TILE, Terms};
use pulp::{Simd, WithSimd, bytemuck};
use rayon::prelude::*;

/// Packed sources.
#[derive(Debug, Default)]
pub struct Split {
    /// Tiles of 16 sources x 32 coordinates, first operand of the scores: `[source / 16][coordinate
    /// / 32][part]`.
    x: Buffer<u16>,
    /// Tiles of 16 coordinates x 32 sources, first operand of the sums: `[block][coordinate /
    /// 16][source / 32][part]`.
    v: Buffer<u16>,
    /// The bias of the scores of each source.
    bias: Buffer<f32>,
    /// Number of sources, before and after padding the last block.
    pub m: usize,
    pub padded: usize,
    pub dim: usize,
    /// Number of coordinates, padded to whole tiles.
    pub depth: usize,
    /// Sources per block, a multiple of 32.
    pub block: usize,
    pub parts: usize,
    pub centre: Vec<f64>,
    pub scale: f64,
}

/// The number of parts of the values: always two, even if the coordinates of distances have three.
pub const VALUE_PARTS: usize = 2;

impl Split {
    /// Packs `sources` in blocks of `block`.
    pub fn pack(
        &mut self,
        sources: &Points,
        (centre, scale): (&[f64], f64),
        log_weights: Option<&[f64]>,
        block: usize,
        terms: Terms,
    ) {
        (self.m, self.dim, self.scale, self.block) = (sources.n(), sources.dim(), scale, block);
        self.padded = self.m.next_multiple_of(block);
        self.depth = self.dim.next_multiple_of(SIDE);
        self.parts = terms.parts();
        self.centre.clear();
        self.centre.extend_from_slice(centre);
        let Split { depth, padded, .. } = *self;
        let (x, bias, v) = (depth * self.parts, 1, depth * VALUE_PARTS);
        self.x.take(padded * x);
        self.bias.take(padded);
        self.v.take(padded * v);
        let mut arrays = (std::mem::take(&mut self.x), std::mem::take(&mut self.bias), std::mem::take(&mut self.v));
        let blocks = arrays.0.take(padded * x).par_chunks_mut(block * x);
        let blocks = blocks.zip(arrays.1.take(padded).par_chunks_mut(block * bias));
        let blocks = blocks.zip(arrays.2.take(padded * v).par_chunks_mut(block * v));
        blocks.enumerate().for_each(|(b, ((x, bias), v))| {
            Isa::run_wide(Block { split: self, sources, log_weights, first: b * block, x, bias, v });
        });
        (self.x, self.bias, self.v) = arrays;
    }

    /// Returns two stripes from source `from` on, packed for the scores. A stripe is all tiles of
    /// 16 sources.
    #[inline(always)]
    pub fn x(&self, from: usize) -> [&[u16]; 2] {
        let stripe = self.depth / SIDE * self.parts * TILE;
        let x = &self.x.slice(self.padded / 16 * stripe)[from / 16 * stripe..];
        [&x[..stripe], &x[stripe..2 * stripe]]
    }

    /// Returns the biases of some sources in bits: log-weights minus the squared norms, which the
    /// products do not contain.
    #[inline(always)]
    pub fn bias(&self, from: usize, count: usize) -> &[f32] {
        &self.bias.slice(self.padded)[from..from + count]
    }

    /// Returns two stripes of one block from `coordinate` on. A stripe is all tiles of 16
    /// coordinates.
    #[inline(always)]
    pub fn values(&self, block: usize, coordinate: usize) -> [&[u16]; 2] {
        let whole = self.depth * self.block * VALUE_PARTS;
        let stripe = self.block / SIDE * VALUE_PARTS * TILE;
        let v = &self.v.slice(self.padded / self.block * whole)[block * whole + coordinate / 16 * stripe..];
        [&v[..stripe], &v[stripe..2 * stripe]]
    }

    /// Returns the number of numbers in a panel of 32 queries.
    #[inline(always)]
    pub fn panel(&self) -> usize {
        self.depth * self.parts * SIDE
    }

    /// Returns all sources of this block as first operand of the scores; empty beyond the last.
    pub fn block_x(&self, block: usize) -> &[u16] {
        let whole = self.depth * self.block * self.parts;
        self.x.slice(self.padded * self.depth * self.parts).chunks_exact(whole).nth(block).unwrap_or_default()
    }

    /// Returns all values of this block; empty beyond the last.
    pub fn block_values(&self, block: usize) -> &[u16] {
        let whole = self.depth * self.block * VALUE_PARTS;
        self.v.slice(self.padded * self.depth * VALUE_PARTS).chunks_exact(whole).nth(block).unwrap_or_default()
    }

    /// Packs one query, times 2, into lane `lane` of a panel. The panel is the second operand of
    /// the scores. Returns `|q|^2`.
    #[inline(always)]
    pub fn pack_query(&self, query: &[f64], panel: &mut [u16], lane: usize) -> f64 {
        let stripe: &mut [u32] =
            bytemuck::cast_slice_mut(&mut panel[lane / 16 * self.panel() / 2..][..self.panel() / 2]);
        let mut square = 0.0;
        let tiles = stripe.chunks_exact_mut(self.parts * TILE / 2);
        for ((x, centre), tile) in query.chunks(SIDE).zip(self.centre.chunks(SIDE)).zip(tiles) {
            let split = Coordinates::split(x, centre, 2.0 * self.scale, self.parts);
            square += split.square;
            for (p, part) in split.parts[..self.parts].iter().enumerate() {
                let pairs: &[u32; SIDE / 2] = bytemuck::cast_ref(part);
                for (k, pair) in pairs.iter().enumerate() {
                    tile[p * TILE / 2 + k * 16 + lane % 16] = *pair;
                }
            }
        }
        0.25 * square
    }
}

/// A block of sources to pack.
struct Block<'a> {
    split: &'a Split,
    sources: &'a Points,
    log_weights: Option<&'a [f64]>,
    first: usize,
    x: &'a mut [u16],
    bias: &'a mut [f32],
    v: &'a mut [u16],
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Block { split, sources, log_weights, first, x, bias, v } = self;
        let Split { depth, parts, block, scale, .. } = *split;
        if first + block > split.m {
            x.fill(0);
            v.fill(0);
            bias.fill(f32::NEG_INFINITY);
        }
        let tall = block / SIDE * VALUE_PARTS * TILE;
        for j in 0..block.min(split.m - first) {
            let stripe = &mut x[j / 16 * (depth * parts * 16)..];
            let column = j / SIDE * VALUE_PARTS * TILE + j % SIDE;
            let mut square = 0.0;
            let row = sources.row(first + j).chunks(SIDE).zip(split.centre.chunks(SIDE));
            for (k, (coordinates, centre)) in row.enumerate() {
                let of = Coordinates::split(coordinates, centre, scale, parts);
                square += of.square;
                for (p, part) in of.parts[..parts].iter().enumerate() {
                    stripe[(k * parts + p) * TILE + j % 16 * SIDE..][..SIDE].copy_from_slice(part);
                }
                for (p, part) in of.parts[..VALUE_PARTS].iter().enumerate() {
                    for (half, sixteen) in part.as_chunks::<16>().0.iter().enumerate() {
                        let tile = &mut v[(2 * k + half) * tall + column + p * TILE..][..15 * SIDE + 1];
                        for (c, bits) in sixteen.iter().enumerate() {
                            tile[c * SIDE] = *bits;
                        }
                    }
                }
            }
            let log_weight = log_weights.map_or(0.0, |l| l[first + j]) * std::f64::consts::LOG2_E;
            bias[j] = (log_weight - square) as f32;
        }
    }
}

/// The parts of up to 32 coordinates, padded with 0.
struct Coordinates {
    parts: [[u16; SIDE]; 3],
    /// Squared norm of the sums of the parts.
    square: f64,
}

impl Coordinates {
    /// Splits `scale (x - centre)`; parts beyond the first `count` are 0.
    #[inline(always)]
    fn split(x: &[f64], centre: &[f64], scale: f64, count: usize) -> Coordinates {
        let mut all = [0f32; SIDE];
        for (all, (x, c)) in all.iter_mut().zip(x.iter().zip(centre)) {
            *all = ((x - c) * scale) as f32;
        }
        let mut rest = all;
        let mut parts = [[0u16; SIDE]; 3];
        for part in &mut parts[..count] {
            for (part, rest) in part.iter_mut().zip(&mut rest) {
                let bits = rest.to_bits();
                // Rounded to nearest, ties to even.
                let bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000;
                *part = (bits >> 16) as u16;
                *rest -= f32::from_bits(bits);
            }
        }
        // The sum of the parts is `all - rest`. Neither the sum nor the remainder has more digits
        // than an f32.
        let mut squares = [0f64; 8];
        for (all, rest) in all.as_chunks::<8>().0.iter().zip(rest.as_chunks::<8>().0) {
            for (square, (all, rest)) in squares.iter_mut().zip(all.iter().zip(rest)) {
                *square += f64::from(all - rest).powi(2);
            }
        }
        Coordinates { parts, square: squares.iter().sum() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        for i in 1..1000 {
            let x = f64::from((f64::from(i) * 0.37).sin() as f32 * 10f32.powi(i % 7 - 3));
            for (count, digits) in [(2, 17), (3, 24)] {
                let split = Coordinates::split(&[x, -x], &[0.0, 0.0], 1.0, count);
                for (at, want) in [(0, x), (1, -x), (2, 0.0)] {
                    let sum: f64 =
                        split.parts.iter().map(|part| f64::from(f32::from_bits(u32::from(part[at]) << 16))).sum();
                    assert!((sum - want).abs() <= 2f64.powi(-digits) * want.abs(), "{count} parts of {want}: {sum}");
                }
                assert!((split.square / (2.0 * x * x) - 1.0).abs() < 2f64.powi(1 - digits));
            }
        }
    }
}
