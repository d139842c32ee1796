//! Long work on a thread of its own, while the thread of Python waits, hears signals and passes on
//! messages.

use pyo3::prelude::*;
use sdflow::Interrupt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How often the waiting thread looks for a signal.
const LOOK: Duration = Duration::from_millis(50);

/// The stack of the thread that works, in bytes.
const STACK: usize = 64 << 20;

/// Calls `work` without the lock of the interpreter, on a thread with room for it. While it runs,
/// `look` is called again and again; if it fails, or if the user presses Ctrl-C, `interrupt` is
/// raised and the error is returned when `work` has ended.
pub fn watched<T: Send>(
    py: Python<'_>,
    interrupt: &Interrupt,
    work: impl FnOnce() -> T + Send,
    mut look: impl FnMut(Python<'_>) -> PyResult<()>,
) -> PyResult<T> {
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
            let seen = py.check_signals().and_then(|()| look(py));
            if let Err(error) = seen {
                interrupt.raise();
                failure.get_or_insert(error);
            }
        }
        let made = py.detach(|| thread.join());
        match (failure, made) {
            (Some(error), _) => Err(error),
            (None, Ok(made)) => look(py).map(|()| made),
            (None, Err(panic)) => {
                let text = panic.downcast_ref::<String>().map_or("a thread ended", |text| text.as_str());
                Err(pyo3::exceptions::PyRuntimeError::new_err(format!("a bug in sdflow: {text}")))
            }
        }
    })
}
