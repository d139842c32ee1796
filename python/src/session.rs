//! A session of the script language, whose functions Python calls.

use crate::EngineError;
use crate::handle::{Handle, Wanted, of_value, to_value};
use crate::manual::wants_points;
use crate::watched::watched;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyDict, PyTuple};
use rayon::{ThreadPool, ThreadPoolBuilder};
use sdflow::pairwise::PairwiseOptions;
use sdflow_dsl::manual::{Entry, Type, manual};
use sdflow_dsl::session::{self, Value};
use sdflow_dsl::{Diagnostic, Fault, Listener};
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The exception that a function of Python raised during the present call.
static EXCEPTION: Mutex<Option<PyErr>> = Mutex::new(None);

thread_local! {
    /// True while this thread runs a function of Python that a call needs. Calls of that function
    /// are a part of the outer call.
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `function`, a function of Python that a call needs.
pub fn inside<T>(function: impl FnOnce() -> T) -> T {
    let before = IS_INSIDE.replace(true);
    let made = function();
    IS_INSIDE.set(before);
    made
}

/// Keeps the exception of a function of Python, so that the call that needed the function raises
/// it.
pub fn keep_exception(error: PyErr) {
    lock(&EXCEPTION).get_or_insert(error);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a call has told, until the waiting thread of Python passes it on.
#[derive(Default)]
struct Mailbox(Mutex<VecDeque<Message>>);

enum Message {
    Warning(String),
    Note(String),
    Progress(String, usize, usize, String),
    Row(BTreeMap<String, f64>),
}

impl Mailbox {
    fn put(&self, message: Message) {
        let mut messages = lock(&self.0);
        // Only the latest progress counts.
        if matches!((&message, messages.back()), (Message::Progress(..), Some(Message::Progress(..)))) {
            messages.pop_back();
        }
        messages.push_back(message);
    }
}

impl Listener for Mailbox {
    fn print(&self, text: &str) {
        self.put(Message::Note(text.into()));
    }

    fn warn(&self, warning: &str) {
        self.put(Message::Warning(warning.into()));
    }

    fn caution(&self, warning: &Diagnostic) {
        let hint = warning.hint.as_ref().map(|hint| format!(": {hint}")).unwrap_or_default();
        self.warn(&format!("{}{hint}", warning.message));
    }

    fn note(&self, note: &str) {
        self.put(Message::Note(note.into()));
    }

    fn progress(&self, what: &str, done: usize, total: usize, detail: &str) {
        self.put(Message::Progress(what.into(), done, total, detail.into()));
    }

    fn row(&self, row: &BTreeMap<String, f64>) {
        self.put(Message::Row(row.clone()));
    }
}

/// A live state in which functions of the language are called.
#[pyclass(frozen, module = "sdflow._engine")]
pub struct Session {
    session: session::Session,
    mailbox: Arc<Mailbox>,
    pool: Option<ThreadPool>,
    /// One call at a time: the order of the calls decides their random numbers.
    turn: Mutex<()>,
}

#[pymethods]
impl Session {
    /// Begins a session with this seed, these options of the pairwise sums as JSON, and this number
    /// of threads; 0 uses all cores.
    #[new]
    fn new(seed: u64, pairwise: &str, threads: usize) -> PyResult<Session> {
        let options: PairwiseOptions = serde_json::from_str(pairwise)
            .map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))?;
        let mailbox = Arc::new(Mailbox::default());
        let session = session::Session::new(seed, options, mailbox.clone()).map_err(|error| failure(&error))?;
        let build = || ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = (threads > 0).then(build).transpose().map_err(|e| PyRuntimeError::new_err(e.to_string()))?;
        Ok(Session { session, mailbox, pool, turn: Mutex::new(()) })
    }

    /// Calls the function with this place in the manual. `args` and `options` are its arguments as
    /// a script would give them. `hear(kind, content)` receives each message of the call.
    fn call<'py>(
        &self,
        py: Python<'py>,
        index: usize,
        args: &Bound<'py, PyTuple>,
        options: &Bound<'py, PyDict>,
        hear: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let entry: &'static Entry =
            manual().get(index).copied().ok_or_else(|| PyRuntimeError::new_err("no such function"))?;
        let args = arguments(entry, args, options)?;
        let is_outer = !IS_INSIDE.get();
        let _turn = is_outer.then(|| self.turn.lock_py_attached(py));
        if is_outer {
            self.session.begin();
            lock(&EXCEPTION).take();
        }
        let work = || match &self.pool {
            Some(pool) => pool.install(|| self.session.call(entry, args)),
            None => self.session.call(entry, args),
        };
        let look = |py: Python<'_>| self.pass_on(py, hear);
        let made = watched(py, self.session.interrupt(), work, look)?;
        match (made, lock(&EXCEPTION).take()) {
            (Ok(value), _) => of_value(py, value),
            (Err(_), Some(exception)) => Err(exception),
            (Err(error), None) => Err(failure(&error)),
        }
    }
}

impl Session {
    /// Passes the messages on to `hear`.
    fn pass_on(&self, py: Python<'_>, hear: &Bound<'_, PyAny>) -> PyResult<()> {
        let messages = std::mem::take(&mut *lock(&self.mailbox.0));
        for message in messages {
            match message {
                Message::Warning(text) => hear.call1(("warning", text))?,
                Message::Note(text) => hear.call1(("note", text))?,
                Message::Progress(what, done, total, detail) => {
                    hear.call1(("progress", (what, done, total, detail)))?
                }
                Message::Row(row) => {
                    let content = PyDict::new(py);
                    row.into_iter().try_for_each(|(name, value)| content.set_item(name, value))?;
                    hear.call1(("row", content))?
                }
            };
        }
        Ok(())
    }
}

/// Returns the arguments of a call as values: the receiver and the arguments in order, and the
/// options, if there are any, as a map.
fn arguments(entry: &Entry, args: &Bound<'_, PyTuple>, options: &Bound<'_, PyDict>) -> PyResult<Vec<Value>> {
    let mut values = Vec::with_capacity(args.len() + 1);
    for (i, arg) in args.iter().enumerate() {
        let wanted = entry.value(i).map_or(Wanted::Lists, wanted);
        values.push(to_value(&arg, entry.argument(i).unwrap_or("an argument"), wanted)?);
    }
    if !options.is_empty() {
        let pair = |(name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            let name: String = name.extract()?;
            let is_points = entry.options.iter().any(|key| key.name == name && wants_points(key));
            let wanted = if is_points { Wanted::Points } else { Wanted::Lists };
            Ok((name.clone(), to_value(&value, &name, wanted)?))
        };
        values.push(Value::map(options.iter().map(pair).collect::<PyResult<Vec<_>>>()?));
    }
    Ok(values)
}

/// The form in which an argument of this type wants arrays.
fn wanted(of: Type) -> Wanted {
    match of {
        Type::Points | Type::Score => Wanted::Points,
        Type::Matrix => Wanted::Matrix,
        Type::OneOf(types) => {
            types.iter().map(|one| wanted(*one)).find(|w| *w != Wanted::Lists).unwrap_or(Wanted::Lists)
        }
        _ => Wanted::Lists,
    }
}

/// Returns an error of the language as an exception: its kind, its message and its hint.
pub fn failure(error: &Diagnostic) -> PyErr {
    let kind = match error.kind {
        Fault::Usage | Fault::Script => "value",
        Fault::Diverged => "diverged",
        Fault::Data => "data",
        Fault::Interrupted => "interrupted",
        Fault::Internal => "internal",
    };
    EngineError::new_err((kind, error.message.clone(), error.hint.clone()))
}

/// Handles are shared between threads of Python.
const _: fn() = || {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Handle>();
    is_shared::<Session>();
};
