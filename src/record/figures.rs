//! Metrics and checks in a record. JSON has no NaN and no infinity, so a number that is not finite
//! becomes null with a flag.

use serde::{Deserialize, Serialize};

/// A metric; a value that is not finite becomes null with a flag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricRecord {
    pub value: Option<f64>,
    /// Standard error.
    pub se: Option<f64>,
    /// Noise floor.
    pub floor: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub flag: Option<NonFinite>,
    /// If several runs of flows measured the metric: the number of the run that gave this value,
    /// from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<u64>,
}

/// One check of the script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckRecord {
    pub name: String,
    pub pass: bool,
    pub value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub flag: Option<NonFinite>,
}

/// Which non-finite value a null stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NonFinite {
    #[serde(rename = "nan")]
    Nan,
    #[serde(rename = "inf")]
    Infinity,
    #[serde(rename = "-inf")]
    MinusInfinity,
}

impl MetricRecord {
    /// Returns the name of the metric with the run that measured it, if several did.
    pub fn named(&self, name: &str) -> String {
        self.run.map_or_else(|| name.into(), |run| format!("{name} (run {run})"))
    }
}

/// Splits a value for JSON, which has no NaN: returns the value if it is finite, and otherwise its
/// kind.
pub fn finite(value: f64) -> (Option<f64>, Option<NonFinite>) {
    let flag = match value {
        v if v.is_finite() => return (Some(v), None),
        v if v.is_nan() => NonFinite::Nan,
        v if v > 0.0 => NonFinite::Infinity,
        _ => NonFinite::MinusInfinity,
    };
    (None, Some(flag))
}
