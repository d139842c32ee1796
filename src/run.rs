//! `run`, the main command, step by step: arguments, script, run folder, run, outputs, exit code.

use crate::args::RunArgs;
use crate::exit::Exit;
use crate::listener::Voice;
use crate::record::{Record, Status};
use crate::rehearsal::Stage;
use crate::request::request;
use crate::run_folder::{self, FolderState, RunFolder};
use crate::unfinished_run::UnfinishedRun;
use crate::{machine, rehearsal, report, run_script, signals, summary, terminal};
use sdflow::Interrupt;
use sdflow::pairwise::Ranks;
use sdflow_dsl::{Diagnostic, Listener, Prepared, Request};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Runs a script, or prints the stored results if the same run is finished. Large sums are shared
/// with the ranks.
///
/// # Errors
/// The run cannot start, or its outputs cannot be written.
pub fn run(args: &RunArgs, ranks: Option<Arc<Ranks>>) -> Result<Exit, Diagnostic> {
    let interrupt = Interrupt::default();
    let request = Request { ranks, ..request(&args.script, &interrupt)? };
    let prepared = sdflow_dsl::prepare(&request)?.keeping(args.time.pace());
    let path = args.out.clone().unwrap_or_else(|| default_folder(&args.script.script, prepared.identity()));
    let begun = Record::start(args.script.script.clone(), &prepared, args.script.quick);
    let (folder, goes_on) = match run_folder::open(&path, &begun, args.force)? {
        FolderState::Finished(record) => return report_stored_run(args, &record, &path),
        FolderState::Unfinished(folder, status) => {
            let goes_on = folder.has_checkpoints() || folder.has_cells();
            (report_earlier_run(status, folder), goes_on)
        }
        FolderState::New(folder) => (folder, false),
        FolderState::Busy => return Err(run_folder::busy(&path)),
    };
    let unfinished = UnfinishedRun { begun, folder: folder.path().into(), clock: Instant::now() };
    let mistake = find_mistake(args, &prepared, unfinished, goes_on)?;
    let folder = if goes_on || mistake.is_some() { folder } else { take_earlier(args, folder)? };
    signals::raise_on_ctrl_c(&interrupt);
    args.time.max_time.iter().for_each(|time| signals::end_after(&interrupt, *time));
    let voice = Voice::terminal(args.quiet, args.json, !args.no_report);
    let is_refused = mistake.is_some();
    let execute = |prepared: &Prepared, listener: Arc<dyn Listener>| match mistake {
        Some(mistake) => sdflow_dsl::refuse(prepared, listener, mistake),
        None => sdflow_dsl::execute(prepared, listener),
    };
    let ended = run_script::compute(prepared, folder, args.script.quick, interrupt, voice, execute)?;
    if !args.no_report {
        // A failure is only a warning, because the results are stored and the report can be written
        // again.
        report::write(&ended.record, &ended.path).err().iter().for_each(terminal::print_warning);
    }
    report_end(args, &ended.record, &ended.path)?;
    match (ended.record.exit(), ended.failure) {
        (Exit::Interrupted, _) => {
            let path = ended.path.display();
            let without = if args.force { " without `--force`" } else { "" };
            terminal::print_message(&format!("stopped; the same command{without} goes on from what is kept in {path}"))
        }
        (_, Some(failure)) => {
            terminal::print_error(&failure);
            if is_refused {
                terminal::print_message(
                    "found before the run: nothing was computed (`--no-check` runs without this check)",
                );
            }
        }
        _ => {}
    }
    Ok(ended.record.exit())
}

/// Returns the mistake that a dry run finds, unless the user does without it. A run that goes on
/// was checked when it began.
fn find_mistake(
    args: &RunArgs,
    prepared: &Prepared,
    unfinished: UnfinishedRun,
    goes_on: bool,
) -> Result<Option<Diagnostic>, Diagnostic> {
    let (json, quiet, interrupt) = (args.json, args.quiet, Interrupt::default());
    let stage = Stage { json, quiet, interrupt, unfinished: Some(unfinished) };
    match (args.no_check, goes_on) {
        (true, _) => Ok(None),
        (false, true) => rehearsal::check_memory(prepared, stage, 1).map(|()| None),
        (false, false) => rehearsal::rehearse(prepared, stage),
    }
}

/// Lets a new run in its default folder use the checkpoints of a run of an earlier version of the
/// script.
fn take_earlier(args: &RunArgs, folder: RunFolder) -> Result<RunFolder, Diagnostic> {
    if args.out.is_none()
        && !args.force
        && let Some(earlier) = folder.take_earlier(&args.script.script)?
    {
        let earlier = earlier.display();
        terminal::print_message(&format!(
            "calls go on from {earlier} if neither the script before them nor their data have changed"
        ));
    }
    Ok(folder)
}

/// Returns `runs/<script>-<identity>` below the current folder.
pub fn default_folder(script: &Path, identity: &str) -> PathBuf {
    let name = script.file_stem().unwrap_or_default().to_string_lossy();
    Path::new("runs").join(format!("{name}-{identity}"))
}

/// Prints what happens to an `earlier` run in `folder`.
fn report_earlier_run(earlier: Status, folder: RunFolder) -> RunFolder {
    let ended = match earlier {
        Status::Failed => "failed",
        Status::Stopped => "was stopped",
        Status::Running | Status::Done => "did not finish",
    };
    let next = match (folder.has_checkpoints(), folder.has_cells()) {
        (true, _) => "the run goes on from its checkpoints",
        (false, true) => "the run starts again, except for the finished cells of its sweeps",
        (false, false) => "the run starts again",
    };
    terminal::print_message(&format!("an earlier attempt at this run {ended}; {next}"));
    folder
}

/// Prints the stored results of a finished run.
fn report_stored_run(args: &RunArgs, record: &Record, folder: &Path) -> Result<Exit, Diagnostic> {
    if !args.quiet {
        let isa = &record.machine.isa;
        let with = if isa == machine::isa() { String::new() } else { format!(" with {isa}") };
        terminal::print_message(&format!(
            "this run is already finished{with}; these are its stored results (`--force` runs it again)"
        ));
        record.warnings.iter().for_each(|warning| terminal::print_message(&format!("warning: {warning}")));
    }
    let print = if args.json { terminal::print_message } else { terminal::print_result };
    record.prints.iter().for_each(|text| print(text));
    if record.prints_cut {
        let log = folder.join("log.txt");
        terminal::print_message(&format!(
            "the script printed more than is stored here; all of it is in {}",
            log.display()
        ));
    }
    report_end(args, record, folder)?;
    Ok(record.exit())
}

/// Prints the end of the run in `folder`.
fn report_end(args: &RunArgs, record: &Record, folder: &Path) -> Result<(), Diagnostic> {
    match (args.json, args.quiet) {
        (true, _) => terminal::print_json(record),
        (false, false) => terminal::print_result(summary::of(record, folder).trim_end()),
        (false, true) => {
            let failed = record.checks.iter().filter(|check| !check.pass);
            failed.for_each(|check| terminal::print_message(&summary::claim(check)));
        }
    }
    terminal::check_printed()
}
