//! The assumptions and findings of a dry run.

use crate::language::{Diagnostic, Fail, Place, innermost};
use crate::value::unknown;
use rhai::{Dynamic, EvalAltResult, Position};
use sdflow::cost::{self, Asked, Gauge, KnownCosts, Meter};
use sdflow::pairwise::Pairwise;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The number of comparisons at one place with the same assumed outcome. The next comparison there
/// has the opposite outcome, so that every loop ends.
const ALIKE: usize = 3;

/// The state of a dry run.
pub struct Dry {
    /// The assumed outcome of comparisons of unknown numbers.
    assumed: bool,
    /// Places of comparisons inside a check, whose outcome does not decide what is executed.
    claimed: Vec<Position>,
    /// Measures memory.
    meter: Option<&'static dyn Meter>,
    asked: Asked,
    /// The costs of the metrics so far.
    known: KnownCosts,
    found: Mutex<Found>,
    /// Models that a run would have saved.
    saved: Mutex<BTreeMap<PathBuf, Dynamic>>,
}

/// The findings of a dry run.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The work by place, in the order of places.
    pub works: BTreeMap<(Position, String), Cost>,
    /// Places of comparisons of unknown numbers that may decide what is executed.
    pub assumptions: BTreeMap<Position, usize>,
    /// The place at which the check ended, because it depends on a result.
    pub stopped: Option<Position>,
    /// The failure of a cell of a sweep.
    pub cause: Option<Diagnostic>,
    /// True if the script ended by its own `throw`.
    pub threw: bool,
    /// True if the script ended with an error that an assumption may have caused.
    pub is_doubtful: bool,
    /// Peak memory in bytes, if it is measured.
    pub bytes: u64,
    is_uncertain: bool,
    /// The number of cells that the executed cell represents.
    factor: Option<u64>,
    /// The number of sweeps around the script, one inside another.
    sweeps: usize,
}

/// The cost of the calls at one place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// The number of calls, including those in all cells of sweeps.
    pub calls: u64,
    /// Steps of all calls.
    pub steps: u64,
    /// Pairs of all calls.
    pub pairs: u64,
    /// Seconds of all calls.
    pub seconds: f64,
    /// True if these numbers depend on results.
    pub varies: bool,
}

/// The work of the calls at one place of a script, as [`crate::check`] reports it.
#[derive(Debug, Clone)]
pub struct Work {
    /// The name of the computation: "run sd_flow", "energy".
    pub what: String,
    /// The place of the call.
    pub place: Option<Place>,
    /// Its cost.
    pub cost: Cost,
}

impl Dry {
    /// Creates a dry run in which comparisons of unknown numbers have the outcome `assumed`.
    pub fn new(assumed: bool, claimed: Vec<Position>) -> Dry {
        let (found, saved) = (Mutex::default(), Mutex::default());
        Dry { assumed, claimed, meter: None, asked: Asked::Cost, known: KnownCosts::default(), found, saved }
    }

    /// Returns the same dry run with this meter of memory.
    pub fn measuring(self, meter: Option<&'static dyn Meter>) -> Dry {
        Dry { meter, ..self }
    }

    /// Returns the same dry run, asked for this.
    pub fn asked_for(self, asked: Asked) -> Dry {
        Dry { asked, ..self }
    }

    /// Returns the meter of the work of `pairwise`.
    pub fn gauge<'a>(&'a self, pairwise: &'a Pairwise) -> Gauge<'a> {
        let meter = self.meter.map(|meter| meter as &dyn Meter);
        Gauge::new(pairwise, meter).remembering(&self.known).asked_for(self.asked)
    }

    fn state(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the findings so far.
    pub fn found(&self) -> Found {
        self.state().clone()
    }

    /// Keeps the model that would be written to `path`.
    pub fn save(&self, path: PathBuf, model: Dynamic) {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner).insert(path, model);
    }

    /// Returns the model that a run would have saved at `path`.
    pub fn saved_model(&self, path: &Path) -> Option<Dynamic> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// Counts the work of a call.
    pub fn add(&self, what: &str, position: Position, ahead: &cost::Cost) {
        let mut found = self.state();
        let factor = found.factor.unwrap_or(1);
        let held = self.meter.map_or(0, |meter| meter.now());
        // Cells of a sweep run in parallel, one thread each.
        let beside = factor.min(rayon::current_num_threads() as u64);
        found.bytes = found.bytes.max(held.saturating_add(beside.saturating_mul(ahead.bytes.unwrap_or(0))));
        let cost = found.works.entry((position, what.into())).or_default();
        cost.calls = cost.calls.saturating_add(factor);
        cost.steps = cost.steps.saturating_add(factor.saturating_mul(ahead.steps));
        cost.pairs = cost.pairs.saturating_add(factor.saturating_mul(ahead.pairs));
        cost.seconds += factor as f64 * ahead.seconds;
        cost.varies |= ahead.varies;
    }

    /// Measures the memory that the script holds.
    pub fn look_at_memory(&self) {
        let Some(meter) = self.meter else { return };
        let mut found = self.state();
        found.bytes = found.bytes.max(meter.now());
    }

    /// Calls `act`, which computes one of `cells` cells of equal cost, and counts its work for all
    /// of them.
    pub fn count_for<T>(&self, cells: u64, act: impl FnOnce() -> T) -> T {
        let before = self.state().factor;
        self.state().factor = Some(before.unwrap_or(1) * cells);
        self.state().sweeps += 1;
        let made = act();
        self.state().sweeps -= 1;
        self.state().factor = before;
        made
    }

    /// Returns the number of sweeps, one inside another, of which a cell is computed.
    pub fn sweeps(&self) -> usize {
        self.state().sweeps
    }

    /// Keeps the failure of a cell, which ends the dry run.
    pub fn fail(&self, cause: Diagnostic) -> Fail {
        let fail = Fail { kind: cause.kind, hint: cause.hint.clone(), ..Fail::script(cause.message.as_str()) };
        self.state().cause = Some(cause);
        fail
    }

    /// Returns the assumed outcome of the comparison of unknown numbers at `position`.
    pub fn decided(&self, position: Position) -> bool {
        if self.claimed.contains(&position) {
            return self.assumed;
        }
        let mut found = self.state();
        let asked = found.assumptions.entry(position).or_default();
        *asked += 1;
        if asked.is_multiple_of(ALIKE + 1) { !self.assumed } else { self.assumed }
    }

    /// Records whether the last call failed while one of its arguments was unknown.
    pub fn note_uncertain_error(&self, is_uncertain: bool) {
        self.state().is_uncertain = is_uncertain;
    }

    /// Records the error that ended the script. If an unknown number or a stand-in for a result may
    /// have caused the error, the script is not at fault, and the check ends at this place.
    pub fn note_end(&self, error: &EvalAltResult) {
        let mut found = self.state();
        let (cause, place) = innermost(error, Position::NONE);
        let fail = match cause {
            EvalAltResult::ErrorRuntime(token, _) => token.clone().try_cast::<Fail>(),
            _ => None,
        };
        // The failure of a sweep was judged in its cell, unless the script caught it.
        match (&found.cause, &fail) {
            (Some(of_cell), Some(fail)) if of_cell.message == fail.message => return,
            _ => found.cause = None,
        }
        // Where Rhai needs a whole number, its message contains the name of the type. Where it
        // parses an unknown number, its message contains the text of that number.
        let text = error.to_string();
        let is_named =
            [unknown::NAME, std::any::type_name::<unknown::Unknown>(), "'?'"].iter().any(|name| text.contains(name));
        let knows_all = found.works.is_empty() && found.assumptions.is_empty();
        found.threw = fail.is_none() && matches!(cause, EvalAltResult::ErrorRuntime(..));
        let is_of_values = fail.is_none() && !found.threw && !is_of_names(cause);
        if found.is_uncertain || is_named || (is_of_values && !knows_all) {
            found.stopped = Some(place);
        }
        let is_certain = fail.map_or_else(|| is_of_names(cause), |fail| fail.is_certain);
        found.is_doubtful = !found.assumptions.is_empty() || !(knows_all || is_certain);
    }

    /// Records that a cell of a sweep failed. `is_certain` says whether all cells fail in this way.
    pub fn note_cell_failure(&self, is_certain: bool) {
        let mut found = self.state();
        found.is_doubtful |= !is_certain || !found.assumptions.is_empty();
    }

    /// Records that the script came to its end, and that one of its checks could not be made.
    pub fn note_unmade_check(&self) {
        let mut found = self.state();
        found.is_doubtful = !found.assumptions.is_empty();
    }

    /// Forgets the end of the script.
    pub fn forget_end(&self) {
        let mut found = self.state();
        (found.stopped, found.threw, found.is_doubtful) = (None, false, false);
    }
}

/// True if a name is wrong. Stand-ins have the types and the keys of results.
fn is_of_names(error: &EvalAltResult) -> bool {
    use EvalAltResult as E;
    matches!(
        error,
        E::ErrorFunctionNotFound(..)
            | E::ErrorDotExpr(..)
            | E::ErrorVariableNotFound(..)
            | E::ErrorPropertyNotFound(..)
    )
}
