//! The orders of the points of one call, which several sums share.

use super::lattice::{Lattice, Placed};
use crate::Points;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Points and their order; None if they are too far apart for a grid.
type Known<'p> = (&'p Points, Option<Arc<Placed>>);

/// The orders of the points of one call on the grid. Each order is computed when it is first
/// needed, and only once, because particles can be both queries and sources.
#[derive(Debug, Default)]
pub struct Placements<'p> {
    lattice: OnceLock<Lattice>,
    placed: Mutex<Vec<Known<'p>>>,
}

impl<'p> Placements<'p> {
    /// Returns the lattice, which `make` creates at the first use.
    pub fn lattice(&self, make: impl FnOnce() -> Lattice) -> &Lattice {
        self.lattice.get_or_init(make)
    }

    /// Returns the order of these points; None if they are too far apart for a grid.
    pub fn of(&self, lattice: &Lattice, points: &'p Points) -> Option<Arc<Placed>> {
        let mut all = self.placed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, placed)) = all.iter().find(|(of, _)| std::ptr::eq(*of, points)) {
            return placed.clone();
        }
        let placed = lattice.place(points).map(Arc::new);
        all.push((points, placed.clone()));
        placed
    }
}
