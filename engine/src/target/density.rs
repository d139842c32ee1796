//! The closed form of a distribution: its log density and score, with or without smoothing.

use crate::{Error, Points, Result};

/// What a target with a closed form can say of `p_sigma = p * N(0, sigma^2 I)` at any point.
pub trait Density: Send + Sync {
    /// `out[i] = log p_sigma(x_i)` in nats, `sigma >= 0`; of a [`super::CustomDensity`] up to a
    /// constant.
    ///
    /// # Errors
    /// A shape that does not fit, or a positive `sigma` where only the unsmoothed density is known
    /// ([`Error::Missing`]).
    fn log_density(&self, points: &Points, sigma: f64, out: &mut Vec<f64>) -> Result<()>;

    /// Row `i` of `out` becomes `grad log p_sigma(x_i)`, n x dim.
    ///
    /// # Errors
    /// As [`Density::log_density`].
    fn score(&self, points: &Points, sigma: f64, out: &mut Points) -> Result<()>;

    /// Do both have a closed form for positive sigma too?
    fn smooths(&self) -> bool {
        true
    }
}

/// # Errors
/// `sigma`, the standard deviation of a smoothing noise, is negative or not finite.
pub(super) fn check_sigma(sigma: f64) -> Result<()> {
    if sigma >= 0.0 && sigma.is_finite() {
        return Ok(());
    }
    Err(Error::argument("sigma", sigma, "it must be finite and not negative"))
}
