//! What is kept between calls of points that do not move, such as the target of a flow: their
//! order, and the tiles over which they are spread.
//!
//! Kept values are those that would be computed again, so that no result depends on what is kept.

use super::lattice::Lattice;
use super::order::Placed;
use crate::Points;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The number of placements after which a set is forgotten. A step of a flow places some sets for
/// every label of its points.
const REMEMBERED: u64 = 32;

/// The largest number of sets of which something is kept.
const KEPT: usize = 4;

/// The sets that were placed last.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// The number of placements so far.
    placements: u64,
    seen: Vec<Seen>,
}

/// A set of an earlier placement.
#[derive(Debug)]
struct Seen {
    mark: Mark,
    /// The last placement of this set, and its lattice.
    last: u64,
    lattice: Lattice,
    /// What is kept of the set, and whether it was used since.
    fixed: Option<(Arc<Fixed>, bool)>,
    /// False if the set was kept and not used. It is kept again once two placements in succession
    /// have the same cells.
    is_worth: bool,
}

impl Seen {
    /// Forgets what is kept of the set.
    fn drop_fixed(&mut self) {
        if let Some((_, false)) = self.fixed.take() {
            self.is_worth = false;
        }
    }
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

/// Points on the lattice of a call.
#[derive(Debug, Clone)]
pub struct Known {
    pub placed: Arc<Placed>,
    /// What is kept of these points between calls, if they seem not to move.
    pub fixed: Option<Arc<Fixed>>,
}

/// Tiles over which sources are spread.
#[derive(Debug)]
pub struct SpreadTiles {
    /// The keys of the tiles, sorted.
    pub keys: Vec<u64>,
    /// Tiles x values of a tile.
    pub values: Vec<f64>,
    /// The sum of the first channel over all cells, and its largest value in a cell.
    pub masses: (f64, f64),
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
    /// Counts a placement. Returns what is kept of the set if it was kept on these cells, and
    /// otherwise whether the set should be kept.
    fn find(&mut self, mark: Mark, lattice: &Lattice, points: &Points) -> (Option<Arc<Fixed>>, bool) {
        self.placements += 1;
        let now = self.placements;
        self.seen.retain(|seen| now - seen.last <= REMEMBERED);
        if !lattice.is_lasting {
            return (None, false);
        }
        let Some(seen) = self.seen.iter_mut().find(|seen| seen.mark == mark) else {
            self.seen.push(Seen { mark, last: now, lattice: lattice.clone(), fixed: None, is_worth: true });
            return (None, false);
        };
        seen.last = now;
        if let Some((fixed, is_used)) = seen.fixed.as_mut().filter(|(fixed, _)| fixed.is_of(lattice, points)) {
            *is_used = true;
            return (Some(Arc::clone(fixed)), false);
        }
        seen.drop_fixed();
        seen.is_worth |= seen.lattice.has_cells_of(lattice);
        seen.lattice = lattice.clone();
        (None, seen.is_worth)
    }

    /// Keeps a set in place of the one that was not used for the longest time.
    fn keep(&mut self, mark: Mark, fixed: &Arc<Fixed>) {
        let Some(own) = self.seen.iter_mut().find(|seen| seen.mark == mark) else { return };
        own.fixed = Some((Arc::clone(fixed), false));
        let held = || self.seen.iter().filter(|seen| seen.fixed.is_some());
        if held().count() > KEPT
            && let Some(oldest) = held().map(|seen| seen.last).min()
        {
            self.seen.iter_mut().filter(|seen| seen.last == oldest).for_each(Seen::drop_fixed);
        }
    }
}

impl Kept {
    /// Returns the order of these points on the lattice, which is kept if they seem not to move and
    /// the lattice is lasting. None if they are too far apart for a grid.
    pub fn place(&self, lattice: &Lattice, points: &Points) -> Option<Known> {
        let mark = Mark::of(points);
        let (found, should_keep) = self.lock().find(mark, lattice, points);
        if let Some(fixed) = found {
            return Some(Known { placed: Arc::clone(&fixed.placed), fixed: Some(fixed) });
        }
        let placed = Arc::new(lattice.place(points)?);
        let fixed = should_keep.then(|| {
            let (points, lattice, placed) = (points.clone(), lattice.clone(), Arc::clone(&placed));
            let fixed = Arc::new(Fixed { points, lattice, placed, spread: OnceLock::new() });
            self.lock().keep(mark, &fixed);
            fixed
        });
        Some(Known { placed, fixed })
    }

    /// Forgets all sets.
    pub fn forget(&self) {
        *self.lock() = Inner::default();
    }

    /// True if the tiles of a set are kept.
    #[cfg(test)]
    pub fn has_spread(&self) -> bool {
        self.lock().seen.iter().filter_map(|seen| seen.fixed.as_ref()).any(|(fixed, _)| fixed.spread.get().is_some())
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

    fn lattice(sigma: f64) -> Lattice {
        Lattice::new(Window::of(1e-6).unwrap(), &[0.0; 2], sigma).lasting()
    }

    fn count(kept: &Kept) -> usize {
        kept.lock().seen.iter().filter(|seen| seen.fixed.is_some()).count()
    }

    #[test]
    fn points_are_kept_from_the_second_placement_on() {
        let (kept, mut x, y) = (Kept::default(), Stream::new(1).normal(500, 2), Stream::new(2).normal(400, 2));
        let of = |points: &Points, sigma: f64| kept.place(&lattice(sigma), points).unwrap();
        assert!(of(&x, 0.5).fixed.is_none() && of(&y, 0.5).fixed.is_none());
        let first = of(&x, 0.5);
        assert!(first.fixed.is_some());
        // 0.5 and 0.6 have the same cells, 0.5 and 1 have not.
        assert!(Arc::ptr_eq(&first.placed, &of(&x, 0.6).placed));
        let wider = of(&x, 1.0);
        assert!(!Arc::ptr_eq(&first.placed, &wider.placed) && wider.fixed.is_some());
        // A coordinate that is in no mark.
        x.data_mut()[7] += 0.25;
        let moved = of(&x, 1.0);
        assert!(moved.placed.begins != wider.placed.begins);
        assert!(moved.placed.begins == lattice(1.0).place(&x).unwrap().begins);
        // The cells of a lattice that does not last are not kept.
        let brief = Lattice::new(Window::of(1e-6).unwrap(), &[0.0; 2], 1.1);
        assert!(kept.place(&brief, &x).unwrap().fixed.is_none());
        // A set that is no longer placed is forgotten.
        (0..=REMEMBERED).for_each(|_| drop(of(&y, 0.5)));
        assert!(of(&x, 1.0).fixed.is_none());
    }

    #[test]
    fn little_is_kept() {
        let (kept, x) = (Kept::default(), Stream::new(1).normal(500, 2));
        // Cells that change with every placement are kept once, and not used.
        for step in 0..20 {
            kept.place(&lattice(0.5 * 1.5f64.powi(step)), &x).unwrap();
            assert!(count(&kept) <= usize::from(step == 1), "{step}");
        }
        // Two placements in succession are reason to keep the cells.
        kept.place(&lattice(0.5), &x).unwrap();
        kept.place(&lattice(0.5), &x).unwrap();
        assert_eq!(count(&kept), 1);
        let sets: Vec<Points> = (0..10).map(|i| Stream::new(i).normal(50, 2)).collect();
        for set in sets.iter().chain(&sets) {
            kept.place(&lattice(0.5), set).unwrap();
        }
        assert_eq!(count(&kept), KEPT);
    }
}
