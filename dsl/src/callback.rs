//! Functions of the script that the engine calls while a flow runs, with all points at once.

use crate::bind::generator::Model;
use crate::bind::points::Cloud;
use crate::call::{Call, Fail};
use crate::context;
use crate::dry::unknown::taken;
use rhai::{AST, Array, Dynamic, Engine, EvalAltResult, FnPtr, Map};
use sdflow::process::Stats;
use sdflow::{Error, Points};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

/// The share of a run's time above which functions of the script are slow.
const MUCH: f64 = 0.1;

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

    /// The same interpreter, with an account of its own.
    pub fn beside(&self) -> Callbacks {
        Callbacks { host: self.host.clone(), state: Mutex::default() }
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
        let held = Cloud::value(points.clone());
        let result = function.call::<Dynamic>(&engine, script, (held,)).map(|value| taken(&value));
        // A function made outside of a sweep may be called in one of its cells.
        let cell = context::here();
        let mut state = cell.as_ref().map_or(self, |cell| &cell.callbacks).state();
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

    /// Seconds spent in the script's functions since this was asked last; a run asks at its start, because what was spent
    /// before belongs to none.
    pub fn taken(&self) -> f64 {
        std::mem::take(&mut self.state().seconds)
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
        return detached(&function).into();
    }
    match value.read_lock::<Model>() {
        Some(model) => Dynamic::from(model.copied()),
        None => value.flatten_clone(),
    }
}

/// Seconds of a run that its steps, and its few readings, spent in the script's functions; they are recorded, and told when
/// they are much.
pub fn own_time(call: &Call, stats: &Stats) -> f64 {
    let context = call.context;
    let inside = context.callbacks.taken();
    let total = stats.flow_seconds + stats.metric_seconds;
    if inside <= 0.0 {
        return 0.0;
    }
    context.spent("callbacks", inside);
    if inside > MUCH * total {
        // Many cells of a sweep shall not say nearly the same.
        let share = match context.is_cell {
            true => "more than 10".into(),
            false => format!("{:.0}", 100.0 * (inside / total).min(1.0)),
        };
        let hint = "write the density as a formula in a string: it is computed natively on all cores";
        let fail = Fail::script(format!("functions of the script took {share} % of the run's time")).hint(hint);
        context.caution(&fail, call.native.call_position());
    }
    inside
}

/// The failure of a function that returned something else than `want`.
pub fn misfit(what: &str, value: &Dynamic, want: &str) -> Error {
    let seen = crate::call::described(value);
    Error::Callback { what: what.into(), reason: format!("it returned {seen}, but {want}") }
}
