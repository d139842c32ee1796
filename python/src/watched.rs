//! Long work on another thread, while the thread of Python waits, hears signals and passes on
//! messages.

use crate::{EngineError, refused};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{Scope, ThreadPool};
use sdflow::Interrupt;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// How often a waiting thread looks for a signal.
pub const LOOK: Duration = Duration::from_millis(50);
/// The stack of the thread that works, in bytes.
const STACK: usize = 64 << 20;

thread_local! {
    /// True while this thread runs code of Python that a call needs: a function of a density, a
    /// callback, a signal handler. Calls of that code are a part of the outer call.
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// True if this thread runs code of Python that a call needs.
pub fn is_inside() -> bool {
    IS_INSIDE.get()
}

/// Runs `code`, code of Python that a call needs.
pub fn inside<T>(code: impl FnOnce() -> T) -> T {
    let before = IS_INSIDE.replace(true);
    let made = code();
    IS_INSIDE.set(before);
    made
}

/// Refuses to work in a process that was forked after the first call: the threads that compute did
/// not come along.
fn check_process() -> PyResult<()> {
    static FIRST: OnceLock<u32> = OnceLock::new();
    if *FIRST.get_or_init(std::process::id) == std::process::id() {
        return Ok(());
    }
    let message = "sdflow was used before this process was forked, and its threads are not here: use the start method \
                   \"spawn\" or \"forkserver\" of multiprocessing";
    Err(PyRuntimeError::new_err(message))
}

/// Calls `work` without the lock of the interpreter, on a thread with room for it. While it runs,
/// `look` is called again and again; if it fails, or if the user presses Ctrl-C, `interrupt` is
/// raised and the error is returned when `work` has ended. A call that an outer call needs works
/// on this thread, because the outer call may occupy all others.
pub fn watched<T: Send>(
    py: Python<'_>,
    interrupt: &Interrupt,
    work: impl FnOnce() -> T + Send,
    look: impl FnMut(Python<'_>) -> PyResult<()>,
) -> PyResult<T> {
    check_process()?;
    if is_inside() {
        return Ok(py.detach(work));
    }
    let (sender, made) = channel();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("sdflow".into()).stack_size(STACK);
        thread.spawn_scoped(scope, || send(sender, work))?;
        heard(py, interrupt, made, look)
    })
}

/// As [`watched`], but on a thread of `pool`, by default the pool of the process. No thread begins,
/// but it has less room, and nothing is passed on.
pub fn watched_in_pool<'s, T: Send + 's>(
    py: Python<'_>,
    pool: Option<&ThreadPool>,
    interrupt: &Interrupt,
    work: impl FnOnce() -> T + Send + 's,
) -> PyResult<T> {
    check_process()?;
    if is_inside() {
        return Ok(py.detach(work));
    }
    let (sender, made) = channel();
    let wait = |scope: &Scope<'s>| {
        scope.spawn(move |_| send(sender, work));
        heard(py, interrupt, made, |_| Ok(()))
    };
    match pool {
        Some(pool) => pool.in_place_scope(wait),
        None => rayon::in_place_scope(wait),
    }
}

/// Calls `work` and sends what it returns; nothing if it panics.
fn send<T>(sender: Sender<T>, work: impl FnOnce() -> T) {
    if let Ok(made) = catch_unwind(AssertUnwindSafe(work)) {
        // The receiver waits for it.
        let _ = sender.send(made);
    }
}

/// Waits for the result of another thread, which [`send`] sends, as [`watched`] describes.
fn heard<T: Send>(
    py: Python<'_>,
    interrupt: &Interrupt,
    mut made: Receiver<T>,
    mut look: impl FnMut(Python<'_>) -> PyResult<()>,
) -> PyResult<T> {
    let mut failure = None;
    loop {
        let waits = &mut made;
        match py.detach(move || waits.recv_timeout(LOOK)) {
            Ok(made) => {
                return match failure {
                    Some(error) => Err(error),
                    None => inside(|| look(py)).map(|()| made),
                };
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = inside(|| py.check_signals().and_then(|()| look(py))) {
                    interrupt.raise();
                    failure.get_or_insert(error);
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                let bug = || EngineError::new_err(("internal", "a bug in sdflow: a thread ended", None::<String>));
                return Err(failure.unwrap_or_else(bug));
            }
        }
    }
}

/// Waits for `turn`, and ends if the user presses Ctrl-C or the call in progress is interrupted.
pub fn wait_for<'a>(
    py: Python<'_>,
    turn: &'a std::sync::Mutex<()>,
    interrupt: &Interrupt,
) -> PyResult<std::sync::MutexGuard<'a, ()>> {
    use std::sync::TryLockError;
    loop {
        match turn.try_lock() {
            Ok(guard) => return Ok(guard),
            Err(TryLockError::Poisoned(guard)) => return Ok(guard.into_inner()),
            Err(TryLockError::WouldBlock) => {}
        }
        if interrupt.is_raised() {
            return Err(refused("the call for which this one waited was interrupted"));
        }
        py.detach(|| std::thread::sleep(LOOK / 10));
        inside(|| py.check_signals())?;
    }
}
