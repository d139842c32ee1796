//! `compare`: two runs, or two sweeps, side by side.

mod comparison;
mod read_run;
mod sweep_comparison;

use crate::args::CompareArgs;
use crate::exit::Exit;
use crate::progress::duration;
use crate::record::MetricRecord;
use crate::record::read::is_sweep;
use crate::{summary, terminal};
use comparison::{Change, Comparison, Verdict};
use read_run::read_run;
use sdflow_dsl::Diagnostic;
use sweep_comparison::SweepComparison;

/// Prints the differences between two runs or two sweeps. The exit code is 4 if a metric got worse
/// by more than the limit.
///
/// # Errors
/// A folder is neither that of a run nor that of a sweep; one is a run and the other a sweep;
/// writing fails.
pub fn compare(args: &CompareArgs) -> Result<Exit, Diagnostic> {
    if is_sweep(&args.run_a) && is_sweep(&args.run_b) {
        return compare_sweeps(args);
    }
    let (a, b) = (read_run(&args.run_a)?, read_run(&args.run_b)?);
    let mut comparison = Comparison::of((args.run_a.clone(), &a), (args.run_b.clone(), &b), args.fail_above);
    let exit = if comparison.failed.is_empty() { Exit::Done } else { Exit::CheckFailed };
    comparison.exit_code = exit.code();
    match args.json {
        true => terminal::print_json(&comparison),
        false => terminal::print_result(text(&comparison).trim_end()),
    }
    terminal::check_printed().map(|()| exit)
}

fn compare_sweeps(args: &CompareArgs) -> Result<Exit, Diagnostic> {
    let mut sweeps = SweepComparison::of(&args.run_a, &args.run_b, args.fail_above)?;
    let exit = if sweeps.failed.is_empty() { Exit::Done } else { Exit::CheckFailed };
    sweeps.exit_code = exit.code();
    match args.json {
        true => terminal::print_json(&sweeps),
        false => terminal::print_result(sweep_comparison::text(&sweeps).trim_end()),
    }
    terminal::check_printed().map(|()| exit)
}

fn text(comparison: &Comparison) -> String {
    let (a, b) = (&comparison.a, &comparison.b);
    let mut lines = vec![format!("A  {}", a.folder.display()), format!("B  {}", b.folder.display())];
    let pairs = comparison.differing.iter().map(|(name, (a, b))| format!("  {name:<14}  {a}  ->  {b}"));
    lines.extend(pairs);
    let ratio = |a: f64, b: f64| if a > 0.0 { format!(" ({:.2}x)", b / a) } else { String::new() };
    lines.push(format!(
        "  {:<14}  {}  ->  {}{}",
        "time",
        duration(a.wall_s),
        duration(b.wall_s),
        ratio(a.wall_s, b.wall_s)
    ));
    for (name, a, b) in [("steps", a.steps, b.steps), ("evaluations", a.nfe, b.nfe), ("pairs", a.pairs, b.pairs)] {
        if a != b {
            lines.push(format!("  {name:<14}  {a}  ->  {b}{}", ratio(a as f64, b as f64)));
        }
    }
    lines.extend(table(comparison));
    lines.join("\n")
}

fn table(comparison: &Comparison) -> Vec<String> {
    if comparison.metrics.is_empty() {
        return vec!["  neither run has metrics".into()];
    }
    let width = comparison.metrics.keys().map(|name| name.chars().count()).max().unwrap_or(0).max(6);
    let head = ["A", "B", "change", "z"];
    let mut lines =
        vec![format!("  {:<width$}  {:>19}  {:>19}  {:>9}  {:>7}", "metric", head[0], head[1], head[2], head[3])];
    for (name, change) in &comparison.metrics {
        let (a, b) = (value_text(change.a.as_ref()), value_text(change.b.as_ref()));
        let relative = change.relative.map_or("-".into(), |r| format!("{:+.1} %", 100.0 * r));
        let z = change.z.map_or("-".into(), |z| format!("{z:+.1}"));
        let fails = if comparison.failed.contains(name) { ": FAILED" } else { "" };
        lines.push(format!("  {name:<width$}  {a:>19}  {b:>19}  {relative:>9}  {z:>7}  {}{fails}", word(change)));
    }
    lines.push("  change is (B - A) / |A|; z is (B - A) / combined standard error; |z| <= 2 counts as noise".into());
    lines
}

fn word(change: &Change) -> &'static str {
    match change.verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Same => "same",
        Verdict::Changed => "changed (not a known metric: not judged)",
        Verdict::Missing => "missing in B",
        Verdict::New => "only in B",
    }
}

fn value_text(metric: Option<&MetricRecord>) -> String {
    let Some(metric) = metric else { return "-".into() };
    match (metric.value, metric.se) {
        (Some(value), Some(se)) => sdflow::number::estimate(value, se),
        (value, _) => summary::number(value, metric.flag),
    }
}
