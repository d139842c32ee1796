//! The state of one run: what was asked, what has happened, who is told.

mod callbacks;
mod checkpoint;
mod listener;
mod messages;
mod observer;
mod outcome;
pub mod param;
mod record;
mod request;
mod sandbox;
mod sweep_cell;

pub use callbacks::{Callbacks, Seat, detach, misfit};
pub use checkpoint::{CHECKPOINTS, CheckpointPace, GRACE};
pub use listener::Listener;
pub use observer::ContextObserver;
pub use outcome::{Check, Ending, Outcome, Param};
pub use param::{Given, as_dynamic, as_value};
pub use request::Request;
pub use sandbox::Sandbox;
pub use sweep_cell::CellRecord;

use crate::dry::Mode;
use crate::language::{Diagnostic, Fail, Program, Resolver};
use rhai::{Dynamic, Engine, EvalAltResult, Position};
use sdflow::Interrupt;
use sdflow::pairwise::Pairwise;
use sdflow::rng::Stream;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where a run keeps the finished cells of its sweeps, below its folder. What [`crate::execute`]
/// finds there of the same run is not computed again; once a run is done, it is removed.
pub const CELLS: &str = "cells";

/// Points that `--quick` leaves of any number asked for.
pub const QUICK_POINTS: usize = 512;
/// Steps that `--quick` leaves.
pub const QUICK_STEPS: usize = 30;

/// What the layers above do for the state of a run, which does not know them.
#[derive(Clone, Copy)]
pub struct Host {
    /// An interpreter whose functions work for this state.
    pub interpreter: fn(&Arc<Context>) -> Engine,
    /// A failure of the running script in plain words.
    pub explain: fn(&EvalAltResult, &Program) -> Diagnostic,
}

/// The state of one run, shared by all bindings.
pub struct Context {
    /// Caps points and steps.
    pub quick: bool,
    /// Who is told.
    pub listener: Arc<dyn Listener>,
    /// The engine of all pairwise sums.
    pub pairwise: Pairwise,
    /// Stops every loop.
    pub interrupt: Interrupt,
    /// Functions of the script that the engine calls.
    pub callbacks: Arc<Callbacks>,
    /// Where the script may read and write.
    pub sandbox: Sandbox,
    /// What the user gave for parameters.
    pub given: Given,
    /// Is everything computed, or the work only measured?
    pub mode: Mode,
    /// Is this the state of a cell of a sweep?
    pub is_cell: bool,
    /// How often checkpoints are kept; None for never.
    pub checkpoints: Option<CheckpointPace>,
    /// What tells this run from every other.
    pub identity: String,
    /// The script and its imports.
    pub program: Arc<Program>,
    /// The imports, each of which is evaluated once.
    pub modules: Resolver,
    /// What the layers above do for this state.
    pub host: Host,
    /// Of which all random numbers come.
    root: Stream,
    floors: Arc<Floors>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    outcome: Outcome,
    draws: BTreeMap<String, u64>,
    told: BTreeSet<String>,
    printed: usize,
    /// Lines and bytes that `print` did not write.
    dropped: (usize, usize),
    thresholds: Vec<outcome::Threshold>,
    diverged: Option<(String, Position)>,
    /// Data files that were read, in order.
    read: Vec<PathBuf>,
    /// Where the script concluded.
    concluded: Option<Position>,
}

/// Noise floors by what they belong to. One that is being made is waited for.
type Floors = Mutex<BTreeMap<String, Arc<Mutex<Option<(Dynamic, Option<f64>)>>>>>;

impl Context {
    /// The state at the start of a run.
    pub fn new(
        request: &Request,
        given: Given,
        identity: &str,
        program: Arc<Program>,
        listener: Arc<dyn Listener>,
        host: Host,
    ) -> Context {
        Context {
            quick: request.quick,
            listener,
            pairwise: Pairwise::new(request.pairwise.clone(), request.interrupt.clone()),
            interrupt: request.interrupt.clone(),
            callbacks: Arc::default(),
            sandbox: Sandbox::new(&request.script, &request.allow_read, &request.folder),
            given,
            mode: Mode::default(),
            is_cell: false,
            checkpoints: request.checkpoints,
            identity: identity.into(),
            modules: Resolver::new(&program),
            program,
            host,
            root: Stream::new(request.seed),
            floors: Arc::default(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream of its own for every call: the `k`-th draw for a purpose gets the `k`-th stream of
    /// that purpose.
    pub fn stream(&self, purpose: &str) -> Stream {
        self.numbered_stream(purpose).1
    }

    /// The random stream of a purpose that sees the same numbers every time.
    pub fn fixed_stream(&self, purpose: &str) -> Stream {
        self.root.label(purpose)
    }

    /// [`Context::stream`] with its `k`, counted from 0.
    pub fn numbered_stream(&self, purpose: &str) -> (u64, Stream) {
        let mut state = self.state();
        let count = state.draws.entry(purpose.into()).or_default();
        *count += 1;
        (*count - 1, self.root.label(purpose).at(*count - 1))
    }

    /// `n`, or what `--quick` leaves of it.
    pub fn points(&self, n: usize) -> usize {
        self.capped(n, QUICK_POINTS, "points")
    }

    /// The path for a file that the script wants to write; in a dry run nothing is made.
    ///
    /// # Errors
    /// A path out of the run folder; a folder that cannot be made.
    pub fn writable(&self, name: &str, section: &str) -> Result<PathBuf, Fail> {
        let path = self.sandbox.below(name, section)?;
        self.mode.write(|| self.sandbox.writable(name, section).map(drop))?;
        Ok(path)
    }

    /// `steps`, or what `--quick` leaves of it.
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

    /// The noise floor kept under `key`, made when it is asked for the first time. `alive` is kept
    /// with it.
    pub fn floor_for(
        &self,
        key: &str,
        alive: Dynamic,
        make: impl FnOnce() -> Result<Option<f64>, Fail>,
    ) -> Result<Option<f64>, Fail> {
        let place = {
            let mut floors = self.floors.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(floors.entry(key.into()).or_default())
        };
        let mut known = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, floor)) = &*known {
            return Ok(*floor);
        }
        let floor = make()?;
        *known = Some((alive, floor));
        Ok(floor)
    }
}
