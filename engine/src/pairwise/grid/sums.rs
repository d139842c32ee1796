//! The sums of a call: several passes over the grid, and the queries that keep the tolerance.

use super::choice;
use super::convolve::Means;
use super::fourier;
use super::kept::{Fixed, Kept, Known};
use super::lattice::Lattice;
use super::order::Placed;
use super::parts::Parts;
use super::placements::Placements;
use super::profile::Profile;
use super::stages::Input;
use super::window::CHANNELS;
use crate::pairwise::Pairwise;
use crate::pairwise::loops::output_row::RowOut;
use crate::pairwise::plan::Shape;
use crate::simd::Buffer;
use crate::{Points, Result};
use rayon::prelude::*;
use std::f64::consts::{FRAC_1_SQRT_2, LOG2_E};
use std::sync::{Arc, OnceLock};

/// If a query leaves itself out, the sum of the other weights must exceed this multiple of its own
/// weight. The error of the difference is then at most 1.7 times that of the sum, which is about
/// two thirds of the tolerance.
const OWN: f64 = 1.5;

/// Points that one task converts, and queries whose sums one task reads.
const ROWS: usize = 4096;
const READ: usize = 256;

/// Queries and sources on one grid.
pub(super) struct Layer<'a> {
    points: (&'a Points, &'a Points),
    queries: Arc<Placed>,
    sources: Arc<Placed>,
    /// What is kept of the sources, if they seem not to move.
    fixed: Option<Arc<Fixed>>,
    parts: Parts,
    /// The time that the grid may take.
    longest_time: f64,
}

impl<'a> Layer<'a> {
    /// Places the points; None if they are too far apart for a grid, or if the grid would take
    /// longer than it may.
    pub fn new(
        (engine, shape): (&Pairwise, &Shape),
        lattice: &Lattice,
        placements: &Placements<'a>,
        points: (&'a Points, &'a Points),
    ) -> Option<Layer<'a>> {
        Layer::of(None, (engine, shape), lattice, placements, points)
    }

    /// Places the points in a box that is convolved with a profile and that may take a given time,
    /// or as [`Layer::new`] does.
    pub fn of(
        boxed: Option<(Profile, f64)>,
        (engine, shape): (&Pairwise, &Shape),
        lattice: &Lattice,
        placements: &Placements<'a>,
        points: (&'a Points, &'a Points),
    ) -> Option<Layer<'a>> {
        let kept = engine.memory.shared::<Kept>();
        let place = |points| placements.of(lattice, points, &kept);
        let (Known { placed: queries, .. }, Known { placed: sources, fixed }) = (place(points.0)?, place(points.1)?);
        let values = choice::most_values(shape.n, shape.m);
        let (parts, longest_time) = match boxed {
            Some((profile, longest_time)) => {
                // Two half spectra take as much memory as the values of two stages.
                let parts = Parts::over_box(lattice, profile, (&sources, &queries), values)?;
                (parts, longest_time)
            }
            None => {
                let longest_time = choice::longest_time(&engine.options, shape, lattice, (&queries, &sources))?;
                let most = choice::most_tiles(lattice, longest_time);
                (Parts::new(lattice, (&sources, &queries), values, most)?, longest_time)
            }
        };
        Some(Layer { points, queries, sources, fixed, parts, longest_time })
    }

    /// True if this many passes over the grid are expected to take no longer than the grid may.
    pub fn pays(&self, shape: &Shape, passes: usize) -> bool {
        choice::grid_time(shape, &self.parts, passes) < self.longest_time
    }

    /// Computes the sums of four channels at every query, in the order of the grid. `term` writes
    /// the terms of a source. `is_plain` means that the terms are 1 and the centred coordinates, so
    /// that the spread sources may be kept. Returns the sum of the first channel below which the
    /// tolerance is not kept.
    fn pass(
        &self,
        sums: &mut [f64],
        is_plain: bool,
        means: Means,
        term: impl Fn(usize, &mut [f64; CHANNELS]) + Sync,
    ) -> Result<f64> {
        let may_keep = is_plain && self.parts.is_whole();
        let spread = self.fixed.as_ref().filter(|_| may_keep).map(|fixed| &fixed.spread);
        // What pairs beyond the range lose, and what is missing of sources beyond the taps, must be
        // small compared with the sum.
        let least = |bound: f64, all: f64| {
            if self.parts.fourier().is_some() {
                return all * fourier::faint(self.parts.lattice.window.tolerance);
            }
            let window = self.parts.lattice.window;
            let lost = bound * (-0.5 * window.range.powi(2)).exp();
            let beyond = all * (-0.5 * window.reach_in_sigmas().powi(2)).exp();
            (lost + beyond) / window.tolerance
        };
        if let Some(spread) = spread.and_then(OnceLock::get) {
            let bound = self.parts.run(Input::Spread(spread), (&self.queries, sums), means)?;
            return Ok(least(bound, self.sources.index.len() as f64));
        }
        means.pool.with(|terms| {
            let terms = terms.take(self.sources.index.len() * CHANNELS);
            let tasks = terms.par_chunks_mut(ROWS * CHANNELS).zip(self.sources.index.par_chunks(ROWS));
            tasks.for_each(|(terms, index)| {
                let terms = terms.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(index);
                terms.for_each(|(terms, j)| term(*j as usize, terms));
            });
            let input = Input::Points { placed: &self.sources, values: terms, keep: spread };
            let bound = self.parts.run(input, (&self.queries, sums), means)?;
            Ok(least(bound, terms.iter().step_by(CHANNELS).sum()))
        })
    }
}

/// The sums at the queries that the reductions have in common.
pub(super) struct Sums<'a> {
    pub layer: Layer<'a>,
    /// The weights of the sources, none negative.
    pub weight: &'a (dyn Fn(usize) -> f64 + Sync),
    pub values: Option<&'a Points>,
    /// True if all weights are 1 and the values are the sources.
    pub is_plain: bool,
    pub leave_out_self: bool,
}

/// The sums at one query.
pub(super) struct Sum<'a> {
    /// The sum of the weights.
    pub mass: f64,
    /// The sum of the squares of the weights; NaN if it was not requested.
    pub squares: f64,
    /// The sums of the values minus their centre.
    pub values: &'a [f64],
    pub centre: &'a [f64],
}

impl Sum<'_> {
    /// Writes the mean of the values, the normaliser and the sample size of a softmax whose largest
    /// log-weight is `top`.
    pub fn put_mean(&self, row: &mut RowOut, subtract: bool, top: f64) {
        row.put_values(subtract, |c| self.centre[c] + self.values[c] / self.mass);
        row.put_softmax(LOG2_E * top, self.mass, self.squares);
    }
}

/// Returns the number of passes for the sum of the weights and the sums of this many values.
pub(super) fn groups(value_dim: usize) -> usize {
    (1 + value_dim).div_ceil(CHANNELS)
}

impl Sums<'_> {
    /// Computes the sums and writes the results of the rows by `put`. Returns all rows if direct
    /// sums are faster, and otherwise those whose relative error may exceed the tolerance.
    pub fn run<'b>(
        &self,
        engine: &Pairwise,
        shape: &Shape,
        rows: Vec<RowOut<'b>>,
        put: impl Fn(&mut RowOut, &Sum) + Sync,
    ) -> Result<Vec<RowOut<'b>>> {
        let queries = &self.layer.queries;
        let centre = self.values.map_or_else(Vec::new, Points::mean);
        let groups = groups(centre.len());
        let with_squares = rows.iter().any(|row| row.ess.is_some());
        if !self.layer.pays(shape, groups + usize::from(with_squares)) {
            return Ok(rows);
        }
        let pool = engine.memory.pool::<Buffer<f64>>();
        let means = Means { isa: engine.options.isa, pool: &pool, interrupt: &engine.interrupt };
        let squares = match with_squares {
            true => match self.squares((engine, shape), means)? {
                Some(squares) => Some(squares),
                None => return Ok(rows),
            },
            false => None,
        };
        let (n, mut rows) = (rows.len(), rows);
        let mut kept = vec![true; n];
        pool.with(|sums| {
            let sums = sums.take(n * groups * CHANNELS);
            let mut least = 0.0;
            for (group, sums) in sums.chunks_exact_mut(n * CHANNELS).enumerate() {
                let term = |j: usize, terms: &mut [f64; CHANNELS]| self.terms(j, group, &centre, terms);
                let found = self.layer.pass(sums, self.is_plain, means, term)?;
                if group == 0 {
                    least = found;
                }
            }
            let sums = &*sums;
            rows.par_chunks_mut(READ).zip(kept.par_chunks_mut(READ)).for_each(|(rows, kept)| {
                // The sums lie far apart in memory. They are read first, so that no reading waits
                // for the one before.
                let mut read = vec![0.0; rows.len() * groups * CHANNELS];
                for (row, all) in rows.iter().zip(read.chunks_exact_mut(groups * CHANNELS)) {
                    let at = queries.position(row.query);
                    for (group, all) in all.as_chunks_mut::<CHANNELS>().0.iter_mut().enumerate() {
                        all.copy_from_slice(&sums[(group * n + at) * CHANNELS..][..CHANNELS]);
                    }
                }
                for ((row, kept), all) in rows.iter_mut().zip(kept).zip(read.chunks_exact_mut(groups * CHANNELS)) {
                    let mut own_mass = 0.0;
                    if self.leave_out_self {
                        for (group, all) in all.as_chunks_mut::<CHANNELS>().0.iter_mut().enumerate() {
                            let mut own = [0.0; CHANNELS];
                            self.terms(row.query, group, &centre, &mut own);
                            all.iter_mut().zip(own).for_each(|(all, own)| *all -= own);
                            own_mass = if group == 0 { own[0] } else { own_mass };
                        }
                    }
                    let squares = squares.as_ref().map(|squares| squares[row.query]);
                    // A difference of nearly equal sums has lost its digits.
                    let mass = all[0];
                    *kept = mass > least && mass > OWN * own_mass && squares.is_none_or(|squares| squares > 0.0);
                    if *kept {
                        let squares = squares.unwrap_or(f64::NAN);
                        put(row, &Sum { mass, squares, values: &all[1..], centre: &centre });
                    }
                }
            });
            Ok(())
        })?;
        let mut kept = kept.into_iter();
        rows.retain(|_| !kept.next().unwrap_or(true));
        engine.work.add_on_grid(n - rows.len());
        Ok(rows)
    }

    /// Returns the sum of the squares of the weights at each query; 0 where the tolerance is not
    /// kept. None if direct sums are faster. The square of a kernel is narrower, and needs a grid
    /// of its own. The square of a Gaussian is a Gaussian.
    fn squares(&self, choice: (&Pairwise, &Shape), means: Means) -> Result<Option<Vec<f64>>> {
        let placements = Placements::default();
        let parts = &self.layer.parts;
        let by = if parts.fourier().is_some() { 0.5 } else { FRAC_1_SQRT_2 };
        let lattice = parts.lattice.narrowed(by);
        let boxed = parts.fourier().map(|fourier| (fourier.profile.squared(), self.layer.longest_time));
        let mut squares = vec![0.0; self.layer.points.0.n()];
        let layer = Layer::of(boxed, choice, &lattice, &placements, self.layer.points);
        let Some(layer) = layer.filter(|layer| layer.pays(choice.1, 1)) else { return Ok(None) };
        means.pool.with(|sums| {
            let sums = sums.take(squares.len() * CHANNELS);
            let square = |j: usize| (self.weight)(j).powi(2);
            let least = layer.pass(sums, false, means, |j, terms| *terms = [square(j), 0.0, 0.0, 0.0])?;
            for (query, sums) in layer.queries.index.iter().zip(sums.as_chunks::<CHANNELS>().0) {
                let query = *query as usize;
                let own = if self.leave_out_self { square(query) } else { 0.0 };
                let sum = sums[0] - own;
                squares[query] = if sum > least && sum > OWN * own { sum } else { 0.0 };
            }
            Ok(Some(squares))
        })
    }

    /// Writes the terms of a source in a group of channels: its weight, and its weight times its
    /// values.
    #[inline]
    fn terms(&self, j: usize, group: usize, centre: &[f64], terms: &mut [f64; CHANNELS]) {
        let weight = (self.weight)(j);
        let values = self.values.map_or(&[][..], |values| values.row(j));
        for (c, term) in terms.iter_mut().enumerate() {
            let channel = group * CHANNELS + c;
            *term = match channel.checked_sub(1) {
                None => weight,
                Some(c) if c < centre.len() => weight * (values[c] - centre[c]),
                Some(_) => 0.0,
            };
        }
    }
}
