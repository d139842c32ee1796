//! The summary of a run.

use crate::progress::duration;
use crate::record::{CheckRecord, MetricRecord, NonFinite, Record, Status};
use crate::run_folder::REPORT;
use crate::wrap::{WIDTH, wrap};
use sdflow::number::counted;
use sdflow_dsl::{Ending, Param};
use std::fmt::Write;
use std::path::Path;

/// Returns the summary of the run in `folder`, several lines.
pub fn of(record: &Record, folder: &Path) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, record, folder);
    text
}

fn write_all(text: &mut String, record: &Record, folder: &Path) -> std::fmt::Result {
    let quick = if record.quick { ", --quick: particles and steps are capped" } else { "" };
    writeln!(text, "{}: {} in {}{quick}", record.name(), status(record.status), duration(record.wall_s))?;
    if let Some(stop) = &record.stop {
        writeln!(text, "  ended     {}", ending(stop))?;
    }
    if !record.params.is_empty() {
        let params = record.params.iter().map(|(name, param)| setting(name, param));
        writeln!(text, "  params    {}", params.collect::<Vec<_>>().join(", "))?;
    }
    metrics(text, record)?;
    checks(text, &record.checks)?;
    if let Some(conclusion) = &record.conclusion {
        writeln!(text, "  conclusion")?;
        wrap(conclusion, WIDTH).iter().try_for_each(|line| writeln!(text, "    {line}"))?;
    }
    work(text, record)?;
    writeln!(text, "  folder    {}", folder.display())?;
    let report = folder.join(REPORT);
    if report.exists() {
        writeln!(text, "  report    {}", report.display())?;
    }
    for file in record.files.iter().filter(|file| is_picture(file)) {
        writeln!(text, "  picture   {}", folder.join(file).display())?;
    }
    Ok(())
}

/// Returns a parameter with its value. If the value is not the default of the script, its origin is
/// added.
pub fn setting(name: &str, param: &Param) -> String {
    match param.origin.as_str() {
        "script" => format!("{name} = {}", param.value),
        origin => format!("{name} = {} ({origin})", param.value),
    }
}

fn metrics(text: &mut String, record: &Record) -> std::fmt::Result {
    if record.metrics.is_empty() {
        return Ok(());
    }
    let names = record.metrics.iter().map(|(name, metric)| metric.named(name));
    let width = names.map(|name| name.chars().count()).max().unwrap_or(0).max(6);
    writeln!(text, "  {:<width$}  {:>11}  {:>11}  {:>11}", "metric", "value", "std error", "noise floor")?;
    for (name, metric) in &record.metrics {
        let (name, MetricRecord { value, se, floor, flag, .. }) = (metric.named(name), metric);
        let (value, se, floor) = (number(*value, *flag), number(*se, None), number(*floor, None));
        writeln!(text, "  {name:<width$}  {value:>11}  {se:>11}  {floor:>11}")?;
    }
    Ok(())
}

fn checks(text: &mut String, checks: &[CheckRecord]) -> std::fmt::Result {
    if checks.is_empty() {
        return Ok(());
    }
    let passed = checks.iter().filter(|check| check.pass).count();
    writeln!(text, "  checks    {passed} of {} hold", checks.len())?;
    checks.iter().try_for_each(|check| writeln!(text, "    {}", claim(check)))
}

/// Returns one check as a line.
pub fn claim(check: &CheckRecord) -> String {
    let value = match (check.value, check.flag) {
        (None, None) => String::new(),
        (value, flag) => format!(" ({})", number(value, flag)),
    };
    format!("{} {}{value}", if check.pass { "ok    " } else { "FAILED" }, check.name)
}

fn work(text: &mut String, record: &Record) -> std::fmt::Result {
    let work = &record.work;
    if !work.seconds.is_empty() {
        let parts = work.seconds.iter().map(|(part, seconds)| format!("{part} {}", duration(*seconds)));
        let whose = if record.resumed { ", with the earlier attempts" } else { "" };
        writeln!(text, "  time      {}{whose}", parts.collect::<Vec<_>>().join(", "))?;
    }
    if record.steps > 0 {
        // A flow between closed forms computes no pairs.
        let rate = if work.pairs_per_s > 0.0 { format!(", {:.3e} pairs/s", work.pairs_per_s) } else { String::new() };
        let workers = record.machine.workers();
        writeln!(
            text,
            "  work      {}, {}{rate} on {workers}",
            counted(record.steps, "step"),
            counted(record.nfe, "field evaluation"),
        )?;
    }
    Ok(())
}

/// Returns a status as a word.
pub fn status(status: Status) -> &'static str {
    match status {
        Status::Running => "running",
        Status::Done => "done",
        Status::Failed => "failed",
        Status::Stopped => "stopped",
    }
}

/// Returns a value with a few digits.
pub fn number(value: Option<f64>, flag: Option<NonFinite>) -> String {
    match (value, flag) {
        (Some(v), _) if v == 0.0 || (1e-3..1e6).contains(&v.abs()) => format!("{v:.5}"),
        (Some(v), _) => format!("{v:.4e}"),
        (None, Some(NonFinite::Nan)) => "NaN".into(),
        (None, Some(NonFinite::Infinity)) => "inf".into(),
        (None, Some(NonFinite::MinusInfinity)) => "-inf".into(),
        (None, None) => "-".into(),
    }
}

/// Returns how the last flow ended. A run that took its last step need not have reached the target.
fn ending(stop: &Ending) -> String {
    match (stop.reason.as_str(), stop.advice.as_str()) {
        ("finished", _) => "after the last step".into(),
        (reason, "") => reason.into(),
        (reason, advice) => format!("{reason}: {advice}"),
    }
}

fn is_picture(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ["svg", "png", "gif"].iter().any(|known| ending == *known))
}
