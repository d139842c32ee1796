//! Numbers and arrays of numbers.

use rhai::{Array, Dynamic};

/// Returns a number, whole or not.
pub fn number(value: &Dynamic) -> Option<f64> {
    value.as_float().ok().or_else(|| value.as_int().ok().map(|i| i as f64))
}

/// Returns an array of numbers.
pub fn numbers(values: &[f64]) -> Dynamic {
    values.iter().map(|x| Dynamic::from(*x)).collect::<Array>().into()
}
