//! One run of a script in its folder, the same for `run` and for a cell of `sweep`.

use crate::folder::Folder;
use crate::journal::Journal;
use crate::machine;
use crate::record::Record;
use crate::watch::{Voice, Watch};
use sdflow::Interrupt;
use sdflow_dsl::{Diagnostic, Listener, Outcome, Prepared};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// How a script is executed: [`sdflow_dsl::execute`], or on a thread that is made for it.
pub type Execute = fn(&Prepared, Arc<dyn Listener>) -> Outcome;

/// A run that came to its end, whatever that was.
#[derive(Debug)]
pub struct Ended {
    pub record: Record,
    /// Where its results are.
    pub path: PathBuf,
    /// What ended it early, or kept its results from being stored.
    pub failure: Option<Diagnostic>,
}

/// Computes `prepared` in `folder` and stores the record; `interrupt` stops it, `voice` tells what happens. Results that
/// cannot be stored are in the record all the same.
///
/// # Errors
/// The folder cannot be written at the beginning.
pub fn computed(
    prepared: Prepared,
    folder: Folder,
    quick: bool,
    interrupt: Interrupt,
    voice: Voice,
    execute: Execute,
) -> Result<Ended, Diagnostic> {
    let begun = Record::begun(prepared.script().into(), &prepared, quick);
    folder.write_record(&begun)?;
    folder.write("script.rhai", &prepared.text())?;
    let clock = Instant::now();
    let journal = Journal::begun(folder.path())?;
    let prepared = prepared.in_folder(folder.path()).stopped_by(interrupt.clone());
    let watch = Watch::new(voice, journal, interrupt);
    let outcome = watched(&prepared, watch, machine::replaced(machine::asked()?), execute);
    let mut record = begun.ended(&outcome, clock.elapsed());
    let path = folder.path().to_path_buf();
    match folder.kept(&record) {
        Ok(path) => Ok(Ended { record, path, failure: outcome.failure }),
        Err(trouble) => {
            record.fail(&trouble);
            Ok(Ended { record, path, failure: Some(trouble) })
        }
    }
}

/// Executes the script under watch. A journal that could not be written is its failure.
fn watched(prepared: &Prepared, watch: Watch, replaced: Option<String>, execute: Execute) -> Outcome {
    let watch = Arc::new(watch);
    let unused = prepared.unused_params().into_iter().map(unused);
    let early: Vec<String> = replaced.into_iter().chain(unused).collect();
    early.iter().for_each(|warning| watch.warn(warning));
    let mut outcome = execute(prepared, watch.clone());
    outcome.warnings.splice(0..0, early);
    if let Some(failure) = &outcome.failure {
        watch.note(&format!("error: {}", failure.message));
    }
    if let Some(trouble) = watch.ended() {
        outcome.failure = Some(trouble);
    }
    outcome
}

fn unused((name, near): (String, Option<String>)) -> String {
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("the script has no parameter `{name}`{near}")
}
