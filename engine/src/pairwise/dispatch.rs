//! The selection of the backend that computes a checked call, and the recomputation in f64 of the
//! queries that lose precision.

use super::backend::loops;
use super::call::{KernelCall, Softmax, SoftmaxCall, Values};
use super::engine::Pairwise;
use super::grid::placements::Placements;
use super::grid::{self, Grid};
use super::loops::Loops;
use super::loops::output_row::RowOut;
use super::measure::Measure;
use super::plan::{self, Arithmetic, Shape};
use crate::points::kd_order::Orders;
use crate::{Points, Result};

/// If fewer rows than this are computed again, no source is skipped: sorting all points would cost
/// more than skipping saves.
const FEW: usize = 32;

/// The same limit for many rows: the number of all rows divided by this.
const SMALL_PART: usize = 1024;

impl Pairwise {
    /// Computes a softmax reduction and writes its results to `rows`.
    pub(super) fn softmax(&self, call: &SoftmaxCall, rows: Vec<RowOut>) -> Result<()> {
        let measure = Measure::of_softmax(call);
        let left = self.on_grid(measure, rows, |measure, rows| Grid.softmax(self, call, measure, rows))?;
        let Some((measure, rows)) = left else { return Ok(()) };
        let own = matches!(call.values, Some(Values::Own));
        let arithmetic = plan::arithmetic(&self.options, &measure.shape, own);
        let undone = self.softmax_in(arithmetic, call, &measure, rows)?;
        // Panels of f64 have another width, so skipping needs a new order of all points.
        let few = FEW.max(measure.shape.n / SMALL_PART);
        let skips = undone.len() >= few && measure.shape.skips(&self.options);
        let n = if skips { measure.shape.n } else { undone.len() };
        let measure = Measure { shape: Shape { n, ..measure.shape }, ..measure };
        self.again(undone, |rows| self.softmax_in(Arithmetic::F64, call, &measure, rows))
    }

    /// Computes rows of a softmax in this arithmetic. Returns the rows that lost precision.
    pub(super) fn softmax_in<'b>(
        &self,
        arithmetic: Arithmetic,
        call: &SoftmaxCall,
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        self.softmax_by((arithmetic, &*loops(arithmetic)), call, measure, rows)
    }

    /// Computes a kernel sum and writes its results to `rows`.
    pub(super) fn kernel(&self, call: &KernelCall, rows: Vec<RowOut>) -> Result<()> {
        let measure = Measure::of_kernel(call);
        let left = self.on_grid(measure, rows, |measure, rows| Grid.kernel(self, call, measure, rows))?;
        let Some((measure, rows)) = left else { return Ok(()) };
        let arithmetic = plan::kernel_arithmetic(&self.options, &measure.shape);
        let compute = |arithmetic, rows| self.kernel_by((arithmetic, &*loops(arithmetic)), call, &measure, rows);
        let undone = compute(arithmetic, rows)?;
        self.again(undone, |rows| compute(Arithmetic::F64, rows))
    }

    /// True if softmax means of `sources` at `queries` are computed on the grid. The points are
    /// placed on the grid to find that out.
    #[doc(hidden)]
    pub fn uses_grid(&self, queries: &Points, sources: &Points, sigma: f64) -> bool {
        let (softmax, orders, placements) = (Softmax::of(sigma), &Orders::default(), &Placements::default());
        let values = Some(Values::Own);
        let call = SoftmaxCall { queries, sources, values, softmax, orders, placements, subtract: false };
        grid::is_chosen(self, &call, &Measure::of_softmax(&call))
    }

    /// Computes rows on the grid, if that is possible and worth while. Returns the rows that remain
    /// to be computed, or None if none remain.
    pub(super) fn on_grid<'b>(
        &self,
        measure: Measure,
        rows: Vec<RowOut<'b>>,
        compute: impl FnOnce(&Measure, Vec<RowOut<'b>>) -> Result<Vec<RowOut<'b>>>,
    ) -> Result<Option<(Measure, Vec<RowOut<'b>>)>> {
        if !grid::serves(&self.options, &measure.shape) {
            return Ok(Some((measure, rows)));
        }
        let all = rows.len();
        let rows = compute(&measure, rows)?;
        if rows.len() < all {
            self.work.add_repeated(rows.len());
        }
        let shape = Shape { n: rows.len(), ..measure.shape };
        Ok((shape.n > 0).then_some((Measure { shape, ..measure }, rows)))
    }

    /// Computes again, in f64, the rows that lost precision.
    pub(super) fn again<'b>(
        &self,
        undone: Vec<RowOut<'b>>,
        exact: impl FnOnce(Vec<RowOut<'b>>) -> Result<Vec<RowOut<'b>>>,
    ) -> Result<()> {
        if undone.is_empty() {
            return Ok(());
        }
        self.work.add_repeated(undone.len());
        exact(undone).map(drop)
    }
}
