//! Opening a file, and reading a given number of bytes.

use super::origin::{Origin, cannot_read};
use crate::Result;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Opens a regular file. Returns the file and its length in bytes.
pub(super) fn open(path: &Path) -> Result<(File, u64)> {
    let about = std::fs::metadata(path).map_err(|e| cannot_read(path, &e))?;
    let origin = Origin { path, array: None };
    if !about.is_file() {
        let seen = if about.is_dir() { "it is a folder" } else { "it is not a regular file" };
        return Err(origin.wrong(seen, "a file of points is expected"));
    }
    if about.len() == 0 {
        return Err(origin.wrong("it is empty", "at least one row of numbers is expected"));
    }
    Ok((File::open(path).map_err(|e| cannot_read(path, &e))?, about.len()))
}

/// Reads exactly `length` bytes. The memory grows with the data, so that a false length costs no
/// memory.
pub(super) fn read_bytes(reader: &mut impl Read, length: u64, origin: &Origin) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(length).read_to_end(&mut bytes).map_err(|e| origin.io_error(&e))?;
    if (bytes.len() as u64) < length {
        return Err(origin.io_error(&std::io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(bytes)
}
