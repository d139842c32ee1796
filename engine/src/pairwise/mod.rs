//! The pairwise engine: sums over all pairs of a query and a source, without ever holding the pairs.
//!
//! Every kernel quantity of this crate is a weight of a squared distance summed against `[1, V]`:
//!
//! | reduction | per query `z` | serves |
//! |---|---|---|
//! | [`Pairwise::log_sum_exp`] | `log sum_j exp(l_j - \|z - x_j\|^2 / 2 sigma^2)` | densities, Sinkhorn |
//! | [`Pairwise::softmax_mean`] | `sum_j softmax_j(l_j - \|z - x_j\|^2 / 2 sigma^2) v_j` | denoisers, mean shift, SD flow |
//! | [`Pairwise::kernel_sum`] | `sum_j w_j k(\|z - x_j\|^2) [1, v_j]`, or with the slope of `k` | MMD, SVGD, energy |
//!
//! Results do not depend on the number of threads.

mod kernel;
mod naive;

pub use kernel::Kernel;

use crate::{Error, Interrupt, Points, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

crate::options! {
    /// How pairwise sums are computed.
    pub struct PairwiseOptions {
        /// Arithmetic of distances, weights and sums: "f64", "f32".
        precision: Precision = Precision::F32,
    }
}

/// Arithmetic of a pairwise sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Double precision throughout.
    F64,
    /// Single precision after centring and scaling in double.
    F32,
}

/// The engine with its options, its count of work and the flag that stops it. Clones share the count and the flag.
#[derive(Debug, Clone, Default)]
pub struct Pairwise {
    options: PairwiseOptions,
    work: Arc<Work>,
    interrupt: Interrupt,
}

/// Work done so far.
#[derive(Debug, Default)]
pub struct Work {
    pairs: AtomicU64,
}

impl Work {
    /// Pairs of a query and a source evaluated since the engine was made.
    pub fn pairs(&self) -> u64 {
        self.pairs.load(Ordering::Relaxed)
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
    pub values: Option<&'a Points>,
    /// Query `i` leaves source `i` out.
    pub leave_out_self: bool,
}

/// Value or slope of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `k(d^2)`
    Value,
    /// `2 dk/d(d^2)`
    Slope,
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
    /// An engine with these options, stopped by `interrupt`.
    pub fn new(options: PairwiseOptions, interrupt: Interrupt) -> Pairwise {
        Pairwise { options, work: Arc::default(), interrupt }
    }

    /// The same engine (work count and interrupt shared) with other options.
    pub fn with(&self, options: PairwiseOptions) -> Pairwise {
        Pairwise { options, ..self.clone() }
    }

    /// The options in force.
    pub fn options(&self) -> &PairwiseOptions {
        &self.options
    }

    /// The count of work, shared by all clones.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// The flag that stops the loops.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// `out[i] = log sum_j exp(l_j - |z_i - x_j|^2 / 2 sigma^2)`.
    ///
    /// # Errors
    /// Shapes that do not fit, `sigma` not positive, or an interrupt.
    pub fn log_sum_exp(&self, queries: &Points, sources: &Points, softmax: &Softmax, out: &mut Vec<f64>) -> Result<()> {
        let mut full = SoftmaxMean { log_sum: std::mem::take(out), ..SoftmaxMean::default() };
        self.softmax_mean(queries, sources, sources, softmax, &mut full)?;
        *out = full.log_sum;
        Ok(())
    }

    /// Softmax mean of `values` (often the sources themselves) at every query, with normaliser and effective sample size.
    /// Finite for any query however far: the row's maximum is subtracted. A query whose only source is left out
    /// gets its own nearest source, itself.
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
        queries.check_dim("the queries", sources.dim(), "the sources")?;
        check_rows("values", values.n(), sources.n())?;
        check_rows("log_weights", softmax.log_weights.map_or(sources.n(), <[f64]>::len), sources.n())?;
        if !(softmax.sigma > 0.0 && softmax.sigma.is_finite()) {
            return Err(Error::argument("sigma", softmax.sigma, "a kernel needs a positive sigma"));
        }
        self.begin(queries, sources)?;
        naive::softmax_mean(queries, sources, values, softmax, out);
        self.interrupt.check()
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
        self.begin(queries, sources)?;
        naive::kernel_sum(queries, sources, sum, out);
        self.interrupt.check()
    }

    fn begin(&self, queries: &Points, sources: &Points) -> Result<()> {
        self.interrupt.check()?;
        self.work.pairs.fetch_add(queries.n() as u64 * sources.n() as u64, Ordering::Relaxed);
        Ok(())
    }
}

fn check_rows(what: &str, got: usize, want: usize) -> Result<()> {
    if got == want {
        return Ok(());
    }
    Err(Error::shape(what, format!("{got} rows"), format!("there are {want} sources")))
}
