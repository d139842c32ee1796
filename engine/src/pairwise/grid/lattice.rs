//! The cells and tiles of the grid, and points in the order of their cells.
//!
//! The window determines the width of a cell in units of sigma. Tiles of [`side`] cells per axis
//! exist only near points, so that their number does not depend on the extent of the points. A tile
//! has a key, in which every axis has its own bits. A point belongs to the tile of the first cell
//! of its window, so that a window extends over this tile and the next one on each axis.

use super::order::{Occupied, Placed};
use super::window::Window;
use crate::Points;
use rayon::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

/// The number of coordinates for which there is a grid.
pub const DIM: usize = 3;

/// Points are sorted by counting if their box has at most this many cells per point, or this many
/// lines of cells of a tile along the last axis.
const COUNTED: usize = 2;

/// Tiles that are kept free at each end of an axis.
const FREE: i64 = 16;

/// Points that are placed by one task.
const ROWS: usize = 4096;

/// The widths of the cells of lasting lattices are the powers of two with exponents that are
/// multiples of one over this number.
const WIDTHS_PER_OCTAVE: f64 = 2.0;

/// The origin and the unit of the cells.
#[derive(Debug, Clone)]
pub struct Lattice {
    pub dim: usize,
    pub window: &'static Window,
    /// The width of the kernel.
    pub sigma: f64,
    /// The width of a cell.
    cell: f64,
    /// True if the cells are the same for a range of sigmas.
    pub is_lasting: bool,
    centre: Vec<f64>,
}

/// Returns the number of cells of a tile on each axis.
pub const fn side(dim: usize) -> usize {
    match dim {
        1 => 256,
        2 => 32,
        _ => 16,
    }
}

impl Lattice {
    /// Creates cells for this window and sigma, with the origin at `centre`: the widest cells that
    /// keep the tolerance.
    pub fn new(window: &'static Window, centre: &[f64], sigma: f64) -> Lattice {
        let cell = sigma / window.cells_per_sigma;
        Lattice { dim: centre.len(), window, sigma, cell, is_lasting: false, centre: centre.to_vec() }
    }

    /// Returns the lattice with somewhat smaller cells, whose width is the same for a range of
    /// sigmas. Points that do not move then keep their cells while sigma changes.
    pub fn lasting(self) -> Lattice {
        let cell = ((self.cell.log2() * WIDTHS_PER_OCTAVE).floor() / WIDTHS_PER_OCTAVE).exp2();
        Lattice { cell, is_lasting: true, ..self }
    }

    /// True if both lattices have the same cells.
    pub fn has_cells_of(&self, other: &Lattice) -> bool {
        std::ptr::eq(self.window, other.window) && self.cell == other.cell && self.centre == other.centre
    }

    /// Returns the width of a cell.
    pub fn cell(&self) -> f64 {
        self.cell
    }

    /// Returns the number of cells per sigma.
    pub fn cells_per_sigma(&self) -> f64 {
        self.sigma / self.cell
    }

    /// Returns the taps: `f_0, f_1, ..`, equal on both sides.
    pub fn taps(&self) -> Vec<f64> {
        self.window.taps(self.cells_per_sigma())
    }

    /// Returns the number of tiles that the taps of a tile reach beyond it, on each side along an
    /// axis.
    pub fn reach(&self) -> i64 {
        self.window.reach(self.cells_per_sigma()).div_ceil(side(self.dim)) as i64
    }

    /// Returns the lattice of a kernel that is narrower by this factor.
    pub fn narrowed(&self, by: f64) -> Lattice {
        Lattice { sigma: by * self.sigma, cell: by * self.cell, is_lasting: false, ..self.clone() }
    }

    /// Returns the number of bits of one axis in a key. The remaining bits have room for the cell
    /// within a tile.
    fn bits(&self) -> usize {
        [52, 26, 17][self.dim - 1]
    }

    /// Returns the position of the bits of an axis in a key.
    fn shift(&self, axis: usize) -> usize {
        (self.dim - 1 - axis) * self.bits()
    }

    /// Returns the key of the tile that lies `by` tiles further on an axis.
    pub fn beside(&self, key: u64, axis: usize, by: i64) -> u64 {
        key.wrapping_add_signed(by << self.shift(axis))
    }

    /// Returns the key of the tile that lies one tile further on each axis whose bit is set in
    /// `corner`.
    pub fn corner(&self, key: u64, corner: usize) -> u64 {
        let on = (0..self.dim).filter(|axis| corner >> axis & 1 == 1);
        on.fold(key, |key, axis| self.beside(key, axis, 1))
    }

    /// Returns one of `2^dim` colours. The blocks of two tiles of the same colour do not overlap.
    pub fn colour(&self, key: u64) -> usize {
        (0..self.dim).map(|axis| ((self.along(key, axis) & 1) as usize) << axis).sum()
    }

    /// Returns the index of a tile along an axis.
    fn along(&self, key: u64, axis: usize) -> u64 {
        key >> self.shift(axis) & ((1 << self.bits()) - 1)
    }

    /// Returns the first cell of a tile on each axis.
    pub fn cell_of(&self, key: u64) -> [i64; DIM] {
        let side = side(self.dim) as u64;
        [0, 1, 2].map(|axis| if axis < self.dim { (self.along(key, axis) * side) as i64 } else { 0 })
    }

    /// Returns the key of the tile of a cell.
    pub fn key_of(&self, cell: [i64; DIM]) -> u64 {
        (0..self.dim).map(|axis| (cell[axis] as u64 / side(self.dim) as u64) << self.shift(axis)).sum()
    }

    /// Returns the key of the block of tiles in which a tile lies. Such a block is wider than the
    /// taps and a window together. In its key, the bits of the axes are at the same places as in
    /// the key of a tile.
    pub fn block_of_tiles(&self, key: u64) -> u64 {
        let bits = (self.reach() as u64 + 1).next_power_of_two().trailing_zeros();
        (0..self.dim).map(|axis| self.along(key, axis) >> bits << self.shift(axis)).sum()
    }

    /// Returns the keys of the tiles that lie `from ..= to` tiles further on an axis than those of
    /// `set`, sorted.
    pub fn widened(&self, set: &[u64], axis: usize, (from, to): (i64, i64)) -> Vec<u64> {
        let mut wide: Vec<u64> = (from..=to)
            .flat_map(|by| set.iter().map(move |key| (key, by)))
            .map(|(key, by)| self.beside(*key, axis, by))
            .collect();
        wide.sort_unstable();
        wide.dedup();
        wide
    }

    /// Sorts points by tile and cell; None if a point lies beyond the last tile.
    pub fn place(&self, points: &Points) -> Option<Placed> {
        let (dim, side, bits) = (self.dim, side(self.dim), self.bits());
        let middle = 1_i64 << (bits - 1);
        let unit = 1.0 / self.cell;
        let begin = |x: f64, axis: usize| (x - self.centre[axis]) * unit - 0.5 * self.window.width as f64;
        let mut order = vec![(0_u64, 0_u32); points.n()];
        let inside = order.par_chunks_mut(ROWS).enumerate().map(|(chunk, order)| {
            let first = chunk * ROWS;
            order.iter_mut().enumerate().all(|(k, item)| {
                let (mut key, mut within) = (0, 0);
                for (axis, x) in points.row(first + k).iter().enumerate() {
                    let cell = begin(*x, axis).ceil();
                    // Some tiles are kept free at the ends, for neighbours.
                    if cell.is_nan() || cell.abs() >= ((middle - FREE) * side as i64) as f64 {
                        return false;
                    }
                    let cell = cell as i64;
                    let tile = cell.div_euclid(side as i64);
                    key = key << bits | (tile + middle) as u64;
                    within = within * side as u64 + (cell - tile * side as i64) as u64;
                }
                *item = (key << (64 - dim * bits) | within, (first + k) as u32);
                true
            })
        });
        if !inside.reduce(|| true, |a, b| a && b) {
            return None;
        }
        let order = self.sorted(order);
        let mut placed = Placed {
            index: vec![0; points.n()],
            position: (0..points.n()).map(|_| AtomicU32::default()).collect(),
            begins: vec![0.0; points.n() * dim],
            tiles: Vec::new(),
        };
        let shown = placed.index.par_chunks_mut(ROWS).zip(placed.begins.par_chunks_mut(ROWS * dim));
        shown.zip(order.par_chunks(ROWS)).for_each(|((index, begins), order)| {
            for ((index, begins), (key, i)) in index.iter_mut().zip(begins.chunks_exact_mut(dim)).zip(order) {
                *index = *i;
                let key = key >> (64 - dim * bits);
                for (axis, (to, x)) in begins.iter_mut().zip(points.row(*i as usize)).enumerate() {
                    let tile = self.along(key, axis) as i64 - middle;
                    *to = begin(*x, axis) - (tile * side as i64) as f64;
                }
            }
        });
        order.par_iter().enumerate().for_each(|(position, (_, i))| {
            placed.position[*i as usize].store(position as u32, Ordering::Relaxed);
        });
        for (position, (key, _)) in order.iter().enumerate() {
            let key = key >> (64 - dim * bits);
            match placed.tiles.last_mut() {
                Some(tile) if tile.key == key => tile.to = position + 1,
                _ => placed.tiles.push(Occupied { key, from: position, to: position + 1 }),
            }
        }
        Some(placed)
    }

    /// Sorts pairs of a number and the index of a point. The number consists of the key of the tile
    /// and the cell within the tile. If the points fill most of their box, they are sorted by
    /// counting, with cells or with lines of cells as the bins.
    fn sorted(&self, mut order: Vec<(u64, u32)>) -> Vec<(u64, u32)> {
        let spare = 64 - self.dim * self.bits();
        let cells = side(self.dim).pow(self.dim as u32);
        let empty = || [(u64::MAX, 0_u64); DIM];
        let widen = |mut ends: [(u64, u64); DIM], key: u64| {
            for (axis, (low, high)) in ends.iter_mut().enumerate().take(self.dim) {
                let at = self.along(key >> spare, axis);
                (*low, *high) = ((*low).min(at), (*high).max(at));
            }
            ends
        };
        let ends = order.iter().fold(empty(), |ends, (key, _)| widen(ends, *key));
        let sizes = ends.map(|(low, high)| (high + 1).saturating_sub(low) as usize);
        let count = sizes[..self.dim].iter().fold(cells, |count, size| count.saturating_mul(*size));
        let fits = |bin: &usize| count / bin <= COUNTED * order.len();
        let Some(bin) = [1, side(self.dim)].into_iter().find(fits) else {
            order.par_sort_unstable();
            return order;
        };
        let place = |key: u64| {
            let tile = (0..self.dim)
                .fold(0, |at, axis| at * sizes[axis] + (self.along(key >> spare, axis) - ends[axis].0) as usize);
            (tile * cells + (key & ((1 << spare) - 1)) as usize) / bin
        };
        let mut firsts = vec![0_u32; count / bin + 1];
        order.iter().for_each(|(key, _)| firsts[place(*key) + 1] += 1);
        for at in 1..firsts.len() {
            firsts[at] += firsts[at - 1];
        }
        let mut sorted = vec![(0, 0); order.len()];
        for item in order {
            let first = &mut firsts[place(item.0)];
            sorted[*first as usize] = item;
            *first += 1;
        }
        sorted
    }
}
