//! The three reductions: checks, the choice of precision, packing, the loop.

use super::loops::output_row::RowOut;
use super::loops::portable::{Job, Scratch, Weights};
use super::loops::tile::Form;
use super::loops::{amx, naive, symmetric};
use super::pack::Packed;
use super::pack::kd_order::Order;
use super::plan::{self, Arithmetic, Plan, Shape, mean_square};
use super::pruning::Bounds;
use super::{Backend, Kernel, Pairwise, Part, Precision};
use crate::simd::Pool;
use crate::simd::Real;
use crate::{Error, Points, Result};

/// The weights of a softmax over sources: `l_j - |z - x_j|^2 / (2 sigma^2)`.
#[derive(Debug, Clone, Copy)]
pub struct Softmax<'a> {
    /// Standard deviation of the Gaussian kernel, positive, in the data's units.
    pub sigma: f64,
    /// `l_j`, one per source; `-inf` leaves a source out. None is all zero.
    pub log_weights: Option<&'a [f64]>,
    /// Query `i` leaves source `i` out: queries and sources are the same set.
    pub leave_out_self: bool,
}

impl Softmax<'_> {
    /// Equal weights.
    pub fn of(sigma: f64) -> Softmax<'static> {
        Softmax { sigma, log_weights: None, leave_out_self: false }
    }
}

/// Per query: the softmax mean, the normaliser and the effective sample size. Reused between calls.
#[derive(Debug, Clone, Default)]
pub struct SoftmaxMean {
    /// `sum_j p_j v_j`, n x dim.
    pub mean: Points,
    /// `log sum_j exp(..)`, n.
    pub log_sum: Vec<f64>,
    /// `1 / sum_j p_j^2`, n: between 1 and the number of sources.
    pub ess: Vec<f64>,
}

/// What a kernel sum sums.
#[derive(Debug, Clone, Copy)]
pub struct KernelSum<'a> {
    /// The kernel.
    pub kernel: Kernel,
    /// Its value, or its slope `2 dk/d(d^2)`.
    pub part: Part,
    /// `w_j` of either sign, one per source. None is all one.
    pub weights: Option<&'a [f64]>,
    /// `v_j`, one row per source. None: only the mass is summed.
    pub values: Option<&'a Points>,
    /// Query `i` leaves source `i` out.
    pub leave_out_self: bool,
}

/// Per query: the sums of a [`KernelSum`]. Reused between calls.
#[derive(Debug, Clone, Default)]
pub struct KernelSums {
    /// `sum_j w_j k_j`, n.
    pub mass: Vec<f64>,
    /// `sum_j w_j k_j v_j`, n x dim of the values; empty without values.
    pub moment: Points,
}

impl Pairwise {
    /// `out[i] = log sum_j exp(l_j - |z_i - x_j|^2 / 2 sigma^2)`.
    ///
    /// # Errors
    /// Shapes that do not fit, `sigma` not positive, or an interrupt.
    pub fn log_sum_exp(&self, queries: &Points, sources: &Points, softmax: &Softmax, out: &mut Vec<f64>) -> Result<()> {
        self.check_softmax(queries, sources, softmax)?;
        if self.options.backend == Backend::Naive {
            let mut full = SoftmaxMean::default();
            naive::softmax_mean(queries, sources, sources, softmax, &mut full);
            *out = full.log_sum;
            return self.end_naive(queries, sources, 0);
        }
        out.resize(queries.n(), 0.0);
        let rows = out.iter_mut().map(|mass| RowOut { mass: Some(mass), ..RowOut::default() }).collect();
        self.softmax(queries, sources, None, softmax, rows, false)
    }

    /// Softmax mean of `values` (often the sources themselves) at every query, with normaliser and effective sample size.
    /// Finite for any query however far: the row's maximum is subtracted. A query that has no source left (all
    /// log-weights `-inf`) gets the value of its nearest source, a normaliser of `-inf` and a sample size of 1; a single
    /// source is never left out of its own query.
    ///
    /// # Errors
    /// Shapes that do not fit, `sigma` not positive, or an interrupt.
    pub fn softmax_mean(
        &self,
        queries: &Points,
        sources: &Points,
        values: &Points,
        softmax: &Softmax,
        out: &mut SoftmaxMean,
    ) -> Result<()> {
        check_rows("values", values.n(), sources.n())?;
        self.check_softmax(queries, sources, softmax)?;
        if self.options.backend == Backend::Naive {
            naive::softmax_mean(queries, sources, values, softmax, out);
            return self.end_naive(queries, sources, values.dim());
        }
        out.mean.reshape(queries.n(), values.dim());
        out.log_sum.resize(queries.n(), 0.0);
        out.ess.resize(queries.n(), 0.0);
        let means = out.mean.data_mut().chunks_exact_mut(values.dim());
        let rows = means.zip(&mut out.log_sum).zip(&mut out.ess);
        let rows = rows.map(|((values, mass), ess)| RowOut { values, mass: Some(mass), ess: Some(ess) }).collect();
        self.softmax(queries, sources, Some(values), softmax, rows, false)
    }

    /// `sum_j w_j k(|z_i - x_j|^2) [1, v_j]` at every query.
    ///
    /// # Errors
    /// Shapes that do not fit, a bandwidth that is not positive, or an interrupt.
    pub fn kernel_sum(&self, queries: &Points, sources: &Points, sum: &KernelSum, out: &mut KernelSums) -> Result<()> {
        queries.check_dim("the queries", sources.dim(), "the sources")?;
        check_rows("values", sum.values.map_or(sources.n(), Points::n), sources.n())?;
        check_rows("weights", sum.weights.map_or(sources.n(), <[f64]>::len), sources.n())?;
        sum.kernel.check()?;
        self.interrupt.check()?;
        let dim = sum.values.map_or(0, Points::dim);
        if self.options.backend == Backend::Naive {
            naive::kernel_sum(queries, sources, sum, out);
            return self.end_naive(queries, sources, dim);
        }
        out.mass.resize(queries.n(), 0.0);
        out.moment.reshape(queries.n(), dim);
        let mut moments = out.moment.data_mut().chunks_exact_mut(dim.max(1));
        let masses = out.mass.iter_mut();
        let rows = masses
            .map(|mass| RowOut { mass: Some(mass), values: moments.next().unwrap_or_default(), ess: None })
            .collect();
        let memory = &self.memory;
        if self.options.precision == Precision::F64 {
            return memory.packed64.with(|p| self.kernel_in(p, &memory.scratch64, queries, sources, sum, rows));
        }
        memory.packed32.with(|p| self.kernel_in(p, &memory.scratch32, queries, sources, sum, rows))
    }

    pub(super) fn check_softmax(&self, queries: &Points, sources: &Points, softmax: &Softmax) -> Result<()> {
        queries.check_dim("the queries", sources.dim(), "the sources")?;
        check_rows("log_weights", softmax.log_weights.map_or(sources.n(), <[f64]>::len), sources.n())?;
        if !(softmax.sigma > 0.0 && softmax.sigma.is_finite()) {
            return Err(Error::argument("sigma", softmax.sigma, "a kernel needs a positive sigma"));
        }
        self.interrupt.check()
    }

    fn end_naive(&self, queries: &Points, sources: &Points, value_dim: usize) -> Result<()> {
        self.work.add(queries.n() * sources.n(), sources.dim() + value_dim);
        self.interrupt.check()
    }

    /// The softmax reductions: `subtract` takes what the rows hold away from the means.
    pub(super) fn softmax(
        &self,
        queries: &Points,
        sources: &Points,
        values: Option<&Points>,
        softmax: &Softmax,
        rows: Vec<RowOut>,
        subtract: bool,
    ) -> Result<()> {
        let (memory, given) = (&self.memory, (sources, values));
        let measure = Measure::of(queries, sources, values.map_or(0, Points::dim), softmax.sigma);
        let shape = &measure.shape;
        match plan::arithmetic(&self.options, shape, values.is_some_and(|v| std::ptr::eq(v, sources))) {
            Arithmetic::F64 => memory
                .packed64
                .with(|p| self.softmax_in(p, &memory.scratch64, queries, given, softmax, rows, subtract, &measure)),
            Arithmetic::F32 => memory
                .packed32
                .with(|p| self.softmax_in(p, &memory.scratch32, queries, given, softmax, rows, subtract, &measure)),
            Arithmetic::Split(terms) => memory.split.with(|packed| {
                packed.pack(sources, measure.place(), softmax.log_weights, amx::block(sources.dim()), terms);
                let leave_out_self = softmax.leave_out_self && sources.n() > 1;
                let job = amx::Job { queries, sources, packed, terms, leave_out_self, subtract };
                let mut rows = rows;
                job.run(&mut rows, &memory.scratch_amx, &self.work, &self.interrupt)
            }),
        }
    }

    #[expect(clippy::too_many_arguments)]
    fn softmax_in<T: Real>(
        &self,
        packed: &mut Packed<T>,
        scratch: &Pool<Scratch<T>>,
        queries: &Points,
        (sources, values): (&Points, Option<&Points>),
        softmax: &Softmax,
        rows: Vec<RowOut>,
        subtract: bool,
        measure: &Measure,
    ) -> Result<()> {
        let plan = Plan::new::<T>(&self.options, &measure.shape);
        let orders = plan.skip.then(|| [Order::of(queries, plan.width), Order::of(sources, plan.block)]);
        let [query_order, source_order] = match &orders {
            Some([q, s]) => [Some(q), Some(s)],
            None => [None, None],
        };
        packed.pack(sources, values, measure.place(), plan.form, softmax.log_weights, source_order);
        let bounds = plan.skip.then(|| Bounds::of(packed, &plan));
        let job = Job {
            plan,
            queries,
            query_order,
            sources: packed,
            source_order,
            bounds: bounds.as_ref(),
            original: (sources, values),
            leave_out_self: softmax.leave_out_self && sources.n() > 1,
            weights: Weights::Softmax,
            subtract,
        };
        job.run(rows, scratch, &self.work, &self.interrupt)
    }

    /// The softmax means of a set at its own points with every pair evaluated once; false when that is not faster, and
    /// nothing was done.
    pub(super) fn own_means(&self, points: &Points, sigma: f64, out: &mut Points) -> Result<bool> {
        let memory = &self.memory;
        let measure = Measure::of(points, points, points.dim(), sigma);
        match plan::arithmetic(&self.options, &measure.shape, true) {
            Arithmetic::F64 => {
                memory.packed64.with(|p| self.own_means_in(p, &memory.symmetric64, points, &measure, out))
            }
            Arithmetic::F32 => {
                memory.packed32.with(|p| self.own_means_in(p, &memory.symmetric32, points, &measure, out))
            }
            Arithmetic::Split(_) => Ok(false),
        }
    }

    fn own_means_in<T: Real>(
        &self,
        packed: &mut Packed<T>,
        scratch: &Pool<symmetric::Scratch<T>>,
        points: &Points,
        measure: &Measure,
        out: &mut Points,
    ) -> Result<bool> {
        let plan = Plan::new::<T>(&self.options, &measure.shape);
        let Some(rows) = symmetric::chunk::<T>(&plan, points.n(), points.dim()) else { return Ok(false) };
        packed.pack(points, Some(points), measure.place(), plan.form, None, None);
        symmetric::Job::new(plan, packed, rows).run(points, out, scratch, (&self.work, &self.interrupt))?;
        Ok(true)
    }

    fn kernel_in<T: Real>(
        &self,
        packed: &mut Packed<T>,
        scratch: &Pool<Scratch<T>>,
        queries: &Points,
        sources: &Points,
        sum: &KernelSum,
        rows: Vec<RowOut>,
    ) -> Result<()> {
        let (scale, factor) = sum.kernel.units(sum.part, sources.spread());
        let value_dim = sum.values.map_or(0, Points::dim);
        let shape = Shape { n: queries.n(), m: sources.n(), dim: sources.dim(), value_dim, square: 0.0 };
        // A root magnifies the rounding of a small squared distance: no product form here.
        let plan = Plan { form: Form::Difference, gemm: false, ..Plan::new::<T>(&self.options, &shape) };
        packed.pack(sources, sum.values, (&sources.mean(), scale), plan.form, None, None);
        let weights: Vec<T> = match sum.weights {
            Some(weights) => weights.iter().map(|w| T::from_f64(*w)).collect(),
            None => vec![T::from_f64(1.0); sources.n()],
        };
        let job = Job {
            plan,
            queries,
            query_order: None,
            sources: packed,
            source_order: None,
            bounds: None,
            original: (sources, sum.values),
            leave_out_self: sum.leave_out_self,
            weights: Weights::Kernel { kernel: sum.kernel, part: sum.part, factor, weights: &weights },
            subtract: false,
        };
        job.run(rows, scratch, &self.work, &self.interrupt)
    }
}

/// How packed points relate to the caller's.
struct Measure {
    centre: Vec<f64>,
    scale: f64,
    shape: Shape,
}

impl Measure {
    /// The sources' mean becomes 0, and a score minus a squared distance in bits.
    fn of(queries: &Points, sources: &Points, value_dim: usize, sigma: f64) -> Measure {
        let scale = (0.5 * std::f64::consts::LOG2_E).sqrt() / sigma;
        let centre = sources.mean();
        let square = scale * scale * (mean_square(sources, &centre) + mean_square(queries, &centre));
        let shape = Shape { n: queries.n(), m: sources.n(), dim: sources.dim(), value_dim, square };
        Measure { centre, scale, shape }
    }

    fn place(&self) -> (&[f64], f64) {
        (&self.centre, self.scale)
    }
}

fn check_rows(what: &str, got: usize, want: usize) -> Result<()> {
    if got == want {
        return Ok(());
    }
    Err(Error::shape(what, format!("{got} rows"), format!("there are {want} sources")))
}
