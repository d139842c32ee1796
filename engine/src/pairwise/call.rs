//! What a call asks for.

use super::kernel::{Kernel, Part};
use super::pack::kd_order::Orders;
use crate::Points;

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
