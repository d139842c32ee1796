//! The summary of a sweep.

use super::plan::{SweepPlan, assignments};
use super::seed_mean::{PlaceMean, means, metric_names};
use super::table::CellRow;
use crate::exit::Exit;
use crate::progress::duration;
use crate::record::Status;
use sdflow::metric::{Better, better};
use sdflow::number::{estimate, number, significant};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

/// The number of the best places that the summary shows.
const SHOWN: usize = 5;

/// The content of standard output under `--json`.
#[derive(Debug, Serialize)]
pub struct SweepReport {
    pub schema: u32,
    /// "done", "failed" (some cells failed), "stopped" (by the user).
    pub status: &'static str,
    pub exit_code: u8,
    pub script: PathBuf,
    pub folder: PathBuf,
    pub table: PathBuf,
    pub jsonl: PathBuf,
    /// None if no numeric axis varies.
    pub picture: Option<PathBuf>,
    /// The page of the sweep; None with `--no-report`.
    pub report: Option<PathBuf>,
    pub cells: CellCounts,
    /// The metric of `best`.
    pub metric: Option<String>,
    /// The best places first, averaged over seeds.
    pub best: Vec<BestPlace>,
    pub wall_s: f64,
}

/// The numbers of cells by ending.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CellCounts {
    pub planned: usize,
    pub done: usize,
    pub failed: usize,
    pub stopped: usize,
    pub pending: usize,
    /// Finished cells with a check that failed.
    pub checks_failed: usize,
    /// Cells with a warning in their record.
    pub warned: usize,
}

/// A place of the sweep, with the mean of the metric over seeds.
#[derive(Debug, Serialize)]
pub struct BestPlace {
    pub params: BTreeMap<String, String>,
    pub mean: f64,
    /// The standard error: of the mean over seeds, or, with one seed, of the metric itself.
    pub se: Option<f64>,
    /// The mean noise floor of the cells.
    pub floor: Option<f64>,
    pub seeds: usize,
}

impl CellCounts {
    /// Counts `rows` by ending.
    pub fn of<'a>(rows: impl Iterator<Item = &'a CellRow<'a>>) -> CellCounts {
        let mut counts = CellCounts::default();
        for (_, record) in rows {
            counts.planned += 1;
            match record.as_ref().map(|record| record.status) {
                Some(Status::Done) => counts.done += 1,
                Some(Status::Failed) => counts.failed += 1,
                Some(Status::Stopped) => counts.stopped += 1,
                Some(Status::Running) | None => counts.pending += 1,
            }
            let Some(record) = record else { continue };
            counts.checks_failed += usize::from(record.exit() == Exit::CheckFailed);
            counts.warned += usize::from(!record.warnings.is_empty());
        }
        counts
    }

    /// Returns the exit code of the command.
    pub fn exit(&self, interrupted: bool) -> Exit {
        match self {
            _ if interrupted => Exit::Interrupted,
            counts if counts.failed > 0 => Exit::Cells,
            counts if counts.checks_failed > 0 => Exit::CheckFailed,
            _ => Exit::Done,
        }
    }
}

/// A metric, and whether its largest or its smallest value is best.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BestMetric {
    pub metric: String,
    pub largest: bool,
}

impl BestMetric {
    /// Returns the metric of `--best`, or the first measured metric, and a warning if the requested
    /// metric was not measured.
    pub fn of(asked: Option<&str>, rows: &[CellRow]) -> (Option<BestMetric>, Option<String>) {
        let known = metric_names(rows);
        let largest = |name: &str| better(name) == Some(Better::Higher);
        let first = known.first().map(|name| BestMetric { metric: name.to_string(), largest: largest(name) });
        let Some(asked) = asked else { return (first, None) };
        let (metric, largest) = match asked.strip_prefix("max:") {
            Some(metric) => (metric, true),
            None => asked.strip_prefix("min:").map_or((asked, largest(asked)), |metric| (metric, false)),
        };
        if known.contains(&metric) {
            return (Some(BestMetric { metric: metric.into(), largest }), None);
        }
        let hint = match sdflow::nearest(metric, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "no cell measured any metric".into(),
            None => format!("the cells measured {}", known.join(", ")),
        };
        (first, Some(format!("no cell measured `{metric}`; {hint}")))
    }

    /// Returns the means, the best first.
    pub fn rank(&self, rows: &[CellRow]) -> Vec<PlaceMean> {
        let mut means = means(rows, &self.metric);
        means.sort_by(|a, b| {
            if self.largest { b.mean.value.total_cmp(&a.mean.value) } else { a.mean.value.total_cmp(&b.mean.value) }
        });
        means
    }
}

impl BestPlace {
    /// Returns the first of `sorted` as data.
    pub fn of(sorted: &[PlaceMean]) -> Vec<BestPlace> {
        let best = |mean: &PlaceMean| BestPlace {
            params: mean.place.iter().cloned().collect(),
            mean: mean.mean.value,
            se: mean.mean.se,
            floor: mean.floor,
            seeds: mean.mean.seeds,
        };
        sorted.iter().take(SHOWN).map(best).collect()
    }
}

/// Returns the summary, several lines.
pub fn summary(
    report: &SweepReport,
    plan: &SweepPlan,
    rows: &[CellRow],
    (wanted, sorted): (Option<&BestMetric>, &[PlaceMean]),
) -> String {
    let mut text = String::new();
    let CellCounts { planned, done, failed, stopped, pending, checks_failed, warned } = report.cells;
    let parts = [
        (done, "done"),
        (failed, "failed"),
        (stopped, "stopped"),
        (pending, "not computed"),
        (checks_failed, "with a failed check"),
        (warned, "with warnings"),
    ];
    let parts = parts.iter().filter(|(n, what)| *n > 0 || *what == "done").map(|(n, what)| format!("{n} {what}"));
    let name = report.script.file_stem().unwrap_or_default().to_string_lossy();
    let parts = parts.collect::<Vec<_>>().join(", ");
    // Writing to a string cannot fail.
    let cells = if planned == 1 { "cell" } else { "cells" };
    let _ = writeln!(text, "{name}: {planned} {cells} in {}: {parts}", duration(report.wall_s));
    for axis in plan.axes() {
        let _ = writeln!(text, "  axis      {} = {}", axis.name, shorten(&axis.values));
    }
    if let Some(wanted) = wanted {
        let end = if wanted.largest { "largest" } else { "smallest" };
        let seeds = sorted.iter().map(|mean| mean.mean.seeds).max().unwrap_or(1);
        let said = match seeds {
            0 | 1 => "± standard error of the metric".to_string(),
            n => format!("mean over {n} seeds ± its standard error between seeds"),
        };
        let floors = if sorted.iter().any(|mean| mean.floor.is_some()) { ", and noise floor" } else { "" };
        let _ = writeln!(text, "  best      {end} {}, {said}{floors}", wanted.metric);
        for mean in sorted.iter().take(SHOWN) {
            let value = mean.mean.se.map_or_else(|| number(mean.mean.value), |se| estimate(mean.mean.value, se));
            let floor = mean.floor.map_or(String::new(), |floor| format!("  {:<8}", significant(floor, 2)));
            let _ = writeln!(text, "    {value:<22}{floor}  {}", assignments(&mean.place));
        }
        if below_floor(wanted, sorted) {
            let _ = writeln!(text, "    a value below its noise floor cannot be told from that of a perfect sample");
        }
    }
    for (warning, cells) in warnings(rows).into_iter().take(SHOWN) {
        let cells = sdflow::number::counted(cells, "cell");
        let _ = writeln!(text, "  warning   {warning} ({cells})");
    }
    let _ = writeln!(text, "  table     {}", report.table.display());
    if let Some(picture) = &report.picture {
        let _ = writeln!(text, "  picture   {}", picture.display());
    }
    if let Some(page) = &report.report {
        let _ = writeln!(text, "  report    {}", page.display());
    }
    text
}

/// Returns the warnings of the cells, each with the number of cells that gave it, the most frequent
/// first. Warnings that differ only in their numbers count as one, because such numbers differ
/// between cells.
fn warnings(rows: &[CellRow]) -> Vec<(String, usize)> {
    let mut found: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for warning in rows.iter().filter_map(|(_, record)| record.as_ref()).flat_map(|record| &record.warnings) {
        let key = warning.replace(|c: char| c.is_ascii_digit() || c == '.', "");
        found.entry(key).or_insert_with(|| (warning.clone(), 0)).1 += 1;
    }
    let mut found: Vec<(String, usize)> = found.into_values().collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    found
}

/// True if smaller values of the metric are better, and a value that is shown lies below its noise
/// floor.
fn below_floor(wanted: &BestMetric, sorted: &[PlaceMean]) -> bool {
    let is_less_better = better(&wanted.metric) == Some(Better::Lower);
    let is_below = |mean: &PlaceMean| mean.floor.is_some_and(|floor| mean.mean.value < floor);
    !wanted.largest && is_less_better && sorted.iter().take(SHOWN).any(is_below)
}

fn shorten(values: &[String]) -> String {
    match values {
        [first, second, .., last] if values.len() > 8 => {
            format!("{first}, {second}, .., {last} ({} values)", values.len())
        }
        _ => values.join(", "),
    }
}
