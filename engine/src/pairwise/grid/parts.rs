//! Sums on the grid for one group of queries after the other, so that only the tiles of one group
//! are in memory.

use super::block::tile_len;
use super::convolve::Means;
use super::fourier::Fourier;
use super::lattice::Lattice;
use super::order::Placed;
use super::profile::Profile;
use super::stages::{Input, Stages};
use crate::Result;
use std::ops::Range;

/// The stages of all groups of queries.
#[derive(Debug)]
pub struct Parts {
    pub lattice: Lattice,
    stages: Vec<Stages>,
}

impl Parts {
    /// Halves the tiles of the queries, in the order of their keys, until the tiles of a stage of
    /// every group have at most `values` values. None if all groups together would have more than
    /// `most` tiles.
    pub fn new(lattice: &Lattice, (sources, queries): (&Placed, &Placed), values: usize, most: usize) -> Option<Parts> {
        let mut parts = Parts { lattice: lattice.clone(), stages: Vec::new() };
        let largest = values / tile_len(lattice.dim);
        parts.add((sources, queries), 0..queries.tiles.len(), largest, most).then_some(parts)
    }

    /// Creates the single group of a box that is convolved with a profile; None if the box has more
    /// than `most` cells.
    pub fn over_box(
        lattice: &Lattice,
        profile: Profile,
        (sources, queries): (&Placed, &Placed),
        most: usize,
    ) -> Option<Parts> {
        let fourier = Fourier::new(lattice, profile, (sources, queries), most)?;
        let stages = vec![Stages::over(fourier, lattice, sources, queries)];
        Some(Parts { lattice: lattice.clone(), stages })
    }

    /// Returns the convolution of the single group of a box; None if there is no box.
    pub fn fourier(&self) -> Option<&Fourier> {
        self.stages.first()?.fourier.as_ref()
    }

    /// Adds these tiles of the queries, in groups of at most `largest` tiles per stage; false if
    /// all groups would have more than `most` tiles.
    fn add(&mut self, points: (&Placed, &Placed), range: Range<usize>, largest: usize, most: usize) -> bool {
        let fits = |tiles: usize| range.len() < 2 || tiles <= largest;
        if fits(range.len()) {
            let stages = Stages::new(&self.lattice, points.0, points.1, range.clone());
            if self.tiles() + stages.tiles() > most {
                return false;
            }
            if fits(stages.largest()) {
                self.stages.push(stages);
                return true;
            }
        }
        let middle = range.start + range.len() / 2;
        self.add(points, range.start..middle, largest, most) && self.add(points, middle..range.end, largest, most)
    }

    /// True if the tiles over which sources are spread depend on the sources alone.
    pub fn is_whole(&self) -> bool {
        self.lattice.is_lasting && self.stages.len() == 1
    }

    /// Returns the number of tiles of all stages of all groups.
    pub fn tiles(&self) -> usize {
        self.stages.iter().map(Stages::tiles).sum()
    }

    /// Returns the number of sources near the groups. A source near several groups counts several
    /// times.
    pub fn sources(&self) -> usize {
        self.stages.iter().map(|stages| stages.sources).sum()
    }

    /// Computes the sums of all channels at all queries. `sums`, queries x channels, is in the
    /// order of the grid. Returns an upper bound of the sum of the first channel at any point that
    /// has a query or a source nearby.
    ///
    /// # Errors
    /// An interrupt.
    pub fn run(&self, input: Input, (queries, sums): (&Placed, &mut [f64]), means: Means) -> Result<f64> {
        self.stages
            .iter()
            .try_fold(0.0f64, |bound, stages| Ok(bound.max(stages.run(input, (queries, &mut *sums), means)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interrupt;
    use crate::pairwise::grid::window::{CHANNELS, Window};
    use crate::rng::Stream;
    use crate::simd::{Isa, Pool};

    /// Groups have the sums of all queries together: the same tiles near them, and the same order
    /// of additions.
    #[test]
    fn groups_have_the_sums_of_all_queries_together() {
        for dim in [2, 3] {
            let (x, z) = (Stream::new(1).normal(4000, dim), Stream::new(2).normal(3000, dim));
            let lattice = Lattice::new(Window::of(1e-6).unwrap(), &vec![0.0; dim], 0.05);
            let (sources, queries) = (lattice.place(&x).unwrap(), lattice.place(&z).unwrap());
            let values = Stream::new(3).normal(x.n(), CHANNELS);
            let sums = |most_values: usize| {
                let parts = Parts::new(&lattice, (&sources, &queries), most_values, usize::MAX).unwrap();
                let (pool, interrupt) = (Pool::default(), Interrupt::default());
                let means = Means { isa: Isa::Auto, pool: &pool, interrupt: &interrupt };
                let mut sums = vec![f64::NAN; z.n() * CHANNELS];
                let input = Input::Points { placed: &sources, values: values.data(), keep: None };
                parts.run(input, (&queries, &mut sums), means).unwrap();
                (parts, sums)
            };
            let (whole, of_whole) = sums(usize::MAX);
            assert_eq!((whole.stages.len(), whole.sources()), (1, x.n()));
            let (groups, of_groups) = sums(whole.stages[0].largest() * tile_len(dim) / 2);
            assert!(groups.stages.len() > 1 && groups.sources() > x.n(), "{}", groups.sources());
            assert!(of_whole == of_groups);
            assert!(Parts::new(&lattice, (&sources, &queries), usize::MAX, 100).is_none());
        }
    }
}
