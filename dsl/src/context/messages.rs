//! What the user is told while a script runs: prints, notes, warnings with their places.

use super::Context;
use crate::language::{Diagnostic, Fail, limits, of_fail};
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
        self.tell(&self.diagnose(fail, position));
    }

    /// A failure of the call at `position`, as the user reads it.
    pub fn diagnose(&self, fail: &Fail, position: Position) -> Diagnostic {
        of_fail(fail, position, &self.program)
    }

    /// A failure of the running script, as the user reads it.
    pub fn explain(&self, error: &EvalAltResult) -> Diagnostic {
        (self.host.explain)(error, &self.program)
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
        let fits = {
            let mut state = self.state();
            let fits = state.printed < limits::PRINTED;
            match fits {
                true => state.printed += text.len() + 1,
                false => state.dropped = (state.dropped.0 + 1, state.dropped.1 + text.len() + 1),
            }
            fits
        };
        match fits {
            true => self.listener.print(text),
            false => self.warn_once(&format!(
                "`print` has written {} MB, the limit; what follows is dropped: `save` large results",
                limits::PRINTED >> 20
            )),
        }
    }

    /// Records the conclusion of the run, said at `position`.
    ///
    /// # Errors
    /// There is one already.
    pub fn conclude(&self, text: &str, position: Position) -> Result<(), Fail> {
        let earlier = self.state().concluded;
        if let Some(earlier) = earlier {
            let place = self.diagnose(&Fail::script(""), earlier).place;
            let first = place.map(|p| format!(", at {}:{}:{}", p.file.display(), p.line, p.column)).unwrap_or_default();
            let fail = Fail::script(format!("the run has its conclusion already{first}"));
            return Err(fail.hint("a run has one: say all of it in one text"));
        }
        let mut state = self.state();
        state.concluded = Some(position);
        state.outcome.conclusion = Some(text.into());
        Ok(())
    }

    /// Tells how much of what the script printed was dropped.
    pub fn tell_dropped(&self) {
        let (lines, bytes) = self.state().dropped;
        if lines > 0 {
            self.warn(&format!("{lines} lines, {bytes} bytes, of `print` were dropped"));
        }
    }

    /// Tells the user what was decided for him, and records it.
    pub fn note(&self, note: &str) {
        self.state().outcome.notes.push(note.into());
        self.listener.note(note);
    }

    /// The same, but the same words only once in a run.
    pub fn note_once(&self, note: &str) {
        if self.state().told.insert(note.into()) {
            self.note(note);
        }
    }
}
