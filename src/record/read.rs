//! Reads the record in the folder of a run.

use super::{Record, SCHEMA};
use crate::diagnostics;
use sdflow_dsl::Diagnostic;
use serde::Deserialize;
use std::path::Path;

/// The part of a record that every version has.
#[derive(Deserialize)]
struct Version {
    schema: u32,
}

/// Reads the record in the run folder at `path`. `of_sweep` is the hint for the folder of a sweep.
///
/// # Errors
/// No record in the folder, or one that this version cannot read.
pub fn read_record(path: &Path, of_sweep: &str) -> Result<Record, Diagnostic> {
    let shown = path.display();
    let hint = match path {
        _ if is_sweep(path) => format!("it is the folder of a sweep: {of_sweep}"),
        _ if path.exists() => "give the folder of a run, which the end of its summary names".into(),
        _ => "there is no such folder".into(),
    };
    let bytes = std::fs::read(path.join("run.json"))
        .map_err(|_| diagnostics::data(format!("{shown} is no run folder: it has no run.json"), Some(&hint)))?;
    let stale = Some("run it again with this version: the same command with `--force`");
    let schema = serde_json::from_slice::<Version>(&bytes).map_or(SCHEMA, |version| version.schema);
    if schema != SCHEMA {
        let message = format!("{shown}/run.json has schema {schema}, but this version reads schema {SCHEMA}");
        return Err(diagnostics::data(message, stale));
    }
    serde_json::from_slice(&bytes)
        .map_err(|e| diagnostics::data(format!("this version cannot read {shown}/run.json: {e}"), stale))
}

/// Is this the folder of a sweep?
pub fn is_sweep(path: &Path) -> bool {
    path.join(TABLE).exists()
}

/// A file that the folder of a sweep has and the folder of a run has not.
pub const TABLE: &str = "table.jsonl";
