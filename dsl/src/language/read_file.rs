//! Reading files that a script names.

use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// The bytes of a regular file. A pipe or a device could keep its reader waiting for ever.
///
/// # Errors
/// The system's reason; a path that leads to something else than a regular file.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    std::fs::read(path)
}
