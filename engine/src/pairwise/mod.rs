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
mod bound;
mod buffer;
mod call;
mod difference;
mod exp;
mod gemm;
mod isa;
mod kernel;
mod log_gradient;
mod naive;
mod order;
mod pack;
mod peak;
mod plan;
mod profile;
mod real;
mod reduce;
mod reduce_amx;
mod row;
#[cfg(test)]
mod skipping;
mod split;
mod symmetric;
mod tile;
mod tile_amx;
mod walk;
mod weigh;
mod weigh_amx;

pub use bandwidth::{Kernels, median_distance};
pub use difference::ScoreDifference;
pub use isa::Isa;
pub use kernel::Kernel;
pub use log_gradient::LogGradient;
pub use peak::{fma_peak, matrix_peak};
pub use plan::Choice;
pub use real::Real;

use crate::{Interrupt, Points};
use buffer::Pool;
use pack::Packed;
use reduce::Scratch;
use split::Split;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

crate::options! {
    /// How pairwise sums are computed.
    pub struct PairwiseOptions {
        /// Arithmetic of distances, weights and sums: "f64", "f32", "bf16x3" and "bf16x6" (matrix units; f32 without them), "auto"
        /// (the fastest of them with a relative error of 1e-5).
        precision: Precision = Precision::F32,
        /// Which loops compute them: "auto", "naive" (the slow reference), "direct" (distances by differences),
        /// "fused" (distances by products), "gemm" (the same by a general matrix product), "amx" (asked for by the precision).
        backend: Backend = Backend::Auto,
        /// Instruction set: "auto", "scalar", "avx2", "avx512", "amx"; one that the machine lacks gives the best it has.
        isa: Isa = Isa::Auto,
        /// May blocks of sources be skipped whose weights cannot be told from 0? The result is the same to rounding.
        skip: bool = true,
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
    /// Distances by faer's matrix products, for comparison.
    Gemm,
    /// Split bfloat16 products on matrix units; asked for by the precision.
    Amx,
}

/// Arithmetic of a pairwise sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Double precision throughout.
    F64,
    /// Single precision after centring and scaling in double.
    F32,
    /// Products of numbers split into bfloat16 parts, three per product, on matrix units: relative error some 1e-5. f32
    /// where the machine has none or the call is not a softmax over the values' own points.
    Bf16x3,
    /// Six per product of coordinates, three per product of weights: some 2e-6.
    Bf16x6,
    /// The fastest that keeps a relative error of 1e-5.
    Auto,
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
    symmetric32: Pool<symmetric::Scratch<f32>>,
    symmetric64: Pool<symmetric::Scratch<f64>>,
    split: Pool<Split>,
    scratch_amx: Pool<reduce_amx::Scratch>,
}

/// Work done so far.
#[derive(Debug, Default)]
pub struct Work {
    pairs: AtomicU64,
    flops: AtomicU64,
}

impl Work {
    /// Pairs of a query and a source evaluated since the engine was made; what was skipped does not count.
    pub fn pairs(&self) -> u64 {
        self.pairs.load(Ordering::Relaxed)
    }

    /// Multiplications and additions in the products of these pairs: 2 per coordinate of the distance, 2 per coordinate of
    /// the value; exponentials are not counted.
    pub fn flops(&self) -> u64 {
        self.flops.load(Ordering::Relaxed)
    }

    fn add(&self, pairs: usize, dims: usize) {
        self.pairs.fetch_add(pairs as u64, Ordering::Relaxed);
        self.flops.fetch_add(2 * (pairs * dims) as u64, Ordering::Relaxed);
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

    /// The same engine at another precision; None where none is asked for.
    pub fn at_precision(&self, precision: Option<Precision>) -> Option<Pairwise> {
        precision.map(|precision| self.with(PairwiseOptions { precision, ..self.options.clone() }))
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
}
