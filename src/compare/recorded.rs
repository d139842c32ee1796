//! A run as its folder records it.

use crate::record::Record;
use crate::record::stored::stored;
use sdflow_dsl::Diagnostic;
use std::path::Path;

/// The record in the folder of a run to be compared.
///
/// # Errors
/// A folder that holds none.
pub fn record(path: &Path) -> Result<Record, Diagnostic> {
    stored(path, "compare it with another sweep, or two of its cells")
}
