//! A cell of a sweep: its own state while it runs in parallel with other cells, and the merging of
//! its results into the run, in order.

use super::callbacks::Callbacks;
use super::listener::Listener;
use super::outcome::{Check, Param};
use super::{Context, OwnTime};
use crate::dry::Mode;
use crate::language::{Diagnostic, Exact, exact};
use rhai::Position;
use sdflow::rng::Stream;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The results of a cell that are merged into the run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct CellRecord {
    said: Vec<LogEntry>,
    params: BTreeMap<String, Param>,
    checks: Vec<(String, bool, Option<Exact>)>,
    steps: u64,
    nfe: u64,
    pairs: u64,
    flow_pairs: u64,
    flops: Exact,
    seconds: BTreeMap<String, Exact>,
    /// Files below the cell's folder.
    pub files: Vec<PathBuf>,
}

/// A message of a cell.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LogEntry {
    Print(String),
    Note(String),
    Warning(String),
    Caution(Diagnostic),
    Row(BTreeMap<String, Exact>),
}

/// The messages of a cell, which are kept until they are merged into the run. The progress of the
/// cell is passed on at once, with the name of the cell.
pub struct CellLog {
    said: Mutex<Vec<LogEntry>>,
    name: String,
    above: Arc<dyn Listener>,
    /// Progress loops that have begun, with their lengths.
    loops: Mutex<BTreeMap<String, usize>>,
}

impl CellLog {
    fn add(&self, said: LogEntry) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push(said);
    }
}

impl Listener for CellLog {
    fn print(&self, text: &str) {
        self.add(LogEntry::Print(text.into()));
    }

    fn warn(&self, warning: &str) {
        self.add(LogEntry::Warning(warning.into()));
    }

    fn caution(&self, warning: &Diagnostic) {
        self.add(LogEntry::Caution(warning.clone()));
    }

    fn note(&self, note: &str) {
        self.add(LogEntry::Note(note.into()));
    }

    fn progress(&self, what: &str, done: usize, total: usize, detail: &str) {
        let what = format!("{}: {what}", self.name);
        self.above.progress(&what, done, total, detail);
        self.loops.lock().unwrap_or_else(PoisonError::into_inner).insert(what, total);
    }

    fn resumed(&self, what: &str, step: usize) {
        self.above.resumed(&format!("{}: {what}", self.name), step);
    }

    fn row(&self, row: &BTreeMap<String, f64>) {
        self.add(LogEntry::Row(row.iter().map(|(name, value)| (name.clone(), Exact(*value))).collect()));
    }
}

impl Context {
    /// True if this is the state of a cell of a sweep.
    pub fn is_cell(&self) -> bool {
        self.sweeps > 0
    }

    /// True if a cell of a sweep runs here, also in a dry run.
    pub fn within_cell(&self) -> bool {
        self.is_cell() || self.mode.sweeps() > 0
    }

    /// Runs `act`, a cell of a sweep in a dry run. Returns its result, and the advice and place of
    /// a divergence that the cell did not handle. Metrics, ending and divergences of the cell are
    /// not recorded in the run.
    pub fn set_apart<T>(&self, act: impl FnOnce() -> T) -> (T, Option<(String, Position)>) {
        let before = {
            let mut state = self.state();
            (state.outcome.metrics.clone(), state.outcome.stop.clone(), state.diverged.take())
        };
        let result = act();
        let mut state = self.state();
        let diverged = state.diverged.take();
        (state.outcome.metrics, state.outcome.stop, state.diverged) = before;
        (result, diverged)
    }

    /// Creates the state of cell `name`, with random numbers from `root` and files below `folder`.
    pub fn cell(&self, name: &str, root: Stream, folder: &Path) -> (Arc<Context>, Arc<CellLog>) {
        let (above, name) = (Arc::clone(&self.listener), name.to_string());
        let log = Arc::new(CellLog { said: Mutex::default(), name, above, loops: Mutex::default() });
        let context = Context {
            quick: self.quick,
            listener: Arc::clone(&log) as Arc<dyn Listener>,
            pairwise: self.pairwise.anew(self.interrupt.clone()),
            interrupt: self.interrupt.clone(),
            callbacks: Arc::new(Callbacks::default()),
            sandbox: self.sandbox.within(folder),
            given: self.given.clone(),
            mode: Mode::default(),
            sweeps: self.sweeps + 1,
            checkpoints: self.checkpoints,
            identity: self.identity.clone(),
            setting: self.setting.clone(),
            own_time: OwnTime::start_among(&self.clocks),
            clocks: Arc::clone(&self.clocks),
            program: Arc::clone(&self.program),
            modules: self.modules.clone(),
            host: self.host,
            root,
            floor_stream: self.floor_stream,
            floors: Arc::clone(&self.floors),
            state: Mutex::default(),
        };
        (Arc::new(context), log)
    }

    /// Returns the results of this cell, and the advice and place of a divergence that the cell did
    /// not handle.
    pub fn finish_cell(&self, log: &CellLog) -> (CellRecord, Option<(String, Position)>) {
        let loops = std::mem::take(&mut *log.loops.lock().unwrap_or_else(PoisonError::into_inner));
        loops.iter().for_each(|(what, total)| log.above.progress(what, *total, *total, ""));
        self.tell_dropped();
        let diverged = self.state().diverged.take();
        let outcome = self.take_outcome();
        let trace = CellRecord {
            said: std::mem::take(&mut *log.said.lock().unwrap_or_else(PoisonError::into_inner)),
            params: outcome.params,
            checks: outcome.checks.into_iter().map(|check| (check.name, check.pass, check.value.map(Exact))).collect(),
            steps: outcome.steps,
            nfe: outcome.nfe,
            pairs: outcome.pairs,
            flow_pairs: outcome.flow_pairs,
            flops: Exact(outcome.flops),
            seconds: outcome.seconds.into_iter().map(|(part, s)| (part, Exact(s))).collect(),
            files: outcome.files,
        };
        (trace, diverged)
    }

    /// Merges the results of a cell into the run, in order. Its times are multiplied by `share`,
    /// because several cells run at the same time.
    pub fn take_in(&self, trace: CellRecord, share: f64) {
        for said in trace.said {
            match said {
                LogEntry::Print(text) => self.print(&text),
                LogEntry::Note(note) => self.note(&note),
                LogEntry::Warning(warning) => self.warn_once(&warning),
                LogEntry::Caution(warning) => self.tell(&self.program.sources.with_source(warning)),
                LogEntry::Row(row) => self.listener.row(&exact(row)),
            }
        }
        let outcome = &mut self.state().outcome;
        outcome.params.extend(trace.params);
        let checks = trace.checks.into_iter();
        outcome.checks.extend(checks.map(|(name, pass, value)| Check { name, pass, value: value.map(|v| v.0) }));
        outcome.steps += trace.steps;
        outcome.nfe += trace.nfe;
        outcome.pairs += trace.pairs;
        outcome.flow_pairs += trace.flow_pairs;
        outcome.flops += trace.flops.0;
        for (part, seconds) in exact(trace.seconds) {
            *outcome.seconds.entry(part).or_default() += share * seconds;
        }
    }
}
