//! The costs of metrics that were measured before.

use super::future_cost::Cost;
use crate::metric::Estimate;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The cost of one metric: a value, and its noise floor.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricCost {
    /// The name of the metric.
    pub name: &'static str,
    /// A value from fewer points, with the same parts as the value of a run.
    pub estimate: Estimate,
    /// The cost of one evaluation.
    pub once: Cost,
    /// The cost of the noise floor.
    pub floor: Cost,
}

/// The measured costs of metrics by name, options and sizes. A script calls few metrics at few
/// sizes, but often. Each metric is measured once at each size.
#[derive(Debug, Default)]
pub struct KnownCosts(Mutex<BTreeMap<String, MetricCost>>);

impl KnownCosts {
    /// Returns the cost that was kept under `key`.
    pub(super) fn find(&self, key: &str) -> Option<MetricCost> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Keeps a cost under `key`.
    pub(super) fn keep(&self, key: String, cost: &MetricCost) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, cost.clone());
    }
}
