//! Sums of smooth kernels in up to three dimensions on a grid, in time proportional to the number
//! of points.
//!
//! A sum over sources is a convolution with the kernel. For a Gaussian kernel in `d` dimensions,
//! every source is spread over the nearest `14^d` cells of a grid with four cells per sigma. The
//! grid is convolved along each axis with 87 coefficients, the taps. Every query then reads its sum
//! from the nearest `14^d` cells. Spreading, convolution and reading multiply by Gaussians, so the
//! error of a weight is relative to this weight: 3e-7 per axis, up to a distance of nine sigma
//! (`window`). If the tolerance is 1e-3 or more, `10^d` cells, 2.25 cells per sigma and 49 taps are
//! enough, up to a distance of eight sigma. The kernel is a product over axes, and it is short in
//! units of sigma. The convolution therefore needs neither Fourier transforms nor periodic
//! boundaries, and the grid needs cells only near points (`lattice`).
//!
//! Other smooth kernels are no products over axes, and some are long. The grid of such a kernel is
//! a box around all points, which is convolved by Fourier transforms (`fourier`). The error of a
//! sum of weights is relative to the sum of the weights nearby, and faint sums are computed
//! directly.
//!
//! If somewhat smaller cells cost little, their width is a power of the root of two, and the cells
//! remain the same while sigma changes a little. The tiles over which a target that does not move
//! is spread are then kept for the next steps of a flow (`kept`).
//!
//! The weight of a source is spread together with three of its values, so that the mean of the
//! values is read at the same time as its normaliser. Both are sums with the same slightly changed
//! kernel, so a mean remains a mean of sources near the query. A query whose sum is so small that
//! pairs beyond this distance could matter is returned and computed directly.
//!
//! Sums are added in the order of the points in the grid, with fixed tasks, so that the bytes do
//! not depend on the number of threads.
//!
//! | file | contents |
//! |---|---|
//! | `choice` | whether `auto` uses the grid |
//! | `window` | the windows, their taps and their errors |
//! | `lattice`, `order`, `placements` | cells and tiles, and the points in the order of the cells |
//! | `kept` | what is kept between calls of points that do not move |
//! | `block` | spreading points over a tile, and reading sums from it |
//! | `convolve` | the convolution along one axis |
//! | `fourier`, `transforms`, `profile` | the convolution with any smooth kernel, or with a sum of kernels |
//! | `stages` | the three stages, for one group of queries |
//! | `parts` | the groups of queries, whose tiles fit into memory |
//! | `sums` | the sums of a call, and the queries that keep the tolerance |

mod block;
mod choice;
mod convolve;
mod fourier;
pub mod kept;
mod lattice;
mod order;
mod parts;
pub mod placements;
mod profile;
mod stages;
mod sums;
#[cfg(test)]
mod tests;
mod transforms;
mod window;

use super::Kernel;
use super::call::{KernelCall, SoftmaxCall, Values};
use super::engine::Pairwise;
use super::loops::Loops;
use super::loops::output_row::RowOut;
use super::measure::Measure;
use crate::Result;
pub use choice::{most_bytes, serves};
pub use lattice::DIM;
use lattice::Lattice;
use placements::Placements;
use profile::Profile;
use sums::{Layer, Sums, groups};
use window::Window;

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
        let (logs, top) = (call.softmax.log_weights, call.top());
        let weight = |j: usize| logs.map_or(1.0, |l| (l[j] - top).exp());
        if top == f64::NEG_INFINITY || rows.len() != call.queries.n() {
            return Ok(rows);
        }
        let Some(layer) = layer(engine, call, measure) else { return Ok(rows) };
        let is_plain = logs.is_none() && matches!(call.values, Some(Values::Own));
        let (values, leave_out_self) = (call.points(), call.leave_out_self());
        let sums = Sums { layer, weight: &weight, values, is_plain, leave_out_self };
        sums.run(engine, &measure.shape, rows, |row, sum| sum.put_mean(row, call.subtract, top))
    }

    fn kernel<'b>(
        &self,
        engine: &Pairwise,
        call: &KernelCall,
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        let Kernel::Gaussian { h } = call.sum.kernel else {
            let terms = [(call.sum.kernel, 1.0)];
            return self.mixture(engine, call, &terms, measure, rows);
        };
        let Some(window) = Window::of(engine.options.tol) else { return Ok(rows) };
        let (placements, points) = (Placements::default(), (call.queries, call.sources));
        let lattice = placements.lattice((window, &measure.centre, h), points);
        let layer = Layer::new((engine, &measure.shape), lattice, &placements, points);
        kernel_sums(engine, call, (measure, measure.factor), layer, rows)
    }
}

impl Grid {
    /// Computes rows of a sum over a mixture of kernels with these factors, in place of the kernel
    /// of the call. Returns the rows that are left.
    pub fn mixture<'b>(
        &self,
        engine: &Pairwise,
        call: &KernelCall,
        terms: &[(Kernel, f64)],
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        let profile = Profile::of(terms, call.sum.part);
        let Some(window) = Window::of(engine.options.tol) else { return Ok(rows) };
        let Some(cell) = profile.cell(window.tolerance) else { return Ok(rows) };
        let lattice = Lattice::new(window, &measure.centre, window.cells_per_sigma * cell);
        let (placements, points) = (Placements::default(), (call.queries, call.sources));
        let passes = groups(call.value_dim());
        let longest = choice::longest_time_of_kernels(&engine.options, &measure.shape, window, terms.len(), passes);
        let at_zero = profile.at(0.0);
        let layer = Layer::of(Some((profile, longest)), (engine, &measure.shape), &lattice, &placements, points);
        kernel_sums(engine, call, (measure, at_zero), layer, rows)
    }
}

/// Computes rows of a kernel sum on a grid. `factor` is the kernel at distance 0. Returns the rows
/// that are left.
fn kernel_sums<'b>(
    engine: &Pairwise,
    call: &KernelCall,
    (measure, factor): (&Measure, f64),
    layer: Option<Layer>,
    rows: Vec<RowOut<'b>>,
) -> Result<Vec<RowOut<'b>>> {
    let KernelCall { queries, sum, is_softmax, .. } = *call;
    let top = call.top();
    let weight = |j: usize| match sum.weights {
        Some(logs) if is_softmax => (logs[j] - top).exp(),
        Some(weights) => weights[j],
        None => 1.0,
    };
    let signed = !is_softmax && sum.weights.is_some_and(|weights| weights.iter().any(|weight| *weight < 0.0));
    if signed || top == f64::NEG_INFINITY || rows.len() != queries.n() {
        return Ok(rows);
    }
    let Some(layer) = layer else { return Ok(rows) };
    let is_plain = sum.weights.is_none() && matches!(sum.values, Some(Values::Own));
    let (values, leave_out_self) = (call.points(), call.leave_out_self());
    let sums = Sums { layer, weight: &weight, values, is_plain, leave_out_self };
    sums.run(engine, &measure.shape, rows, |row, sum| {
        if is_softmax {
            sum.put_mean(row, false, top);
        } else {
            row.put_values(false, |c| factor * (sum.values[c] + sum.centre[c] * sum.mass));
            row.put(factor * sum.mass, 1.0);
        }
    })
}

/// Places the points of a softmax on the grid; None if they are too far apart for a grid, if no
/// window keeps the tolerance, or if the grid would take longer than it may.
fn layer<'p>(engine: &Pairwise, call: &SoftmaxCall<'_, 'p>, measure: &Measure) -> Option<Layer<'p>> {
    let window = Window::of(engine.options.tol)?;
    let points = (call.queries, call.sources);
    let lattice = call.placements.lattice((window, &measure.centre, call.softmax.sigma), points);
    Layer::new((engine, &measure.shape), lattice, call.placements, points)
}

/// True if the grid computes this softmax.
pub fn is_chosen(engine: &Pairwise, call: &SoftmaxCall, measure: &Measure) -> bool {
    let pays = |layer: Layer| layer.pays(&measure.shape, groups(call.value_dim()));
    serves(&engine.options, &measure.shape) && layer(engine, call, measure).is_some_and(pays)
}
