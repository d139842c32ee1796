//! Reads the record of a run that is compared.

use crate::record::Record;
use crate::record::read::read_record;
use sdflow_dsl::Diagnostic;
use std::path::Path;

/// Reads the record in the folder at `path`.
///
/// # Errors
/// There is no record in the folder, or it cannot be read.
pub fn read_run(path: &Path) -> Result<Record, Diagnostic> {
    read_record(path, "compare it with another sweep, or two of its cells")
}
