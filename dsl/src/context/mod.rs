//! The state of one run: its request, its records, its listener.

mod callbacks;
mod checkpoint;
mod checkpoint_pace;
mod detach;
mod film;
mod floors;
mod listener;
mod messages;
mod observer;
mod outcome;
mod own_time;
pub mod param;
mod record;
mod request;
mod sandbox;
mod sweep_cell;
mod watchdog;

pub use callbacks::{Callbacks, CellPool, misfit};
pub use checkpoint::Owner;
pub use checkpoint_pace::{CELLS, CHECKPOINTS, CheckpointPace, EARLIER, GRACE};
pub use detach::detach;
pub use film::Film;
pub use floors::FloorSource;
pub use listener::{Listener, goes_on};
pub use observer::ContextObserver;
pub use outcome::{Check, Ending, Outcome, Param};
pub use own_time::{Clocks, OWN_TIME, OwnTime};
pub use param::{Given, as_dynamic, as_value};
pub use request::Request;
pub use sandbox::{FILM_FOLDER, Sandbox, inside_run_folder};
pub use sweep_cell::CellRecord;
pub use watchdog::watch;

use crate::dry::Mode;
use crate::language::{Diagnostic, Fail, Program, Resolver, limits};
use floors::Floors;
use rhai::{Engine, EvalAltResult, Position};
use sdflow::Interrupt;
use sdflow::metric::Reference;
use sdflow::pairwise::Pairwise;
use sdflow::rng::Stream;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The largest number of points with `--quick`.
pub const QUICK_POINTS: usize = 512;
/// The largest number of steps with `--quick`.
pub const QUICK_STEPS: usize = 30;

/// Functions of higher layers that the state of a run needs.
#[derive(Clone, Copy)]
pub struct Host {
    /// Builds an interpreter whose functions work for this state.
    pub interpreter: fn(&Arc<Context>) -> Engine,
    /// Explains a failure of the running script in plain words.
    pub explain: fn(&EvalAltResult, &Program) -> Diagnostic,
}

/// The state of one run, shared by all bindings.
pub struct Context {
    /// True if points and steps are capped.
    pub quick: bool,
    /// The receiver of messages.
    pub listener: Arc<dyn Listener>,
    /// The engine of all pairwise sums.
    pub pairwise: Pairwise,
    /// Stops every loop.
    pub interrupt: Interrupt,
    /// Functions of the script that the engine calls.
    pub callbacks: Arc<Callbacks>,
    /// The folders in which the script may read and write.
    pub sandbox: Sandbox,
    /// The values that the user gave for parameters.
    pub given: Given,
    /// Whether everything is computed, or the work is only measured.
    pub mode: Mode,
    /// The depth of nested sweeps around this state: 0 outside of cells.
    pub sweeps: usize,
    /// How often checkpoints are written; None for never.
    pub checkpoints: Option<CheckpointPace>,
    /// The identity, which distinguishes this run from all others.
    pub identity: String,
    /// The part of the identity that does not depend on the text of the script: parameters, seed
    /// and versions.
    pub setting: String,
    /// The time spent in the interpreter alone.
    pub own_time: Arc<OwnTime>,
    /// The clocks of this state and of the cells of its sweeps.
    pub clocks: Clocks,
    /// The script and its imports.
    pub program: Arc<Program>,
    /// The imports, each of which is evaluated once.
    pub modules: Resolver,
    /// Functions of higher layers that this state needs.
    pub host: Host,
    /// The source of all random numbers.
    root: Stream,
    /// The root of the random streams of noise floors. The cells of a sweep have the root of the
    /// script, because they share their floors.
    floor_stream: Stream,
    floors: Arc<Floors>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    outcome: Outcome,
    draws: BTreeMap<String, u64>,
    told: BTreeSet<String>,
    printed: usize,
    /// The numbers of lines and bytes that `print` dropped.
    dropped: (usize, usize),
    /// The names of metrics whose recorded values were measured by runs.
    measured: BTreeSet<String>,
    thresholds: Vec<outcome::Threshold>,
    diverged: Option<(String, Position)>,
    /// Data files that were read, in order.
    read: Vec<PathBuf>,
    /// The place of `conclude`.
    concluded: Option<Position>,
}

impl Context {
    /// Creates the state at the start of a run.
    pub fn new(
        request: &Request,
        given: Given,
        (identity, setting): (&str, &str),
        program: Arc<Program>,
        listener: Arc<dyn Listener>,
        host: Host,
    ) -> Context {
        let clocks = Clocks::default();
        Context {
            quick: request.quick,
            listener,
            pairwise: Pairwise::new(request.pairwise.clone(), request.interrupt.clone())
                .sharing_with(request.ranks.clone()),
            interrupt: request.interrupt.clone(),
            callbacks: Arc::default(),
            sandbox: Sandbox::new(&request.script, &request.allow_read, &request.folder),
            given,
            mode: Mode::default(),
            sweeps: 0,
            checkpoints: request.checkpoints,
            identity: identity.into(),
            setting: setting.into(),
            own_time: OwnTime::start_among(&clocks),
            clocks,
            modules: Resolver::new(&program),
            program,
            host,
            root: Stream::new(request.seed),
            floor_stream: Stream::new(request.seed),
            floors: Arc::default(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a new random stream for every call: the `k`-th call for a purpose returns the `k`-th
    /// stream of that purpose.
    pub fn stream(&self, purpose: &str) -> Stream {
        self.numbered_stream(purpose).1
    }

    /// Sets the random numbers with which the noise floors of `reference` are computed. References
    /// with the same `source` share their floors.
    pub fn with_floors(&self, reference: Reference, source: Option<FloorSource>) -> Reference {
        let reference = reference.with_floor_stream(self.floor_stream);
        match source {
            Some(source) => reference.with_known_floors(self.floors.of(source)),
            None => reference,
        }
    }

    /// Returns the random stream of a purpose, which is the same in every call.
    pub fn fixed_stream(&self, purpose: &str) -> Stream {
        self.root.label(purpose)
    }

    /// Returns the stream of [`Context::stream`] with its number `k`, counted from 0.
    pub fn numbered_stream(&self, purpose: &str) -> (u64, Stream) {
        let mut state = self.state();
        let count = state.draws.entry(purpose.into()).or_default();
        *count += 1;
        (*count - 1, self.root.label(purpose).at(*count - 1))
    }

    /// Returns `n`, capped by `--quick`.
    pub fn points(&self, n: usize) -> usize {
        self.capped(n, QUICK_POINTS, "points")
    }

    /// Returns the path for a file that the script wants to write. A dry run creates no folder.
    ///
    /// # Errors
    /// The path leads out of the run folder, or a folder cannot be created.
    pub fn writable(&self, name: &str, section: &str) -> Result<PathBuf, Fail> {
        let path = self.sandbox.below(name, section)?;
        if self.state().outcome.files.len() >= limits::FILES && !self.has_recorded(&path) {
            let message = format!("the run reached the limit of {} files", limits::FILES);
            return Err(Fail::script(message).hint("save many sets of points in one: a.join(b)"));
        }
        self.mode.write(|| self.sandbox.writable(name, section).map(drop))?;
        Ok(path)
    }

    /// Returns `steps`, capped by `--quick`.
    pub fn steps(&self, steps: usize) -> usize {
        self.capped(steps, QUICK_STEPS, "steps")
    }

    fn capped(&self, asked: usize, cap: usize, what: &str) -> usize {
        if !self.quick || asked <= cap {
            return asked;
        }
        self.warn_once(&format!("--quick: at most {cap} {what} are used; the numbers are not those of the full run"));
        cap
    }
}
