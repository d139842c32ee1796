//! A run as its folder records it.

use crate::record::Record;
use crate::record::read::read_record;
use sdflow_dsl::Diagnostic;
use std::path::Path;

/// The record in the folder of a run to be compared.
///
/// # Errors
/// A folder that holds none.
pub fn read_run(path: &Path) -> Result<Record, Diagnostic> {
    read_record(path, "compare it with another sweep, or two of its cells")
}
