//! The value of a metric: a number with its standard error and noise floor.

use super::number::number;
use rhai::{Dynamic, Engine, Variant};
use sdflow::metric::Estimate;
use sdflow::number::{estimate, number as plain};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A metric as recorded: its value, its standard error and its noise floor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The value.
    pub value: f64,
    /// Standard error, if known.
    pub se: Option<f64>,
    /// 95 % quantile over pairs of fresh reference samples, if known.
    pub floor: Option<f64>,
    /// Further results of the metric, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, f64>,
}

impl From<&Estimate> for Reading {
    /// Returns an estimate of a metric as it is recorded.
    fn from(estimate: &Estimate) -> Reading {
        Reading {
            value: estimate.value,
            se: Some(estimate.se).filter(|se| se.is_finite()),
            floor: estimate.floor,
            parts: estimate.parts.iter().cloned().collect(),
        }
    }
}

impl Reading {
    /// Returns a value, with its standard error if that is finite.
    pub fn of(value: f64, se: f64) -> Reading {
        Reading { value, se: Some(se).filter(|se| se.is_finite()), floor: None, parts: BTreeMap::new() }
    }
}

/// The value of a reading or a number.
pub fn plain_value(dynamic: &Dynamic) -> Option<f64> {
    number(dynamic).or_else(|| dynamic.clone().try_cast::<Reading>().map(|r| r.value))
}

/// An operator of two numbers.
type Operator<R> = fn(f64, f64) -> R;

/// The arithmetic of readings; a dry run has the same.
pub const ARITHMETIC: [(&str, Operator<f64>); 7] = [
    ("+", |a, b| a + b),
    ("-", |a, b| a - b),
    ("*", |a, b| a * b),
    ("/", |a, b| a / b),
    ("**", f64::powf),
    ("min", f64::min),
    ("max", f64::max),
];

/// A function of one number.
type Unary = fn(f64) -> f64;

/// The functions of one reading; a dry run has the same.
pub const UNARY: [(&str, Unary); 6] =
    [("-", |a| -a), ("abs", f64::abs), ("sqrt", f64::sqrt), ("exp", f64::exp), ("ln", f64::ln), ("to_float", |a| a)];

/// Registers the operators of readings: in comparisons and sums a reading counts as its value.
pub fn register(engine: &mut Engine) {
    let comparisons: [(&str, Operator<bool>); 6] = [
        ("<", |a, b| a < b),
        ("<=", |a, b| a <= b),
        (">", |a, b| a > b),
        (">=", |a, b| a >= b),
        ("==", |a, b| a == b),
        ("!=", |a, b| a != b),
    ];
    comparisons.into_iter().for_each(|(name, op)| operator(engine, name, op));
    ARITHMETIC.into_iter().for_each(|(name, op)| operator(engine, name, op));
    for (name, of) in UNARY {
        engine.register_fn(name, move |a: Reading| of(a.value));
    }
    engine.register_fn("to_string", |a: &mut Reading| text(a)).register_fn("to_debug", |a: &mut Reading| text(a));
}

/// Registers an operator of two readings, and of a reading and a number. Closures that call a
/// function pointer compile many times faster than a separate closure for each operator.
fn operator<R: Variant + Clone>(engine: &mut Engine, name: &str, op: Operator<R>) {
    engine.register_fn(name, move |a: Reading, b: Reading| op(a.value, b.value));
    engine.register_fn(name, move |a: Reading, b: f64| op(a.value, b));
    engine.register_fn(name, move |a: f64, b: Reading| op(a, b.value));
    engine.register_fn(name, move |a: Reading, b: i64| op(a.value, b as f64));
    engine.register_fn(name, move |a: i64, b: Reading| op(a as f64, b.value));
}

/// Formats a reading: "0.0123 ± 0.0041 (floor 0.02)".
fn text(reading: &Reading) -> String {
    let value = match reading.se {
        Some(se) => estimate(reading.value, se),
        None => plain(reading.value),
    };
    reading.floor.map_or_else(|| value.clone(), |floor| format!("{value} (floor {})", plain(floor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_prints_what_is_known() {
        let reading = |value, se, floor| text(&Reading { value, se, floor, parts: BTreeMap::new() });
        assert_eq!(reading(0.012345, Some(0.00123), Some(0.02)), "0.0123 ± 0.0012 (floor 0.02)");
        assert_eq!(reading(2000.0, None, None), "2000");
    }
}
