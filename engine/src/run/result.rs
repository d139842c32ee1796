//! The result of a run.

use crate::Points;
use crate::metric::Estimate;
use crate::process::{Ending, Row, Stats};
use std::collections::BTreeMap;

/// The result of a run.
#[derive(Debug, Clone)]
pub struct RunResult {
    /// The cloud at the end.
    pub points: Points,
    /// Measurements over the run: step, progress, the readings of the flow, metrics and their
    /// standard errors (`energy_se`).
    pub history: Vec<Row>,
    /// The clouds that were kept during the run.
    pub snapshots: Vec<Snapshot>,
    /// The tracers at the end.
    pub carried: Option<Points>,
    /// `log |det J|` at each tracer, if requested.
    pub log_det: Option<Vec<f64>>,
    /// Final metrics with their noise floors; empty if the run was interrupted or diverged.
    pub metrics: BTreeMap<String, Estimate>,
    /// How the run ended.
    pub ending: Ending,
    /// The choices that were made automatically, a sentence each.
    pub notes: Vec<String>,
    /// Warnings, a sentence each.
    pub warnings: Vec<String>,
    /// Work done.
    pub stats: Stats,
}

/// A cloud during the run.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The number of steps taken before the snapshot.
    pub step: usize,
    /// The cloud.
    pub points: Points,
}
