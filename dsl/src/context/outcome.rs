//! The outcome of a script.

use crate::language::Diagnostic;
use crate::value::Reading;
use rhai::Position;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The outcome of a script. If the script failed, the outcome holds all results before the failure.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Outcome {
    /// Every declared parameter with its value and origin.
    pub params: BTreeMap<String, Param>,
    /// Final metrics by name.
    pub metrics: BTreeMap<String, Reading>,
    /// For each metric that several runs of flows measured: the number of the run, from 1, whose
    /// value is in `metrics`.
    pub metric_runs: BTreeMap<String, u64>,
    /// What the script printed, until 64 kB are reached.
    pub prints: Vec<String>,
    /// True if the script printed more than 64 kB.
    pub prints_cut: bool,
    /// `expect` and `threshold` results in order.
    pub checks: Vec<Check>,
    /// The paragraph of `conclude`.
    pub conclusion: Option<String>,
    /// Warnings in order.
    pub warnings: Vec<String>,
    /// Automatic choices, in order.
    pub notes: Vec<String>,
    /// How the last run of a flow ended, with a sentence of advice.
    pub stop: Option<Ending>,
    /// Steps taken by all flows.
    pub steps: u64,
    /// Evaluations of velocity fields.
    pub nfe: u64,
    /// Seconds by part of the work ("flow", "metrics", "pictures").
    pub seconds: BTreeMap<String, f64>,
    /// True if a call continued from a checkpoint, or if an earlier attempt had finished cells of a
    /// sweep: steps, pairs and seconds then include those of earlier attempts.
    pub resumed: bool,
    /// Number of evaluated pairs of a query point and a data point.
    pub pairs: u64,
    /// The pairs of flows alone, without the pairs of metrics.
    pub flow_pairs: u64,
    /// Floating-point operations for the pairs of flows, as `bench` counts them.
    pub flops: f64,
    /// Files written, relative to the run folder.
    pub files: Vec<PathBuf>,
    /// The error that ended the script early.
    #[serde(skip)]
    pub failure: Option<Diagnostic>,
}

/// A parameter's value and origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// The value, of the type of the script's default.
    pub value: serde_json::Value,
    /// "script", "environment" or "command line".
    pub origin: String,
}

/// One `expect` or `threshold`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// Whether it holds.
    pub pass: bool,
    /// The value compared, if there is one.
    pub value: Option<f64>,
}

/// How a run of a flow ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// "finished", "converged", "diverged", "interrupted", "time up".
    pub reason: String,
    /// Advice, a sentence.
    pub advice: String,
}

/// A `threshold` waiting for the end of the run.
pub struct Threshold {
    /// Its place among the checks.
    pub check: usize,
    /// The metric that it checks.
    pub metric: String,
    /// The condition on the value.
    pub holds: Box<dyn Fn(f64) -> bool + Send>,
    /// The call.
    pub position: Position,
}
