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

mod bandwidth;
mod dispatch;
mod kernel;
mod log_gradient;
mod loops;
mod options;
mod pack;
mod peak;
mod plan;
mod pruning;
mod reductions;
mod rounding;
mod score_difference;
mod scratch;
#[cfg(test)]
mod tests;

pub use crate::simd::Isa;
pub use bandwidth::{Kernels, median_distance};
pub use kernel::{Kernel, Part};
pub use log_gradient::LogGradient;
pub use options::{Backend, PairwiseOptions, Precision};
pub use peak::{fma_peak, matrix_peak};
pub use plan::{Centres, Choice};
pub use reductions::{KernelSum, KernelSums, Softmax, SoftmaxMean, Values};
pub use score_difference::{Queries, ScoreDifference};

use crate::Interrupt;
use scratch::Memory;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The engine with its options, its count of work and the flag that stops it. Clones share the count and the flag.
#[derive(Debug, Clone, Default)]
pub struct Pairwise {
    options: PairwiseOptions,
    work: Arc<Work>,
    interrupt: Interrupt,
    memory: Arc<Memory>,
}

/// Work done so far.
#[derive(Debug, Default)]
pub struct Work {
    pairs: AtomicU64,
    flops: AtomicU64,
    repeated: AtomicU64,
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

    /// Queries that f32 could not do to its promised error and that were computed again in f64.
    pub fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    fn add_repeated(&self, queries: usize) {
        self.repeated.fetch_add(queries as u64, Ordering::Relaxed);
    }

    fn add(&self, pairs: usize, dims: usize) {
        self.pairs.fetch_add(pairs as u64, Ordering::Relaxed);
        self.flops.fetch_add(2 * (pairs * dims) as u64, Ordering::Relaxed);
    }
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
