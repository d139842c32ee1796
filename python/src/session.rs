//! A session of the script language, whose functions Python calls.

use crate::EngineError;
use crate::handle::{Wanted, of_value, to_value};
use crate::manual::wants_points;
use crate::watched::{is_inside, wait_for, watched};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use rayon::{ThreadPool, ThreadPoolBuilder};
use sdflow::Interrupt;
use sdflow::pairwise::{Pairwise, PairwiseOptions};
use sdflow_dsl::manual::{Entry, Type, manual};
use sdflow_dsl::session::{self, Value};
use sdflow_dsl::{Diagnostic, Fault, Listener};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The exceptions of functions of Python, by their keys. The message of the failed call carries the
/// key, so that the call that needed the function raises the exception.
static EXCEPTIONS: Mutex<BTreeMap<u64, PyErr>> = Mutex::new(BTreeMap::new());
/// The largest number of exceptions that wait for their call; beyond it the oldest are dropped.
const WAITING: usize = 100;
/// The character before and after a key in a message.
const MARK: char = '\u{1}';

/// Keeps an exception and returns the reason of the failure, which leads back to it.
pub fn kept_exception(error: PyErr) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (key, text) = (NEXT.fetch_add(1, Ordering::Relaxed), error.to_string());
    let mut kept = lock(&EXCEPTIONS);
    kept.insert(key, error);
    let oldest = if kept.len() > WAITING { kept.pop_first() } else { None };
    drop(kept);
    // Dropping an exception may run code of Python, so the lock is not held.
    drop(oldest);
    format!("{MARK}{key}{MARK}{text}")
}

/// Returns the exception to which a message leads.
fn exception_of(message: &str) -> Option<PyErr> {
    let key = message.split(MARK).nth(1)?.parse().ok()?;
    lock(&EXCEPTIONS).remove(&key)
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
    /// The engine of the pairwise sums that Python calls by themselves; it keeps its buffers.
    pub sums: Pairwise,
    /// The threads of the session; None for those of the process.
    pub pool: Option<ThreadPool>,
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
        let sums = Pairwise::new(options.clone(), Interrupt::default());
        let session = session::Session::new(seed, options, mailbox.clone()).map_err(|error| failure(&error))?;
        let build = || ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = (threads > 0).then(build).transpose().map_err(|e| PyRuntimeError::new_err(e.to_string()))?;
        Ok(Session { session, mailbox, sums, pool, turn: Mutex::new(()) })
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
        // A call that an outer call needs is a part of it.
        let is_outer = !is_inside();
        let _turn = is_outer.then(|| wait_for(py, &self.turn, self.session.interrupt())).transpose()?;
        if is_outer {
            self.session.begin();
            lock(&self.mailbox.0).clear();
        }
        let work = || self.within(|| self.session.call(entry, args));
        let look = |py: Python<'_>| if is_outer { self.pass_on(py, hear) } else { Ok(()) };
        let made = watched(py, self.session.interrupt(), work, look);
        if is_outer {
            self.session.interrupt().lower();
        }
        match made? {
            Ok(value) => of_value(py, value),
            Err(error) => Err(exception_of(&error.message).unwrap_or_else(|| failure(&error))),
        }
    }
}

impl Session {
    /// Calls `work` on the threads of the session.
    fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.pool {
            // The pool may wait for the code of Python in which this thread is.
            Some(pool) if !is_inside() => pool.install(work),
            _ => work(),
        }
    }

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
        Type::OneOf(types) if types.iter().any(|one| matches!(one, Type::List(_) | Type::Array)) => {
            if types.contains(&Type::Points) { Wanted::PointsOrLists } else { Wanted::Lists }
        }
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
    EngineError::new_err((kind, error.message.replace(MARK, " "), error.hint.clone()))
}
