//! Log densities along a flow, and what random directions of its divergence leave uncertain.

use crate::Points;
use crate::ode::mean_and_error;

/// The fewest groups of random directions whose differences show the error of their mean.
const FEWEST: usize = 4;

/// Log densities in nats, one per point.
#[derive(Debug, Clone)]
pub struct LogDensities {
    /// The log densities.
    pub values: Vec<f64>,
    /// The errors that random directions of the divergence cause; None if there are fewer than four
    /// of them, which do not show their errors.
    pub errors: Option<LogDensityErrors>,
}

/// Standard errors in nats of log densities whose divergence is estimated along random directions.
#[derive(Debug, Clone)]
pub struct LogDensityErrors {
    /// The standard error of each log density.
    pub each: Vec<f64>,
    /// The standard error of the mean of all log densities. All points have the same directions, so
    /// it can be as large as that of one of them.
    pub of_mean: f64,
}

impl LogDensities {
    /// Takes the mean over groups of random directions with these shares: `terms` has the log
    /// densities of all groups, point by point.
    pub(super) fn of_groups(terms: &Points, shares: &[f64]) -> LogDensities {
        let (values, each): (Vec<f64>, Vec<f64>) = terms.iter().map(|terms| mean_and_error(terms, shares)).unzip();
        let of_mean = mean_and_error(&terms.mean(), shares).1;
        let errors = (terms.dim() >= FEWEST).then_some(LogDensityErrors { each, of_mean });
        LogDensities { values, errors }
    }
}
