//! The rows of the history of a training.

use crate::Points;
use crate::process::Row;

/// A row of history: the readings, with step, progress and residual.
pub(super) fn history_row(step: usize, steps: usize, residual: f64, readings: Vec<(&'static str, f64)>) -> Row {
    let usual = [("step", step as f64), ("progress", step as f64 / steps as f64), ("residual", residual)];
    usual.into_iter().chain(readings).map(|(name, value)| (name.to_string(), value)).collect()
}

/// `sqrt(mean_i |x_i|^2)` over the rows.
pub(super) fn root_mean_square(points: &Points) -> f64 {
    (points.data().iter().map(|x| x * x).sum::<f64>() / points.n() as f64).sqrt()
}
