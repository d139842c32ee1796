//! The convolution of the tiles with the taps along one axis.

use super::block::tile_len;
use super::lattice::{Lattice, side};
use super::window::CHANNELS;
use crate::simd::{Buffer, Isa, Pool, Real};
use crate::{Interrupt, Result};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// The largest number of adjacent values that are convolved together.
const TOGETHER: usize = 64;

/// Where the work is done: the instruction set, buffers, and the interrupt.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    pub isa: Isa,
    pub pool: &'a Pool<Buffer<f64>>,
    pub interrupt: &'a Interrupt,
}

/// A set of tiles with their values.
#[derive(Clone, Copy)]
pub struct Tiles<'a> {
    /// The keys of the tiles, sorted.
    pub keys: &'a [u64],
    /// Tiles x values of a tile.
    pub values: &'a [f64],
}

impl<'a> Tiles<'a> {
    /// Returns the values of a tile; None if it is not in the set.
    pub fn find(&self, dim: usize, key: u64) -> Option<&'a [f64]> {
        let at = self.keys.binary_search(&key).ok()?;
        Some(&self.values[at * tile_len(dim)..][..tile_len(dim)])
    }
}

/// Writes to the tiles `keys` the convolution of `input` with the taps along an axis.
///
/// # Errors
/// An interrupt.
pub fn convolve(
    (lattice, axis): (&Lattice, usize),
    taps: &[f64],
    input: Tiles,
    (keys, output): (&[u64], &mut [f64]),
    means: Means,
) -> Result<()> {
    let dim = lattice.dim;
    let (side, reach) = (side(dim), lattice.reach());
    // The number of values from one cell to the next on the axis, and how many of these are
    // convolved at once.
    let stride = side.pow((dim - 1 - axis) as u32) * CHANNELS;
    let together = stride.min(TOGETHER);
    output.par_chunks_exact_mut(tile_len(dim)).zip(keys).try_for_each(|(tile, key)| {
        means.interrupt.check()?;
        let near: Vec<Option<&[f64]>> =
            (-reach..=reach).map(|by| input.find(dim, lattice.beside(*key, axis, by))).collect();
        means.pool.with(|lines| {
            let lines = lines.take(near.len() * side * together);
            for (outer, slab) in tile.chunks_exact_mut(side * stride).enumerate() {
                for first in (0..stride).step_by(together) {
                    for (lines, tile) in lines.chunks_exact_mut(side * together).zip(&near) {
                        let Some(tile) = tile else {
                            lines.fill(0.0);
                            continue;
                        };
                        let rows = tile[outer * side * stride..][..side * stride].chunks_exact(stride);
                        for (line, row) in lines.chunks_exact_mut(together).zip(rows) {
                            line.copy_from_slice(&row[first..first + together]);
                        }
                    }
                    means.isa.run(Line { taps, lines, side, together, first, stride, slab });
                }
            }
        });
        Ok(())
    })
}

/// The convolution of the middle part of some lines.
struct Line<'a> {
    taps: &'a [f64],
    /// `cells x together`, with as many cells before the middle part as after it.
    lines: &'a [f64],
    side: usize,
    together: usize,
    /// Where the lines begin in the rows of the slab.
    first: usize,
    stride: usize,
    /// `side x stride`
    slab: &'a mut [f64],
}

impl WithSimd for Line<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Line { taps, lines, side, together, first, stride, slab } = self;
        let lanes = f64::lanes::<S>();
        let (count, before) = (side * together, (lines.len() - side * together) / 2);
        // Rows of lines are adjacent in memory, so that a register may extend over several rows.
        for at in (0..count).step_by(lanes) {
            let load = |from: usize| f64::registers::<S>(&lines[from..from + lanes])[0];
            let centre = before + at;
            let mut sum = simd.mul_f64s(simd.splat_f64s(taps[0]), load(centre));
            for (t, tap) in taps.iter().enumerate().skip(1) {
                let both = simd.add_f64s(load(centre - t * together), load(centre + t * together));
                sum = simd.mul_add_f64s(simd.splat_f64s(*tap), both, sum);
            }
            let to = at / together * stride + first + at % together;
            f64::registers_mut::<S>(&mut slab[to..to + lanes])[0] = sum;
        }
    }
}
