//! The value of a metric, with its standard error and noise floor.

use serde::{Deserialize, Serialize};

/// A noise floor with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Floor {
    /// The floor.
    pub value: f64,
    /// Its standard error over other random samples; 0 for a closed form.
    pub se: f64,
}

/// The result of a metric.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// The standard error over repeated samples (and directions, if these are random), to first
    /// order. Close to a perfect match the first order vanishes, and the standard error is too
    /// large. NaN if there is a single point, from which no error can be estimated.
    pub se: f64,
    /// The noise floor, if it was computed; see [`super::floor`].
    pub floor: Option<f64>,
    /// Further numbers by name: shares of modes, bandwidths, sizes of subsamples.
    pub parts: Vec<(String, f64)>,
}

impl Estimate {
    /// Creates an estimate from a value and its standard error.
    pub fn new(value: f64, se: f64) -> Estimate {
        Estimate { value, se, floor: None, parts: Vec::new() }
    }

    /// Returns the square root of a squared distance with this value and this variance. The
    /// standard error of the root comes from the delta method.
    pub(super) fn root(squared: f64, variance: f64) -> Estimate {
        let value = squared.max(0.0).sqrt();
        let se = if value > 0.0 { variance.sqrt() / (2.0 * value) } else { variance.sqrt().sqrt() };
        Estimate::new(value, se)
    }

    /// Returns the mean of independent values, with its standard error.
    pub fn of_mean(values: &[f64]) -> Estimate {
        Estimate::new(mean(values), variance_of_mean(values).sqrt())
    }

    /// Adds a named number.
    pub fn with_part(mut self, name: impl Into<String>, value: f64) -> Estimate {
        self.parts.push((name.into(), value));
        self
    }

    /// Sets the noise floor. Its standard error becomes the part `floor_se`, unless the floor has a
    /// closed form.
    pub fn with_floor(self, floor: Floor) -> Estimate {
        let found = Estimate { floor: Some(floor.value), ..self };
        if floor.se > 0.0 { found.with_part("floor_se", floor.se) } else { found }
    }

    /// Returns the number of this name.
    pub fn part(&self, name: &str) -> Option<f64> {
        self.parts.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
    }
}

/// Returns the largest power of two up to `size`, and 1 for 0. Division by it is exact and leaves
/// numbers of this size with ordinary powers.
pub fn binary_unit(size: f64) -> f64 {
    if size > 0.0 { size.log2().floor().exp2() } else { 1.0 }
}

/// Returns the mean of `values` with these shares, or with equal ones.
pub fn weighted_mean(values: &[f64], shares: Option<&[f64]>) -> f64 {
    match shares {
        Some(shares) => values.iter().zip(shares).map(|(v, w)| v * w).sum(),
        None => mean(values),
    }
}

/// Returns the variance of the [`weighted_mean`] of independent values,
/// `sum w^2 (v - mean)^2 / (1 - sum w^2)`. For equal shares this is [`variance_of_mean`].
pub fn variance_of_weighted_mean(values: &[f64], shares: Option<&[f64]>) -> f64 {
    let Some(shares) = shares else { return variance_of_mean(values) };
    let centre = weighted_mean(values, Some(shares));
    let squares: f64 = shares.iter().map(|w| w * w).sum();
    let sum: f64 = values.iter().zip(shares).map(|(v, w)| (w * (v - centre)).powi(2)).sum();
    sum / (1.0 - squares)
}

/// Returns the mean of `values`; NaN if there are none.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Returns the variance of the mean of independent `values`: their sample variance divided by their
/// number; NaN for a single value.
pub fn variance_of_mean(values: &[f64]) -> f64 {
    let (n, centre) = (values.len() as f64, mean(values));
    values.iter().map(|v| (v - centre) * (v - centre)).sum::<f64>() / (n * (n - 1.0))
}

/// Returns the variance of the share of `n` independent points that have a property. Half a point
/// is added to those that have it and to those that do not: even if all of some thousand points
/// have the property, a fresh sample may contain points without it. NaN for a single point.
pub fn variance_of_share(share: f64, n: f64) -> f64 {
    let share = (n * share + 0.5) / (n + 1.0);
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
