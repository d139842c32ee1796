//! Weights of points.

use crate::{Error, Result};

/// Checks that `weights` can weigh `n` points; `what` names them in errors.
///
/// # Errors
/// A number of weights that is not `n`; one that is negative or not finite; none positive.
pub fn check_weights(weights: &[f64], n: usize, what: &str) -> Result<()> {
    if weights.len() != n {
        return Err(Error::shape(
            format!("`{what}`"),
            format!("{} values", weights.len()),
            format!("there are {n} points"),
        ));
    }
    if let Some((i, w)) = weights.iter().enumerate().find(|(_, w)| !(w.is_finite() && **w >= 0.0)) {
        return Err(Error::argument(&format!("{what}[{i}]"), w, "it must be finite and not negative"));
    }
    if !weights.iter().any(|w| *w > 0.0) {
        return Err(Error::argument(what, "all 0", "at least one must be positive"));
    }
    Ok(())
}

/// Weights of `n` points divided by their sum; `what` names them in errors.
///
/// # Errors
/// A weight that is negative or not finite, none positive, or a number of weights that is not `n`.
pub fn shares(weights: &[f64], n: usize, what: &str) -> Result<Vec<f64>> {
    check_weights(weights, n, what)?;
    // Divided by the largest first: the sum of huge weights must not overflow.
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let sum: f64 = weights.iter().map(|w| w / largest).sum();
    Ok(weights.iter().map(|w| w / largest / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_one_whatever_the_size_of_the_weights() {
        assert_eq!(shares(&[1.0, 0.0, 3.0], 3, "w").unwrap(), [0.25, 0.0, 0.75]);
        assert_eq!(shares(&[1e308, 1e308], 2, "w").unwrap(), [0.5, 0.5]);
    }

    #[test]
    fn what_is_no_weight_is_named() {
        let said = |weights: &[f64]| shares(weights, 2, "masses").unwrap_err().to_string();
        assert!(said(&[1.0]).contains("`masses` has 1 value") && said(&[1.0]).contains("there are 2 points"));
        assert_eq!(said(&[1.0, -1.0]), "`masses[1]` is -1, but it must be finite and not negative");
        assert!(said(&[f64::NAN, 1.0]).contains("`masses[0]` is NaN"));
        assert_eq!(said(&[0.0, 0.0]), "`masses` is all 0, but at least one must be positive");
    }
}
