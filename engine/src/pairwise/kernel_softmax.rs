//! Softmaxes by any positive kernel: the checks of their arguments, and the destinations of their
//! results.

use super::call::{KernelCall, KernelSoftmax, KernelSum, Softmax, SoftmaxMean, Values};
use super::engine::Pairwise;
use super::kernel::{Kernel, Part};
use super::loops::output_row::rows;
use super::reductions::check_rows;
use crate::{Points, Result, Subject};

impl Pairwise {
    /// Computes `out[i] = log sum_j exp(l_j) k(|z_i - x_j|^2)`.
    ///
    /// # Errors
    /// Shapes do not match, the kernel has values that are not positive, its bandwidth is not
    /// positive, or an interrupt.
    pub fn kernel_log_sum(
        &self,
        queries: &Points,
        sources: &Points,
        softmax: &KernelSoftmax,
        out: &mut Vec<f64>,
    ) -> Result<()> {
        if let Kernel::Gaussian { h } = softmax.kernel {
            return self.log_sum_exp(queries, sources, &gaussian(softmax, h), out);
        }
        let call = self.checked(queries, sources, None, softmax)?;
        out.resize(queries.n(), 0.0);
        self.kernel(&call, rows(None, Some(out), None))
    }

    /// Computes the mean of `values` (often the sources themselves: [`Values::Own`]) under the
    /// softmax weights `p_j = exp(l_j) k_j / sum_i exp(l_i) k_i` at every query, with normaliser
    /// and effective sample size. The largest exponent of a query is subtracted, so the mean is
    /// finite at any distance, even where the kernel itself vanishes. A query without sources gets
    /// the results stated at [`Pairwise::softmax_mean`]. Cost: one pass over all pairs.
    ///
    /// # Errors
    /// Shapes do not match, the kernel has values that are not positive, its bandwidth is not
    /// positive, or an interrupt.
    pub fn kernel_softmax_mean<'a>(
        &self,
        queries: &'a Points,
        sources: &'a Points,
        values: impl Into<Values<'a>>,
        softmax: &KernelSoftmax<'a>,
        out: &mut SoftmaxMean,
    ) -> Result<()> {
        let values = values.into();
        if let Kernel::Gaussian { h } = softmax.kernel {
            return self.softmax_mean(queries, sources, values, &gaussian(softmax, h), out);
        }
        let call = self.checked(queries, sources, Some(values), softmax)?;
        out.mean.reshape(queries.n(), call.value_dim());
        out.log_sum.resize(queries.n(), 0.0);
        out.ess.resize(queries.n(), 0.0);
        self.kernel(&call, rows(Some(&mut out.mean), Some(&mut out.log_sum), Some(&mut out.ess)))
    }

    /// Checks the arguments of a softmax by a kernel.
    fn checked<'a>(
        &self,
        queries: &'a Points,
        sources: &'a Points,
        values: Option<Values<'a>>,
        softmax: &KernelSoftmax<'a>,
    ) -> Result<KernelCall<'a>> {
        let KernelSoftmax { kernel, log_weights: weights, leave_out_self } = *softmax;
        let points = values.map(|values| values.points(sources));
        queries.check_dim(Subject::several("the queries"), sources.dim(), "the sources")?;
        check_rows("values", points.map_or(sources.n(), Points::n), sources.n())?;
        check_rows("log_weights", weights.map_or(sources.n(), <[f64]>::len), sources.n())?;
        kernel.check()?;
        kernel.check_positive()?;
        self.check_options()?;
        let sum = KernelSum { kernel, part: Part::Value, weights, values, leave_out_self };
        Ok(KernelCall { queries, sources, sum, is_softmax: true })
    }
}

/// Returns the same softmax by the Gaussian kernel of bandwidth `h`.
fn gaussian<'a>(softmax: &KernelSoftmax<'a>, h: f64) -> Softmax<'a> {
    Softmax { sigma: h, log_weights: softmax.log_weights, leave_out_self: softmax.leave_out_self }
}
