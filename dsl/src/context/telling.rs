//! What the user is told while a script runs: prints, notes, warnings with their places.

use super::Context;
use crate::call::Fail;
use crate::{Diagnostic, Fault, error, language};
use rhai::{EvalAltResult, Position};

impl Context {
    /// Tells the user and records it.
    pub fn warn(&self, warning: &str) {
        self.state().outcome.warnings.push(warning.into());
        self.listener.warn(warning);
    }

    /// The same, but the same words only once in a run.
    pub fn warn_once(&self, warning: &str) {
        if self.state().told.insert(warning.into()) {
            self.warn(warning);
        }
    }

    /// Tells the user, with its place, what runs but is hardly meant; the same only once in a run.
    pub fn caution(&self, fail: &Fail, position: Position) {
        self.tell(&self.placed(fail, position));
    }

    /// A failure of the call at `position`, as the user reads it.
    pub fn placed(&self, fail: &Fail, position: Position) -> Diagnostic {
        error::of_fail(fail, position, &self.program)
    }

    /// A failure of the running script, as the user reads it.
    pub fn explained(&self, error: &EvalAltResult) -> Diagnostic {
        error::of_run(error, &self.program)
    }

    /// Tells the user a warning with its place and records its line; the same only once in a run.
    pub fn tell(&self, warning: &Diagnostic) {
        let line = warning.line();
        let mut state = self.state();
        if state.told.insert(line.clone()) {
            state.outcome.warnings.push(line);
            drop(state);
            self.listener.caution(warning);
        }
    }

    /// The script's `print`, until its limit is reached.
    pub fn print(&self, text: &str) {
        let before = {
            let mut state = self.state();
            state.printed = state.printed.saturating_add(text.len() + 1);
            state.printed - text.len() - 1
        };
        if before < language::PRINTED {
            self.listener.print(text);
        } else {
            let megabytes = language::PRINTED >> 20;
            self.warn_once(&format!("`print` has written {megabytes} MB, the limit; the rest is dropped"));
        }
    }

    /// Tells the user what was decided for him, and records it.
    pub fn note(&self, note: &str) {
        self.state().outcome.notes.push(note.into());
        self.listener.note(note);
    }
}

/// The failure of a flow that left the finite numbers.
pub fn diverged_with(advice: String) -> Fail {
    Fail { kind: Fault::Diverged, ..Fail::script("the flow diverged").hint(advice) }
}
