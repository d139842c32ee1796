//! The softmax means of a set at its own points, with every pair evaluated once.

use super::call::{Softmax, SoftmaxCall, Values};
use super::engine::Pairwise;
use super::grid;
use super::grid::placements::Placements;
use super::loops::output_row::{RowOut, rows};
use super::loops::symmetric::{self, Job};
use super::measure::Measure;
use super::pack::Packed;
use super::plan::{self, Arithmetic, Plan};
use super::ranks::shared::collect;
use super::rounding::{Rounding, Seen};
use crate::points::kd_order::Orders;
use crate::points::{nth_block, squared_distance};
use crate::simd::Real;
use crate::{Points, Result};

impl Pairwise {
    /// Computes the softmax means of a set at its own points, evaluating every pair once. Returns
    /// false and writes nothing if another method has to compute them.
    pub(super) fn own_means<'p>(
        &self,
        points: &'p Points,
        sigma: f64,
        placements: &Placements<'p>,
        out: &mut Points,
    ) -> Result<bool> {
        let orders = &Orders::default();
        let call = own_call(points, sigma, (orders, placements));
        let measure = Measure::of_softmax(&call);
        if grid::is_chosen(self, &call, &measure) {
            return Ok(false);
        }
        match plan::arithmetic(&self.options, &measure.shape, true) {
            Arithmetic::F64 => self.own_means_in::<f64>((points, sigma), &measure, out).map(|plan| plan.is_some()),
            Arithmetic::F32 => {
                let Some(plan) = self.own_means_in::<f32>((points, sigma), &measure, out)? else { return Ok(false) };
                let rounding = Rounding::of::<f32>(plan.form, 0.0, measure.unit);
                // Every point has weight 1 at itself, so the norm of a point alone decides the
                // precision of its mean.
                let lost = |row: &RowOut| {
                    let square = measure.scale.powi(2) * squared_distance(points.row(row.query), &measure.centre);
                    !rounding.keeps_softmax(&Seen { square, reach: 0.0, max: 0.0, sum: f64::INFINITY })
                };
                let undone = match measure.far {
                    0 => Vec::new(),
                    _ => rows(Some(out), None, None).into_iter().filter(lost).collect(),
                };
                self.again(undone, |rows| self.softmax_in(Arithmetic::F64, &call, &measure, rows))?;
                Ok(true)
            }
            Arithmetic::Naive | Arithmetic::Split(_) => Ok(false),
        }
    }

    fn own_means_in<T: Real>(
        &self,
        (points, sigma): (&Points, f64),
        measure: &Measure,
        out: &mut Points,
    ) -> Result<Option<Plan>> {
        let plan = Plan::new::<T>(&self.options, &measure.shape);
        let Some(rows) = symmetric::chunk::<T>(&plan, points.n(), points.dim()) else { return Ok(None) };
        let arithmetic = if size_of::<T>() == 8 { Arithmetic::F64 } else { Arithmetic::F32 };
        let mut shared = self.start_own_means(arithmetic, points, sigma, measure);
        let ranks = shared.as_ref().map_or(1, |shared| shared.size());
        self.with_job::<T, _>((plan, rows), points, measure, |job| {
            self.own_chunks(job, points, (0, ranks), out)?;
            let rows_of = |rank| job.points(nth_block(job.chunks(), ranks, rank));
            match &mut shared {
                Some(shared) => collect((shared, self), rows_of, (out.dim(), out.data_mut())),
                None => Ok(()),
            }
        })?;
        Ok(Some(plan))
    }

    fn with_job<T: Real, R>(
        &self,
        (plan, rows): (Plan, usize),
        points: &Points,
        measure: &Measure,
        run: impl FnOnce(&Job<T>) -> R,
    ) -> R {
        self.memory.pool::<Packed<T>>().with(|packed| {
            packed.pack(points, Some(Values::Own), measure.place(), (plan.form, plan.centres), None, None);
            run(&Job::new(plan, packed, rows))
        })
    }

    /// Computes the chunks of this rank.
    fn own_chunks<T: Real>(
        &self,
        job: &Job<T>,
        points: &Points,
        (rank, ranks): (usize, usize),
        out: &mut Points,
    ) -> Result<()> {
        let own = nth_block(job.chunks(), ranks, rank);
        job.run(points, out, own, &self.memory.pool(), (&self.work, &self.interrupt))
    }

    /// Returns this rank's rows of the softmax means of a set at its own points. Rank 0 has
    /// chosen this method.
    pub(super) fn own_part(
        &self,
        (arithmetic, points, sigma): (Arithmetic, &Points, f64),
        ranks: (usize, usize),
    ) -> Result<Vec<f64>> {
        match arithmetic {
            Arithmetic::F64 => self.own_part_in::<f64>((points, sigma), ranks),
            _ => self.own_part_in::<f32>((points, sigma), ranks),
        }
    }

    fn own_part_in<T: Real>(&self, (points, sigma): (&Points, f64), ranks: (usize, usize)) -> Result<Vec<f64>> {
        let measure = Measure::of_softmax(&own_call(points, sigma, (&Orders::default(), &Placements::default())));
        let plan = Plan::new::<T>(&self.options, &measure.shape);
        let rows = symmetric::chunk::<T>(&plan, points.n(), points.dim()).unwrap_or(points.n());
        let mut out = Points::zeros(points.n(), points.dim());
        self.with_job::<T, _>((plan, rows), points, &measure, |job| {
            self.own_chunks(job, points, ranks, &mut out)?;
            let own = job.points(nth_block(job.chunks(), ranks.1, ranks.0));
            Ok(out.data()[own.start * points.dim()..own.end * points.dim()].to_vec())
        })
    }
}

/// Returns the call for the softmax means of a set at its own points.
fn own_call<'a, 'p>(
    points: &'p Points,
    sigma: f64,
    (orders, placements): (&'a Orders<'p>, &'a Placements<'p>),
) -> SoftmaxCall<'a, 'p> {
    let (softmax, values) = (Softmax::of(sigma), Some(Values::Own));
    SoftmaxCall { queries: points, sources: points, values, softmax, orders, placements, subtract: false }
}
