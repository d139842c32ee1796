//! The cells of one call, and the orders of its points, which several sums share.

use super::choice;
use super::kept::{Kept, Known};
use super::lattice::Lattice;
use super::window::Window;
use crate::Points;
use crate::pairwise::centre::centre as centre_of;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The orders of the points of one call on the grid. Each order is computed when it is first
/// needed, and only once, because particles can be both queries and sources.
#[derive(Debug, Default)]
pub struct Placements<'p> {
    /// The set that determines the origin of the lattice; None for the sources of the first sum.
    unmoved: Option<&'p Points>,
    lattice: OnceLock<Lattice>,
    /// None for points that are too far apart for a grid.
    known: Mutex<Vec<(&'p Points, Option<Known>)>>,
}

impl<'p> Placements<'p> {
    /// Starts with the sources that may be the same in the next call. They determine the origin of
    /// the lattice, so that they can keep their cells.
    pub fn about(unmoved: &'p Points) -> Placements<'p> {
        Placements { unmoved: Some(unmoved), ..Placements::default() }
    }

    /// Returns the lattice, which the first sum determines. The lattice is lasting if that costs
    /// little.
    pub fn lattice(
        &self,
        (window, centre, sigma): (&'static Window, &[f64], f64),
        (queries, sources): (&Points, &Points),
    ) -> &Lattice {
        self.lattice.get_or_init(|| {
            let origin = self.unmoved.map(|points| centre_of(points, 1.0 / sigma).0);
            let lattice = Lattice::new(window, origin.as_deref().unwrap_or(centre), sigma);
            let may_last = choice::may_last(&lattice, (queries, self.unmoved.unwrap_or(sources)));
            if may_last { lattice.lasting() } else { lattice }
        })
    }

    /// Returns the order of these points on the lattice; None if they are too far apart for a grid.
    pub fn of(&self, lattice: &Lattice, points: &'p Points, kept: &Kept) -> Option<Known> {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = all.iter().find(|(of, _)| std::ptr::eq(*of, points)) {
            return known.clone();
        }
        let known = kept.place(lattice, points);
        all.push((points, known.clone()));
        known
    }
}
