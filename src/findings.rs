//! `findings`: the conclusions of many runs in one Markdown document. Runs that differ in the seed
//! share a section.

mod merged;
mod source;
mod tables;

use crate::args::FindingsArgs;
use crate::exit::Exit;
use crate::record::{CheckRecord, Record, Status, read};
use crate::{diagnostics, run_folder, terminal};
use merged::merged;
use sdflow::number::counted;
use sdflow_dsl::Diagnostic;
use sdflow_dsl::cells::Places;
use source::Run;
use std::collections::BTreeSet;
use std::path::Path;

const HEAD: &str = "# Findings

`sdflow-engine findings` writes this file from the folders of the runs. Each paragraph and each table was built by a script from the numbers
that its run measured. Where a script was run with several seeds, a number that depends on the seed is given as its mean ± its standard
deviation over the seeds. For one seed, ± stands before the standard error of a value. The command in a section repeats it.
";

/// A run with a conclusion, or the reason why it has none.
type Found = Result<Run, Diagnostic>;

/// Writes the conclusions of the runs to a file or to standard output, in the order in which the
/// scripts first occur in the arguments. Sweeps, and finished runs whose script has no `conclude`,
/// are skipped with a warning.
///
/// # Errors
/// A folder is not a run folder; no run has a conclusion; the file cannot be written.
pub fn findings(args: &FindingsArgs) -> Result<Exit, Diagnostic> {
    let all: Result<Vec<Found>, Diagnostic> = args.runs.iter().map(|run| find(run)).collect();
    let (found, skipped): (Vec<Found>, Vec<Found>) = all?.into_iter().partition(Result::is_ok);
    let found: Vec<Run> = found.into_iter().flatten().collect();
    for reason in skipped.into_iter().filter_map(Result::err) {
        if found.is_empty() {
            return Err(reason);
        }
        terminal::print_warning(&Diagnostic { message: format!("{}; it is skipped", reason.message), ..reason });
    }
    let count = found.len();
    let sections: Vec<String> = by_script(found).iter().map(|runs| section(runs)).collect();
    let text = format!("{HEAD}\n{}", sections.join("\n"));
    match &args.output {
        Some(path) => {
            run_folder::replace(path, &text).map_err(|e| {
                let hint = "choose a file that you can write with `-o`";
                diagnostics::data(format!("cannot write {}: {e}", path.display()), Some(hint))
            })?;
            terminal::print_message(&format!("{} in {}", counted(count, "run"), path.display()));
        }
        None => terminal::print_result(text.trim_end()),
    }
    terminal::check_printed().map(|()| Exit::Done)
}

/// Returns the run in the folder at `path`.
///
/// # Errors
/// The folder is not that of a run.
fn find(path: &Path) -> Result<Found, Diagnostic> {
    let of_sweep = "give the folders of its cells, or run the script without `sweep`";
    if read::is_sweep(path) {
        return Ok(Err(read::no_record(path, of_sweep)));
    }
    let record = read::read_record(path, of_sweep)?;
    if record.conclusion.is_none() && record.status == Status::Done {
        return Ok(Err(no_conclusion(path, &record)));
    }
    Ok(Ok(Run { folder: path.to_path_buf(), record }))
}

/// Returns the runs in groups that differ in the seed only, ordered by seed. An unfinished run has
/// a group of its own, and so has a repetition of a run, for instance on another machine.
fn by_script(runs: Vec<Run>) -> Vec<Vec<Run>> {
    let mut groups: Places<Vec<Vec<Run>>> = Places::default();
    for run in runs {
        let key = match run.record.status {
            Status::Done => run.origin(),
            _ => run.folder.display().to_string(),
        };
        let same = groups.at(key, Vec::new);
        match same.iter_mut().find(|group| group.iter().all(|other| other.record.seed != run.record.seed)) {
            Some(group) => group.push(run),
            None => same.push(vec![run]),
        }
    }
    let mut groups: Vec<Vec<Run>> = groups.into_vec().into_iter().flatten().collect();
    groups.iter_mut().for_each(|runs| runs.sort_by_key(|run| run.record.seed));
    groups
}

/// Returns the section of runs that differ in the seed only: heading, paragraphs, command, tables.
fn section(runs: &[Run]) -> String {
    let record = &runs[0].record;
    let mut parts = vec![format!("## {}", record.name())];
    if record.status != Status::Done {
        parts.push(why_unfinished(record));
    }
    parts.extend(paragraphs(runs));
    parts.push(origin(runs));
    parts.extend(tables::of_runs(runs));
    parts.join("\n\n") + "\n"
}

/// Returns the conclusions. Those of runs whose conclusions have the same words are one paragraph.
fn paragraphs(runs: &[Run]) -> Vec<String> {
    let conclusions: Vec<(u64, &str)> =
        runs.iter().filter_map(|run| Some((run.record.seed, run.record.conclusion.as_deref()?))).collect();
    let mut groups: Vec<Vec<(u64, &str)>> = Vec::new();
    for (seed, text) in conclusions {
        match groups.iter_mut().find(|group| merged(&[group[0].1, text]).is_some()) {
            Some(group) => group.push((seed, text)),
            None => groups.push(vec![(seed, text)]),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let is_one = groups.len() == 1;
    let paragraph = |group: Vec<(u64, &str)>| {
        let (seeds, texts): (Vec<u64>, Vec<&str>) = group.into_iter().unzip();
        let text = merged(&texts)?;
        Some(if is_one { text } else { format!("With {}: {text}", seeds_in_words(&seeds)) })
    };
    groups.into_iter().filter_map(paragraph).collect()
}

/// Returns `seed 3`, `seeds 1 and 3` or `seeds 0 to 9`.
fn seeds_in_words(seeds: &[u64]) -> String {
    match seeds {
        [seed] => format!("seed {seed}"),
        [first, .., last] if seeds.len() > 2 && seeds.array_windows().all(|[a, b]| a + 1 == *b) => {
            format!("seeds {first} to {last}")
        }
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(u64::to_string).collect();
            format!("seeds {} and {last}", first.join(", "))
        }
        [] => String::new(),
    }
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

/// Returns the line with command, version, instruction sets and checks.
fn origin(runs: &[Run]) -> String {
    let record = &runs[0].record;
    let seeds: Vec<u64> = runs.iter().map(|run| run.record.seed).collect();
    let command = match runs {
        [_] => record.command(),
        _ => record.command_of_seeds("--seed N"),
    };
    let with = if runs.len() > 1 { format!(" with {}", seeds_in_words(&seeds)) } else { String::new() };
    let distinct = |part: fn(&Record) -> &str| {
        let mut found: Vec<&str> = runs.iter().map(|run| part(&run.record)).collect();
        found.sort_unstable();
        found.dedup();
        found.join(", ")
    };
    let (version, isa) = (distinct(|record| &record.engine.version), distinct(|record| &record.machine.isa));
    let quick = match record.quick {
        true => " `--quick` caps points and steps: these are not the numbers of the full run.",
        false => "",
    };
    format!("`{command}`{with} (version {version}, {isa}): {}.{quick}", checks(runs))
}

/// Says how many of all checks held, and with how many seeds each of the others failed.
fn checks(runs: &[Run]) -> String {
    let all: Vec<&CheckRecord> = runs.iter().flat_map(|run| &run.record.checks).collect();
    let held = all.iter().filter(|check| check.pass).count();
    let mut names: Vec<&str> = all.iter().filter(|check| !check.pass).map(|check| check.name.as_str()).collect();
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    let failed = |name: &&str| {
        let of_run = |run: &Run| -> Vec<bool> {
            run.record.checks.iter().filter(|check| check.name == *name).map(|check| check.pass).collect()
        };
        let found: Vec<Vec<bool>> = runs.iter().map(of_run).filter(|passes| !passes.is_empty()).collect();
        let times = found.iter().filter(|passes| passes.contains(&false)).count();
        match runs.len() {
            1 => format!("\"{name}\""),
            _ => format!("\"{name}\" (with {times} of {} seeds)", found.len()),
        }
    };
    match all.len() {
        0 => "no checks".into(),
        all if names.is_empty() => format!("{all} of {all} checks held"),
        all => {
            format!("{held} of {all} checks held; failed: {}", names.iter().map(failed).collect::<Vec<_>>().join(", "))
        }
    }
}
