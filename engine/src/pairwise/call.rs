//! The arguments of the pairwise sums.

use super::grid::placements::Placements;
use super::kernel::{Kernel, Part};
use crate::Points;
use crate::points::kd_order::Orders;

/// The values that a sum weights.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// The sources themselves.
    Own,
    /// One row per source.
    Of(&'a Points),
}

impl<'a> Values<'a> {
    /// Returns the values, one row per source.
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
    /// Standard deviation of the Gaussian kernel, positive, in the units of the data.
    pub sigma: f64,
    /// `l_j`, one per source; `-inf` excludes a source. None means that all are 0.
    pub log_weights: Option<&'a [f64]>,
    /// True if query `i` excludes source `i`: queries and sources are then the same set.
    pub leave_out_self: bool,
}

impl Softmax<'_> {
    /// Creates equal weights.
    pub fn of(sigma: f64) -> Softmax<'static> {
        Softmax { sigma, log_weights: None, leave_out_self: false }
    }
}

/// The weights of a softmax over sources by a kernel: `l_j + log k(|z - x_j|^2)`.
#[derive(Debug, Clone, Copy)]
pub struct KernelSoftmax<'a> {
    /// A kernel with positive values.
    pub kernel: Kernel,
    /// `l_j`, one per source; `-inf` excludes a source. None means that all are 0.
    pub log_weights: Option<&'a [f64]>,
    /// True if query `i` excludes source `i`: queries and sources are then the same set.
    pub leave_out_self: bool,
}

impl KernelSoftmax<'_> {
    /// Creates equal weights.
    pub fn of(kernel: Kernel) -> KernelSoftmax<'static> {
        KernelSoftmax { kernel, log_weights: None, leave_out_self: false }
    }
}

/// The results per query: the softmax mean, the normaliser and the effective sample size. Its
/// memory is reused between calls.
#[derive(Debug, Clone, Default)]
pub struct SoftmaxMean {
    /// `sum_j p_j v_j`, n x dim.
    pub mean: Points,
    /// `log sum_j exp(..)`, n.
    pub log_sum: Vec<f64>,
    /// `1 / sum_j p_j^2`, n: between 1 and the number of sources.
    pub ess: Vec<f64>,
}

impl SoftmaxMean {
    /// Returns the upper median of the effective sample sizes; None without queries.
    pub(crate) fn median_ess(&self) -> Option<f64> {
        let mut ess = self.ess.clone();
        let middle = ess.len() / 2;
        (!ess.is_empty()).then(|| *ess.select_nth_unstable_by(middle, f64::total_cmp).1)
    }

    /// Adds the sources of `other`, the softmax mean over further sources at the same queries.
    pub(crate) fn merge(&mut self, other: &SoftmaxMean) {
        let dim = self.mean.dim().max(1);
        let rows = self.mean.data_mut().chunks_exact_mut(dim).zip(other.mean.iter());
        let logs = self.log_sum.iter_mut().zip(&other.log_sum);
        let sizes = self.ess.iter_mut().zip(&other.ess);
        for (((mean, others), (log, other_log)), (ess, other_ess)) in rows.zip(logs).zip(sizes) {
            let largest = log.max(*other_log);
            if largest == f64::NEG_INFINITY {
                continue;
            }
            let sum = largest + ((*log - largest).exp() + (*other_log - largest).exp()).ln();
            let [share, other_share] = [*log, *other_log].map(|log| (log - sum).exp());
            mean.iter_mut().zip(others).for_each(|(mean, other)| *mean += other_share * (other - *mean));
            // The denominator is the sum of the squares of all normalised weights.
            *ess = 1.0 / (share * share / *ess + other_share * other_share / other_ess);
            *log = sum;
        }
    }
}

/// The terms of a kernel sum.
#[derive(Debug, Clone, Copy)]
pub struct KernelSum<'a> {
    /// The kernel.
    pub kernel: Kernel,
    /// The value of the kernel, or its slope `2 dk/d(d^2)`.
    pub part: Part,
    /// `w_j` of either sign, one per source. None means that all are 1.
    pub weights: Option<&'a [f64]>,
    /// `v_j`, one row per source. Without them only the mass is summed.
    pub values: Option<Values<'a>>,
    /// True if query `i` excludes source `i`.
    pub leave_out_self: bool,
}

/// The results per query of a [`KernelSum`]. Its memory is reused between calls.
#[derive(Debug, Clone, Default)]
pub struct KernelSums {
    /// `sum_j w_j k_j`, n.
    pub mass: Vec<f64>,
    /// `sum_j w_j k_j v_j`, n x dim of the values; empty without values.
    pub moment: Points,
}

/// A softmax reduction whose arguments were checked.
#[derive(Clone, Copy)]
pub(super) struct SoftmaxCall<'a, 'p> {
    pub queries: &'p Points,
    pub sources: &'p Points,
    pub values: Option<Values<'p>>,
    pub softmax: Softmax<'a>,
    pub orders: &'a Orders<'p>,
    pub placements: &'a Placements<'p>,
    /// True if the previous contents of the output rows are subtracted from the means.
    pub subtract: bool,
}

impl<'p> SoftmaxCall<'_, 'p> {
    /// The points of the values.
    pub fn points(&self) -> Option<&'p Points> {
        self.values.map(|values| values.points(self.sources))
    }

    /// The number of coordinates of the values.
    pub fn value_dim(&self) -> usize {
        self.points().map_or(0, Points::dim)
    }

    /// The largest log-weight.
    pub fn top(&self) -> f64 {
        self.softmax.log_weights.map_or(0.0, |l| l.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }

    /// True if query `i` excludes source `i`. A single source is never excluded.
    pub fn leave_out_self(&self) -> bool {
        self.softmax.leave_out_self && self.sources.n() > 1
    }
}

/// A kernel sum whose arguments were checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct KernelCall<'a> {
    pub queries: &'a Points,
    pub sources: &'a Points,
    pub sum: KernelSum<'a>,
    /// True for a softmax. The weights of the sum are then the log-weights.
    pub is_softmax: bool,
}

impl<'a> KernelCall<'a> {
    /// The points of the values.
    pub fn points(&self) -> Option<&'a Points> {
        self.sum.values.map(|values| values.points(self.sources))
    }

    /// True if query `i` excludes source `i`. The single source of a softmax is never excluded.
    pub fn leave_out_self(&self) -> bool {
        self.sum.leave_out_self && !(self.is_softmax && self.sources.n() == 1)
    }

    /// The largest log-weight of a softmax.
    pub fn top(&self) -> f64 {
        match self.sum.weights {
            Some(weights) if self.is_softmax => weights.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            _ => 0.0,
        }
    }

    /// The number of coordinates of the values.
    pub fn value_dim(&self) -> usize {
        self.points().map_or(0, Points::dim)
    }
}
