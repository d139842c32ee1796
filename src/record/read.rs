//! Reads the record in the folder of a run.

use super::{Record, SCHEMA};
use crate::diagnostics;
use sdflow_dsl::Diagnostic;
use serde::Deserialize;
use serde_json::error::Category;
use std::path::Path;

/// The part of a record that every version has.
#[derive(Deserialize)]
struct Version {
    schema: u32,
}

/// Reads the record in the run folder at `path`. `of_sweep` is the hint for the folder of a sweep.
///
/// # Errors
/// The folder has no record, or a record that this version cannot read.
pub fn read_record(path: &Path, of_sweep: &str) -> Result<Record, Diagnostic> {
    let shown = path.display();
    let bytes = sdflow::io::read_regular(&path.join("run.json")).map_err(|_| no_record(path, of_sweep))?;
    let stale = Some("run it again with this version: the same command with `--force`");
    let schema = serde_json::from_slice::<Version>(&bytes).map_or(SCHEMA, |version| version.schema);
    if schema != SCHEMA {
        let message = format!("{shown}/run.json has schema {schema}, but this version reads schema {SCHEMA}");
        return Err(diagnostics::data(message, stale));
    }
    serde_json::from_slice(&bytes).map_err(|e| diagnostics::data(unreadable(&path.join("run.json"), &e), stale))
}

/// Returns the message for a file of JSON that is not what this version writes there.
pub fn unreadable(file: &Path, error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let told = error.to_string();
    // Of the names in serde's message, the user knows only those of fields and values.
    let named = told.split('`').nth(1).unwrap_or_default();
    let why = match error.classify() {
        Category::Eof => "it ends too early".into(),
        Category::Syntax => format!("line {line}, column {column} is not valid JSON"),
        Category::Io => "reading failed".into(),
        Category::Data if told.starts_with("missing field") => format!("the field `{named}` is missing"),
        Category::Data if told.starts_with("unknown variant") => {
            format!("line {line}, column {column} holds the unknown word `{named}`")
        }
        Category::Data => format!("the value that ends in line {line}, column {column} is not of the expected kind"),
    };
    format!("this version cannot read {}: {why}", file.display())
}

/// Returns the error for a folder without the record of a run. `of_sweep` is the hint for the
/// folder of a sweep.
pub fn no_record(path: &Path, of_sweep: &str) -> Diagnostic {
    let (shown, hint) = (path.display(), "give the folder of a run; its summary prints it in the line `folder`");
    match path {
        _ if is_sweep(path) => diagnostics::data(format!("`{shown}` is the folder of a sweep"), Some(of_sweep)),
        _ if path.exists() => {
            diagnostics::data(format!("`{shown}` is not a run folder: it contains no run.json"), Some(hint))
        }
        _ => diagnostics::data(format!("there is no folder `{shown}`"), Some(hint)),
    }
}

/// True if this is the folder of a sweep.
pub fn is_sweep(path: &Path) -> bool {
    path.join(TABLE).exists()
}

/// A file that the folder of a sweep has, and the folder of a run does not have.
pub const TABLE: &str = "table.jsonl";

/// The name of the picture in the folder of a sweep.
pub const SWEEP_PICTURE: &str = "sweep.svg";
