//! One run of a script in its folder, as in `run` and in each cell of `sweep`.

use crate::every_second::EverySecond;
use crate::listener::{RunListener, Voice};
use crate::machine;
use crate::record::Record;
use crate::run_files::RunFiles;
use crate::run_folder::{RunFolder, write_record};
use crate::unfinished_run::UnfinishedRun;
use sdflow::Interrupt;
use sdflow_dsl::{Diagnostic, Listener, Outcome, Prepared};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// A run that has ended.
#[derive(Debug)]
pub struct FinishedRun {
    pub record: Record,
    /// The folder of its results.
    pub path: PathBuf,
    /// The error that ended the run early, or that prevented its results from being stored.
    pub failure: Option<Diagnostic>,
}

/// Runs `prepared` in `folder` and stores the record. `interrupt` stops the run, `voice` receives
/// its reports, and `execute` executes the script. The returned record is complete even if it could
/// not be stored.
///
/// # Errors
/// The folder cannot be written when the run begins.
pub fn compute(
    prepared: Prepared,
    folder: RunFolder,
    quick: bool,
    interrupt: Interrupt,
    voice: Voice,
    execute: impl FnOnce(&Prepared, Arc<dyn Listener>) -> Outcome,
) -> Result<FinishedRun, Diagnostic> {
    let begun = Record::start(prepared.script().into(), &prepared, quick);
    write_record(folder.path(), &begun)?;
    folder.write("script.rhai", &prepared.text())?;
    let clock = Instant::now();
    let files = RunFiles::create(folder.path())?;
    let prepared = prepared.in_folder(folder.path()).stopped_by(interrupt.clone());
    let unfinished = UnfinishedRun { begun: begun.clone(), folder: folder.path().into(), clock };
    let listener = RunListener::new(voice, files, interrupt, unfinished);
    let outcome =
        execute_with_listener(&prepared, listener, machine::replacement_warning(machine::requested_isa()?), execute);
    let mut record = begun.finish(&outcome, clock.elapsed());
    record.work.pairs_of_others = prepared.ranks().map(|ranks| ranks.pairs_of_others()).unwrap_or_default();
    let path = folder.path().to_path_buf();
    match folder.finish(&record) {
        Ok(path) => Ok(FinishedRun { record, path, failure: outcome.failure }),
        Err(error) => {
            record.fail(&error);
            Ok(FinishedRun { record, path, failure: Some(error) })
        }
    }
}

/// Executes the script. The outcome is a failure if a file of the run could not be written.
fn execute_with_listener(
    prepared: &Prepared,
    listener: RunListener,
    replaced: Option<String>,
    execute: impl FnOnce(&Prepared, Arc<dyn Listener>) -> Outcome,
) -> Outcome {
    let listener = Arc::new(listener);
    replaced.iter().for_each(|warning| listener.warn(warning));
    let told = listener.clone();
    let waiting = EverySecond::act(move || told.wait());
    let mut outcome = execute(prepared, listener.clone());
    drop(waiting);
    outcome.warnings.splice(0..0, replaced);
    if let Some(failure) = &outcome.failure {
        listener.log(&format!("error: {}", failure.message));
    }
    if let Some(error) = listener.finish() {
        outcome.failure = Some(error);
    }
    outcome
}
