//! Gaussian sums in up to three dimensions on a grid, in time proportional to the number of points.
//!
//! A sum over sources is a convolution with the kernel. Every source is spread over the nearest
//! `10^d` cells of a grid with 2.85 cells per sigma; the grid is convolved along each axis with 33
//! taps; and every query reads its sum from the nearest `10^d` cells (`window`). The Gaussian is a
//! product over axes, and it is short in units of sigma. The convolution therefore needs neither
//! transforms nor a period, and the grid needs cells only near points (`lattice`).
//!
//! Every source is spread together with three values or more, so that the mean of the values is
//! read at the same time as its normaliser. Errors of both are those of one perturbed kernel
//! `k + e` with `|e| <= 1.2e-10 d`. A mean is thus a mean of sources near the query, with a
//! relative error of its weights of about `e` times the sum near the query over the sum at the
//! query. Where that exceeds the tolerance, as for a query far from all sources, the row is
//! returned and computed directly.
//!
//! Sums are added in the order of the points in the grid, with fixed tasks, so that the bytes do
//! not depend on the number of threads.
//!
//! | file | contents |
//! |---|---|
//! | `choice` | whether `auto` uses the grid |
//! | `window` | the window, the taps and their error |
//! | `lattice` | cells and tiles, and points in their order |
//! | `block` | spreading points over a tile, and reading sums from it |
//! | `convolve` | the convolution along one axis |
//! | `stages` | the three stages, over all tiles |

mod block;
mod choice;
mod convolve;
mod lattice;
mod stages;
#[cfg(test)]
mod tests;
mod window;

use super::Kernel;
use super::call::{KernelCall, SoftmaxCall};
use super::engine::Pairwise;
use super::loops::Loops;
use super::loops::output_row::RowOut;
use super::measure::Measure;
use super::pack::kd_order::permute;
use super::plan::Shape;
use crate::simd::Buffer;
use crate::{Points, Result};
pub use choice::serves;
pub use lattice::DIM;
use lattice::{Lattice, Placed};
use rayon::prelude::*;
use stages::{Means, Stages};
use std::f64::consts::LOG2_E;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use window::{CELLS_PER_SIGMA, CHANNELS, ERROR};

/// The largest accepted relative error of the weights of a query.
const TOLERANCE: f64 = 1e-6;

/// Points that one task converts.
const ROWS: usize = 4096;

/// The order of the points of one call on the grid. Each is computed when it is first needed, and
/// once, because particles can be both queries and sources.
#[derive(Debug, Default)]
pub struct Placements<'p> {
    lattice: OnceLock<Lattice>,
    placed: Mutex<Vec<(&'p Points, Option<Arc<Placed>>)>>,
}

impl<'p> Placements<'p> {
    /// Returns the order of these points; None if they are too far apart for a grid.
    fn of(&self, lattice: &Lattice, points: &'p Points) -> Option<Arc<Placed>> {
        let mut all = self.placed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, placed)) = all.iter().find(|(of, _)| std::ptr::eq(*of, points)) {
            return placed.clone();
        }
        let placed = lattice.place(points).map(Arc::new);
        all.push((points, placed.clone()));
        placed
    }
}

/// The weights of the sources, none negative, at most about 1.
type Weight<'a> = &'a (dyn Fn(usize) -> f64 + Sync);

/// The sums at the queries that the reductions have in common.
struct Sums<'a> {
    queries: &'a Placed,
    sources: &'a Placed,
    stages: Stages,
    weight: Weight<'a>,
    values: Option<&'a Points>,
    /// Subtracted from the values.
    centre: Vec<f64>,
    leave_out_self: bool,
}

/// The backend.
pub struct Grid;

impl Loops for Grid {
    fn softmax<'b>(
        &self,
        engine: &Pairwise,
        call: &SoftmaxCall,
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        let SoftmaxCall { queries, sources, softmax, .. } = *call;
        let top = top(softmax.log_weights);
        let weight = |j: usize| softmax.log_weights.map_or(1.0, |l| (l[j] - top).exp());
        let lattice = call.placements.lattice.get_or_init(|| Lattice::new(&measure.centre, softmax.sigma));
        let placed = |points| call.placements.of(lattice, points);
        let (Some(queries), Some(sources)) = (placed(queries), placed(sources)) else { return Ok(rows) };
        if top == f64::NEG_INFINITY || rows.len() != queries.index.len() {
            return Ok(rows);
        }
        let sums = Sums::new(lattice, (&queries, &sources), &weight, call.points(), call.leave_out_self());
        sums.run(engine, &measure.shape, rows, |row, sum| {
            row.put_values(call.subtract, |c| sum.centre[c] + sum.values[c] / sum.mass);
            row.put_softmax(LOG2_E * top, sum.mass, sum.squares);
        })
    }

    fn kernel<'b>(
        &self,
        engine: &Pairwise,
        call: &KernelCall,
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        let KernelCall { queries, sources, sum, is_softmax } = *call;
        let Kernel::Gaussian { h } = sum.kernel else { return Ok(rows) };
        let top = if is_softmax { top(sum.weights) } else { 0.0 };
        let weight = |j: usize| match sum.weights {
            Some(logs) if is_softmax => (logs[j] - top).exp(),
            Some(weights) => weights[j],
            None => 1.0,
        };
        let signed = (0..sources.n()).any(|j| weight(j) < 0.0);
        let factor = sum.kernel.units(sum.part, 1.0).1;
        let placements = Placements::default();
        let lattice = Lattice::new(&measure.centre, h);
        let placed = |points| placements.of(&lattice, points);
        let (Some(queries), Some(sources)) = (placed(queries), placed(sources)) else { return Ok(rows) };
        if signed || top == f64::NEG_INFINITY {
            return Ok(rows);
        }
        let sums = Sums::new(&lattice, (&queries, &sources), &weight, call.points(), call.leave_out_self());
        sums.run(engine, &measure.shape, rows, |row, sum| {
            if is_softmax {
                row.put_values(false, |c| sum.centre[c] + sum.values[c] / sum.mass);
                row.put_softmax(LOG2_E * top, sum.mass, sum.squares);
            } else {
                row.put_values(false, |c| factor * (sum.values[c] + sum.centre[c] * sum.mass));
                row.put(factor * sum.mass, 1.0);
            }
        })
    }
}

/// Returns the largest log-weight.
fn top(logs: Option<&[f64]>) -> f64 {
    logs.map_or(0.0, |l| l.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

/// The sums at one query.
struct Sum<'a> {
    mass: f64,
    /// The sum of the squares of the weights; NaN if it was not requested.
    squares: f64,
    /// The sums of the values minus their centre.
    values: &'a [f64],
    centre: &'a [f64],
}

impl<'a> Sums<'a> {
    fn new(
        lattice: &Lattice,
        (queries, sources): (&'a Placed, &'a Placed),
        weight: Weight<'a>,
        values: Option<&'a Points>,
        leave_out_self: bool,
    ) -> Sums<'a> {
        let stages = Stages::new(lattice, sources, queries);
        let centre = values.map_or_else(Vec::new, Points::mean);
        Sums { queries, sources, stages, weight, values, centre, leave_out_self }
    }

    /// Computes the sums and writes the results of the rows by `put`; returns the rows whose
    /// relative error may exceed the tolerance.
    fn run<'b>(
        &self,
        engine: &Pairwise,
        shape: &Shape,
        rows: Vec<RowOut<'b>>,
        put: impl Fn(&mut RowOut, &Sum) + Sync,
    ) -> Result<Vec<RowOut<'b>>> {
        let pool = engine.memory.pool::<Buffer<f64>>();
        let means = Means { isa: engine.options.isa, pool: &pool, interrupt: &engine.interrupt };
        let (dim, channels) = (self.stages.lattice.dim, 1 + self.centre.len());
        let groups = channels.div_ceil(CHANNELS);
        let squares = rows.iter().any(|row| row.ess.is_some());
        let passes = groups + usize::from(squares);
        if !choice::pays(&engine.options, shape, &self.stages, (self.queries, self.sources), passes) {
            return Ok(rows);
        }
        let (n, stride) = (rows.len(), passes * CHANNELS);
        pool.with(|sums| {
            let sums = sums.take(n * stride);
            let mut bounds = Vec::new();
            let sigma = CELLS_PER_SIGMA;
            for (group, sums) in sums[..n * groups * CHANNELS].chunks_exact_mut(n * CHANNELS).enumerate() {
                let seen = self.pass(sigma, sums, means, |j, c| self.channel(j, group * CHANNELS + c))?;
                if group == 0 {
                    bounds = seen;
                }
            }
            if squares {
                // The square of a Gaussian is a Gaussian.
                let square = |j: usize, c: usize| if c == 0 { (self.weight)(j).powi(2) } else { 0.0 };
                let sigma = sigma * std::f64::consts::FRAC_1_SQRT_2;
                self.pass(sigma, &mut sums[n * groups * CHANNELS..], means, square)?;
            }
            let sums = &*sums;
            let mut rows = permute(rows, &self.queries.index);
            let mut kept = vec![true; n];
            let allowed = dim as f64 * ERROR / TOLERANCE;
            let mut parts = Vec::new();
            let (mut rest, mut rest_kept) = (&mut rows[..], &mut kept[..]);
            for (tile, bound) in self.queries.tiles.iter().zip(&bounds) {
                let (own, others) = rest.split_at_mut(tile.to - tile.from);
                let (own_kept, others_kept) = rest_kept.split_at_mut(tile.to - tile.from);
                parts.extend(
                    own.chunks_mut(ROWS)
                        .zip(own_kept.chunks_mut(ROWS))
                        .enumerate()
                        .map(|(k, (rows, kept))| (tile.from + k * ROWS, rows, kept, allowed * bound)),
                );
                (rest, rest_kept) = (others, others_kept);
            }
            parts.into_par_iter().for_each(|(from, rows, kept, least)| {
                let mut values = vec![0.0; self.centre.len()];
                for (k, (row, kept)) in rows.iter_mut().zip(kept).enumerate() {
                    let at = |channel: usize| {
                        let (group, c) = (channel / CHANNELS, channel % CHANNELS);
                        sums[(group * n + from + k) * CHANNELS + c]
                    };
                    let own = |channel: usize| if self.leave_out_self { self.channel(row.query, channel) } else { 0.0 };
                    let mass = at(0) - own(0);
                    *kept = mass > least;
                    if *kept {
                        values.iter_mut().enumerate().for_each(|(c, value)| *value = at(c + 1) - own(c + 1));
                        let squares = if squares { at(groups * CHANNELS) - own(0).powi(2) } else { f64::NAN };
                        put(row, &Sum { mass, squares, values: &values, centre: &self.centre });
                    }
                }
            });
            let mut kept = kept.into_iter();
            rows.retain(|_| !kept.next().unwrap_or(true));
            rows.sort_unstable_by_key(|row| row.query);
            engine.work.add_on_grid(n - rows.len());
            Ok(rows)
        })
    }

    /// Computes four sums at every query.
    fn pass(
        &self,
        sigma: f64,
        sums: &mut [f64],
        means: Means,
        channel: impl Fn(usize, usize) -> f64 + Sync,
    ) -> Result<Vec<f64>> {
        means.pool.with(|values| {
            let values = values.take(self.sources.index.len() * CHANNELS);
            let tasks = values.par_chunks_mut(ROWS * CHANNELS).zip(self.sources.index.par_chunks(ROWS));
            tasks.for_each(|(values, index)| {
                for (values, j) in values.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(index) {
                    *values = std::array::from_fn(|c| channel(*j as usize, c));
                }
            });
            self.stages.run(&window::taps(sigma), (self.sources, values), (self.queries, sums), means)
        })
    }

    /// Returns a term of the sums: the weight of a source, or its product with a value.
    fn channel(&self, j: usize, channel: usize) -> f64 {
        let weight = (self.weight)(j);
        match (self.values, channel) {
            (_, 0) => weight,
            (Some(values), c) if c <= self.centre.len() => weight * (values.row(j)[c - 1] - self.centre[c - 1]),
            _ => 0.0,
        }
    }
}
