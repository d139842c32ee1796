//! `check`: finds mistakes in a script and estimates the cost of a run.

use crate::allocator::METER;
use crate::args::CheckArgs;
use crate::error_json::{ErrorJson, RefusalJson};
use crate::every_second::EverySecond;
use crate::exit::Exit;
use crate::progress::duration;
use crate::request::request;
use crate::{summary, terminal};
use sdflow::Interrupt;
use sdflow_dsl::{CheckReport, Cost, Diagnostic, Listener, Outcome, Param, Work};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Prints the mistakes in a script, or the cost and the files of a run.
///
/// # Errors
/// Arguments contradict each other, or writing fails.
pub fn check(args: &CheckArgs) -> Result<Exit, Diagnostic> {
    let listener: Arc<dyn Listener> = Arc::new(Prints { json: args.json });
    let request = request(&args.script, &Interrupt::default())?;
    let (begun, told) = (Instant::now(), AtomicU64::new(0));
    let waiting = EverySecond::act(move || {
        let tens = begun.elapsed().as_secs() / 10;
        if told.fetch_max(tens, Ordering::Relaxed) < tens {
            terminal::print_message(&format!("checking, {} so far", duration(begun.elapsed().as_secs_f64())));
        }
    });
    let report = sdflow_dsl::check(&request, &listener, Some(&METER));
    drop(waiting);
    report.warnings.iter().chain(&report.notes).for_each(terminal::print_warning);
    report.errors.iter().for_each(terminal::print_error);
    let exit = report.errors.first().map_or(Exit::Done, Exit::of_diagnostic);
    if args.json {
        terminal::print_json(&CheckJson::of(&report, exit));
    } else if report.errors.is_empty() {
        let script = args.script.script.display();
        terminal::print_result(&match report.stopped {
            Some(line) => format!("{script}: no mistakes found before line {line}; the rest was not checked"),
            None => format!("{script}: no mistakes found"),
        });
        terminal::print_result(facts(&report).trim_end());
    }
    terminal::check_printed().map(|()| exit)
}

/// A listener that prints what the script prints, with `?` for an unknown value.
struct Prints {
    json: bool,
}

impl Listener for Prints {
    fn print(&self, text: &str) {
        if self.json { terminal::print_message(text) } else { terminal::print_result(text) }
    }
    fn warn(&self, warning: &str) {
        terminal::print_message(&format!("warning: {warning}"));
    }
    fn caution(&self, warning: &Diagnostic) {
        terminal::print_warning(warning);
    }
    fn note(&self, _: &str) {}
    fn progress(&self, _: &str, _: usize, _: usize, _: &str) {}
    fn row(&self, _: &BTreeMap<String, f64>) {}
    /// Reports the failure and ends the process: the script cannot be ended otherwise.
    fn abandon(&self, outcome: Outcome) {
        let exit = Exit::of_outcome(&outcome);
        if let Some(failure) = &outcome.failure {
            terminal::print_error(failure);
            if self.json {
                terminal::print_json(&RefusalJson::of(failure, exit));
            }
        }
        std::process::exit(exit.code().into());
    }
}

fn facts(report: &CheckReport) -> String {
    let known = report.params.iter().map(|(name, param)| summary::setting(name, param));
    let computed = report.computed.iter().map(|name| format!("{name} (computed)"));
    let checks = (report.claims > 0).then(|| format!("{}, made when the script runs", report.claims));
    let lines = [
        ("params", known.chain(computed).collect::<Vec<_>>()),
        ("reads", report.reads.clone()),
        ("writes", report.writes.clone()),
        ("checks", checks.into_iter().collect()),
        ("memory", report.bytes.map(bytes).into_iter().collect()),
    ];
    let told = lines.iter().filter(|(_, items)| !items.is_empty());
    let facts: String = told.map(|(what, items)| format!("  {what:<8}  {}\n", items.join(", "))).collect();
    format!("{facts}{}", table(&report.works))
}

/// Returns the work at each place of the script, and its sum.
fn table(works: &[Work]) -> String {
    if works.is_empty() {
        return String::new();
    }
    let place =
        |work: &Work| work.place.as_ref().map(|p| format!("{}:{}", p.file.display(), p.line)).unwrap_or_default();
    let mut rows = vec![["work", "place", "calls", "steps", "pairs", "time"].map(String::from)];
    rows.extend(works.iter().map(|work| row(work.what.clone(), place(work), &work.cost)));
    rows.push(row("total".into(), String::new(), &total(works)));
    let width = |k: usize| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    let line = |row: &[String; 6]| {
        let cell = |k: usize| match k {
            0 | 1 => format!("  {:<1$}", row[k], widths[k]),
            _ => format!("  {:>1$}", row[k], widths[k]),
        };
        (0..6).map(cell).collect::<String>().trim_end().to_string() + "\n"
    };
    rows.iter().map(line).collect()
}

fn row(what: String, place: String, cost: &Cost) -> [String; 6] {
    let about = if cost.varies { "about " } else { "" };
    let steps = if cost.steps == 0 { String::new() } else { cost.steps.to_string() };
    let seconds = format!("~ {}", duration(cost.seconds));
    [what, place, cost.calls.to_string(), steps, format!("{about}{}", cost.pairs), seconds]
}

fn total(works: &[Work]) -> Cost {
    works.iter().fold(Cost::default(), |sum, Work { cost, .. }| Cost {
        calls: sum.calls + cost.calls,
        steps: sum.steps + cost.steps,
        pairs: sum.pairs + cost.pairs,
        seconds: sum.seconds + cost.seconds,
        varies: sum.varies || cost.varies,
    })
}

pub fn bytes(n: u64) -> String {
    match n {
        // The interpreter itself needs up to about 1 MB, and this differs from run to run.
        0..1_000_000 => "less than 1 MB".into(),
        1_000_000..1_000_000_000 => format!("about {:.1} MB", n as f64 / 1e6),
        _ => format!("about {:.1} GB", n as f64 / 1e9),
    }
}

/// The content of standard output under `--json`.
#[derive(Serialize)]
struct CheckJson {
    schema: u32,
    status: &'static str,
    exit_code: u8,
    errors: Vec<ErrorJson>,
    warnings: Vec<ErrorJson>,
    notes: Vec<ErrorJson>,
    params: BTreeMap<String, Param>,
    reads: Vec<String>,
    writes: Vec<String>,
    claims: usize,
    work: Vec<WorkJson>,
    steps: u64,
    pairs: u64,
    seconds: f64,
    varies: bool,
    bytes: Option<u64>,
}

/// The work at one place.
#[derive(Serialize)]
struct WorkJson {
    what: String,
    file: Option<std::path::PathBuf>,
    line: Option<usize>,
    calls: u64,
    steps: u64,
    pairs: u64,
    seconds: f64,
    varies: bool,
}

impl CheckJson {
    fn of(report: &CheckReport, exit: Exit) -> CheckJson {
        let parts = |diagnostics: &[Diagnostic]| diagnostics.iter().map(ErrorJson::of).collect();
        let Cost { steps, pairs, seconds, varies, .. } = total(&report.works);
        CheckJson {
            schema: 1,
            status: if report.errors.is_empty() { "done" } else { "failed" },
            exit_code: exit.code(),
            errors: parts(&report.errors),
            warnings: parts(&report.warnings),
            notes: parts(&report.notes),
            params: report.params.clone(),
            reads: report.reads.clone(),
            writes: report.writes.clone(),
            claims: report.claims,
            work: report.works.iter().map(WorkJson::of).collect(),
            steps,
            pairs,
            seconds,
            varies,
            bytes: report.bytes,
        }
    }
}

impl WorkJson {
    fn of(work: &Work) -> WorkJson {
        let Cost { calls, steps, pairs, seconds, varies } = work.cost;
        let place = work.place.as_ref();
        let (file, line) = (place.map(|p| p.file.clone()), place.map(|p| p.line));
        WorkJson { what: work.what.clone(), file, line, calls, steps, pairs, seconds, varies }
    }
}
