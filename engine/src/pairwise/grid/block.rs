//! The block of a tile: its cells and those of the next tiles that windows of its points reach.
//! Points are spread over a block, and sums are read from a block.

use super::lattice::{DIM, side};
use super::window::{CHANNELS, PADDED, ROW, WIDTH, window};
use crate::simd::Real;
use pulp::{Simd, WithSimd};

/// Returns the number of cells of a block on each axis.
pub const fn block_side(dim: usize) -> usize {
    side(dim) + WIDTH - 1
}

/// Returns the number of values of a block.
pub fn block_len(dim: usize) -> usize {
    block_side(dim).pow(dim as u32) * CHANNELS
}

/// Returns the number of values of a tile.
pub fn tile_len(dim: usize) -> usize {
    side(dim).pow(dim as u32) * CHANNELS
}

/// Adds the values of points, multiplied by their windows, to a block.
pub struct Spread<'a> {
    pub dim: usize,
    /// The beginnings of the windows, points x dim.
    pub begins: &'a [f64],
    /// Points x channels.
    pub values: &'a [f64],
    pub block: &'a mut [f64],
}

/// Reads the sums of a block, multiplied by the windows of points.
pub struct Gather<'a> {
    pub dim: usize,
    /// The beginnings of the windows, points x dim.
    pub begins: &'a [f64],
    pub block: &'a [f64],
    /// Points x channels.
    pub sums: &'a mut [f64],
}

/// Calls the function with the number of registers of a row and of a window.
macro_rules! for_registers {
    ($simd:ident, $call:ident($($argument:expr),*)) => {
        match f64::lanes::<S>() {
            8 => $call::<S, { ROW / 8 }, { PADDED / 8 }>($simd, $($argument),*),
            4 => $call::<S, { ROW / 4 }, { PADDED / 4 }>($simd, $($argument),*),
            2 => $call::<S, { ROW / 2 }, { PADDED / 2 }>($simd, $($argument),*),
            _ => $call::<S, ROW, PADDED>($simd, $($argument),*),
        }
    };
}

impl WithSimd for Spread<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for_registers!(simd, spread(self));
    }
}

impl WithSimd for Gather<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for_registers!(simd, gather(self));
    }
}

/// Returns where the window of a point begins in the block, counted in values, and the windows of
/// the axes; the last one is that of the innermost axis.
#[inline(always)]
fn windows<S: Simd, const P: usize>(simd: S, dim: usize, begins: &[f64]) -> (usize, [[f64; PADDED]; DIM]) {
    let (side, block) = (side(dim), block_side(dim));
    let (mut at, mut windows) = (0, [[0.0; PADDED]; DIM]);
    for (begin, values) in begins.iter().zip(&mut windows[DIM - dim..]) {
        let first = begin.ceil().clamp(0.0, (side - 1) as f64);
        at = at * block + first as usize;
        let y = simd.splat_f64s(2.0 * (first - begin) - 1.0);
        let mut sum = [simd.splat_f64s(0.0); P];
        for row in window() {
            for (sum, c) in sum.iter_mut().zip(f64::registers::<S>(row)) {
                *sum = simd.mul_add_f64s(*sum, y, *c);
            }
        }
        f64::registers_mut::<S>(values).copy_from_slice(&sum);
    }
    (at * CHANNELS, windows)
}

#[inline(always)]
fn spread<S: Simd, const R: usize, const P: usize>(simd: S, job: Spread) {
    let Spread { dim, begins, values, block } = job;
    let (line, plane) = (block_side(dim) * CHANNELS, block_side(dim).pow(2) * CHANNELS);
    for (begins, values) in begins.chunks_exact(dim).zip(values.as_chunks::<CHANNELS>().0) {
        let (at, [planes, lines, cells]) = windows::<S, P>(simd, dim, begins);
        let mut products = [0.0; ROW];
        for (products, cell) in products.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(cells) {
            *products = values.map(|value| cell * value);
        }
        let mut row = [simd.splat_f64s(0.0); R];
        row.copy_from_slice(f64::registers::<S>(&products));
        let mut add = |at: usize, weight: f64| {
            let weight = simd.splat_f64s(weight);
            for (sum, value) in f64::registers_mut::<S>(&mut block[at..at + ROW]).iter_mut().zip(&row) {
                *sum = simd.mul_add_f64s(weight, *value, *sum);
            }
        };
        match dim {
            1 => add(at, 1.0),
            2 => (0..WIDTH).for_each(|b| add(at + b * line, lines[b])),
            _ => {
                for a in 0..WIDTH {
                    (0..WIDTH).for_each(|b| add(at + a * plane + b * line, planes[a] * lines[b]));
                }
            }
        }
    }
}

#[inline(always)]
fn gather<S: Simd, const R: usize, const P: usize>(simd: S, job: Gather) {
    let Gather { dim, begins, block, sums } = job;
    let (line, plane) = (block_side(dim) * CHANNELS, block_side(dim).pow(2) * CHANNELS);
    for (begins, out) in begins.chunks_exact(dim).zip(sums.as_chunks_mut::<CHANNELS>().0) {
        let (at, [planes, lines, cells]) = windows::<S, P>(simd, dim, begins);
        let add = |sum: &mut [S::f64s; R], at: usize, weight: f64| {
            let weight = simd.splat_f64s(weight);
            for (sum, value) in sum.iter_mut().zip(f64::registers::<S>(&block[at..at + ROW])) {
                *sum = simd.mul_add_f64s(weight, *value, *sum);
            }
        };
        let mut row = [simd.splat_f64s(0.0); R];
        match dim {
            1 => add(&mut row, at, 1.0),
            2 => (0..WIDTH).for_each(|b| add(&mut row, at + b * line, lines[b])),
            _ => {
                for a in 0..WIDTH {
                    let mut of_plane = [simd.splat_f64s(0.0); R];
                    (0..WIDTH).for_each(|b| add(&mut of_plane, at + a * plane + b * line, lines[b]));
                    let weight = simd.splat_f64s(planes[a]);
                    for (sum, part) in row.iter_mut().zip(&of_plane) {
                        *sum = simd.mul_add_f64s(weight, *part, *sum);
                    }
                }
            }
        }
        let row: &[f64] = pulp::bytemuck::cast_slice(&row);
        let mut total = [0.0; CHANNELS];
        for (sums, cell) in row.as_chunks::<CHANNELS>().0.iter().zip(cells) {
            total.iter_mut().zip(sums).for_each(|(total, sum)| *total += cell * sum);
        }
        *out = total;
    }
}
