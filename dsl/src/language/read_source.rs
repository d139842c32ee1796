//! Reading the texts of scripts.

use super::limits::SOURCE;
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Returns the bytes of a script or an import: a regular file of at most [`SOURCE`] bytes. Reading
/// a pipe or a device could block for ever.
///
/// # Errors
/// The operating system's error; the file is not a regular file; it is too large.
pub fn read_source(path: &Path) -> Result<Vec<u8>> {
    let refused = |reason: String| Error::new(ErrorKind::InvalidInput, reason);
    let about = std::fs::metadata(path)?;
    if !about.is_file() {
        return Err(refused("it is not a regular file".into()));
    }
    if about.len() > SOURCE {
        return Err(refused(format!("it has {} bytes, and a script may have {SOURCE}", about.len())));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(SOURCE).read_to_end(&mut bytes)?;
    Ok(bytes)
}
