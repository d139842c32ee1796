//! Who is told while a script runs: the terminal and the run's journal.

use crate::journal::Journal;
use crate::progress::Progress;
use crate::terminal;
use sdflow::Interrupt;
use sdflow_dsl::{Diagnostic, Listener};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Shows a run and writes it down. A journal that cannot be written stops the run.
#[derive(Debug)]
pub struct Watch {
    progress: Mutex<Progress>,
    journal: Mutex<Journal>,
    trouble: Mutex<Option<Diagnostic>>,
    interrupt: Interrupt,
    json: bool,
}

impl Watch {
    /// A watch that raises `interrupt` when the journal fails; with `json` the script's prints go to standard error.
    pub fn new(progress: Progress, journal: Journal, interrupt: Interrupt, json: bool) -> Watch {
        let trouble = Mutex::default();
        Watch { progress: Mutex::new(progress), journal: Mutex::new(journal), trouble, interrupt, json }
    }

    /// Takes the bars away; the first failure of the journal, if there was one.
    pub fn ended(&self) -> Option<Diagnostic> {
        held(&self.progress).clear();
        held(&self.trouble).take()
    }

    /// Writes `text` to the log only.
    pub fn note(&self, text: &str) {
        self.judged(held(&self.journal).note(text));
    }

    fn judged(&self, written: Result<(), Diagnostic>) {
        if let Err(trouble) = written {
            held(&self.trouble).get_or_insert(trouble);
            self.interrupt.raise();
        }
    }
}

impl Listener for Watch {
    fn print(&self, text: &str) {
        let show = || if self.json { terminal::tell(text) } else { terminal::say(text) };
        held(&self.progress).aside(show);
        self.note(text);
    }

    fn warn(&self, warning: &str) {
        held(&self.progress).aside(|| terminal::tell(&format!("warning: {warning}")));
        self.note(&format!("warning: {warning}"));
    }

    fn progress(&self, what: &str, done: usize, total: usize, detail: &str) {
        let mut progress = held(&self.progress);
        if let Some(line) = progress.tick(what, done, total, detail, Instant::now()) {
            progress.aside(|| terminal::tell(&line));
            self.note(&line);
        }
    }

    fn row(&self, row: &BTreeMap<String, f64>) {
        self.judged(held(&self.journal).row(row));
    }
}

/// A thread that panicked while it held the lock left nothing half-done that matters here.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
