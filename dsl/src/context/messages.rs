//! Messages of a running script: prints, notes, and warnings with their places.

use super::Context;
use crate::language::{Diagnostic, Fail, limits, of_fail};
use rhai::{EvalAltResult, Position};

/// The number of printed bytes that the outcome keeps.
const KEPT: usize = 1 << 16;

impl Context {
    /// Prepares for a call of a session: every call sends its own messages and can be interrupted.
    pub fn begin_call(&self) {
        self.interrupt.lower();
        self.state().told.clear();
    }

    /// Sends a warning to the user and records it.
    pub fn warn(&self, warning: &str) {
        self.state().outcome.warnings.push(warning.into());
        self.listener.warn(warning);
    }

    /// As [`Context::warn`], but the same warning is sent only once in a run.
    pub fn warn_once(&self, warning: &str) {
        if self.state().told.insert(warning.into()) {
            self.warn(warning);
        }
    }

    /// Warns about valid code that is probably a mistake, with its place. The same warning is sent
    /// only once in a run.
    pub fn caution(&self, fail: &Fail, position: Position) {
        self.tell(&self.diagnose(fail, position));
    }

    /// Returns a failure of the call at `position` as a message for the user.
    pub fn diagnose(&self, fail: &Fail, position: Position) -> Diagnostic {
        of_fail(fail, position, &self.program)
    }

    /// Returns a failure of the running script as a message for the user.
    pub fn explain(&self, error: &EvalAltResult) -> Diagnostic {
        (self.host.explain)(error, &self.program)
    }

    /// Sends a warning with its place and records its line. The same warning is sent only once in a
    /// run.
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
            if state.printed + text.len() < KEPT {
                state.outcome.prints.push(text.into());
            } else {
                state.outcome.prints_cut = true;
            }
            match fits {
                true => state.printed += text.len() + 1,
                false => state.dropped = (state.dropped.0 + 1, state.dropped.1 + text.len() + 1),
            }
            fits
        };
        match fits {
            true => self.listener.print(text),
            false => self.warn_once(&format!(
                "`print` has reached its limit of {} MB, and further lines are dropped: `save` large results",
                limits::PRINTED >> 20
            )),
        }
    }

    /// Records the conclusion of the run, given at `position`.
    ///
    /// # Errors
    /// The run already has a conclusion.
    pub fn conclude(&self, text: &str, position: Position) -> Result<(), Fail> {
        let earlier = self.state().concluded;
        if let Some(earlier) = earlier {
            let place = self.diagnose(&Fail::script(""), earlier).place;
            let first = place.map(|p| format!(", at {}:{}:{}", p.file.display(), p.line, p.column)).unwrap_or_default();
            let fail = Fail::script(format!("the run already has a conclusion{first}"));
            return Err(fail.hint("a run has one conclusion: put everything into one text"));
        }
        let mut state = self.state();
        state.concluded = Some(position);
        state.outcome.conclusion = Some(text.into());
        Ok(())
    }

    /// Warns how much of the script's printed text was dropped.
    pub fn tell_dropped(&self) {
        let (lines, bytes) = self.state().dropped;
        if lines > 0 {
            self.warn(&format!("{lines} lines, {bytes} bytes, of `print` were dropped"));
        }
    }

    /// Tells the user of an automatic choice, and records it.
    pub fn note(&self, note: &str) {
        self.state().outcome.notes.push(note.into());
        self.listener.note(note);
    }

    /// As [`Context::note`], but the same note is sent only once in a run.
    pub fn note_once(&self, note: &str) {
        if self.state().told.insert(note.into()) {
            self.note(note);
        }
    }
}
