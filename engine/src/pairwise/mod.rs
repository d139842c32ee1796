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

#[cfg(test)]
mod agreement;
mod bandwidth;
mod buffer;
mod exp;
mod isa;
mod kernel;
mod naive;
mod pack;
mod plan;
mod profile;
mod real;
mod reduce;
mod tile;
mod weigh;

pub use bandwidth::Kernels;
pub use isa::Isa;
pub use kernel::Kernel;

use crate::{Error, Interrupt, Points, Result};
use buffer::Pool;
use pack::Packed;
use plan::{Plan, mean_square};
use profile::Scaled;
use real::Real;
use reduce::{Job, Rows, Scratch, Weights};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tile::Form;

crate::options! {
    /// How pairwise sums are computed.
    pub struct PairwiseOptions {
        /// Arithmetic of distances, weights and sums: "f64", "f32".
        precision: Precision = Precision::F32,
        /// Which loops compute them: "auto", "naive" (the slow reference), "direct" (distances by differences),
        /// "fused" (distances by products).
        backend: Backend = Backend::Auto,
        /// Instruction set: "auto", "scalar", "avx2", "avx512"; one that the machine lacks gives the best it has.
        isa: Isa = Isa::Auto,
    }
}

/// Which loops compute pairwise sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The fastest one that keeps the precision's digits.
    #[default]
    Auto,
    /// The reference: one query at a time, f64 whatever the precision says.
    Naive,
    /// Distances by differences: best in few coordinates, exact for tiny sigma.
    Direct,
    /// Distances by products in register tiles: best in many coordinates.
    Fused,
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
    memory: Arc<Memory>,
}

/// Buffers kept between calls, shared by all clones.
#[derive(Debug, Default)]
struct Memory {
    packed32: Pool<Packed<f32>>,
    packed64: Pool<Packed<f64>>,
    scratch32: Pool<Scratch<f32>>,
    scratch64: Pool<Scratch<f64>>,
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
        Pairwise { options, work: Arc::default(), interrupt, memory: Arc::default() }
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
        self.check_softmax(queries, sources, softmax)?;
        out.resize(queries.n(), 0.0);
        let rows = Rows { values: &mut [], mass: out, ess: &mut [] };
        if self.options.backend == Backend::Naive {
            let mut full = SoftmaxMean::default();
            naive::softmax_mean(queries, sources, sources, softmax, &mut full);
            rows.mass.copy_from_slice(&full.log_sum);
            return self.interrupt.check();
        }
        self.softmax(queries, sources, None, softmax, rows)
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
            return self.interrupt.check();
        }
        out.mean.reshape(queries.n(), values.dim());
        out.log_sum.resize(queries.n(), 0.0);
        out.ess.resize(queries.n(), 0.0);
        let rows = Rows { values: out.mean.data_mut(), mass: &mut out.log_sum, ess: &mut out.ess };
        self.softmax(queries, sources, Some(values), softmax, rows)
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
        if self.options.backend == Backend::Naive {
            naive::kernel_sum(queries, sources, sum, out);
            return self.interrupt.check();
        }
        out.mass.resize(queries.n(), 0.0);
        out.moment.reshape(queries.n(), sum.values.map_or(0, Points::dim));
        let rows = Rows { values: out.moment.data_mut(), mass: &mut out.mass, ess: &mut [] };
        let memory = &self.memory;
        match self.options.precision {
            Precision::F32 => {
                memory.packed32.with(|p| self.kernel_in(p, &memory.scratch32, queries, sources, sum, rows))
            }
            Precision::F64 => {
                memory.packed64.with(|p| self.kernel_in(p, &memory.scratch64, queries, sources, sum, rows))
            }
        }
    }

    fn check_softmax(&self, queries: &Points, sources: &Points, softmax: &Softmax) -> Result<()> {
        queries.check_dim("the queries", sources.dim(), "the sources")?;
        check_rows("log_weights", softmax.log_weights.map_or(sources.n(), <[f64]>::len), sources.n())?;
        if !(softmax.sigma > 0.0 && softmax.sigma.is_finite()) {
            return Err(Error::argument("sigma", softmax.sigma, "a kernel needs a positive sigma"));
        }
        self.begin(queries, sources)
    }

    fn softmax(
        &self,
        queries: &Points,
        sources: &Points,
        values: Option<&Points>,
        softmax: &Softmax,
        rows: Rows,
    ) -> Result<()> {
        let memory = &self.memory;
        match self.options.precision {
            Precision::F32 => memory
                .packed32
                .with(|p| self.softmax_in(p, &memory.scratch32, queries, (sources, values), softmax, rows)),
            Precision::F64 => memory
                .packed64
                .with(|p| self.softmax_in(p, &memory.scratch64, queries, (sources, values), softmax, rows)),
        }
    }

    fn softmax_in<T: Real>(
        &self,
        packed: &mut Packed<T>,
        scratch: &Pool<Scratch<T>>,
        queries: &Points,
        (sources, values): (&Points, Option<&Points>),
        softmax: &Softmax,
        rows: Rows,
    ) -> Result<()> {
        let scale = (0.5 * std::f64::consts::LOG2_E).sqrt() / softmax.sigma;
        let plan = self.plan::<T>(queries, sources, values, scale);
        packed.pack(sources, values, scale, plan.form, softmax.log_weights);
        let leave_out_self = softmax.leave_out_self && sources.n() > 1;
        let job = Job { plan, queries, sources: packed, leave_out_self, weights: Weights::Softmax };
        job.run(rows, scratch, &self.interrupt)
    }

    fn kernel_in<T: Real>(
        &self,
        packed: &mut Packed<T>,
        scratch: &Pool<Scratch<T>>,
        queries: &Points,
        sources: &Points,
        sum: &KernelSum,
        rows: Rows,
    ) -> Result<()> {
        let Scaled { name, scale, factor } = Scaled::of(sum.kernel, sum.part, sources.spread());
        let mut plan = self.plan::<T>(queries, sources, sum.values, scale);
        // A root magnifies the rounding of a small squared distance: no product form here.
        plan.form = Form::Difference;
        packed.pack(sources, sum.values, scale, plan.form, None);
        let weights: Vec<T> = match sum.weights {
            Some(weights) => weights.iter().map(|w| T::from_f64(*w)).collect(),
            None => vec![T::from_f64(1.0); sources.n()],
        };
        let weights = Weights::Kernel { name, factor, weights: &weights };
        let job = Job { plan, queries, sources: packed, leave_out_self: sum.leave_out_self, weights };
        job.run(rows, scratch, &self.interrupt)
    }

    fn plan<T: Real>(&self, queries: &Points, sources: &Points, values: Option<&Points>, scale: f64) -> Plan {
        let centre = sources.mean();
        let square = scale * scale * (mean_square(sources, &centre) + mean_square(queries, &centre));
        Plan::new::<T>(&self.options, sources.dim(), values.map_or(0, Points::dim), square)
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
