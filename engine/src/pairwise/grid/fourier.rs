//! The convolution of the cells of a box with a smooth radial kernel, by Fourier transforms.
//!
//! A kernel that is not a Gaussian is no product over axes, and it can be long. It is therefore
//! convolved as a whole: the spectrum of the spread points is multiplied by the spectrum of the
//! kernel over the square of that of the window \[potts2003fast\]. The convolution is periodic, and
//! its period is longer than twice the largest distance between a source and a query; beyond this
//! distance the kernel fades to 0. The result is as accurate as the spectrum of the kernel is
//! short, which determines the number of cells per bandwidth.

use super::block::tile_len;
use super::convolve::{Means, Tiles};
use super::lattice::{DIM, Lattice, side};
use super::order::Placed;
use super::profile::Profile;
use super::transforms::{Buffers, Transforms, fast_size};
use super::window::CHANNELS;
use crate::Result;
use rayon::prelude::*;
use std::f64::consts::PI;
use std::sync::OnceLock;

/// Frequencies beyond this are left out, in radians per cell. Here the window is so short that
/// rounding errors grow by less than a factor of 100.
const BAND: f64 = 2.2;

/// The number of cells, beyond the largest distance, over which the kernel fades to 0, and the
/// length of the error function by which it fades. Its spectrum is negligible beyond the band.
const FADE: usize = 30;
const FADE_LENGTH: f64 = 4.0;

/// Returns the share of the sum of all weights below which sums are computed directly, because what
/// is missing of the spectrum may be a large part of them.
pub fn faint(tolerance: f64) -> f64 {
    if tolerance < 1e-4 { 5e-3 } else { 1e-3 }
}

/// The box of a convolution, and the function that it is convolved with.
#[derive(Debug)]
pub struct Fourier {
    lattice: Lattice,
    pub profile: Profile,
    /// The first cell over which sources are spread, and the number of these cells, on each axis of
    /// the box.
    first: [i64; DIM],
    sources: [usize; DIM],
    /// The number of cells of the box. In two dimensions the middle axis has one cell, and in one
    /// dimension the first two axes have.
    sizes: [usize; DIM],
    /// The factors of the spectrum, without those that are equal by symmetry.
    factors: OnceLock<Vec<f64>>,
}

impl Fourier {
    /// Returns the box around these points; None if it has more than `most` cells.
    pub fn new(
        lattice: &Lattice,
        profile: Profile,
        (sources, queries): (&Placed, &Placed),
        most: usize,
    ) -> Option<Fourier> {
        let (of_sources, of_queries) = (cells_of(sources, lattice), cells_of(queries, lattice));
        let axes = axes(lattice.dim);
        let mut fourier = Fourier {
            lattice: lattice.clone(),
            profile,
            first: [0; DIM],
            sources: [1; DIM],
            sizes: [1; DIM],
            factors: OnceLock::new(),
        };
        for (axis, own) in axes.into_iter().zip(0..lattice.dim) {
            let ((from, to), (first, last)) = (of_sources[own], of_queries[own]);
            let farthest = (last - from).max(to - first).max(0) as usize;
            fourier.first[axis] = from;
            fourier.sources[axis] = (to - from + 1) as usize;
            fourier.sizes[axis] = fast_size(2 * farthest.saturating_add(FADE).min(most) + 1);
        }
        (fourier.cells() <= most as f64).then_some(fourier)
    }

    /// Returns the number of cells of the box.
    pub fn cells(&self) -> f64 {
        self.sizes.iter().map(|size| *size as f64).product()
    }

    /// Writes to the tiles `keys` the convolution of `input` with the kernel, which is 1 at
    /// distance 0.
    ///
    /// # Errors
    /// An interrupt.
    pub fn convolve(&self, input: Tiles, (keys, output): (&[u64], &mut [f64]), means: Means) -> Result<()> {
        let transforms = Transforms::of(self.sizes);
        means.pool.with(|one| {
            means.pool.with(|other| {
                let (one, other) = (one.take(transforms.len()), other.take(transforms.len()));
                means.interrupt.check()?;
                let factors = self.factors.get_or_init(|| self.factors(&transforms, (&mut *one, &mut *other)));
                for channel in 0..CHANNELS {
                    means.interrupt.check()?;
                    if input.values.par_iter().skip(channel).step_by(CHANNELS).all(|value| *value == 0.0) {
                        output.par_iter_mut().skip(channel).step_by(CHANNELS).for_each(|value| *value = 0.0);
                        continue;
                    }
                    let fill = |row: usize, line: &mut [f64]| self.write_line(input, channel, row, line);
                    transforms.begin(fill, (&mut *one, &mut *other));
                    means.interrupt.check()?;
                    transforms.visit(one, true, |line, values| {
                        let factors = &factors[self.factors_at(line, transforms.half())..];
                        for (k, value) in values.iter_mut().enumerate() {
                            *value *= factors[folded(k, self.sizes[0])];
                        }
                    });
                    transforms.end((&mut *one, &mut *other));
                    self.read_lines(one, 2 * transforms.half(), channel, (keys, &mut *output));
                }
                Ok(())
            })
        })
    }

    /// Returns the position of the factors of a line of the spectrum. Lines at frequencies of
    /// either sign have the same factors.
    fn factors_at(&self, line: usize, half: usize) -> usize {
        (folded(line / half, self.sizes[1]) * half + line % half) * (self.sizes[0] / 2 + 1)
    }

    /// Returns the factors of the spectrum: that of the kernel over the square of that of the
    /// window, and over the number of cells, by which the transforms multiply.
    fn factors(&self, transforms: &Transforms, (one, other): Buffers) -> Vec<f64> {
        let ([n0, n1, n2], cell) = (self.sizes, self.lattice.cell());
        let at_zero = self.profile.at(0.0);
        let fade = |k: usize, n: usize| {
            let middle = 0.5 * (n as f64 - FADE as f64);
            // Along an axis with one cell there is no distance.
            if n == 1 { 1.0 } else { 0.5 * libm::erfc((k as f64 - middle) / FADE_LENGTH) }
        };
        let [of_first, of_middle, of_last] =
            self.sizes.map(|n| (0..n).map(|k| fade(folded(k, n), n)).collect::<Vec<f64>>());
        let fill = |row: usize, line: &mut [f64]| {
            let (i, j) = (row / n1, row % n1);
            let near = (folded(i, n0).pow(2) + folded(j, n1).pow(2)) as f64;
            let share = of_first[i] * of_middle[j] / at_zero;
            for k in 0..=n2 / 2 {
                line[k] = share * of_last[k] * self.profile.at((near + k.pow(2) as f64) * cell * cell);
                line[(n2 - k) % n2] = line[k];
            }
            true
        };
        transforms.begin(fill, (&mut *one, other));
        let window = self.lattice.window;
        let all = window.mass().powi(2 * self.lattice.dim as i32) * self.cells();
        let square = |k: usize, n: usize| (2.0 * PI * folded(k, n) as f64 / n as f64).powi(2);
        let half = transforms.half();
        transforms.visit(one, false, |line, values| {
            let near = square(line / half, n1) + square(line % half, n2);
            for (k, value) in values.iter_mut().enumerate() {
                let square = near + square(k, n0);
                let of_window = all * (-window.variance() * square).exp();
                value.re = if square < BAND * BAND { value.re / of_window } else { 0.0 };
            }
        });
        let mut factors = vec![0.0; (n1 / 2 + 1) * half * (n0 / 2 + 1)];
        factors.par_chunks_exact_mut(n0 / 2 + 1).zip(one.par_chunks_exact(2 * n0)).for_each(|(factors, line)| {
            factors.iter_mut().zip(line.iter().step_by(2)).for_each(|(to, from)| *to = *from);
        });
        factors
    }

    /// Writes the values of a line of the box along its last axis; false if there are none.
    fn write_line(&self, tiles: Tiles, channel: usize, row: usize, line: &mut [f64]) -> bool {
        let (dim, side) = (self.lattice.dim, side(self.lattice.dim) as i64);
        let at = [row / self.sizes[1], row % self.sizes[1]];
        if at[0] >= self.sources[0] || at[1] >= self.sources[1] {
            return false;
        }
        line.fill(0.0);
        let mut found = false;
        let last = self.first[2] + self.sources[2] as i64;
        for tile in self.first[2].div_euclid(side)..=(last - 1).div_euclid(side) {
            let cell = [self.first[0] + at[0] as i64, self.first[1] + at[1] as i64, tile * side];
            let own = axes(dim).map(|axis| cell[axis]);
            let Some(values) = tiles.find(dim, self.lattice.key_of(own)) else { continue };
            found = true;
            let within = own[..dim].iter().fold(0, |all, cell| all * side + cell.rem_euclid(side)) as usize;
            for (value, cell) in
                values[within * CHANNELS + channel..].iter().step_by(CHANNELS).zip(tile * side..).take(side as usize)
            {
                if (self.first[2]..last).contains(&cell) {
                    line[(cell - self.first[2]) as usize] = *value;
                }
            }
        }
        found
    }

    /// Writes a channel of the tiles `keys` from the lines of the box, which begin at multiples of
    /// `row_len`.
    fn read_lines(&self, lines: &[f64], row_len: usize, channel: usize, (keys, output): (&[u64], &mut [f64])) {
        let (dim, side) = (self.lattice.dim, side(self.lattice.dim));
        output.par_chunks_exact_mut(tile_len(dim)).zip(keys).for_each(|(tile, key)| {
            let begin = self.lattice.cell_of(*key);
            for (row, values) in tile.chunks_exact_mut(side * CHANNELS).enumerate() {
                let mut cell = [0; DIM];
                (0..dim).for_each(|own| cell[axes(dim)[own]] = begin[own]);
                if dim == 3 {
                    (cell[0], cell[1]) = (cell[0] + (row / side) as i64, cell[1] + (row % side) as i64);
                } else {
                    cell[0] += row as i64;
                }
                let at =
                    |axis: usize, cell: i64| (cell - self.first[axis]).rem_euclid(self.sizes[axis] as i64) as usize;
                let line = &lines[(at(0, cell[0]) * self.sizes[1] + at(1, cell[1])) * row_len..];
                for (value, cell) in values[channel..].iter_mut().step_by(CHANNELS).zip(cell[2]..) {
                    *value = line[at(2, cell)];
                }
            }
        });
    }
}

/// Returns the first and the last cell that windows of points reach on each axis.
fn cells_of(placed: &Placed, lattice: &Lattice) -> [(i64, i64); DIM] {
    let mut ends = [(i64::MAX, i64::MIN); DIM];
    for tile in &placed.tiles {
        let first = lattice.cell_of(tile.key);
        for begins in placed.begins[tile.from * lattice.dim..tile.to * lattice.dim].chunks_exact(lattice.dim) {
            for (axis, begin) in begins.iter().enumerate() {
                let cell = first[axis] + begin.ceil() as i64;
                let (low, high) = ends[axis];
                ends[axis] = (low.min(cell), high.max(cell + lattice.window.width as i64 - 1));
            }
        }
    }
    ends
}

/// Returns the axis of the box for each axis of the points.
fn axes(dim: usize) -> [usize; DIM] {
    match dim {
        1 => [2, 0, 1],
        2 => [0, 2, 1],
        _ => [0, 1, 2],
    }
}

/// Returns the distance of an index from 0 on a periodic axis.
fn folded(k: usize, n: usize) -> usize {
    k.min(n - k)
}

#[cfg(test)]
mod tests;
