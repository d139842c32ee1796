//! Functions of the script that the engine calls while a flow runs, with all points at once.

use crate::value::unknown::plain;
use crate::value::{Cloud, Model, described};
use rhai::{AST, Array, Dynamic, Engine, EvalAltResult, FnPtr, Map};
use sdflow::{Error, Points};
use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

thread_local! {
    /// The callbacks of the cell of a sweep for which this thread computes. The engine calls a
    /// function of the script with points alone, and a function that was made outside of the sweep
    /// works for whichever cell is being computed.
    static SEAT: RefCell<Seat> = RefCell::default();
}

/// Holds the callbacks of the cell that is computed at one place of a sweep, for all threads of
/// that place.
#[derive(Clone, Default)]
pub struct Seat(Arc<Mutex<Option<Arc<Callbacks>>>>);

impl Seat {
    /// From now on this thread computes the cells of this seat.
    pub fn take(&self) {
        SEAT.with_borrow_mut(|seat| *seat = self.clone());
    }

    /// The seat's next cell.
    pub fn hold(&self, cell: Option<Arc<Callbacks>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = cell;
    }

    fn held_here() -> Option<Arc<Callbacks>> {
        SEAT.with_borrow(|seat| seat.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// What calls back into a script: its interpreter, the time spent there, and how the last call
/// failed.
#[derive(Default)]
pub struct Callbacks {
    host: OnceLock<(Weak<Engine>, AST)>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seconds: f64,
    failure: Option<Box<EvalAltResult>>,
}

impl Callbacks {
    /// Makes the functions of `script`, which `engine` runs, callable.
    pub fn begin(&self, engine: &Arc<Engine>, script: &AST) {
        // Set once per run; the interpreter holds these callbacks, so it is not held in turn.
        let _ = self.host.set((Arc::downgrade(engine), script.clone()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `function(points)`; `what` names it in messages. Its cause and place are kept for
    /// [`Callbacks::failure`].
    ///
    /// # Errors
    /// [`Error::Interrupted`], or [`Error::Callback`] for any other failure.
    pub fn call(&self, function: &FnPtr, what: &str, points: &Points) -> sdflow::Result<Dynamic> {
        let failed = |reason: String| Error::Callback { what: what.into(), reason };
        let cell = Seat::held_here();
        let here = cell.as_deref().unwrap_or(self);
        let host = here.host.get().and_then(|(engine, script)| Some((engine.upgrade()?, script)));
        let Some((engine, script)) = host else { return Err(failed("the script has ended".into())) };
        let begun = Instant::now();
        let held = Cloud::value(points.clone());
        let result = function.call::<Dynamic>(&engine, script, (held,)).map(|value| plain(&value));
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

    /// Seconds spent in the script's functions since this was asked last; a run asks at its start,
    /// because what was spent before belongs to none.
    pub fn take_seconds(&self) -> f64 {
        std::mem::take(&mut self.state().seconds)
    }

    /// How a call failed, as the script's own error with its place; plain out.
    pub fn take_failure(&self) -> Option<Box<EvalAltResult>> {
        self.state().failure.take()
    }
}

/// The function with copies of the variables that it has captured, so that what it computes does
/// not change behind it.
pub fn detach(function: &FnPtr) -> FnPtr {
    let mut function = function.clone();
    for captured in function.iter_curry_mut() {
        *captured = copied(captured);
    }
    function
}

/// A copy that shares nothing which could change.
fn copied(value: &Dynamic) -> Dynamic {
    if let Some(array) = value.read_lock::<Array>() {
        return array.iter().map(copied).collect::<Array>().into();
    }
    if let Some(map) = value.read_lock::<Map>() {
        return map.iter().map(|(key, value)| (key.clone(), copied(value))).collect::<Map>().into();
    }
    if let Some(function) = value.read_lock::<FnPtr>() {
        return detach(&function).into();
    }
    match value.read_lock::<Model>() {
        Some(model) => Dynamic::from(model.copied()),
        None => value.flatten_clone(),
    }
}

/// The failure of a function that returned something else than `want`.
pub fn misfit(what: &str, value: &Dynamic, want: &str) -> Error {
    let seen = described(value);
    Error::Callback { what: what.into(), reason: format!("it returned {seen}, but {want}") }
}
