//! The selection of the backend that computes a checked call, and the recomputation in f64 of the
//! queries that lose precision.

use super::call::{KernelCall, Softmax, SoftmaxCall, Values};
use super::engine::Pairwise;
use super::grid::placements::Placements;
use super::grid::{self, Grid};
use super::loops::output_row::{RowOut, rows};
use super::loops::portable::Portable;
use super::loops::{Loops, amx::Amx, naive::Naive, symmetric};
use super::measure::Measure;
use super::pack::Packed;
use super::plan::{self, Arithmetic, Plan, Shape};
use super::rounding::{Rounding, Seen};
use crate::points::kd_order::Orders;
use crate::points::squared_distance;
use crate::simd::Real;
use crate::{Points, Result};

/// If fewer rows than this are computed again, no source is skipped.
const FEW: usize = 32;

impl Pairwise {
    /// Computes a softmax reduction and writes its results to `rows`.
    pub(super) fn softmax(&self, call: &SoftmaxCall, rows: Vec<RowOut>) -> Result<()> {
        let measure = Measure::of_softmax(call);
        let left = self.on_grid(measure, rows, |measure, rows| Grid.softmax(self, call, measure, rows))?;
        let Some((measure, rows)) = left else { return Ok(()) };
        let own = matches!(call.values, Some(Values::Own));
        let arithmetic = plan::arithmetic(&self.options, &measure.shape, own);
        let undone = loops(arithmetic).softmax(self, call, &measure, rows)?;
        // No spatial order is computed for few rows, but an existing order is used, unless the
        // bounds would cost more than they save.
        let skips = undone.len() >= FEW && measure.shape.skips(&self.options);
        let n = if skips { measure.shape.n } else { undone.len() };
        let measure = Measure { shape: Shape { n, ..measure.shape }, ..measure };
        self.again(undone, |rows| Portable::<f64>::default().softmax(self, call, &measure, rows))
    }

    /// Computes a kernel sum and writes its results to `rows`.
    pub(super) fn kernel(&self, call: &KernelCall, rows: Vec<RowOut>) -> Result<()> {
        let measure = Measure::of_kernel(call);
        let left = self.on_grid(measure, rows, |measure, rows| Grid.kernel(self, call, measure, rows))?;
        let Some((measure, rows)) = left else { return Ok(()) };
        let arithmetic = plan::kernel_arithmetic(&self.options, &measure.shape);
        let undone = loops(arithmetic).kernel(self, call, &measure, rows)?;
        self.again(undone, |rows| Portable::<f64>::default().kernel(self, call, &measure, rows))
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

    /// Computes rows on the grid, if that is possible and worth while. Returns those that are left,
    /// or None if all are done.
    fn on_grid<'b>(
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
    fn again<'b>(
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

    /// Computes the softmax means of a set at its own points, evaluating every pair once. Returns
    /// false and writes nothing if that would not be faster.
    pub(super) fn own_means<'p>(
        &self,
        points: &'p Points,
        sigma: f64,
        placements: &Placements<'p>,
        out: &mut Points,
    ) -> Result<bool> {
        let (softmax, orders) = (Softmax::of(sigma), &Orders::default());
        let (queries, sources, values) = (points, points, Some(Values::Own));
        let call = SoftmaxCall { queries, sources, values, softmax, orders, placements, subtract: false };
        let measure = Measure::of_softmax(&call);
        if grid::is_chosen(self, &call, &measure) {
            return Ok(false);
        }
        match plan::arithmetic(&self.options, &measure.shape, true) {
            Arithmetic::F64 => self.own_means_in::<f64>(points, &measure, out).map(|plan| plan.is_some()),
            Arithmetic::F32 => {
                let Some(plan) = self.own_means_in::<f32>(points, &measure, out)? else { return Ok(false) };
                let rounding = Rounding::of::<f32>(plan.form, 0.0, measure.unit);
                // Every point has weight 1 at itself, so the norm of a point alone decides its
                // precision.
                let lost = |row: &RowOut| {
                    let square = measure.scale.powi(2) * squared_distance(points.row(row.query), &measure.centre);
                    !rounding.keeps_softmax(&Seen { square, reach: 0.0, max: 0.0, sum: f64::INFINITY })
                };
                let undone = match measure.far {
                    0 => Vec::new(),
                    _ => rows(Some(out), None, None).into_iter().filter(lost).collect(),
                };
                self.again(undone, |rows| Portable::<f64>::default().softmax(self, &call, &measure, rows))?;
                Ok(true)
            }
            Arithmetic::Naive | Arithmetic::Split(_) => Ok(false),
        }
    }

    fn own_means_in<T: Real>(&self, points: &Points, measure: &Measure, out: &mut Points) -> Result<Option<Plan>> {
        let plan = Plan::new::<T>(&self.options, &measure.shape);
        let Some(rows) = symmetric::chunk::<T>(&plan, points.n(), points.dim()) else { return Ok(None) };
        let scratch = self.memory.pool();
        self.memory.pool::<Packed<T>>().with(|packed| {
            packed.pack(points, Some(Values::Own), measure.place(), (plan.form, plan.centres), None, None);
            let job = symmetric::Job::new(plan, packed, rows);
            job.run(points, out, &scratch, (&self.work, &self.interrupt))
        })?;
        Ok(Some(plan))
    }
}

/// Returns the backend of an arithmetic.
fn loops(arithmetic: Arithmetic) -> Box<dyn Loops> {
    match arithmetic {
        Arithmetic::Naive => Box::new(Naive),
        Arithmetic::F64 => Box::new(Portable::<f64>::default()),
        Arithmetic::F32 => Box::new(Portable::<f32>::default()),
        Arithmetic::Split(terms) => Box::new(Amx(terms)),
    }
}
