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
    voice: Voice,
    journal: Mutex<Journal>,
    trouble: Mutex<Option<Diagnostic>>,
    interrupt: Interrupt,
}

/// Who hears a run.
#[derive(Debug)]
pub enum Voice {
    /// The user; with `json` the script's prints go to standard error.
    Terminal { progress: Mutex<Progress>, json: bool },
    /// Nobody: what is said stands in the log.
    Log,
}

impl Voice {
    /// Speaks to the user.
    pub fn terminal(progress: Progress, json: bool) -> Voice {
        Voice::Terminal { progress: Mutex::new(progress), json }
    }
}

impl Watch {
    /// A watch that raises `interrupt` when the journal fails.
    pub fn new(voice: Voice, journal: Journal, interrupt: Interrupt) -> Watch {
        Watch { voice, journal: Mutex::new(journal), trouble: Mutex::default(), interrupt }
    }

    /// Takes the bars away; the first failure of the journal, if there was one.
    pub fn ended(&self) -> Option<Diagnostic> {
        if let Voice::Terminal { progress, .. } = &self.voice {
            held(progress).clear();
        }
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
        if let Voice::Terminal { progress, json } = &self.voice {
            held(progress).aside(|| if *json { terminal::tell(text) } else { terminal::say(text) });
        }
        self.note(text);
    }

    fn warn(&self, warning: &str) {
        if let Voice::Terminal { progress, .. } = &self.voice {
            held(progress).aside(|| terminal::tell(&format!("warning: {warning}")));
        }
        self.note(&format!("warning: {warning}"));
    }

    fn caution(&self, warning: &Diagnostic) {
        if let Voice::Terminal { progress, .. } = &self.voice {
            held(progress).aside(|| terminal::caution(warning));
        }
        self.note(&format!("warning: {}", warning.line()));
    }

    fn progress(&self, what: &str, done: usize, total: usize, detail: &str) {
        let Voice::Terminal { progress, .. } = &self.voice else { return };
        let mut progress = held(progress);
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
