//! Reading files that a script names.

use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// Returns the bytes of a regular file. Reading a pipe or a device could block for ever.
///
/// # Errors
/// The I/O error of the operating system; the path is not that of a regular file.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    std::fs::read(path)
}
