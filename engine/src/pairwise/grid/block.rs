//! The block of a tile: its cells and those of the next tiles that windows of its points reach.
//! Points are spread over a block, and sums are read from a block.

use super::lattice::{DIM, side};
use super::window::{CHANNELS, PADDED, Window};
use crate::simd::Real;
use pulp::{Simd, WithSimd};

/// Returns the number of cells of a block on each axis.
pub fn block_side(window: &Window, dim: usize) -> usize {
    side(dim) + window.width - 1
}

/// Returns the number of values of a block.
pub fn block_len(window: &Window, dim: usize) -> usize {
    block_side(window, dim).pow(dim as u32) * CHANNELS
}

/// Returns the number of values of a tile.
pub fn tile_len(dim: usize) -> usize {
    side(dim).pow(dim as u32) * CHANNELS
}

/// Adds the values of points, multiplied by their windows, to a block.
pub struct Spread<'a> {
    pub window: &'static Window,
    pub dim: usize,
    /// The beginnings of the windows, points x dim.
    pub begins: &'a [f64],
    /// Points x channels.
    pub values: &'a [f64],
    pub block: &'a mut [f64],
}

/// Reads the sums of a block, multiplied by the windows of points.
pub struct Gather<'a> {
    pub window: &'static Window,
    pub dim: usize,
    /// The beginnings of the windows, points x dim.
    pub begins: &'a [f64],
    pub block: &'a [f64],
    /// Points x channels.
    pub sums: &'a mut [f64],
}

/// Calls the function with the number of registers of a row and of the factors of a window, for the
/// lanes of the machine and the cells of the window.
macro_rules! for_registers {
    ($simd:ident, $call:ident($job:expr)) => {
        match (f64::lanes::<S>(), $job.window.width) {
            (8, 10) => for_registers!($simd, $call($job), 8, 10),
            (8, 14) => for_registers!($simd, $call($job), 8, 14),
            (4, 10) => for_registers!($simd, $call($job), 4, 10),
            (4, 14) => for_registers!($simd, $call($job), 4, 14),
            (2, 10) => for_registers!($simd, $call($job), 2, 10),
            (2, 14) => for_registers!($simd, $call($job), 2, 14),
            (_, 10) => for_registers!($simd, $call($job), 1, 10),
            (_, 14) => for_registers!($simd, $call($job), 1, 14),
            (_, width) => unreachable!("there is no window of {width} cells"),
        }
    };
    ($simd:ident, $call:ident($job:expr), $lanes:literal, $width:literal) => {
        $call::<S, { $width * CHANNELS / $lanes }, { PADDED / $lanes }>($simd, $job)
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

/// Points that are processed together, plane by plane, so that a plane of the block stays in the
/// first-level cache.
const TOGETHER: usize = 8;

/// The windows of some points.
struct Windows {
    /// Where they begin in the block, counted in values.
    at: [usize; TOGETHER],
    /// Their factors for planes, lines of a plane, and cells of a line; 1 on an axis that the
    /// points do not have.
    factors: [[[f64; PADDED]; DIM]; TOGETHER],
}

impl Windows {
    #[inline(always)]
    fn of<S: Simd, const P: usize>(simd: S, window: &Window, dim: usize, begins: &[f64]) -> Windows {
        let (side, block, rows) = (side(dim), block_side(window, dim), window.rows());
        let mut windows = Windows { at: [0; TOGETHER], factors: [[[1.0; PADDED]; DIM]; TOGETHER] };
        for ((begins, at), factors) in begins.chunks_exact(dim).zip(&mut windows.at).zip(&mut windows.factors) {
            for (begin, values) in begins.iter().zip(&mut factors[DIM - dim..]) {
                let first = begin.ceil().clamp(0.0, (side - 1) as f64);
                *at = *at * block + first as usize;
                let y = simd.splat_f64s(2.0 * (first - begin) - 1.0);
                let mut sum = [simd.splat_f64s(0.0); P];
                for row in rows {
                    for (sum, c) in sum.iter_mut().zip(f64::registers::<S>(row)) {
                        *sum = simd.mul_add_f64s(*sum, y, *c);
                    }
                }
                f64::registers_mut::<S>(values).copy_from_slice(&sum);
            }
            *at *= CHANNELS;
        }
        windows
    }
}

/// Returns the number of planes and of lines that a window covers, and the number of values from
/// one plane or line to the next.
#[inline(always)]
fn strides(window: &Window, dim: usize) -> [(usize, usize); 2] {
    let count = |axes: usize| if dim >= axes { window.width } else { 1 };
    let line = block_side(window, dim) * CHANNELS;
    [(count(3), block_side(window, dim) * line), (count(2), line)]
}

#[inline(always)]
fn spread<S: Simd, const R: usize, const P: usize>(simd: S, job: Spread) {
    let Spread { window, dim, begins, values, block } = job;
    let row_len = R * f64::lanes::<S>();
    let [(planes, plane), (lines, line)] = strides(window, dim);
    let values = values.as_chunks::<CHANNELS>().0;
    for (begins, values) in begins.chunks(TOGETHER * dim).zip(values.chunks(TOGETHER)) {
        let Windows { at, factors } = Windows::of::<S, P>(simd, window, dim, begins);
        let mut rows = [[simd.splat_f64s(0.0); R]; TOGETHER];
        for ((row, values), [_, _, cells]) in rows.iter_mut().zip(values).zip(&factors) {
            let mut products = [0.0; PADDED * CHANNELS];
            for (products, cell) in products.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(cells) {
                *products = values.map(|value| cell * value);
            }
            row.copy_from_slice(f64::registers::<S>(&products[..row_len]));
        }
        if at.iter().all(|other| *other == at[0]) && values.len() == TOGETHER {
            let starts = (0..planes).flat_map(|a| (0..lines).map(move |b| (a, b)));
            for (a, b) in starts {
                let weights = factors.each_ref().map(|[of_plane, of_line, _]| of_plane[a] * of_line[b]);
                let to = &mut block[at[0] + a * plane + b * line..][..row_len];
                spread_together(simd, &rows, weights, to);
            }
            continue;
        }
        for a in 0..planes {
            for ((row, [of_plane, of_line, _]), at) in rows[..values.len()].iter().zip(&factors).zip(at) {
                for b in 0..lines {
                    let weight = simd.splat_f64s(of_plane[a] * of_line[b]);
                    let to = &mut block[at + a * plane + b * line..][..row_len];
                    for (sum, value) in f64::registers_mut::<S>(to).iter_mut().zip(row) {
                        *sum = simd.mul_add_f64s(weight, *value, *sum);
                    }
                }
            }
        }
    }
}

/// Adds the rows of points of the same cell, times their weights, to a row of a block. The terms
/// are added in the same order as one point after the other, but the row is loaded and stored once.
#[inline(always)]
fn spread_together<S: Simd, const R: usize>(
    simd: S,
    rows: &[[S::f64s; R]; TOGETHER],
    weights: [f64; TOGETHER],
    to: &mut [f64],
) {
    let to = f64::registers_mut::<S>(to);
    let mut sums = [simd.splat_f64s(0.0); R];
    sums.copy_from_slice(to);
    for (row, weight) in rows.iter().zip(weights) {
        let weight = simd.splat_f64s(weight);
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum = simd.mul_add_f64s(weight, *value, *sum);
        }
    }
    to.copy_from_slice(&sums);
}

#[inline(always)]
fn gather<S: Simd, const R: usize, const P: usize>(simd: S, job: Gather) {
    let Gather { window, dim, begins, block, sums } = job;
    let row_len = R * f64::lanes::<S>();
    let [(planes, plane), (lines, line)] = strides(window, dim);
    let sums = sums.as_chunks_mut::<CHANNELS>().0;
    for (begins, sums) in begins.chunks(TOGETHER * dim).zip(sums.chunks_mut(TOGETHER)) {
        let Windows { at, factors } = Windows::of::<S, P>(simd, window, dim, begins);
        let mut rows = [[simd.splat_f64s(0.0); R]; TOGETHER];
        let rows_of = |at: usize| (0..lines).map(move |b| &block[at + b * line..][..row_len]);
        for a in 0..planes {
            let mut i = 0;
            while i < sums.len() {
                let from = || rows_of(at[i] + a * plane);
                // Two points of the same cell read each row once.
                let found: &[[S::f64s; R]] = if i + 1 < sums.len() && at[i] == at[i + 1] {
                    &read_together(simd, [&factors[i][1], &factors[i + 1][1]], from())
                } else {
                    &read_together(simd, [&factors[i][1]], from())
                };
                for (k, sum) in found.iter().enumerate() {
                    let weight = simd.splat_f64s(factors[i + k][0][a]);
                    for (row, sum) in rows[i + k].iter_mut().zip(sum) {
                        *row = simd.mul_add_f64s(weight, *sum, *row);
                    }
                }
                i += found.len();
            }
        }
        for ((out, row), [_, _, cells]) in sums.iter_mut().zip(&rows).zip(&factors) {
            let row: &[f64] = pulp::bytemuck::cast_slice(row);
            let mut total = [0.0; CHANNELS];
            for (sums, cell) in row.as_chunks::<CHANNELS>().0.iter().zip(cells) {
                total.iter_mut().zip(sums).for_each(|(total, sum)| *total += cell * sum);
            }
            *out = total;
        }
    }
}

/// Returns the sums of the rows of a block, for each of `K` points of the same cell with its
/// weights of the rows.
#[inline(always)]
fn read_together<'a, S: Simd, const R: usize, const K: usize>(
    simd: S,
    weights: [&[f64; PADDED]; K],
    rows: impl Iterator<Item = &'a [f64]>,
) -> [[S::f64s; R]; K] {
    let mut sums = [[simd.splat_f64s(0.0); R]; K];
    for (b, row) in rows.enumerate() {
        let weights = weights.map(|weights| simd.splat_f64s(weights[b]));
        for (c, value) in f64::registers::<S>(row).iter().enumerate().take(R) {
            for (sums, weight) in sums.iter_mut().zip(weights) {
                sums[c] = simd.mul_add_f64s(weight, *value, sums[c]);
            }
        }
    }
    sums
}
