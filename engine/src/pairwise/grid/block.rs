//! The block of a tile: its cells and those of the next tiles that windows of its points reach.
//! Points are spread over a block, and sums are read from a block.

use super::lattice::{DIM, side};
use super::window::{CHANNELS, PADDED, ROW, WIDTH, Window};
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

/// Calls the function with the number of registers of a row and of an outer window.
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

/// The windows of one point.
struct Windows<S: Simd, const R: usize> {
    /// The first row of the window in the block, counted in values.
    at: usize,
    outer: [[f64; PADDED]; DIM - 1],
    inner: [S::f64s; R],
}

#[inline(always)]
fn windows<S: Simd, const R: usize, const P: usize>(simd: S, dim: usize, begins: &[f64]) -> Windows<S, R> {
    let window = Window::get();
    let (side, block) = (side(dim), block_side(dim));
    let mut result = Windows { at: 0, outer: [[0.0; PADDED]; DIM - 1], inner: [simd.splat_f64s(0.0); R] };
    for (axis, begin) in begins.iter().enumerate() {
        let first = begin.ceil().clamp(0.0, (side - 1) as f64);
        let y = simd.splat_f64s(2.0 * (first - begin) - 1.0);
        result.at = result.at * block + first as usize;
        if axis + 1 < dim {
            let mut sum = [simd.splat_f64s(0.0); P];
            for row in &window.outer {
                for (sum, c) in sum.iter_mut().zip(f64::registers::<S>(row)) {
                    *sum = simd.mul_add_f64s(*sum, y, *c);
                }
            }
            f64::registers_mut::<S>(&mut result.outer[axis]).copy_from_slice(&sum);
        } else {
            for row in &window.inner {
                for (sum, c) in result.inner.iter_mut().zip(f64::registers::<S>(row)) {
                    *sum = simd.mul_add_f64s(*sum, y, *c);
                }
            }
        }
    }
    result.at *= CHANNELS;
    result
}

#[inline(always)]
fn spread<S: Simd, const R: usize, const P: usize>(simd: S, job: Spread) {
    let Spread { dim, begins, values, block } = job;
    let (one, plane) = (block_side(dim) * CHANNELS, block_side(dim).pow(2) * CHANNELS);
    for (begins, values) in begins.chunks_exact(dim).zip(values.as_chunks::<CHANNELS>().0) {
        let Windows { at, outer, inner } = windows::<S, R, P>(simd, dim, begins);
        // The values twice, so that a register of any width finds its channels.
        let mut twice = [0.0; 2 * CHANNELS];
        twice[..CHANNELS].copy_from_slice(values);
        twice[CHANNELS..].copy_from_slice(values);
        let twice = f64::registers::<S>(&twice);
        let mut row = inner;
        for (r, row) in row.iter_mut().enumerate() {
            *row = simd.mul_f64s(*row, twice[r % twice.len()]);
        }
        let mut add = |at: usize, weight: f64| {
            let weight = simd.splat_f64s(weight);
            for (sum, value) in f64::registers_mut::<S>(&mut block[at..at + ROW]).iter_mut().zip(&row) {
                *sum = simd.mul_add_f64s(weight, *value, *sum);
            }
        };
        match dim {
            1 => add(at, 1.0),
            2 => (0..WIDTH).for_each(|a| add(at + a * one, outer[0][a])),
            _ => {
                for a in 0..WIDTH {
                    (0..WIDTH).for_each(|b| add(at + a * plane + b * one, outer[0][a] * outer[1][b]));
                }
            }
        }
    }
}

#[inline(always)]
fn gather<S: Simd, const R: usize, const P: usize>(simd: S, job: Gather) {
    let Gather { dim, begins, block, sums } = job;
    let (one, plane) = (block_side(dim) * CHANNELS, block_side(dim).pow(2) * CHANNELS);
    for (begins, out) in begins.chunks_exact(dim).zip(sums.as_chunks_mut::<CHANNELS>().0) {
        let Windows { at, outer, inner } = windows::<S, R, P>(simd, dim, begins);
        let add = |sum: &mut [S::f64s; R], at: usize, weight: f64| {
            let weight = simd.splat_f64s(weight);
            for (sum, value) in sum.iter_mut().zip(f64::registers::<S>(&block[at..at + ROW])) {
                *sum = simd.mul_add_f64s(weight, *value, *sum);
            }
        };
        let mut sum = [simd.splat_f64s(0.0); R];
        match dim {
            1 => add(&mut sum, at, 1.0),
            2 => (0..WIDTH).for_each(|a| add(&mut sum, at + a * one, outer[0][a])),
            _ => {
                for a in 0..WIDTH {
                    let mut plane_sum = [simd.splat_f64s(0.0); R];
                    (0..WIDTH).for_each(|b| add(&mut plane_sum, at + a * plane + b * one, outer[1][b]));
                    let weight = simd.splat_f64s(outer[0][a]);
                    for (sum, part) in sum.iter_mut().zip(&plane_sum) {
                        *sum = simd.mul_add_f64s(weight, *part, *sum);
                    }
                }
            }
        }
        for (sum, window) in sum.iter_mut().zip(&inner) {
            *sum = simd.mul_f64s(*sum, *window);
        }
        let mut total = [0.0; 2 * CHANNELS];
        for part in pulp::bytemuck::cast_slice::<S::f64s, f64>(&sum).as_chunks::<{ 2 * CHANNELS }>().0 {
            total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
        }
        out.iter_mut().enumerate().for_each(|(c, out)| *out = total[c] + total[CHANNELS + c]);
    }
}
