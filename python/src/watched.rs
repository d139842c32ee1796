//! Long work on a thread of its own, while the thread of Python waits, hears signals and passes on
//! messages.

use crate::{EngineError, refused};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use sdflow::Interrupt;
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
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
    mut look: impl FnMut(Python<'_>) -> PyResult<()>,
) -> PyResult<T> {
    check_process()?;
    if is_inside() {
        return Ok(py.detach(work));
    }
    std::thread::scope(|scope| {
        let (done, mut wait) = channel::<()>();
        let run = move || {
            let made = work();
            drop(done);
            made
        };
        let thread = std::thread::Builder::new().name("sdflow".into()).stack_size(STACK).spawn_scoped(scope, run)?;
        let mut failure = None;
        let waits = |wait: &mut Receiver<()>| py.detach(move || wait.recv_timeout(LOOK));
        while waits(&mut wait) == Err(RecvTimeoutError::Timeout) {
            if let Err(error) = inside(|| py.check_signals().and_then(|()| look(py))) {
                interrupt.raise();
                failure.get_or_insert(error);
            }
        }
        let made = py.detach(|| thread.join());
        match (failure, made) {
            (Some(error), _) => Err(error),
            (None, Ok(made)) => inside(|| look(py)).map(|()| made),
            (None, Err(_)) => {
                Err(EngineError::new_err(("internal", "a bug in sdflow: a thread ended", None::<String>)))
            }
        }
    })
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
