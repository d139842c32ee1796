//! A value with what is needed to judge it.

use serde::{Deserialize, Serialize};

/// What a metric found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Its standard error over repeated samples (and directions, where they are drawn): first
    /// order, so close to a perfect match, where that order vanishes, it errs on the large side.
    /// NaN where a single point leaves it unknown.
    pub se: f64,
    /// The noise floor, once the caller has it: see [`super::floor`].
    pub floor: Option<f64>,
    /// Further numbers by name: shares of modes, bandwidths, sizes of subsamples.
    pub parts: Vec<(String, f64)>,
}

impl Estimate {
    /// A value and its standard error.
    pub fn new(value: f64, se: f64) -> Estimate {
        Estimate { value, se, floor: None, parts: Vec::new() }
    }

    /// The root of a squared distance with this value and variance, by the delta method.
    pub(super) fn root(squared: f64, variance: f64) -> Estimate {
        let value = squared.max(0.0).sqrt();
        let se = if value > 0.0 { variance.sqrt() / (2.0 * value) } else { variance.sqrt().sqrt() };
        Estimate::new(value, se)
    }

    /// The same with one more named number.
    pub fn with_part(mut self, name: impl Into<String>, value: f64) -> Estimate {
        self.parts.push((name.into(), value));
        self
    }

    /// The same with its noise floor.
    pub fn with_floor(self, floor: f64) -> Estimate {
        Estimate { floor: Some(floor), ..self }
    }

    /// The number of this name.
    pub fn part(&self, name: &str) -> Option<f64> {
        self.parts.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
    }
}

/// Mean of `values` with these shares, or of equal ones.
pub fn weighted_mean(values: &[f64], shares: Option<&[f64]>) -> f64 {
    match shares {
        Some(shares) => values.iter().zip(shares).map(|(v, w)| v * w).sum(),
        None => mean(values),
    }
}

/// Variance of [`weighted_mean`] of independent values: `sum w^2 (v - mean)^2 / (1 - sum w^2)`,
/// which is [`variance_of_mean`] where the shares are equal.
pub fn variance_of_weighted_mean(values: &[f64], shares: Option<&[f64]>) -> f64 {
    let Some(shares) = shares else { return variance_of_mean(values) };
    let centre = weighted_mean(values, Some(shares));
    let squares: f64 = shares.iter().map(|w| w * w).sum();
    let sum: f64 = values.iter().zip(shares).map(|(v, w)| (w * (v - centre)).powi(2)).sum();
    sum / (1.0 - squares)
}

/// Mean of `values`; NaN without any.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Variance of the mean of independent `values`: their sample variance over their number; NaN for a
/// single one.
pub fn variance_of_mean(values: &[f64]) -> f64 {
    let (n, centre) = (values.len() as f64, mean(values));
    values.iter().map(|v| (v - centre) * (v - centre)).sum::<f64>() / (n * (n - 1.0))
}

/// Variance of the share of `n` independent points that have a property; NaN for a single one,
/// whose share of 0 or 1 tells nothing of its scatter.
pub fn variance_of_share(share: f64, n: f64) -> f64 {
    if n > 1.0 { share * (1.0 - share) / n } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variance_of_the_mean_of_three() {
        assert_eq!(mean(&[1.0, 2.0, 3.0]), 2.0);
        assert_eq!(variance_of_mean(&[1.0, 2.0, 3.0]), 1.0 / 3.0);
        assert!(variance_of_mean(&[1.0]).is_nan());
        let (values, equal) = ([1.0, 2.0, 3.0], [1.0 / 3.0; 3]);
        assert!((variance_of_weighted_mean(&values, Some(&equal)) - 1.0 / 3.0).abs() < 1e-15);
        assert!(variance_of_weighted_mean(&[1.0], Some(&[1.0])).is_nan());
    }

    #[test]
    fn a_root_takes_half_the_relative_error() {
        let e = Estimate::root(4.0, 0.16);
        assert_eq!((e.value, e.se), (2.0, 0.1));
        assert_eq!(Estimate::root(0.0, 0.0).se, 0.0);
    }
}
