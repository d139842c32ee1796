//! The form of a fitted covariance.

use crate::{Error, Result, Rule};
use faer::Mat;
use serde::{Deserialize, Serialize};

/// The form of a fitted covariance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// All entries.
    #[default]
    Full,
    /// The diagonal only, for sets of few points in many dimensions.
    Diagonal,
}

crate::choices!(Shape);

/// Returns the covariance in this form, exactly symmetric. `ridge` times the mean variance is added
/// to its diagonal.
pub(super) fn apply_shape(cov: Mat<f64>, shape: Shape, ridge: f64) -> Mat<f64> {
    let dim = cov.nrows();
    let add = ridge * (0..dim).map(|j| cov[(j, j)]).sum::<f64>() / dim as f64;
    Mat::from_fn(dim, dim, |i, j| match (i == j, shape) {
        (true, _) => cov[(i, i)] + add,
        (false, Shape::Full) => 0.5 * (cov[(i, j)] + cov[(j, i)]),
        (false, Shape::Diagonal) => 0.0,
    })
}

/// # Errors
/// The ridge is negative or not finite.
pub(super) fn check_ridge(ridge: f64) -> Result<()> {
    if ridge >= 0.0 && ridge.is_finite() { Ok(()) } else { Err(Error::argument("ridge", ridge, Rule::NotNegative)) }
}
