//! Two sweeps side by side: cells with the same parameters are compared like runs.

use super::comparison::{Change, Verdict};
use super::read_run::read_run;
use crate::diagnostics;
use crate::record::read::TABLE;
use crate::record::{Record, Status};
use sdflow_dsl::Diagnostic;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The comparison, as `--json` prints it.
#[derive(Debug, Serialize)]
pub struct SweepComparison {
    pub schema: u32,
    pub a: PathBuf,
    pub b: PathBuf,
    /// Parameters that do not vary within the sweeps, but differ between them.
    pub differing: BTreeMap<String, (String, String)>,
    /// Cells that both sweeps have finished.
    pub cells: Vec<CellPair>,
    /// Cells that only one of the sweeps has finished, by their parameters.
    pub only_a: Vec<String>,
    pub only_b: Vec<String>,
    pub metrics: BTreeMap<String, MetricOverall>,
    pub fail_above: Option<f64>,
    /// Metrics with the cells in which they fail.
    pub failed: Vec<String>,
    pub exit_code: u8,
}

/// A cell in both sweeps.
#[derive(Debug, Serialize)]
pub struct CellPair {
    /// The parameters that vary.
    pub cell: String,
    pub metrics: BTreeMap<String, Change>,
}

/// A metric over all cells.
#[derive(Debug, Default, Serialize)]
pub struct MetricOverall {
    pub cells: usize,
    pub better: usize,
    pub worse: usize,
    /// Mean of the cells' relative changes.
    pub relative: Option<f64>,
    /// Sum of the changes divided by the root of the sum of their squared errors; None if a cell
    /// has no error.
    pub z: Option<f64>,
    /// The cell with the largest relative change for the worse.
    pub worst: Option<String>,
}

type Params = BTreeMap<String, String>;

/// Reads the records of finished cells, with their parameters.
fn cells(folder: &Path) -> Result<Vec<(Params, Record)>, Diagnostic> {
    let path = folder.join(TABLE);
    let broken =
        |why: String| diagnostics::data(format!("{} is not the table of a sweep: {why}", path.display()), None);
    let text = sdflow::io::read_regular_text(&path).map_err(|e| broken(e.to_string()))?;
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let row: Value =
            serde_json::from_str(line).map_err(|_| broken(format!("its line {} is not valid JSON", number + 1)))?;
        let cell = row["folder"].as_str().ok_or_else(|| broken("a row has no folder".into()))?;
        // A cell that was not started has no record.
        if folder.join(cell).join("run.json").exists() {
            let record = read_run(&folder.join(cell))?;
            let named = record.params.iter().map(|(name, param)| (name.clone(), param.value.to_string()));
            let params = named.chain([("seed".to_string(), record.seed.to_string())]).collect();
            found.push((params, record));
        }
    }
    found.retain(|(_, record)| record.status == Status::Done);
    Ok(found)
}

impl SweepComparison {
    /// Compares the sweeps in the folders `a` and `b`.
    ///
    /// # Errors
    /// A table or a record cannot be read; no cell is finished in both.
    pub fn of(a: &Path, b: &Path, fail_above: Option<f64>) -> Result<SweepComparison, Diagnostic> {
        let (of_a, of_b) = (cells(a)?, cells(b)?);
        let names: BTreeSet<String> = of_a.iter().chain(&of_b).flat_map(|(params, _)| params.keys().cloned()).collect();
        let values = |of: &[(Params, Record)], name: &String| {
            of.iter()
                .map(|(params, _)| params.get(name).cloned().unwrap_or_else(|| "-".into()))
                .collect::<BTreeSet<_>>()
        };
        let (varying, constant): (Vec<&String>, Vec<&String>) =
            names.iter().partition(|name| values(&of_a, name).len() > 1 || values(&of_b, name).len() > 1);
        let key = |params: &Params| {
            let one = |name: &&String| format!("{name}={}", params.get(*name).map_or("-", String::as_str));
            varying.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let keyed = |of: &[(Params, Record)]| -> BTreeMap<String, Record> {
            of.iter().map(|(params, record)| (key(params), record.clone())).collect()
        };
        let (keyed_a, keyed_b) = (keyed(&of_a), keyed(&of_b));
        let only = |one: &BTreeMap<String, Record>, other: &BTreeMap<String, Record>| {
            one.keys().filter(|cell| !other.contains_key(*cell)).cloned().collect::<Vec<_>>()
        };
        // The cells have the order of the first table.
        let order = of_a.iter().map(|(params, _)| key(params));
        let both = order.filter_map(|cell| Some((keyed_a.get(&cell)?, keyed_b.get(&cell)?, cell)));
        let pairs: Vec<CellPair> = both.map(|(a, b, cell)| CellPair { cell, metrics: Change::all(a, b) }).collect();
        if pairs.is_empty() {
            let message = format!("{} and {} have no finished cell in common", a.display(), b.display());
            return Err(diagnostics::data(
                message,
                Some("cells match by the parameters that vary: compare sweeps over the same axes"),
            ));
        }
        let value = |of: &[(Params, Record)], name: &String| values(of, name).into_iter().next().unwrap_or_default();
        let both = constant.into_iter().map(|name| (name.clone(), (value(&of_a, name), value(&of_b, name))));
        let (only_a, only_b) = (only(&keyed_a, &keyed_b), only(&keyed_b, &keyed_a));
        let failed = failures(&pairs, &only_a, fail_above);
        Ok(SweepComparison {
            schema: 1,
            a: a.into(),
            b: b.into(),
            differing: both.filter(|(_, (a, b))| a != b).collect(),
            metrics: overall(&pairs),
            cells: pairs,
            only_a,
            only_b,
            fail_above,
            failed,
            exit_code: 0,
        })
    }
}

/// Returns the failures: metrics in the cells where they got worse, and cells that are missing.
fn failures(pairs: &[CellPair], gone: &[String], fail_above: Option<f64>) -> Vec<String> {
    let Some(limit) = fail_above else { return Vec::new() };
    let worse = pairs.iter().flat_map(|pair| {
        let fails = pair.metrics.iter().filter(|(_, change)| change.fails(limit));
        fails.map(|(name, _)| format!("{name} at {}", pair.cell))
    });
    worse.chain(gone.iter().map(|cell| format!("{cell} is missing in B"))).collect()
}

fn overall(pairs: &[CellPair]) -> BTreeMap<String, MetricOverall> {
    let mut all: BTreeMap<String, MetricOverall> = BTreeMap::new();
    let names: BTreeSet<&String> = pairs.iter().flat_map(|pair| pair.metrics.keys()).collect();
    for name in names {
        let changes: Vec<(&String, &Change)> =
            pairs.iter().filter_map(|pair| Some((&pair.cell, pair.metrics.get(name)?))).collect();
        let count = |verdict: Verdict| changes.iter().filter(|(_, change)| change.verdict == verdict).count();
        let relative: Option<Vec<f64>> = changes.iter().map(|(_, change)| change.relative).collect();
        let error = |change: &Change| Some(change.a.as_ref()?.se?.hypot(change.b.as_ref()?.se?));
        let errors: Option<Vec<(f64, f64)>> =
            changes.iter().map(|(_, change)| Some((change.change?, error(change)?))).collect();
        let size = |change: &Change| change.relative.map_or(f64::INFINITY, f64::abs);
        let worse = changes.iter().filter(|(_, change)| change.verdict == Verdict::Worse);
        // Of cells with the same change, the first is chosen.
        let worst = worse.rev().max_by(|a, b| size(a.1).total_cmp(&size(b.1)));
        let made = MetricOverall {
            cells: changes.len(),
            better: count(Verdict::Better),
            worse: count(Verdict::Worse),
            relative: relative.map(|all| all.iter().sum::<f64>() / all.len() as f64),
            z: errors.map(|all| {
                let (change, square) = all.iter().fold((0.0, 0.0), |(c, s), (change, se)| (c + change, s + se * se));
                change / f64::sqrt(square)
            }),
            worst: worst.map(|(cell, _)| (*cell).clone()),
        };
        all.insert(name.clone(), MetricOverall { z: made.z.filter(|z| z.is_finite()), ..made });
    }
    all
}

/// Returns the comparison as text.
pub fn text(sweeps: &SweepComparison) -> String {
    let mut lines = vec![format!("A  {}", sweeps.a.display()), format!("B  {}", sweeps.b.display())];
    lines.extend(sweeps.differing.iter().map(|(name, (a, b))| format!("  -p {name:<11}  {a}  ->  {b}")));
    let only = |cells: &[String], side: &str| match cells.len() {
        0 => String::new(),
        n => format!(", {n} only in {side}"),
    };
    let (only_a, only_b) = (only(&sweeps.only_a, "A"), only(&sweeps.only_b, "B"));
    lines.push(format!("  {:<14}  {} finished in both{only_a}{only_b}", "cells", sweeps.cells.len()));
    let width = sweeps.metrics.keys().map(|name| name.chars().count()).max().unwrap_or(0).max(6);
    lines.push(format!(
        "  {:<width$}  {:>6}  {:>6}  {:>11}  {:>7}  worst",
        "metric", "better", "worse", "mean change", "z"
    ));
    for (name, all) in &sweeps.metrics {
        let relative = all.relative.map_or("-".into(), |r| format!("{:+.1} %", 100.0 * r));
        let z = all.z.map_or("-".into(), |z| format!("{z:+.1}"));
        let worst = all.worst.as_deref().unwrap_or("-");
        lines.push(format!("  {name:<width$}  {:>6}  {:>6}  {relative:>11}  {z:>7}  {worst}", all.better, all.worse));
    }
    lines.push(
        "  better and worse count cells; z is the sum of B - A over its standard error; |z| <= 2 counts as noise"
            .into(),
    );
    lines.extend(sweeps.failed.iter().map(|what| format!("  FAILED  {what}")));
    lines.join("\n")
}
