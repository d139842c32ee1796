//! Reading of files that may be something else, such as a named pipe.

use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result};
use std::path::Path;

/// Opens a regular file. Opening a named pipe would wait for a writer, and reading a device may
/// never end, so that anything else is refused.
///
/// # Errors
/// The I/O error of the operating system; the path leads to no regular file.
pub fn open_regular(path: &Path) -> Result<File> {
    match std::fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
    }
}

/// Reads a whole regular file.
///
/// # Errors
/// Those of [`open_regular`], or reading fails.
pub fn read_regular(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a whole regular file of text in UTF-8.
///
/// # Errors
/// Those of [`read_regular`], or the file is not text.
pub fn read_regular_text(path: &Path) -> Result<String> {
    std::io::read_to_string(open_regular(path)?)
}
