//! `findings`: the conclusions of many runs in one Markdown document, with a paragraph for each
//! run.

use crate::args::FindingsArgs;
use crate::exit::Exit;
use crate::record::{Record, Status, read};
use crate::{diagnostics, run_folder, terminal};
use sdflow_dsl::Diagnostic;
use std::path::Path;

const HEAD: &str = "# Findings

`sdflow-engine findings` writes this file from the folders of the runs. Each paragraph was built by a script from the numbers that its run
measured. The command below a paragraph repeats the run.
";

/// The section of a run in the document, or the reason why the run has no section.
type Section = Result<String, Diagnostic>;

/// Writes the conclusions of the runs, in the order of the arguments, to a file or to standard
/// output. Sweeps, and finished runs whose script has no `conclude`, are skipped with a warning.
///
/// # Errors
/// A folder is not a run folder; no run has a conclusion; the file cannot be written.
pub fn findings(args: &FindingsArgs) -> Result<Exit, Diagnostic> {
    let all: Result<Vec<Section>, Diagnostic> = args.runs.iter().map(|run| section(run)).collect();
    let (found, skipped): (Vec<Section>, Vec<Section>) = all?.into_iter().partition(Section::is_ok);
    let sections: Vec<String> = found.into_iter().flatten().collect();
    for reason in skipped.into_iter().filter_map(Section::err) {
        if sections.is_empty() {
            return Err(reason);
        }
        terminal::print_warning(&Diagnostic { message: format!("{}; it is skipped", reason.message), ..reason });
    }
    let text = format!("{HEAD}\n{}", sections.join("\n"));
    match &args.output {
        Some(path) => {
            run_folder::replace(path, &text).map_err(|e| {
                let hint = "choose a file that you can write with `-o`";
                diagnostics::data(format!("cannot write {}: {e}", path.display()), Some(hint))
            })?;
            let runs = if sections.len() == 1 { "1 run".into() } else { format!("{} runs", sections.len()) };
            terminal::print_message(&format!("{runs} in {}", path.display()));
        }
        None => terminal::print_result(text.trim_end()),
    }
    terminal::check_printed().map(|()| Exit::Done)
}

/// Returns the section of the run in the folder at `path`: heading, paragraph, command.
///
/// # Errors
/// The folder is not that of a run.
fn section(path: &Path) -> Result<Section, Diagnostic> {
    let of_sweep = "give the folders of its cells, or run the script without `sweep`";
    if read::is_sweep(path) {
        return Ok(Err(read::no_record(path, of_sweep)));
    }
    let record = read::read_record(path, of_sweep)?;
    let found = match (&record.conclusion, record.status) {
        (Some(conclusion), Status::Done) => conclusion.clone(),
        (None, Status::Done) => return Ok(Err(no_conclusion(path, &record))),
        (conclusion, _) => {
            let paragraphs = [Some(why_unfinished(&record)), conclusion.clone()];
            paragraphs.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
        }
    };
    Ok(Ok(format!("## {}\n\n{found}\n\n{}\n", record.name(), origin(&record))))
}

fn no_conclusion(path: &Path, record: &Record) -> Diagnostic {
    let script = record.script.display();
    let hint = format!(
        "add `conclude(..)` at the end of {script} and run the script again; `sdflow-engine doc conclude` explains the function"
    );
    diagnostics::data(format!("{} has no conclusion", path.join("run.json").display()), Some(&hint))
}

/// Says why a run has no result.
fn why_unfinished(record: &Record) -> String {
    let cause = record.error.as_ref().map(|failure| format!(": {}", failure.message)).unwrap_or_default();
    match record.status {
        Status::Failed => format!("**This run failed**{cause}."),
        Status::Stopped => "**This run is unfinished**: it was stopped.".into(),
        Status::Running | Status::Done => "**This run is unfinished**: it is still running, or was killed.".into(),
    }
}

/// Returns the line with command, version, instruction set and checks.
fn origin(record: &Record) -> String {
    let failed: Vec<String> = record.checks.iter().filter(|c| !c.pass).map(|c| format!("\"{}\"", c.name)).collect();
    let (all, missed) = (record.checks.len(), failed.len());
    let checks = match (all, missed) {
        (0, _) => "no checks".into(),
        (_, 0) => format!("{all} of {all} checks held"),
        _ => format!("{} of {all} checks held; failed: {}", all - missed, failed.join(", ")),
    };
    let quick = match record.quick {
        true => " `--quick` caps points and steps: these are not the numbers of the full run.",
        false => "",
    };
    let (version, isa) = (&record.engine.version, &record.machine.isa);
    format!("`{}` (version {version}, {isa}): {checks}.{quick}", record.command())
}
