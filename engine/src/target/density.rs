//! The closed form of a distribution: its log density and score, with or without smoothing.

use crate::{Error, Points, Result};

/// The closed forms of a target for `p_sigma = p * N(0, sigma^2 I)`.
pub trait Density: Send + Sync {
    /// Computes `out[i] = log p_sigma(x_i)` in nats, for `sigma >= 0`. For a
    /// [`super::CustomDensity`], the log density is known only up to a constant.
    ///
    /// # Errors
    /// A shape does not match, or `sigma` is positive and only the unsmoothed density is known
    /// ([`Error::Missing`]).
    fn log_density(&self, points: &Points, sigma: f64, out: &mut Vec<f64>) -> Result<()>;

    /// Writes `grad log p_sigma(x_i)` into row `i` of `out`, n x dim.
    ///
    /// # Errors
    /// Those of [`Density::log_density`].
    fn score(&self, points: &Points, sigma: f64, out: &mut Points) -> Result<()>;

    /// True if log density and score have a closed form for positive sigma too.
    fn smooths(&self) -> bool {
        true
    }
}

/// Checks that `sigma`, the standard deviation of a smoothing noise, is finite and not negative.
///
/// # Errors
/// The check fails.
pub(super) fn check_sigma(sigma: f64) -> Result<()> {
    if sigma >= 0.0 && sigma.is_finite() {
        return Ok(());
    }
    Err(Error::argument("sigma", sigma, "it must be finite and not negative"))
}
