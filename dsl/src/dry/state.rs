//! What a dry run assumes, and what it found.

use crate::language::{Diagnostic, Fail, Place, place_of};
use crate::value::unknown;
use rhai::{Dynamic, EvalAltResult, Position};
use sdflow::cost::{self, Gauge, Meter};
use sdflow::pairwise::Pairwise;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Comparisons at one place that are assumed alike before one is assumed otherwise, so that every
/// loop ends.
const ALIKE: usize = 3;

/// The state of a dry run.
pub struct Dry {
    /// What comparisons of unknown numbers are assumed to say.
    assumed: bool,
    /// Comparisons that are recorded and decide nothing.
    claimed: Vec<Position>,
    /// Counts memory.
    meter: Option<&'static dyn Meter>,
    found: Mutex<Found>,
    /// Models that would be in files.
    saved: Mutex<BTreeMap<PathBuf, Dynamic>>,
}

/// What a dry run found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The work, by place in order.
    pub works: BTreeMap<(Position, String), Cost>,
    /// Comparisons of unknown numbers that may decide what is done.
    pub assumptions: BTreeMap<Position, usize>,
    /// Where the rest depends on a result and could not be checked.
    pub stopped: Option<Position>,
    /// The failure of a cell of a sweep.
    pub cause: Option<Diagnostic>,
    /// Most bytes at the same time, where they are counted.
    pub bytes: u64,
    doubted: bool,
    /// Cells that stand behind the one that is run.
    factor: Option<u64>,
}

/// The cost of the calls at one place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Calls, cells of sweeps counted.
    pub calls: u64,
    /// Steps of all calls.
    pub steps: u64,
    /// Pairs of all calls.
    pub pairs: u64,
    /// Seconds of all calls.
    pub seconds: f64,
    /// Do the numbers hang on results?
    pub varies: bool,
}

/// The work of the calls at one place of a script, as [`crate::check`] reports it.
#[derive(Debug, Clone)]
pub struct Work {
    /// What works: "run sd_flow", "energy".
    pub what: String,
    /// Where.
    pub place: Option<Place>,
    /// How much.
    pub cost: Cost,
}

impl Dry {
    /// A dry run that takes what is compared to be `assumed`.
    pub fn new(assumed: bool, claimed: Vec<Position>, meter: Option<&'static dyn Meter>) -> Dry {
        Dry { assumed, claimed, meter, found: Mutex::default(), saved: Mutex::default() }
    }

    /// What measures the work that `pairwise` does.
    pub fn gauge<'a>(&self, pairwise: &'a Pairwise) -> Gauge<'a> {
        Gauge::new(pairwise, self.meter.map(|meter| meter as &dyn Meter))
    }

    fn state(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was found so far.
    pub fn found(&self) -> Found {
        self.state().clone()
    }

    /// Keeps the model that would be written to `path`.
    pub fn save(&self, path: PathBuf, model: Dynamic) {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner).insert(path, model);
    }

    /// The model that would be in the file at `path`.
    pub fn saved(&self, path: &Path) -> Option<Dynamic> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// Counts the work of a call.
    pub fn add(&self, what: &str, position: Position, ahead: &cost::Cost) {
        let mut found = self.state();
        let factor = found.factor.unwrap_or(1);
        let held = self.meter.map_or(0, |meter| meter.now());
        // Cells of a sweep run beside each other, one thread each.
        let beside = factor.min(rayon::current_num_threads() as u64);
        found.bytes = found.bytes.max(held.saturating_add(beside.saturating_mul(ahead.bytes.unwrap_or(0))));
        let cost = found.works.entry((position, what.into())).or_default();
        cost.calls = cost.calls.saturating_add(factor);
        cost.steps = cost.steps.saturating_add(factor.saturating_mul(ahead.steps));
        cost.pairs = cost.pairs.saturating_add(factor.saturating_mul(ahead.pairs));
        cost.seconds += factor as f64 * ahead.seconds;
        cost.varies |= ahead.varies;
    }

    /// Looks at what the script holds.
    pub fn look_at_memory(&self) {
        let Some(meter) = self.meter else { return };
        let mut found = self.state();
        found.bytes = found.bytes.max(meter.now());
    }

    /// Does `act`, one of `cells` alike.
    pub fn count_for<T>(&self, cells: u64, act: impl FnOnce() -> T) -> T {
        let before = self.state().factor;
        self.state().factor = Some(before.unwrap_or(1) * cells);
        let made = act();
        self.state().factor = before;
        made
    }

    /// Is a cell of a sweep under way?
    pub fn is_within_cell(&self) -> bool {
        self.state().factor.is_some()
    }

    /// Keeps the failure of a cell, which ends the dry run.
    pub fn fail(&self, cause: Diagnostic) -> Fail {
        let fail = Fail { kind: cause.kind, ..Fail::script(cause.message.as_str()) };
        self.state().cause = Some(cause);
        fail
    }

    /// What the comparison of unknown numbers at `position` is assumed to say.
    pub fn decided(&self, position: Position) -> bool {
        if self.claimed.contains(&position) {
            return self.assumed;
        }
        let mut found = self.state();
        let asked = found.assumptions.entry(position).or_default();
        *asked += 1;
        if asked.is_multiple_of(ALIKE + 1) { !self.assumed } else { self.assumed }
    }

    /// Has the last call failed while one of its arguments was unknown?
    pub fn note_doubt(&self, doubted: bool) {
        self.state().doubted = doubted;
    }

    /// The script ended with this error. One that comes of an unknown number is none: the check
    /// ends there.
    pub fn note_end(&self, error: &EvalAltResult) {
        let mut found = self.state();
        if found.cause.is_none() && (found.doubted || error.to_string().contains(unknown::NAME)) {
            found.stopped = Some(place_of(error));
        }
    }
}
