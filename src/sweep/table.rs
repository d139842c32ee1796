//! The table of a sweep, as CSV and as JSON lines: a row for each cell, and a column for each
//! parameter, metric and check.

use super::plan::{Cell, SEED, SweepPlan};
use super::sweep_folder::SweepFolder;
use crate::diagnostics;
use crate::record::{NonFinite, Record};
use crate::run_files::{csv_line, number};
use crate::summary;
use sdflow_dsl::Diagnostic;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A cell with its record, which is None if the cell was not computed yet.
pub type CellRow<'a> = (&'a Cell, Option<Record>);

/// Columns that every table has, before and after the metrics and checks.
const BEFORE: [&str; 4] = [SEED, "status", "stop", "exit_code"];
const BEHIND: [&str; 3] = ["wall_s", "error", "folder"];
const CELL: &str = "cell";

/// The table, ready to be written.
#[derive(Debug, Default)]
pub struct SweepTable {
    columns: Vec<String>,
    rows: Vec<Map<String, Value>>,
}

/// The names of parameters, metrics and checks, each with the name of its column.
struct ColumnNames {
    params: Vec<(String, String)>,
    metrics: Vec<(String, String)>,
    checks: Vec<(String, String)>,
}

impl SweepTable {
    /// Builds the table of `rows`, in their order.
    pub fn of(plan: &SweepPlan, rows: &[CellRow]) -> SweepTable {
        let names = ColumnNames::of(plan, rows);
        let triple = |name: &String| ["", "_se", "_floor"].map(|part| format!("{name}{part}"));
        let fixed = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let columns = [
            fixed(&[CELL]),
            names.params.iter().map(|(_, column)| column.clone()).collect(),
            fixed(&BEFORE),
            names.metrics.iter().flat_map(|(_, column)| triple(column)).collect(),
            names.checks.iter().map(|(_, column)| column.clone()).collect(),
            fixed(&BEHIND),
        ]
        .concat();
        let rows = rows.iter().map(|row| values(row, &names, &columns)).collect();
        SweepTable { columns, rows }
    }

    /// Returns the table as CSV according to RFC 4180, with a header. Missing values are empty;
    /// values that are not finite are NaN, inf or -inf.
    ///
    /// # Errors
    /// None in practice, because it writes to memory.
    pub fn csv(&self) -> Result<Vec<u8>, Diagnostic> {
        let line = |cells: Vec<String>| csv_line(cells.into_iter()).map_err(|e| diagnostics::data(e.to_string(), None));
        let mut text = line(self.columns.clone())?;
        for row in &self.rows {
            text.extend(line(self.columns.iter().map(|name| csv_value(row, name)).collect())?);
        }
        Ok(text)
    }

    /// Returns one JSON object per line. A value that is not finite becomes null and is named under
    /// `flags`.
    pub fn jsonl(&self) -> String {
        self.rows.iter().map(|row| Value::Object(row.clone()).to_string() + "\n").collect()
    }
}

impl ColumnNames {
    fn of(plan: &SweepPlan, rows: &[CellRow]) -> ColumnNames {
        let mut taken: BTreeSet<String> =
            [CELL, "flags"].iter().chain(&BEFORE).chain(&BEHIND).map(|name| name.to_string()).collect();
        let mut free = |name: &str, prefix: &str, parts: &[&str]| {
            let mut column = name.to_string();
            while parts.iter().any(|part| taken.contains(&format!("{column}{part}"))) {
                column = format!("{prefix}{column}");
            }
            taken.extend(parts.iter().map(|part| format!("{column}{part}")));
            (name.to_string(), column)
        };
        let axes = plan.axes().map(|axis| axis.name.as_str()).filter(|name| *name != SEED);
        let mut params: Vec<&str> = axes.collect();
        let mut others: BTreeSet<&str> = BTreeSet::new();
        let mut metrics: BTreeSet<&str> = BTreeSet::new();
        let mut checks: Vec<&str> = Vec::new();
        for (cell, record) in rows {
            others.extend(cell.prepared.params().keys().map(String::as_str));
            let Some(record) = record else { continue };
            others.extend(record.params.keys().map(String::as_str));
            metrics.extend(record.metrics.keys().map(String::as_str));
            for check in &record.checks {
                if !checks.contains(&check.name.as_str()) {
                    checks.push(&check.name);
                }
            }
        }
        others.retain(|name| !params.contains(name));
        params.extend(others);
        ColumnNames {
            params: params.into_iter().map(|name| free(name, "param_", &[""])).collect(),
            metrics: metrics.into_iter().map(|name| free(name, "metric_", &["", "_se", "_floor"])).collect(),
            checks: checks
                .iter()
                .map(|name| (name.to_string(), free(&format!("check: {name}"), "_", &[""]).1))
                .collect(),
        }
    }
}

/// Returns one row with a value for every column, null if there is none.
fn values((cell, record): &CellRow, names: &ColumnNames, columns: &[String]) -> Map<String, Value> {
    let mut row: Map<String, Value> = columns.iter().map(|name| (name.clone(), Value::Null)).collect();
    let mut flags = Map::new();
    let known = record.as_ref().map_or_else(BTreeMap::new, |record| record.params.clone());
    for (name, column) in &names.params {
        let param = known.get(name).or_else(|| cell.prepared.params().get(name));
        row.insert(column.clone(), param.map_or(Value::Null, |param| param.value.clone()));
    }
    row.insert(CELL.into(), json!(cell.number));
    row.insert(SEED.into(), json!(cell.prepared.seed()));
    row.insert("folder".into(), json!(SweepFolder::relative(cell)));
    row.insert("status".into(), json!(record.as_ref().map_or("pending", |record| summary::status(record.status))));
    let Some(record) = record else { return row };
    row.insert("stop".into(), json!(record.stop.as_ref().map(|stop| &stop.reason)));
    row.insert("exit_code".into(), json!(record.exit_code));
    row.insert("wall_s".into(), json!(record.wall_s));
    row.insert("error".into(), json!(record.error.as_ref().map(|error| &error.message)));
    for (name, column) in &names.metrics {
        let Some(metric) = record.metrics.get(name) else { continue };
        row.insert(column.clone(), json!(metric.value));
        row.insert(format!("{column}_se"), json!(metric.se));
        row.insert(format!("{column}_floor"), json!(metric.floor));
        if metric.flag.is_some() {
            flags.insert(column.clone(), json!(metric.flag));
        }
    }
    for (name, column) in &names.checks {
        let mut claims = record.checks.iter().filter(|check| check.name == *name).peekable();
        if claims.peek().is_some() {
            row.insert(column.clone(), json!(claims.all(|check| check.pass)));
        }
    }
    if !flags.is_empty() {
        row.insert("flags".into(), Value::Object(flags));
    }
    row
}

/// Returns a value as it is written in CSV.
fn csv_value(row: &Map<String, Value>, name: &str) -> String {
    match row.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(truth)) => truth.to_string(),
        Some(Value::Number(n)) if n.is_f64() => number(n.as_f64().unwrap_or(f64::NAN)),
        Some(Value::Number(n)) => n.to_string(),
        _ => match row.get("flags").and_then(|flags| flags.get(name)).cloned().map(serde_json::from_value) {
            Some(Ok(NonFinite::Nan)) => "NaN".into(),
            Some(Ok(NonFinite::Infinity)) => "inf".into(),
            Some(Ok(NonFinite::MinusInfinity)) => "-inf".into(),
            _ => String::new(),
        },
    }
}
