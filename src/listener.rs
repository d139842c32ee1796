//! Reports of a run to the terminal and to the files of the run.

use crate::exit::Exit;
use crate::lock::lock;
use crate::progress::Progress;
use crate::run_files::RunFiles;
use crate::terminal;
use crate::unfinished_run::UnfinishedRun;
use sdflow::Interrupt;
use sdflow_dsl::{Diagnostic, Film, Listener, Outcome, goes_on};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

/// Shows a run on the terminal and writes it to its files. A file that cannot be written stops the
/// run.
#[derive(Debug)]
pub struct RunListener {
    voice: Voice,
    files: Mutex<RunFiles>,
    error: Mutex<Option<Diagnostic>>,
    interrupt: Interrupt,
    unfinished: UnfinishedRun,
}

/// The destination of the reports of a run, besides its files.
#[derive(Debug)]
pub enum Voice {
    /// The user; with `json` the script's prints go to standard error. With `filmed` the runs of
    /// flows are filmed for the report, and with `quiet` automatic choices are only in the log.
    Terminal { progress: Mutex<Progress>, json: bool, filmed: bool, quiet: bool },
    /// Nowhere else: log.txt contains all reports.
    Log,
}

impl Voice {
    /// Creates the voice of the terminal.
    pub fn terminal(quiet: bool, json: bool, filmed: bool) -> Voice {
        Voice::Terminal { progress: Mutex::new(Progress::new(quiet)), json, filmed, quiet }
    }
}

impl RunListener {
    /// Creates a listener that raises `interrupt` if a file cannot be written.
    pub fn new(voice: Voice, files: RunFiles, interrupt: Interrupt, unfinished: UnfinishedRun) -> RunListener {
        RunListener { voice, files: Mutex::new(files), error: Mutex::default(), interrupt, unfinished }
    }

    /// Removes the progress bars. Returns the first error of writing a file, if there was one.
    pub fn finish(&self) -> Option<Diagnostic> {
        if let Voice::Terminal { progress, .. } = &self.voice {
            lock(progress).clear();
        }
        lock(&self.error).take()
    }

    /// Prints a line if no work has reported progress for a while.
    pub fn wait(&self) {
        let Voice::Terminal { progress, .. } = &self.voice else { return };
        let mut progress = lock(progress);
        if let Some(line) = progress.wait(Instant::now()) {
            progress.without_bars(|| terminal::print_message(&line));
            self.log(&line);
        }
    }

    /// Writes `text` to the log only.
    pub fn log(&self, text: &str) {
        self.check_written(lock(&self.files).note(text));
    }

    fn check_written(&self, written: Result<(), Diagnostic>) {
        if let Err(error) = written {
            lock(&self.error).get_or_insert(error);
            self.interrupt.raise();
        }
    }
}

impl Listener for RunListener {
    fn print(&self, text: &str) {
        if let Voice::Terminal { progress, json, .. } = &self.voice {
            lock(progress)
                .without_bars(|| if *json { terminal::print_message(text) } else { terminal::print_result(text) });
        }
        self.log(text);
    }

    fn note(&self, note: &str) {
        match self.voice {
            Voice::Terminal { quiet: false, .. } => self.print(note),
            _ => self.log(note),
        }
    }

    fn warn(&self, warning: &str) {
        if let Voice::Terminal { progress, .. } = &self.voice {
            lock(progress).without_bars(|| terminal::print_message(&format!("warning: {warning}")));
        }
        self.log(&format!("warning: {warning}"));
    }

    fn caution(&self, warning: &Diagnostic) {
        if let Voice::Terminal { progress, .. } = &self.voice {
            lock(progress).without_bars(|| terminal::print_warning(warning));
        }
        self.log(&format!("warning: {}", warning.line()));
    }

    fn resumed(&self, what: &str, step: usize) {
        let line = goes_on(what, step);
        if let Voice::Terminal { progress, .. } = &self.voice {
            lock(progress).without_bars(|| terminal::print_message(&line));
        }
        self.log(&line);
    }

    fn progress(&self, what: &str, done: usize, total: usize, detail: &str) {
        let Voice::Terminal { progress, .. } = &self.voice else { return };
        let mut progress = lock(progress);
        if let Some(line) = progress.tick(what, done, total, detail, Instant::now()) {
            progress.without_bars(|| terminal::print_message(&line));
            self.log(&line);
        }
    }

    fn row(&self, row: &BTreeMap<String, f64>) {
        self.check_written(lock(&self.files).row(row));
    }

    /// A run that has a report is filmed.
    fn wants_film(&self) -> bool {
        matches!(self.voice, Voice::Terminal { filmed: true, .. })
    }

    fn film(&self, film: &Film) {
        if let Some(json) = film.json() {
            self.check_written(lock(&self.files).film(&json));
        }
    }

    /// Stores and reports the outcome, and ends the process: the script cannot be ended otherwise.
    fn abandon(&self, outcome: Outcome) {
        self.finish();
        let exit = Exit::of_outcome(&outcome);
        if exit == Exit::Interrupted {
            terminal::print_message(
                "stopped; the same command without `--force` goes on from what is kept in its folder",
            );
        } else if let Some(failure) = &outcome.failure {
            self.log(&format!("error: {}", failure.message));
            terminal::print_error(failure);
        }
        match self.unfinished.store(&outcome) {
            Ok(record) if matches!(self.voice, Voice::Terminal { json: true, .. }) => terminal::print_json(&record),
            Ok(_) => {}
            Err(error) => terminal::print_error(&error),
        }
        std::process::exit(exit.code().into());
    }
}
