//! Sources and queries as tiles of bfloat16 parts, for the matrix units.
//!
//! `x = hi + lo (+ lolo)`, each part the bfloat16 nearest to what is left. Squared norms are taken of the sum of the
//! parts, so that a score is the squared distance of the split points and cancellation costs nothing extra.

use super::buffer::Buffer;
use super::tile_amx::{SIDE, TILE, Terms};
use crate::Points;
use rayon::prelude::*;

/// Packed sources.
#[derive(Debug, Default)]
pub struct Split {
    /// Tiles of 16 sources x 32 coordinates, first operand of the scores: `[source / 16][coordinate / 32][part]`.
    x: Buffer<u16>,
    /// Tiles of 16 coordinates x 32 sources, first operand of the sums: `[block][coordinate / 16][source / 32][part]`.
    v: Buffer<u16>,
    /// What is added to the scores of each source.
    bias: Buffer<f32>,
    /// Number of sources, before and after filling up the last block.
    pub m: usize,
    pub padded: usize,
    pub dim: usize,
    /// Coordinates filled up to whole tiles.
    pub depth: usize,
    /// Sources per block, a multiple of 32.
    pub block: usize,
    pub parts: usize,
    pub centre: Vec<f64>,
    pub scale: f64,
}

/// Parts of the values: two, whatever the distances take.
pub const VALUE_PARTS: usize = 2;

impl Split {
    /// Packs `sources` in blocks of `block`.
    pub fn pack(&mut self, sources: &Points, scale: f64, log_weights: Option<&[f64]>, block: usize, terms: Terms) {
        (self.m, self.dim, self.scale, self.block) = (sources.n(), sources.dim(), scale, block);
        self.padded = self.m.next_multiple_of(block);
        self.depth = self.dim.next_multiple_of(SIDE);
        self.parts = terms.parts();
        self.centre = sources.mean();
        let Split { depth, parts, m, .. } = *self;
        let coordinate = |j: usize, k: usize| ((sources.row(j)[k] - self.centre[k]) * scale) as f32;

        let stripe = depth / SIDE * parts * TILE;
        let x = self.x.take(self.padded / 16 * stripe);
        let bias = self.bias.take(self.padded);
        x.par_chunks_mut(stripe).zip(bias.par_chunks_mut(16)).enumerate().for_each(|(t, (x, bias))| {
            x.fill(0);
            for (r, bias) in bias.iter_mut().enumerate() {
                let j = 16 * t + r;
                let mut start = f64::NEG_INFINITY;
                if j < m {
                    let mut square = 0.0;
                    for k in 0..self.dim {
                        let at = k / SIDE * parts * TILE + r * SIDE + k % SIDE;
                        square += split(coordinate(j, k), parts, |p, bits| x[at + p * TILE] = bits).powi(2);
                    }
                    start = log_weights.map_or(0.0, |l| l[j]) * std::f64::consts::LOG2_E - square;
                }
                *bias = start as f32;
            }
        });

        let (whole, stripe) = (depth * block * VALUE_PARTS, block / SIDE * VALUE_PARTS * TILE);
        self.v.take(self.padded / block * whole).par_chunks_mut(whole).enumerate().for_each(|(b, v)| {
            v.fill(0);
            for j in b * block..m.min((b + 1) * block) {
                let column = (j - b * block) / SIDE * VALUE_PARTS * TILE + j % SIDE;
                for k in 0..self.dim {
                    let at = k / 16 * stripe + column + k % 16 * SIDE;
                    split(coordinate(j, k), VALUE_PARTS, |p, bits| v[at + p * TILE] = bits);
                }
            }
        });
    }

    /// Two stripes of 16 sources from `from` on.
    pub fn x(&self, from: usize) -> [&[u16]; 2] {
        let stripe = self.depth / SIDE * self.parts * TILE;
        let x = &self.x.slice(self.padded / 16 * stripe)[from / 16 * stripe..];
        [&x[..stripe], &x[stripe..2 * stripe]]
    }

    /// Log-weight less squared norm of some sources, in bits: what the products lack.
    pub fn bias(&self, from: usize, count: usize) -> &[f32] {
        &self.bias.slice(self.padded)[from..from + count]
    }

    /// Two stripes of 16 coordinates from `coordinate` on, of one block.
    pub fn values(&self, block: usize, coordinate: usize) -> [&[u16]; 2] {
        let whole = self.depth * self.block * VALUE_PARTS;
        let stripe = self.block / SIDE * VALUE_PARTS * TILE;
        let v = &self.v.slice(self.padded / self.block * whole)[block * whole + coordinate / 16 * stripe..];
        [&v[..stripe], &v[stripe..2 * stripe]]
    }

    /// Numbers that a panel of 32 queries takes.
    pub fn panel(&self) -> usize {
        self.depth * self.parts * SIDE
    }

    /// One query, times 2, into lane `lane` of a panel: second operand of the scores. Returns `|q|^2`.
    pub fn pack_query(&self, query: &[f64], panel: &mut [u16], lane: usize) -> f64 {
        let stripe = &mut panel[lane / 16 * self.panel() / 2..];
        let mut square = 0.0;
        for (k, (x, c)) in query.iter().zip(&self.centre).enumerate() {
            let at = k / SIDE * self.parts * TILE + k % SIDE / 2 * SIDE + lane % 16 * 2 + k % 2;
            let twice = (2.0 * (x - c) * self.scale) as f32;
            square += split(twice, self.parts, |p, bits| stripe[at + p * TILE] = bits).powi(2);
        }
        0.25 * square
    }
}

/// Gives the parts of `x` to `put` and returns their sum.
#[inline(always)]
fn split(x: f32, parts: usize, mut put: impl FnMut(usize, u16)) -> f64 {
    let mut rest = x;
    let mut sum = 0.0;
    for p in 0..parts {
        let bits = rest.to_bits();
        // To nearest, ties to even.
        let bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000;
        put(p, (bits >> 16) as u16);
        rest -= f32::from_bits(bits);
        sum += f64::from(f32::from_bits(bits));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        for i in 1..1000 {
            let x = (i as f32 * 0.37).sin() * 10f32.powi(i % 7 - 3);
            assert!((split(x, 2, |_, _| ()) / f64::from(x) - 1.0).abs() < 2f64.powi(-17));
            assert!((split(x, 3, |_, _| ()) / f64::from(x) - 1.0).abs() < 2f64.powi(-24));
        }
    }
}
