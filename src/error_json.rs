//! Errors for programs: a part of `run.json`, and the output of `--json` if nothing ran.

use crate::exit::Exit;
use sdflow_dsl::Diagnostic;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// An error message in parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorJson {
    pub message: String,
    pub file: Option<PathBuf>,
    pub line: Option<usize>,
    pub column: Option<usize>,
    pub hint: Option<String>,
}

impl ErrorJson {
    /// Returns the parts of `diagnostic` that a program can use.
    pub fn of(diagnostic: &Diagnostic) -> ErrorJson {
        let place = diagnostic.place.as_ref();
        ErrorJson {
            message: diagnostic.message.clone(),
            file: place.map(|p| p.file.clone()),
            line: place.map(|p| p.line),
            column: place.map(|p| p.column),
            hint: diagnostic.hint.clone(),
        }
    }
}

/// The content of standard output under `--json` if nothing ran.
#[derive(Debug, Serialize)]
pub struct RefusalJson {
    schema: u32,
    status: &'static str,
    exit_code: u8,
    error: ErrorJson,
}

impl RefusalJson {
    /// Returns the object for `diagnostic`.
    pub fn of(diagnostic: &Diagnostic, exit: Exit) -> RefusalJson {
        RefusalJson { schema: 1, status: "failed", exit_code: exit.code(), error: ErrorJson::of(diagnostic) }
    }
}
