//! Who is told while a script runs.

use crate::language::Diagnostic;
use std::collections::BTreeMap;

/// Who is told while a script runs.
pub trait Listener: Send + Sync {
    /// The script's `print`.
    fn print(&self, text: &str);
    /// Something the user should know; also recorded in the outcome.
    fn warn(&self, warning: &str);
    /// The same with a place in the script; [`Diagnostic::line`] of it is recorded.
    fn caution(&self, warning: &Diagnostic) {
        self.warn(&warning.line());
    }
    /// Something was decided on the user's behalf: a sigma chosen from the data; also recorded in
    /// the outcome.
    fn note(&self, note: &str) {
        self.print(note);
    }
    /// A long loop has done `done` of `total` units; `what` names it ("sd_flow", "noise floor of
    /// energy"), `detail` is a short live reading ("sigma 0.31, energy 0.042").
    fn progress(&self, what: &str, done: usize, total: usize, detail: &str);
    /// A call that was cut off, "run sd_flow", goes on after `step` steps.
    fn resumed(&self, what: &str, step: usize) {
        self.print(&format!("{what} goes on after {step} steps"));
    }
    /// One row of the run's history, to be flushed to the metrics files as it comes.
    fn row(&self, row: &BTreeMap<String, f64>);
}
