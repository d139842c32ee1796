//! The listener, which receives the messages of a running script.

use super::Outcome;
use super::film::Film;
use crate::language::Diagnostic;
use sdflow::number::counted;
use std::collections::BTreeMap;

/// A receiver of the messages of a running script.
pub trait Listener: Send + Sync {
    /// The script's `print`.
    fn print(&self, text: &str);
    /// A warning for the user; it is also recorded in the outcome.
    fn warn(&self, warning: &str);
    /// A warning with a place in the script; its [`Diagnostic::line`] is recorded.
    fn caution(&self, warning: &Diagnostic) {
        self.warn(&warning.line());
    }
    /// An automatic choice, such as a sigma chosen from the data; it is also recorded in the
    /// outcome.
    fn note(&self, note: &str) {
        self.print(note);
    }
    /// The progress of a long loop: `done` of `total` units; `what` names the loop ("sd_flow",
    /// "noise floor of energy"), and `detail` is a short live reading ("sigma 0.31, energy 0.042").
    fn progress(&self, what: &str, done: usize, total: usize, detail: &str);
    /// Reports that an interrupted call, such as "run sd_flow", continues after `step` steps.
    fn resumed(&self, what: &str, step: usize) {
        self.print(&goes_on(what, step));
    }
    /// A row of the run's history, to be written to the metrics files at once.
    fn row(&self, row: &BTreeMap<String, f64>);
    /// True if the listener has room for a further film of a run.
    fn wants_film(&self) -> bool {
        false
    }
    /// Receives the film of a run that has ended.
    fn film(&self, _film: &Film) {}
    /// Receives the outcome so far of a script whose present operation does not end. The failure in
    /// the outcome says why the run cannot continue. No thread can end such an operation from
    /// outside, so a program should store the outcome and end. By default nothing happens, and the
    /// run waits.
    fn abandon(&self, _outcome: Outcome) {}
}

/// Returns the sentence that an interrupted call continues after `step` steps.
pub fn goes_on(what: &str, step: usize) -> String {
    match step {
        0 => format!("{what} goes on where it prepared for its first step"),
        _ => format!("{what} goes on after {}", counted(step, "step")),
    }
}
