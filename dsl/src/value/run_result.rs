//! What a run of a flow, or the training of a generator, leaves in the hands of a script.

use super::Reading;
use rhai::Engine;
use sdflow::Points;
use sdflow::process::{self, Row, Stats};
use sdflow::table::{Cell, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a script holds after `run` or `fit`.
#[derive(Debug, Clone)]
pub struct Done {
    /// The cloud at the end, or base noise through the generator.
    pub points: Arc<Points>,
    /// The tracers at the end.
    pub carried: Option<Arc<Points>>,
    /// The logarithm of the map's Jacobian determinant at each of them.
    pub log_det: Option<Arc<[f64]>>,
    /// Measurements on the way.
    pub history: Arc<Table>,
    /// Clouds kept on the way with their step.
    pub snapshots: Vec<(usize, Arc<Points>)>,
    /// Final metrics.
    pub metrics: BTreeMap<String, Reading>,
    /// How it ended.
    pub ending: process::Ending,
    /// What it cost.
    pub stats: Stats,
}

impl Done {
    /// One that leaves nothing but how it ended and what it cost.
    pub fn of(ending: process::Ending, stats: Stats) -> Done {
        Done {
            points: Arc::default(),
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

/// The rows of a history as a table, `step` first.
pub fn history(rows: &[Row]) -> Arc<Table> {
    let mut table = Table::default();
    for row in rows {
        let first = ["step", "progress"].iter().filter_map(|n| row.get_key_value(*n));
        let rest = row.iter().filter(|(n, _)| !["step", "progress"].contains(&n.as_str()));
        table.push(first.chain(rest).map(|(name, value)| (name.as_str(), Cell::Number(*value))));
    }
    Arc::new(table)
}

/// How a result prints.
pub fn register(engine: &mut Engine) {
    let text = |done: &mut Done| format!("{} after {} steps", done.ending.reason(), done.stats.steps);
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
