//! Functions of the script that the engine calls while a flow runs, with all points at once.

use crate::bind::points::Cloud;
use rhai::{AST, Dynamic, Engine, EvalAltResult, FnPtr};
use sdflow::{Error, Points};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

/// What calls back into a script: its interpreter, the time spent there, and how the last call failed.
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

    /// `function(points)`; `what` names it in messages. Its cause and place are kept for [`Callbacks::failure`].
    ///
    /// # Errors
    /// [`Error::Interrupted`], or [`Error::Callback`] for any other failure.
    pub fn call(&self, function: &FnPtr, what: &str, points: &Points) -> sdflow::Result<Dynamic> {
        let failed = |reason: String| Error::Callback { what: what.into(), reason };
        let host = self.host.get().and_then(|(engine, script)| Some((engine.upgrade()?, script)));
        let Some((engine, script)) = host else { return Err(failed("the script has ended".into())) };
        let begun = Instant::now();
        let result = function.call::<Dynamic>(&engine, script, (Cloud::value(points.clone()),));
        let mut state = self.state();
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

    /// Seconds spent in the script's functions so far.
    pub fn seconds(&self) -> f64 {
        self.state().seconds
    }

    /// How a call failed, as the script's own error with its place; taken out.
    pub fn failure(&self) -> Option<Box<EvalAltResult>> {
        self.state().failure.take()
    }
}

/// The function with copies of the variables that it has captured, so that what it computes does not change behind it.
pub fn detached(function: &FnPtr) -> FnPtr {
    let mut function = function.clone();
    for captured in function.iter_curry_mut() {
        *captured = captured.flatten_clone();
    }
    function
}

/// The warning for a run of `total` seconds of which `inside` were spent in the script's functions, if that is much.
pub fn slow(inside: f64, total: f64) -> Option<String> {
    (inside > 0.1 * total)
        .then(|| format!("functions of the script took {:.0} % of the run's time", 100.0 * (inside / total).min(1.0)))
}

/// The failure of a function that returned something else than `want`.
pub fn misfit(what: &str, value: &Dynamic, want: &str) -> Error {
    let seen = crate::call::described(value);
    Error::Callback { what: what.into(), reason: format!("it returned {seen}, but {want}") }
}
