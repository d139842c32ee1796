//! Points in the order of their tiles and cells.

use super::lattice::{DIM, Lattice};
use std::sync::atomic::{AtomicU32, Ordering};

/// The points of one tile: positions `from .. to` of their order.
#[derive(Debug, Clone, Copy)]
pub struct Occupied {
    pub key: u64,
    pub from: usize,
    pub to: usize,
}

impl Occupied {
    /// Returns the number of points.
    pub fn len(&self) -> usize {
        self.to - self.from
    }
}

/// Points in the order of their tiles and cells.
#[derive(Debug, Default)]
pub struct Placed {
    /// The index of the point at each position.
    pub index: Vec<u32>,
    pub(super) position: Vec<AtomicU32>,
    /// The beginning of the window at each position, in cells from the beginning of the tile, n x
    /// dim. The first cell of the window is the next integer.
    pub begins: Vec<f64>,
    /// The tiles with points, by key.
    pub tiles: Vec<Occupied>,
}

impl Placed {
    /// Returns the position of a point.
    pub fn position(&self, point: usize) -> usize {
        self.position[point].load(Ordering::Relaxed) as usize
    }
    /// Returns the first and the last cell that windows of the points reach on each axis.
    pub fn cells(&self, lattice: &Lattice) -> [(i64, i64); DIM] {
        let mut ends = [(i64::MAX, i64::MIN); DIM];
        for tile in &self.tiles {
            let first = lattice.cell_of(tile.key);
            for begins in self.begins[tile.from * lattice.dim..tile.to * lattice.dim].chunks_exact(lattice.dim) {
                for (axis, begin) in begins.iter().enumerate() {
                    let cell = first[axis] + begin.ceil() as i64;
                    let (low, high) = ends[axis];
                    ends[axis] = (low.min(cell), high.max(cell + lattice.window.width as i64 - 1));
                }
            }
        }
        ends
    }
}
