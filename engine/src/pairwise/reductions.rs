//! The three reductions: the checks of their arguments, and the destinations of their results.

use super::call::{KernelCall, KernelSum, KernelSums, Softmax, SoftmaxCall, SoftmaxMean, Values};
use super::engine::Pairwise;
use super::grid::placements::Placements;
use super::loops::output_row::rows;
use super::options::Backend;
use crate::points::kd_order::Orders;
use crate::{Error, Points, Result, Rule, Subject};

impl Pairwise {
    /// Computes `out[i] = log sum_j exp(l_j - |z_i - x_j|^2 / 2 sigma^2)`.
    ///
    /// # Errors
    /// Shapes do not match, `sigma` is not positive, or an interrupt.
    pub fn log_sum_exp(&self, queries: &Points, sources: &Points, softmax: &Softmax, out: &mut Vec<f64>) -> Result<()> {
        self.check_softmax(queries, sources, softmax)?;
        out.resize(queries.n(), 0.0);
        let (orders, placements) = (&Orders::default(), &Placements::default());
        let (values, softmax) = (None, *softmax);
        let call = SoftmaxCall { queries, sources, values, softmax, orders, placements, subtract: false };
        self.softmax(&call, rows(None, Some(out), None))
    }

    /// Computes the softmax mean of `values` (often the sources themselves: [`Values::Own`]) at
    /// every query, with normaliser and effective sample size. The mean is finite at any distance,
    /// because the largest score of the query is subtracted. If all log-weights are `-inf`, a query
    /// gets the value of its nearest source, a normaliser of `-inf` and a sample size of 1.
    /// `leave_out_self` never excludes the only source.
    ///
    /// # Errors
    /// Shapes do not match, `sigma` is not positive, or an interrupt.
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
        let (orders, placements) = (&Orders::default(), &Placements::default());
        let (values, softmax) = (Some(values), *softmax);
        let call = SoftmaxCall { queries, sources, values, softmax, orders, placements, subtract: false };
        self.softmax(&call, rows)
    }

    /// Computes `sum_j w_j k(|z_i - x_j|^2) [1, v_j]` at every query.
    ///
    /// # Errors
    /// Shapes do not match, a bandwidth is not positive, or an interrupt.
    pub fn kernel_sum(&self, queries: &Points, sources: &Points, sum: &KernelSum, out: &mut KernelSums) -> Result<()> {
        self.check_kernel_sum(queries, sources, sum, out)?;
        if let Some((weights, largest)) = sum.weights.and_then(in_range) {
            self.kernel_sum(queries, sources, &KernelSum { weights: Some(&weights), ..*sum }, out)?;
            out.mass.iter_mut().chain(out.moment.data_mut()).for_each(|sum| *sum *= largest);
            return Ok(());
        }
        let rows = rows(sum.values.is_some().then_some(&mut out.moment), Some(&mut out.mass), None);
        self.kernel(&KernelCall { queries, sources, sum: *sum, is_softmax: false }, rows)
    }

    /// Checks the arguments of a kernel sum, and gives the results their shape.
    pub(super) fn check_kernel_sum(
        &self,
        queries: &Points,
        sources: &Points,
        sum: &KernelSum,
        out: &mut KernelSums,
    ) -> Result<()> {
        let values = sum.values.map(|values| values.points(sources));
        queries.check_dim(Subject::several("the queries"), sources.dim(), "the sources")?;
        check_rows("values", values.map_or(sources.n(), Points::n), sources.n())?;
        check_rows("weights", sum.weights.map_or(sources.n(), <[f64]>::len), sources.n())?;
        sum.kernel.check()?;
        self.check_options()?;
        out.mass.resize(queries.n(), 0.0);
        out.moment.reshape(queries.n(), values.map_or(0, Points::dim));
        Ok(())
    }

    pub(super) fn check_softmax(&self, queries: &Points, sources: &Points, softmax: &Softmax) -> Result<()> {
        queries.check_dim(Subject::several("the queries"), sources.dim(), "the sources")?;
        check_rows("log_weights", softmax.log_weights.map_or(sources.n(), <[f64]>::len), sources.n())?;
        if !(softmax.sigma > 0.0 && softmax.sigma.is_finite()) {
            return Err(Error::argument(
                "sigma",
                softmax.sigma,
                Rule::Positive.worded("a kernel needs a positive sigma"),
            ));
        }
        self.check_options()
    }

    /// Checks that the options are consistent, and that no interrupt was raised.
    pub(super) fn check_options(&self) -> Result<()> {
        if self.options.backend == Backend::Amx {
            let want = "the precisions \"bf16x3\", \"bf16x6\" and \"auto\" use the matrix units: leave `backend` out";
            return Err(Error::argument("backend", "\"amx\"", want));
        }
        self.interrupt.check()
    }
}

/// Returns weights divided by the largest of them, and this largest one, if sums of them could be
/// outside the range of f32.
fn in_range(weights: &[f64]) -> Option<(Vec<f64>, f64)> {
    let largest = weights.iter().fold(0.0f64, |largest, weight| largest.max(weight.abs()));
    let fits = largest == 0.0 || !largest.is_finite() || (1e-20..1e20).contains(&largest);
    (!fits).then(|| (weights.iter().map(|weight| weight / largest).collect(), largest))
}

pub(super) fn check_rows(what: &str, got: usize, want: usize) -> Result<()> {
    if got == want {
        return Ok(());
    }
    Err(Error::shape(Subject::several(what), format!("{got} rows"), format!("there are {want} sources")))
}
