//! Functions of the script that the engine calls during a flow, with all points at once.

use super::OwnTime;
use crate::value::unknown::plain;
use crate::value::{Cloud, describe};
use rhai::{AST, Dynamic, Engine, EvalAltResult, FnPtr};
use sdflow::{Error, Points};
use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

thread_local! {
    /// The callbacks of the sweep cell that this thread computes. The engine calls a function of
    /// the script with points alone, so a function that was created outside the sweep finds the
    /// current cell here.
    static CELL_POOL: RefCell<CellPool> = RefCell::default();
}

/// The callbacks of the cell that one thread pool of a sweep computes. The threads of the pool
/// share them.
#[derive(Clone, Default)]
pub struct CellPool(Arc<Mutex<Option<Arc<Callbacks>>>>);

impl CellPool {
    /// Makes this thread compute the cells of this pool.
    pub fn take(&self) {
        CELL_POOL.with_borrow_mut(|cell_pool| *cell_pool = self.clone());
    }

    /// Sets the next cell of the pool.
    pub fn hold(&self, cell: Option<Arc<Callbacks>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = cell;
    }

    fn held_here() -> Option<Arc<Callbacks>> {
        CELL_POOL.with_borrow(|cell_pool| cell_pool.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// The interpreter of a script, the script, and the clock of the script's own time.
type Host = (Weak<Engine>, AST, Arc<OwnTime>);

/// The callbacks into a script: the interpreter of the script, the time spent in the interpreter,
/// and the failure of the last call.
#[derive(Default)]
pub struct Callbacks {
    host: OnceLock<Host>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seconds: f64,
    failure: Option<Box<EvalAltResult>>,
}

impl Callbacks {
    /// Makes the functions of `script` callable; `engine` runs this script, and `time` is the clock
    /// of the script's own time.
    pub fn begin(&self, engine: &Arc<Engine>, script: &AST, time: &Arc<OwnTime>) {
        // Set once per run. The interpreter owns these callbacks, so they hold only a weak
        // reference to it.
        let _ = self.host.set((Arc::downgrade(engine), script.clone(), Arc::clone(time)));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `function(points)`; `what` names it in messages. The cause and place of a failure are
    /// kept for [`Callbacks::take_failure`].
    ///
    /// # Errors
    /// [`Error::Interrupted`], or [`Error::Callback`] for any other failure.
    pub fn call(&self, function: &FnPtr, what: &str, points: &Points) -> sdflow::Result<Dynamic> {
        let failed = |reason: String| Error::Callback { what: what.into(), reason };
        let cell = CellPool::held_here();
        let here = cell.as_deref().unwrap_or(self);
        let host = here.host.get().and_then(|(engine, script, time)| Some((engine.upgrade()?, script, time)));
        let Some((engine, script, time)) = host else { return Err(failed("the script has ended".into())) };
        let begun = Instant::now();
        let held = Cloud::value(points.clone());
        let result = time.call_back(|| function.call::<Dynamic>(&engine, script, (held,))).map(|value| plain(&value));
        let mut state = here.state();
        state.seconds += begun.elapsed().as_secs_f64();
        result.map_err(|error| match *error {
            EvalAltResult::ErrorTerminated(..) => Error::Interrupted,
            other => {
                let told = failed(other.to_string());
                state.failure = Some(Box::new(other));
                told
            }
        })
    }

    /// Returns the seconds spent in functions of the script since the last call of this function. A
    /// run calls it at its start, to discard earlier time.
    pub fn take_seconds(&self) -> f64 {
        std::mem::take(&mut self.state().seconds)
    }

    /// Removes and returns the failure of the last call, as the script's error with its place.
    pub fn take_failure(&self) -> Option<Box<EvalAltResult>> {
        self.state().failure.take()
    }
}

/// The error for a function that returned something other than `want`.
pub fn misfit(what: &str, value: &Dynamic, want: &str) -> Error {
    let seen = describe(value);
    Error::Callback { what: what.into(), reason: format!("it returned {seen}, but {want}") }
}
