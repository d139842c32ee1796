//! The checks that all estimators share, of the noise level and of the resulting numbers.

use crate::{Error, Points, Result, Rule};

/// Checks that `sigma` is finite and not negative. It must be positive if `zero_allowed` is false.
///
/// # Errors
/// The check fails.
pub(crate) fn check_sigma(sigma: f64, zero_allowed: bool, who: &str) -> Result<()> {
    if sigma.is_finite() && (sigma > 0.0 || (sigma == 0.0 && zero_allowed)) {
        return Ok(());
    }
    let positive = || Rule::Positive.worded(format!("{who} needs a positive sigma"));
    let want = if zero_allowed { Rule::NotNegative.into() } else { positive() };
    Err(Error::argument("sigma", sigma, want))
}

/// Returns a description of the first query at which `values` is not finite, if there is one.
pub(super) fn not_finite(target: &str, z: &Points, values: &Points) -> Option<String> {
    let row = values.iter().position(|row| row.iter().any(|v| !v.is_finite()))?;
    let shown = |v: &f64| format!("{v:.4}");
    let place: Vec<String> = z.row(row).iter().take(6).map(shown).collect();
    let more = if z.dim() > 6 { ", .." } else { "" };
    Some(format!(
        "the score of {target} is not finite at ({}{more}): its log density must be finite and smooth wherever particles come",
        place.join(", ")
    ))
}
