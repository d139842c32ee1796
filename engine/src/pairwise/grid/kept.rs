//! What is kept between calls of points that do not move, such as the target of a flow: their
//! order, and the tiles over which they are spread.
//!
//! Kept values are those that would be computed again, so that no result depends on what is kept.

use super::lattice::{Lattice, Placed};
use super::placements::Known;
use crate::Points;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The number of placements after which a set is forgotten. A step of a flow places some sets for
/// every label of its points and for every bandwidth of its kernel.
const REMEMBERED: u64 = 64;

/// The sets that were used last.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// The number of placements so far.
    placements: u64,
    seen: Vec<Seen>,
}

/// A set of an earlier call.
#[derive(Debug)]
struct Seen {
    mark: Mark,
    /// The last placement of this set.
    last: u64,
    /// The number of its placements.
    count: u64,
    /// What is kept of it on each lattice, with the number of the placement that used it last.
    fixed: Vec<(u64, Arc<Fixed>)>,
}

/// A set that seems not to move, on the cells of a lattice.
#[derive(Debug)]
pub struct Fixed {
    points: Points,
    lattice: Lattice,
    placed: Arc<Placed>,
    /// The tiles over which the points and their coordinates are spread without weights, once a sum
    /// has computed them.
    pub spread: OnceLock<SpreadTiles>,
}

/// Tiles over which sources are spread.
#[derive(Debug)]
pub struct SpreadTiles {
    /// The keys of the tiles, sorted.
    pub keys: Vec<u64>,
    /// Tiles x values of a tile.
    pub values: Vec<f64>,
    /// An upper bound of the sum of the first channel at any point.
    pub bound: f64,
}

/// The address of a set, its number of points, and a few of its coordinates. Sets that move have
/// other marks in the next call.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mark {
    address: usize,
    n: usize,
    some: [f64; 3],
}

impl Mark {
    fn of(points: &Points) -> Mark {
        let data = points.data();
        let at = |share: usize| data.get(share * data.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
        Mark { address: data.as_ptr() as usize, n: points.n(), some: [0, 1, 2].map(at) }
    }
}

impl Fixed {
    fn is_of(&self, lattice: &Lattice, points: &Points) -> bool {
        self.lattice.has_cells_of(lattice) && self.points.data() == points.data()
    }
}

impl Inner {
    /// Counts a placement of a set, and returns what is kept of the set if `is_wanted`. Forgets sets
    /// that are no longer used, and lattices of this set that are no longer used: of lattices that
    /// are used in turn, each is used once in as many placements as there are lattices.
    fn find(&mut self, mark: Mark, is_wanted: impl Fn(&Fixed) -> bool) -> Option<Arc<Fixed>> {
        self.placements += 1;
        let now = self.placements;
        self.seen.retain(|seen| now - seen.last <= REMEMBERED);
        let Some(seen) = self.seen.iter_mut().find(|seen| seen.mark == mark) else {
            self.seen.push(Seen { mark, last: now, count: 1, fixed: Vec::new() });
            return None;
        };
        seen.last = now;
        seen.count += 1;
        let (count, lattices) = (seen.count, seen.fixed.len() as u64);
        seen.fixed.retain(|(used, _)| count - used <= lattices);
        let (used, fixed) = seen.fixed.iter_mut().find(|(_, fixed)| is_wanted(fixed))?;
        *used = count;
        Some(Arc::clone(fixed))
    }
}

impl Kept {
    /// Returns the order of these points on the lattice, which is kept if they seem not to move and
    /// the lattice is lasting. None if they are too far apart for a grid.
    pub fn place(&self, lattice: &Lattice, points: &Points) -> Option<Known> {
        let mark = Mark::of(points);
        if let Some(fixed) = self.lock().find(mark, |fixed| fixed.is_of(lattice, points)) {
            return Some(Known { placed: Arc::clone(&fixed.placed), fixed: Some(fixed) });
        }
        let placed = Arc::new(lattice.place(points)?);
        let fixed = lattice.is_lasting.then(|| {
            let mut inner = self.lock();
            let seen = inner.seen.iter_mut().find(|seen| seen.mark == mark && seen.count > 1)?;
            let (points, lattice, placed) = (points.clone(), lattice.clone(), Arc::clone(&placed));
            let fixed = Arc::new(Fixed { points, lattice, placed, spread: OnceLock::new() });
            seen.fixed.push((seen.count, Arc::clone(&fixed)));
            Some(fixed)
        });
        Some(Known { placed, fixed: fixed.flatten() })
    }

    /// Forgets all sets.
    pub fn forget(&self) {
        *self.lock() = Inner::default();
    }

    /// True if the tiles of a set are kept.
    #[cfg(test)]
    pub fn has_spread(&self) -> bool {
        self.lock().seen.iter().flat_map(|seen| &seen.fixed).any(|(_, fixed)| fixed.spread.get().is_some())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairwise::grid::window::Window;
    use crate::rng::Stream;

    #[test]
    fn points_are_kept_from_the_second_call_on() {
        let window = Window::of(1e-6).unwrap();
        let lattice = |sigma: f64| Lattice::new(window, &[0.0; 2], sigma).lasting();
        let (kept, mut x, y) = (Kept::default(), Stream::new(1).normal(500, 2), Stream::new(2).normal(400, 2));
        let is_kept = |points: &Points, sigma: f64| kept.place(&lattice(sigma), points).unwrap().fixed.is_some();
        assert!(!is_kept(&x, 0.5) && !is_kept(&y, 0.5));
        assert!(is_kept(&x, 0.5));
        let first = kept.place(&lattice(0.5), &x).unwrap();
        // 0.5 and 0.6 have the same cells, 0.5 and 1 have not.
        assert!(Arc::ptr_eq(&first.placed, &kept.place(&lattice(0.6), &x).unwrap().placed));
        let wider = kept.place(&lattice(1.0), &x).unwrap();
        assert!(!Arc::ptr_eq(&first.placed, &wider.placed) && wider.fixed.is_some());
        // A coordinate that is in no mark.
        x.data_mut()[7] += 0.25;
        let moved = kept.place(&lattice(1.0), &x).unwrap();
        assert!(moved.placed.begins != wider.placed.begins);
        assert!(moved.placed.begins == lattice(1.0).place(&x).unwrap().begins);
        // The cells of a lattice that does not last are not kept.
        let brief = Lattice::new(window, &[0.0; 2], 1.1);
        assert!(kept.place(&brief, &x).unwrap().fixed.is_none());
        // Lattices that are used in turn are kept.
        let of = |sigma: f64| kept.place(&lattice(sigma), &x).unwrap().placed;
        let firsts = [0.5, 1.0, 2.0].map(of);
        assert!(firsts.iter().zip([0.5, 1.0, 2.0].map(of)).all(|(first, second)| Arc::ptr_eq(first, &second)));
        // A lattice that is no longer used is forgotten, and so is a set.
        (0..4).for_each(|_| drop(of(1.0)));
        assert!(!Arc::ptr_eq(&firsts[0], &of(0.5)));
        (0..=REMEMBERED).for_each(|_| drop(kept.place(&lattice(0.5), &y)));
        assert!(!is_kept(&x, 0.5));
        kept.forget();
        assert!(!is_kept(&x, 0.5));
    }
}
