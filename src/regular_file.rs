//! Reading of files that may be something else, such as a named pipe.

use std::io::{self, ErrorKind};
use std::path::Path;

/// Reads a whole file. Opening a named pipe would wait for a writer, so that only a regular file is
/// opened.
///
/// # Errors
/// The I/O error of the operating system; the path leads to no regular file.
pub fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    std::fs::read(path)
}
