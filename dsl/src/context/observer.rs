//! Reports of a long computation, passed on to the listener of the run.

use super::Context;
use sdflow::process::{Observer, Row};

/// Passes the reports of a process on to the listener.
pub struct ContextObserver<'a>(pub &'a Context);

impl Observer for ContextObserver<'_> {
    fn note(&mut self, note: &str) {
        self.0.note(note);
    }

    fn progress(&mut self, what: &str, done: usize, total: usize, detail: &dyn Fn() -> String) {
        self.0.listener.progress(what, done, total, &detail());
    }

    fn row(&mut self, row: &Row) {
        self.0.listener.row(row);
    }
}
