//! From a checked call to the loops that compute it, and to f64 for the queries that lose their digits.

use super::loops::output_row::{RowOut, rows};
use super::loops::portable::Portable;
use super::loops::{Loops, amx::Amx, naive::Naive, symmetric};
use super::pack::kd_order::Orders;
use super::plan::{self, Arithmetic, Plan, Shape, mean_square};
use super::reductions::{KernelCall, SoftmaxCall};
use super::rounding::{FAR, FAR_KERNEL, Rounding, Seen, neighbourhood};
use super::scratch::Working;
use super::{Pairwise, Values};
use crate::points::squared_distance;
use crate::{Points, Result};

/// Fewer rows that are done again meet all sources.
const FEW: usize = 32;

/// How packed points relate to the caller's.
pub struct Measure {
    pub centre: Vec<f64>,
    pub scale: f64,
    /// The factor of a kernel's sums.
    pub factor: f64,
    /// Scaled lengths times this are in units of the kernel's neighbourhood.
    pub unit: f64,
    pub shape: Shape,
    /// Queries that are far from the centre.
    far: usize,
}

impl Measure {
    /// The sources' mean becomes 0, and a score minus a squared distance in bits.
    fn of_softmax(call: &SoftmaxCall) -> Measure {
        let SoftmaxCall { queries, sources, softmax, .. } = *call;
        let scale = (0.5 * std::f64::consts::LOG2_E).sqrt() / softmax.sigma;
        let centre = sources.mean();
        let (own, _) = mean_square(sources, &centre, f64::INFINITY);
        let (others, far) = mean_square(queries, &centre, FAR / (scale * scale));
        let (n, m, dim) = (queries.n(), sources.n(), sources.dim());
        let square = scale * scale * (own + others);
        let shape = Shape { n, m, dim, value_dim: call.value_dim(), square, far: many(far, n) };
        Measure { centre, scale, factor: 1.0, unit: 1.0, shape, far }
    }

    /// The sources' mean becomes 0, and a score what the kernel's lane profile takes.
    fn of_kernel(call: &KernelCall) -> Measure {
        let KernelCall { queries, sources, sum } = *call;
        let spread = sources.spread();
        let (scale, factor) = sum.kernel.units(sum.part, spread);
        let unit = match sum.kernel.own_bandwidth() {
            Some(h) => 1.0 / (scale * h),
            None => neighbourhood(sources).map_or(1.0, |near| 1.0 / (scale * near)),
        };
        let centre = sources.mean();
        let (_, far) = mean_square(queries, &centre, FAR_KERNEL / (scale * unit).powi(2));
        let (n, m, dim) = (queries.n(), sources.n(), sources.dim());
        let shape = Shape { n, m, dim, value_dim: call.value_dim(), square: 0.0, far: many(far, n) };
        Measure { centre, scale, factor, unit, shape, far }
    }

    /// Centre and scale of packed points.
    pub fn place(&self) -> (&[f64], f64) {
        (&self.centre, self.scale)
    }
}

/// Are so many of `n` queries far that computing them again would cost more than another way for all?
fn many(far: usize, n: usize) -> bool {
    8 * far > n
}

impl Pairwise {
    /// A softmax reduction into these rows.
    pub(super) fn softmax(&self, call: &SoftmaxCall, rows: Vec<RowOut>) -> Result<()> {
        let measure = Measure::of_softmax(call);
        let own = matches!(call.values, Some(Values::Own));
        let arithmetic = plan::arithmetic(&self.options, &measure.shape, own);
        let undone = loops(arithmetic).softmax(self, call, &measure, rows)?;
        // Few rows are worth no order of their own, but one that is there is used, unless they are fewer than bounds cost.
        let skips = undone.len() >= FEW && measure.shape.skips(&self.options);
        let n = if skips { measure.shape.n } else { undone.len() };
        let measure = Measure { shape: Shape { n, ..measure.shape }, ..measure };
        self.again(undone, |rows| Portable::<f64>::default().softmax(self, call, &measure, rows))
    }

    /// A kernel sum into these rows.
    pub(super) fn kernel(&self, call: &KernelCall, rows: Vec<RowOut>) -> Result<()> {
        let measure = Measure::of_kernel(call);
        let arithmetic = plan::kernel_arithmetic(&self.options, &measure.shape);
        let undone = loops(arithmetic).kernel(self, call, &measure, rows)?;
        self.again(undone, |rows| Portable::<f64>::default().kernel(self, call, &measure, rows))
    }

    /// Does the rows that lost their digits again.
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

    /// The softmax means of a set at its own points with every pair evaluated once; false when that is not faster, and
    /// nothing was done.
    pub(super) fn own_means(&self, points: &Points, sigma: f64, out: &mut Points) -> Result<bool> {
        let (softmax, orders) = (super::Softmax::of(sigma), Orders::default());
        let (queries, sources, values) = (points, points, Some(Values::Own));
        let call = SoftmaxCall { queries, sources, values, softmax, orders: &orders, subtract: false };
        let measure = Measure::of_softmax(&call);
        match plan::arithmetic(&self.options, &measure.shape, true) {
            Arithmetic::F64 => self.own_means_in::<f64>(points, &measure, out).map(|plan| plan.is_some()),
            Arithmetic::F32 => {
                let Some(plan) = self.own_means_in::<f32>(points, &measure, out)? else { return Ok(false) };
                let rounding = Rounding::of::<f32>(plan.form, 0.0, measure.unit);
                // Every point has weight 1 at itself: its own norm tells what its digits are worth.
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

    fn own_means_in<T: Working>(&self, points: &Points, measure: &Measure, out: &mut Points) -> Result<Option<Plan>> {
        let plan = Plan::new::<T>(&self.options, &measure.shape);
        let Some(rows) = symmetric::chunk::<T>(&plan, points.n(), points.dim()) else { return Ok(None) };
        let pad = T::pad(&self.memory);
        pad.packed.with(|packed| {
            packed.pack(points, Some(Values::Own), measure.place(), (plan.form, plan.centres), None, None);
            let job = symmetric::Job::new(plan, packed, rows);
            job.run(points, out, &pad.symmetric, (&self.work, &self.interrupt))
        })?;
        Ok(Some(plan))
    }
}

/// The loops of an arithmetic.
fn loops(arithmetic: Arithmetic) -> Box<dyn Loops> {
    match arithmetic {
        Arithmetic::Naive => Box::new(Naive),
        Arithmetic::F64 => Box::new(Portable::<f64>::default()),
        Arithmetic::F32 => Box::new(Portable::<f32>::default()),
        Arithmetic::Split(terms) => Box::new(Amx(terms)),
    }
}
