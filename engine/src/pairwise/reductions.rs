//! The three reductions: what is asked for, checks, and where the results go.

use super::loops::output_row::rows;
use super::pack::kd_order::Orders;
use super::{Backend, Kernel, Pairwise, Part};
use crate::{Error, Points, Result};

/// What a sum weighs.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// The sources themselves.
    Own,
    /// One row per source.
    Of(&'a Points),
}

impl<'a> Values<'a> {
    /// The values, one row per source.
    pub fn points(self, sources: &'a Points) -> &'a Points {
        match self {
            Values::Own => sources,
            Values::Of(values) => values,
        }
    }
}

impl<'a> From<&'a Points> for Values<'a> {
    fn from(values: &'a Points) -> Values<'a> {
        Values::Of(values)
    }
}

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
    pub values: Option<Values<'a>>,
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
        out.resize(queries.n(), 0.0);
        let orders = Orders::default();
        let call = SoftmaxCall { queries, sources, values: None, softmax: *softmax, orders: &orders, subtract: false };
        self.softmax(&call, rows(None, Some(out), None))
    }

    /// Softmax mean of `values` (often the sources themselves: [`Values::Own`]) at every query, with normaliser and
    /// effective sample size. Finite for any query however far: the row's maximum is subtracted. A query that has no source
    /// left (all log-weights `-inf`) gets the value of its nearest source, a normaliser of `-inf` and a sample size of 1; a
    /// single source is never left out of its own query.
    ///
    /// # Errors
    /// Shapes that do not fit, `sigma` not positive, or an interrupt.
    pub fn softmax_mean<'a>(
        &self,
        queries: &'a Points,
        sources: &'a Points,
        values: impl Into<Values<'a>>,
        softmax: &Softmax<'a>,
        out: &mut SoftmaxMean,
    ) -> Result<()> {
        let values = values.into();
        let points = values.points(sources);
        check_rows("values", points.n(), sources.n())?;
        self.check_softmax(queries, sources, softmax)?;
        out.mean.reshape(queries.n(), points.dim());
        out.log_sum.resize(queries.n(), 0.0);
        out.ess.resize(queries.n(), 0.0);
        let rows = rows(Some(&mut out.mean), Some(&mut out.log_sum), Some(&mut out.ess));
        let (softmax, orders) = (*softmax, Orders::default());
        let call = SoftmaxCall { queries, sources, values: Some(values), softmax, orders: &orders, subtract: false };
        self.softmax(&call, rows)
    }

    /// `sum_j w_j k(|z_i - x_j|^2) [1, v_j]` at every query.
    ///
    /// # Errors
    /// Shapes that do not fit, a bandwidth that is not positive, or an interrupt.
    pub fn kernel_sum(&self, queries: &Points, sources: &Points, sum: &KernelSum, out: &mut KernelSums) -> Result<()> {
        let values = sum.values.map(|values| values.points(sources));
        queries.check_dim("the queries", sources.dim(), "the sources")?;
        check_rows("values", values.map_or(sources.n(), Points::n), sources.n())?;
        check_rows("weights", sum.weights.map_or(sources.n(), <[f64]>::len), sources.n())?;
        sum.kernel.check()?;
        self.check_options()?;
        out.mass.resize(queries.n(), 0.0);
        out.moment.reshape(queries.n(), values.map_or(0, Points::dim));
        let rows = rows(values.is_some().then_some(&mut out.moment), Some(&mut out.mass), None);
        self.kernel(&KernelCall { queries, sources, sum: *sum }, rows)
    }

    pub(super) fn check_softmax(&self, queries: &Points, sources: &Points, softmax: &Softmax) -> Result<()> {
        queries.check_dim("the queries", sources.dim(), "the sources")?;
        check_rows("log_weights", softmax.log_weights.map_or(sources.n(), <[f64]>::len), sources.n())?;
        if !(softmax.sigma > 0.0 && softmax.sigma.is_finite()) {
            return Err(Error::argument("sigma", softmax.sigma, "a kernel needs a positive sigma"));
        }
        self.check_options()
    }

    /// May these options be computed with, and was the engine not stopped?
    fn check_options(&self) -> Result<()> {
        if self.options.backend == Backend::Amx {
            let want =
                "the precisions \"bf16x3\", \"bf16x6\" and \"auto\" ask for the matrix units; leave the backend out";
            return Err(Error::argument("backend", "\"amx\"", want));
        }
        self.interrupt.check()
    }
}

/// A softmax reduction that was checked.
#[derive(Clone, Copy)]
pub(super) struct SoftmaxCall<'a> {
    pub queries: &'a Points,
    pub sources: &'a Points,
    pub values: Option<Values<'a>>,
    pub softmax: Softmax<'a>,
    pub orders: &'a Orders<'a>,
    /// What the rows hold is taken away from the means.
    pub subtract: bool,
}

impl<'a> SoftmaxCall<'a> {
    /// The values' points.
    pub fn points(&self) -> Option<&'a Points> {
        self.values.map(|values| values.points(self.sources))
    }

    /// Coordinates of the values.
    pub fn value_dim(&self) -> usize {
        self.points().map_or(0, Points::dim)
    }

    /// Is a query's own source left out? A single source is not.
    pub fn leave_out_self(&self) -> bool {
        self.softmax.leave_out_self && self.sources.n() > 1
    }
}

/// A kernel sum that was checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct KernelCall<'a> {
    pub queries: &'a Points,
    pub sources: &'a Points,
    pub sum: KernelSum<'a>,
}

impl<'a> KernelCall<'a> {
    /// The values' points.
    pub fn points(&self) -> Option<&'a Points> {
        self.sum.values.map(|values| values.points(self.sources))
    }

    /// Coordinates of the values.
    pub fn value_dim(&self) -> usize {
        self.points().map_or(0, Points::dim)
    }
}

fn check_rows(what: &str, got: usize, want: usize) -> Result<()> {
    if got == want {
        return Ok(());
    }
    Err(Error::shape(what, format!("{got} rows"), format!("there are {want} sources")))
}
