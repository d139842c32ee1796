//! The conversion of scores to weights for the matrix units. A weight is the sum of two bf16 parts.
//!
//! A weight is `2^(score - reference)`. The reference of a query follows its running maximum with a
//! delay. Weights up to `2^SLACK` are as exact as weights up to 1, so sums are rescaled only if a
//! maximum exceeds the reference by more than `SLACK` bits.

// An index shows clearly that several arrays of registers are traversed together.
#![allow(clippy::needless_range_loop)]

use crate::pairwise::pack::bf16_split::VALUE_PARTS;
use crate::simd::{SIDE, exp2_f32};
use pulp::{Simd, bytemuck};

/// Registers across a panel.
pub const WIDTH: usize = 2;

/// One row of a panel.
pub type Row<S> = [<S as Simd>::f32s; WIDTH];

/// Bits by which a maximum may exceed the reference of its weights.
const SLACK: f32 = 24.0;

/// The initial reference: a score below the scores of all sources with a positive weight.
const NOTHING: f32 = -1e30;

/// The running results of a panel of queries, per lane.
#[derive(Clone, Copy)]
pub struct Totals<S: Simd> {
    /// The reference: weights are `2^(score - reference)`.
    pub reference: Row<S>,
    /// Sum of weights.
    pub sum: Row<S>,
    /// Sum of squared weights.
    pub squares: Row<S>,
}

impl<S: Simd> Totals<S> {
    /// The state before the first block.
    #[inline(always)]
    pub fn new(simd: S) -> Totals<S> {
        let zero = [simd.splat_f32s(0.0); WIDTH];
        Totals { reference: [simd.splat_f32s(NOTHING); WIDTH], sum: zero, squares: zero }
    }

    /// Sets the reference to the largest of these scores, if that score is larger than the
    /// reference.
    #[inline(always)]
    pub fn look(&mut self, simd: S, scores: &[Row<S>], bias: &[f32]) {
        for (row, bias) in scores.iter().zip(bias) {
            for v in 0..WIDTH {
                self.reference[v] = simd.max_f32s(self.reference[v], simd.add_f32s(row[v], simd.splat_f32s(*bias)));
            }
        }
    }

    /// Adds the sums of a block. Returns false and adds nothing if the maximum of the block exceeds
    /// the reference by more than `SLACK`.
    #[inline(always)]
    pub fn take(&mut self, simd: S, block: &Weigh<S>) -> bool {
        let top: &[f32] = bytemuck::cast_slice(&block.max);
        let reference: &[f32] = bytemuck::cast_slice(&block.reference);
        if top.iter().zip(reference).any(|(top, reference)| *top > *reference + SLACK) {
            return false;
        }
        for v in 0..WIDTH {
            self.sum[v] = simd.add_f32s(self.sum[v], block.sum[v]);
            self.squares[v] = simd.add_f32s(self.squares[v], block.squares[v]);
        }
        true
    }

    /// Raises the reference to `max` if `max` is larger, and rescales the sums. Returns the factor
    /// by which the caller rescales everything else that was summed before.
    #[inline(always)]
    pub fn raise(&mut self, simd: S, max: &Row<S>) -> Row<S> {
        let mut factor = self.reference;
        for v in 0..WIDTH {
            let old = self.reference[v];
            self.reference[v] = simd.max_f32s(old, max[v]);
            factor[v] = exp2_f32(simd, simd.sub_f32s(old, self.reference[v]));
            self.sum[v] = simd.mul_f32s(self.sum[v], factor[v]);
            self.squares[v] = simd.mul_f32s(self.squares[v], simd.mul_f32s(factor[v], factor[v]));
        }
        factor
    }
}

/// The softmax weights of a block, each in two parts, as stripes of tiles: `[query / 16][source /
/// 32][part]`. Each of the 16 rows of a tile holds two neighbouring sources. The weights are
/// computed piece by piece, while the matrix units do other work.
pub struct Weigh<'a, S: Simd> {
    reference: Row<S>,
    scores: &'a [[Row<S>; 2]],
    bias: &'a [[f32; 2]],
    tiles: &'a mut [S::u32s],
    done: usize,
    /// The largest score, or the reference if that is larger.
    pub max: Row<S>,
    sum: Row<S>,
    squares: Row<S>,
}

impl<'a, S: Simd> Weigh<'a, S> {
    /// The state at the beginning.
    #[inline(always)]
    pub fn new(simd: S, totals: &Totals<S>, scores: &'a [Row<S>], bias: &'a [f32], weights: &'a mut [u32]) -> Self {
        let zero = [simd.splat_f32s(0.0); WIDTH];
        let tiles = S::as_mut_simd_u32s(&mut weights[..scores.len() * SIDE]).0;
        Weigh {
            reference: totals.reference,
            scores: scores.as_chunks().0,
            bias: bias.as_chunks().0,
            tiles,
            done: 0,
            max: totals.reference,
            sum: zero,
            squares: zero,
        }
    }

    /// Goes on with the weights until `part / whole` of the block's sources are done.
    #[inline(always)]
    pub fn until<const SQUARES: bool>(&mut self, simd: S, part: usize, whole: usize) {
        let (half, sixteen, upper) = (simd.splat_u32s(0x8000), simd.splat_u32s(16), simd.splat_u32s(0xffff_0000));
        let stripe = self.tiles.len() / 2;
        let until = self.scores.len() * part / whole;
        // Local copies stay in registers while the loop runs.
        let (reference, mut max, mut sum, mut squares) = (self.reference, self.max, self.sum, self.squares);
        for pair in self.done..until {
            let at = pair / 16 * VALUE_PARTS * 16 + pair % 16;
            for v in 0..WIDTH {
                let (mut high, mut low) = ([half; 2], [half; 2]);
                for i in 0..2 {
                    let score = simd.add_f32s(self.scores[pair][i][v], simd.splat_f32s(self.bias[pair][i]));
                    max[v] = simd.max_f32s(max[v], score);
                    let w = exp2_f32(simd, simd.sub_f32s(score, reference[v]));
                    sum[v] = simd.add_f32s(sum[v], w);
                    if SQUARES {
                        squares[v] = simd.mul_add_e_f32s(w, w, squares[v]);
                    }
                    // The first part is rounded half up, with a relative error of 2^-9; the second
                    // part rounds the remainder with a relative error of 2^-9.
                    high[i] = simd.and_u32s(simd.add_u32s(simd.transmute_u32s_f32s(w), half), upper);
                    let rest = simd.sub_f32s(w, simd.transmute_f32s_u32s(high[i]));
                    low[i] = simd.add_u32s(simd.transmute_u32s_f32s(rest), half);
                }
                let tiles = &mut self.tiles[v * stripe + at..][..17];
                tiles[0] = simd.or_u32s(high[1], simd.wrapping_dyn_shr_u32s(high[0], sixteen));
                let low_odd = simd.and_u32s(low[1], upper);
                tiles[16] = simd.or_u32s(low_odd, simd.wrapping_dyn_shr_u32s(low[0], sixteen));
            }
        }
        (self.max, self.sum, self.squares) = (max, sum, squares);
        self.done = self.done.max(until);
    }
}
