//! The result of a run of a flow, or of the training of a generator.

use super::Reading;
use rhai::Engine;
use sdflow::Points;
use sdflow::number::counted;
use sdflow::process::{self, Row, Stats};
use sdflow::table::{Cell, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The result of `run`, `fit` and other trainings as a value of the script.
#[derive(Debug, Clone)]
pub struct Done {
    /// The cloud at the end, or a sample of the generator.
    pub points: Arc<Points>,
    /// The names of the coordinates of the points; empty if there are none.
    pub columns: Arc<[String]>,
    /// The tracers at the end.
    pub carried: Option<Arc<Points>>,
    /// The logarithm of the Jacobian determinant of the map at each tracer.
    pub log_det: Option<Arc<[f64]>>,
    /// Measurements during the run.
    pub history: Arc<Table>,
    /// Clouds kept during the run, with their steps.
    pub snapshots: Vec<(usize, Arc<Points>)>,
    /// Final metrics.
    pub metrics: BTreeMap<String, Reading>,
    /// How it ended.
    pub ending: process::Ending,
    /// Its cost.
    pub stats: Stats,
}

impl Done {
    /// Creates a result that consists of an ending and a cost only.
    pub fn of(ending: process::Ending, stats: Stats) -> Done {
        Done {
            points: Arc::default(),
            columns: Arc::default(),
            carried: None,
            log_det: None,
            history: Arc::default(),
            snapshots: Vec::new(),
            metrics: BTreeMap::new(),
            ending,
            stats,
        }
    }
}

/// Returns the rows of a history as a table, `step` first.
pub fn history(rows: &[Row]) -> Arc<Table> {
    let mut table = Table::default();
    for row in rows {
        let first = ["step", "progress"].iter().filter_map(|n| row.get_key_value(*n));
        let rest = row.iter().filter(|(n, _)| !["step", "progress"].contains(&n.as_str()));
        table.push(first.chain(rest).map(|(name, value)| (name.as_str(), Cell::Number(*value))));
    }
    Arc::new(table)
}

/// Registers how a result prints.
pub fn register(engine: &mut Engine) {
    let text = |done: &mut Done| format!("{} after {}", done.ending.reason(), counted(done.stats.steps, "step"));
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
