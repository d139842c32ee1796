//! The main path: arguments, script, run folder, run, outputs, exit code.

use crate::args::RunArgs;
use crate::exit::Exit;
use crate::folder::{self, Folder, Found};
use crate::journal::Journal;
use crate::progress::Progress;
use crate::record::{Record, Status};
use crate::request::request;
use crate::watch::Watch;
use crate::{guard, machine, summary, terminal};
use sdflow::Interrupt;
use sdflow_dsl::{Diagnostic, Listener, Outcome, Prepared};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Runs a script, or answers from its finished run.
///
/// # Errors
/// What kept the run from beginning, or its outputs from being written.
pub fn run(args: &RunArgs) -> Result<Exit, Diagnostic> {
    let interrupt = Interrupt::default();
    let prepared = sdflow_dsl::prepare(&request(&args.script, &interrupt)?)?;
    let path = args.out.clone().unwrap_or_else(|| default_folder(&args.script.script, prepared.identity()));
    let folder = match folder::open(&path, prepared.identity(), args.force)? {
        Found::Finished(record) => return answer(args, &record, &path),
        Found::Unfinished(folder, status) => said(anew(status), folder),
        Found::New(folder) => folder,
    };
    let script = args.script.script.clone();
    let begun = Record::begun(script, &prepared, args.script.quick);
    folder.write_record(&begun)?;
    folder.write("script.rhai", &prepared.text())?;
    let clock = Instant::now();
    let outcome = executed(prepared.in_folder(folder.path()), folder.path(), args, interrupt)?;
    let record = begun.ended(&outcome, clock.elapsed());
    finished(args, folder, record, outcome.failure)
}

/// Puts the record where it belongs and tells it. Results that cannot be stored are told all the same.
fn finished(
    args: &RunArgs,
    folder: Folder,
    mut record: Record,
    failure: Option<Diagnostic>,
) -> Result<Exit, Diagnostic> {
    let path = folder.path().to_path_buf();
    let (path, failure) = match folder.kept(&record) {
        Ok(path) => (path, failure),
        Err(trouble) => {
            record.fail(&trouble);
            (path, Some(trouble))
        }
    };
    report(args, &record, &path)?;
    match (record.exit(), failure) {
        (Exit::Interrupted, _) => terminal::tell(&format!("stopped; what exists is in {}", path.display())),
        (_, Some(failure)) => terminal::complain(&failure),
        _ => {}
    }
    Ok(record.exit())
}

/// `runs/<script>-<identity>` below the current folder.
fn default_folder(script: &Path, identity: &str) -> PathBuf {
    let name = script.file_stem().unwrap_or_default().to_string_lossy();
    Path::new("runs").join(format!("{name}-{identity}"))
}

fn anew(earlier: Status) -> &'static str {
    match earlier {
        Status::Failed => "an earlier run of this failed; it is computed anew",
        Status::Stopped => "an earlier run of this was stopped; it is computed anew",
        Status::Running | Status::Done => "an earlier run of this was cut off; it is computed anew",
    }
}

fn said(line: &str, folder: Folder) -> Folder {
    terminal::tell(line);
    folder
}

/// Executes the script under watch. A journal that could not be written is its failure.
fn executed(prepared: Prepared, folder: &Path, args: &RunArgs, interrupt: Interrupt) -> Result<Outcome, Diagnostic> {
    let journal = Journal::begun(folder)?;
    guard::on_ctrl_c(&interrupt);
    let watch = Arc::new(Watch::new(Progress::new(args.quiet), journal, interrupt, args.json));
    let unused = prepared.unused_params().into_iter().map(unused);
    let early: Vec<String> = machine::replaced(machine::asked()?).into_iter().chain(unused).collect();
    early.iter().for_each(|warning| watch.warn(warning));
    let mut outcome = sdflow_dsl::execute(&prepared, watch.clone());
    outcome.warnings.splice(0..0, early);
    if let Some(failure) = &outcome.failure {
        watch.note(&format!("error: {}", failure.message));
    }
    if let Some(trouble) = watch.ended() {
        outcome.failure = Some(trouble);
    }
    Ok(outcome)
}

fn unused((name, near): (String, Option<String>)) -> String {
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("the script has no parameter `{name}`{near}")
}

/// Prints the stored results of a finished run.
fn answer(args: &RunArgs, record: &Record, folder: &Path) -> Result<Exit, Diagnostic> {
    if !args.quiet {
        let isa = &record.machine.isa;
        let with = if isa == machine::isa() { String::new() } else { format!(" with {isa}") };
        terminal::tell(&format!(
            "this run is finished already{with}; here is what it gave (`--force` computes it anew)"
        ));
        record.warnings.iter().for_each(|warning| terminal::tell(&format!("warning: {warning}")));
    }
    report(args, record, folder)?;
    Ok(record.exit())
}

/// Tells how the run in `folder` ended.
fn report(args: &RunArgs, record: &Record, folder: &Path) -> Result<(), Diagnostic> {
    match (args.json, args.quiet) {
        (true, _) => terminal::say_json(record),
        (false, false) => terminal::say(summary::of(record, folder).trim_end()),
        (false, true) => {
            let failed = record.checks.iter().filter(|check| !check.pass);
            failed.for_each(|check| terminal::tell(&summary::claim(check)));
        }
    }
    terminal::flushed()
}
