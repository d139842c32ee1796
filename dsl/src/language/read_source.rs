//! Reading the texts of scripts.

use super::limits::SOURCE;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Returns the bytes of a script or an import: a regular file of at most [`SOURCE`] bytes. Reading
/// a pipe or a device could block for ever.
///
/// # Errors
/// The operating system's error; the file is not a regular file; it is too large.
pub fn read_source(path: &Path) -> Result<Vec<u8>> {
    let refused = |reason: String| Error::new(ErrorKind::InvalidInput, reason);
    let file = sdflow::io::open_regular(path)?;
    let length = file.metadata()?.len();
    if length > SOURCE {
        return Err(refused(format!("it has {length} bytes, and a script may have {SOURCE}")));
    }
    let mut bytes = Vec::new();
    file.take(SOURCE).read_to_end(&mut bytes)?;
    Ok(bytes)
}
