//! `runs`: the runs in a folder, as a table or as a page.

use crate::args::RunsArgs;
use crate::exit::Exit;
use crate::progress::duration;
use crate::record::Record;
use crate::record::read::is_sweep;
use crate::report::document::{Document, badge, escaped, table};
use crate::report::page;
use crate::run_folder::{self, RECORD, REPORT, cannot_write};
use crate::summary::setting;
use crate::{diagnostics, terminal};
use sdflow::number::{counted, number};
use sdflow::table::{Cell, Table};
use sdflow_dsl::{Diagnostic, Param};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A run that was found.
struct FoundRun {
    folder: PathBuf,
    record: Record,
    /// Seconds since its record was written.
    age: f64,
}

/// Lists the runs in a folder.
///
/// # Errors
/// There is no such folder, no run has the metric to sort by, or the page cannot be written.
pub fn runs(args: &RunsArgs) -> Result<Exit, Diagnostic> {
    let (mut found, unreadable) = find(&args.folder)?;
    let names_script = |run: &FoundRun| args.script.as_ref().is_none_or(|text| run.record.name().contains(text));
    let ended_so = |run: &FoundRun| args.status.as_ref().is_none_or(|word| *word == status_word(run));
    found.retain(|run| names_script(run) && ended_so(run));
    sort(&mut found, &args.sort)?;
    for record in &unreadable {
        terminal::print_message(&format!("{} is left out: it cannot be read", record.display()));
    }
    if let Some(path) = &args.html {
        run_folder::replace(path, &html(&found, path)).map_err(|e| cannot_write(path, &e))?;
        terminal::print_message(&format!("{} in {}", counted(found.len(), "run"), path.display()));
    } else if args.json {
        terminal::print_json(&found.iter().map(as_json).collect::<Vec<_>>());
    } else if found.is_empty() {
        terminal::print_message(&format!("there are no such runs in {}", args.folder.display()));
    } else {
        terminal::print_result(text(&found).trim_end());
    }
    terminal::check_printed().map(|()| Exit::Done)
}

/// Returns the runs in `folder`, and the records that cannot be read.
fn find(folder: &Path) -> Result<(Vec<FoundRun>, Vec<PathBuf>), Diagnostic> {
    if is_sweep(folder) {
        let [table, page] = ["table.csv", REPORT].map(|name| folder.join(name).display().to_string());
        let hint = format!("its cells stand in {table} and {page}");
        return Err(diagnostics::data(format!("{} is the folder of a sweep", folder.display()), Some(&hint)));
    }
    if folder.join(RECORD).exists() {
        let hint = "give the folder that holds the folders of runs, such as `runs`";
        return Err(diagnostics::data(format!("{} is the folder of one run", folder.display()), Some(hint)));
    }
    let hint = "runs are stored in `runs` below the folder in which the command was typed";
    let refused = |e| diagnostics::data(format!("cannot read the folder {}: {e}", folder.display()), Some(hint));
    let mut folders: Vec<PathBuf> = fs::read_dir(folder).map_err(refused)?.flatten().map(|e| e.path()).collect();
    folders.sort();
    let (mut found, mut unreadable) = (Vec::new(), Vec::new());
    // Files, and folders without a record, are no runs.
    for path in folders.into_iter().filter(|path| path.join(RECORD).exists() && !is_sweep(path)) {
        let written = fs::metadata(path.join(RECORD)).and_then(|file| file.modified());
        match (run_folder::read_record(&path), written) {
            (Ok(Some(record)), Ok(written)) => {
                let age = SystemTime::now().duration_since(written).map_or(0.0, |age| age.as_secs_f64());
                found.push(FoundRun { folder: path, record, age });
            }
            (Ok(None), _) => {}
            _ => unreadable.push(path.join(RECORD)),
        }
    }
    Ok((found, unreadable))
}

fn sort(found: &mut [FoundRun], column: &str) -> Result<(), Diagnostic> {
    let value = |run: &FoundRun| run.record.metrics.get(column).and_then(|metric| metric.value);
    match column {
        "age" => found.sort_by(|a, b| a.age.total_cmp(&b.age)),
        "script" => found.sort_by_key(|run| run.record.name()),
        "time" => found.sort_by(|a, b| b.record.wall_s.total_cmp(&a.record.wall_s)),
        _ if found.iter().any(|run| value(run).is_some()) => {
            let last = |run: &FoundRun| value(run).unwrap_or(f64::INFINITY);
            found.sort_by(|a, b| last(a).total_cmp(&last(b)));
        }
        _ => {
            let known = found.iter().flat_map(|run| run.record.metrics.keys().map(String::as_str));
            let near = sdflow::nearest(column, ["age", "script", "time"].into_iter().chain(known));
            let hint =
                near.map_or("sort by age, script, time, or a metric".into(), |near| format!("did you mean `{near}`?"));
            return Err(diagnostics::usage(format!("no run here has the metric `{column}`"), &hint));
        }
    }
    Ok(())
}

/// Returns how a run ended, in a word of `--status`.
fn status_word(run: &FoundRun) -> &'static str {
    match page::status(&run.record).0 {
        "a check failed" => "check",
        other => other,
    }
}

/// Returns the parameters that do not have the value of the script, and the seed.
fn settings(record: &Record) -> String {
    let given = record.params.iter().filter(|(_, param)| param.origin != "script");
    let told = |(name, param): (&String, &Param)| match param.origin.as_str() {
        "command line" => format!("{name} = {}", param.value),
        _ => setting(name, param),
    };
    let mut settings: Vec<String> = given.map(told).collect();
    settings.extend((record.seed != 0).then(|| format!("seed = {}", record.seed)));
    settings.extend(record.quick.then(|| "--quick".to_string()));
    settings.join(", ")
}

/// Returns the first metrics with their noise floors.
fn metrics(record: &Record) -> String {
    let told = record.metrics.iter().filter_map(|(name, metric)| {
        let floor = metric.floor.map_or_else(String::new, |floor| format!(" (floor {})", number(floor)));
        Some(format!("{name} {}{floor}", number(metric.value?)))
    });
    let more = if record.metrics.len() > 2 { ", .." } else { "" };
    told.take(2).collect::<Vec<_>>().join(", ") + more
}

/// Returns an age in the largest suitable unit.
fn age(seconds: f64) -> String {
    match seconds {
        s if s < 60.0 => format!("{s:.0} s"),
        s if s < 3600.0 => format!("{:.0} min", s / 60.0),
        s if s < 2.0 * 86400.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} days", s / 86400.0),
    }
}

fn cells(run: &FoundRun) -> [(&'static str, String); 7] {
    let record = &run.record;
    [
        ("folder", run.folder.display().to_string()),
        ("script", record.name()),
        ("ended", page::status(record).0.into()),
        ("age", age(run.age)),
        ("took", duration(record.wall_s)),
        ("settings", settings(record)),
        ("metrics", metrics(record)),
    ]
}

fn text(found: &[FoundRun]) -> String {
    let mut table = Table::default();
    for run in found {
        table.push(cells(run).map(|(name, text)| (name, Cell::Text(text))));
    }
    table.text()
}

fn as_json(run: &FoundRun) -> Value {
    let record = &run.record;
    json!({
        "folder": run.folder, "script": record.script, "status": record.status, "passed": page::status(record).1,
        "age_s": run.age, "wall_s": record.wall_s, "seed": record.seed, "quick": record.quick,
        "params": record.params, "metrics": record.metrics,
    })
}

/// Returns the page, which will stand at `path`.
fn html(found: &[FoundRun], path: &Path) -> String {
    let home = path.parent().filter(|home| !home.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let home = home.canonicalize().unwrap_or_default();
    let row = |run: &FoundRun| {
        let mut row: Vec<String> = cells(run).iter().map(|(_, text)| escaped(text)).collect();
        let (word, good) = page::status(&run.record);
        row[2] = badge(word, good);
        let report = run.folder.join(REPORT);
        if let Ok(real) = report.canonicalize() {
            let shown = real.strip_prefix(&home).map_or_else(|_| real.clone(), Path::to_path_buf);
            row[0] = format!("<a href=\"{}\">{}</a>", address(&shown), row[0]);
        }
        row
    };
    let mut page = Document::of((&[], 0), &Default::default(), &[]);
    let header = ["folder", "script", "ended", "age", "took", "settings", "metrics"];
    page.section("Runs", table(&header, found.iter().map(row)));
    page.html("sdflow", None)
}

/// Returns a path as an address in a page.
fn address(path: &Path) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let letter = |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    path.to_string_lossy().bytes().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_addresses() {
        assert_eq!([5.0, 120.0, 7200.0, 400000.0].map(age), ["5 s", "2 min", "2 h", "5 days"]);
        assert_eq!(address(Path::new("a b/ü%.html")), "a%20b/%C3%BC%25.html");
    }
}
