//! Points in the order of their tiles and cells.

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
}
