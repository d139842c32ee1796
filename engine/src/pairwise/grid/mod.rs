//! Gaussian sums in up to three dimensions on a grid, in time proportional to the number of points.
//!
//! A sum over sources is a convolution with the kernel. Every source is spread over the nearest
//! `14^d` cells of a grid with four cells per sigma; the grid is convolved along each axis with 87
//! taps; and every query reads its sum from the nearest `14^d` cells. All three factors are
//! Gaussians, which makes the error of a weight relative to this weight: 3e-7 per axis, up to a
//! distance of nine sigma (`window`). The Gaussian is a product over axes, and it is short in units
//! of sigma. The convolution therefore needs neither transforms nor a period, and the grid needs
//! cells only near points (`lattice`).
//!
//! A source is spread together with three values, so that the mean of the values is read at the
//! same time as its normaliser. Both have the weights of one slightly changed kernel, so that a
//! mean remains a mean of sources near the query. A query whose sum is so small that pairs beyond
//! nine sigma could matter is returned and computed directly.
//!
//! Sums are added in the order of the points in the grid, with fixed tasks, so that the bytes do
//! not depend on the number of threads.
//!
//! | file | contents |
//! |---|---|
//! | `choice` | whether `auto` uses the grid |
//! | `window` | the window, the taps and their error |
//! | `lattice`, `placements` | cells and tiles, and points in their order |
//! | `block` | spreading points over a tile, and reading sums from it |
//! | `convolve` | the convolution along one axis |
//! | `stages` | the three stages, over all tiles |
//! | `sums` | the sums of a call, and the queries that keep the tolerance |

mod block;
mod choice;
mod convolve;
mod lattice;
pub mod placements;
mod stages;
mod sums;
#[cfg(test)]
mod tests;
mod window;

use super::Kernel;
use super::call::{KernelCall, SoftmaxCall};
use super::engine::Pairwise;
use super::loops::Loops;
use super::loops::output_row::RowOut;
use super::measure::Measure;
use crate::{Points, Result};
pub use choice::serves;
pub use lattice::DIM;
use lattice::Lattice;
use placements::Placements;
use std::f64::consts::LOG2_E;
use sums::{Layer, Sums};
use window::CHANNELS;

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
        let lattice = call.placements.lattice(|| Lattice::new(&measure.centre, softmax.sigma));
        if top == f64::NEG_INFINITY || rows.len() != queries.n() {
            return Ok(rows);
        }
        let choice = (&engine.options, &measure.shape);
        let Some(layer) = Layer::new(choice, lattice, call.placements, (queries, sources)) else { return Ok(rows) };
        let sums = Sums { layer, weight: &weight, values: call.points(), leave_out_self: call.leave_out_self() };
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
        if signed || top == f64::NEG_INFINITY || rows.len() != queries.n() {
            return Ok(rows);
        }
        let (lattice, placements) = (Lattice::new(&measure.centre, h), Placements::default());
        let Some(layer) = Layer::new((&engine.options, &measure.shape), &lattice, &placements, (queries, sources))
        else {
            return Ok(rows);
        };
        let sums = Sums { layer, weight: &weight, values: call.points(), leave_out_self: call.leave_out_self() };
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

/// True if the grid computes softmax means of the sources at the queries.
pub fn is_chosen(engine: &Pairwise, (queries, sources): (&Points, &Points), sigma: f64, measure: &Measure) -> bool {
    let (lattice, placements) = (Lattice::new(&measure.centre, sigma), Placements::default());
    let shape = &measure.shape;
    serves(&engine.options, shape)
        && Layer::new((&engine.options, shape), &lattice, &placements, (queries, sources))
            .is_some_and(|layer| layer.pays(shape, (1 + shape.dim).div_ceil(CHANNELS)))
}

/// Returns the largest log-weight.
fn top(logs: Option<&[f64]>) -> f64 {
    logs.map_or(0.0, |l| l.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}
