//! Writing a file completely or not at all.

use crate::{Error, Result};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes a file with `write`. The content is first written to a temporary file in the same folder,
/// which is renamed when it is complete. At any time, and after a crash, the file has either the
/// whole old content or the whole new content. Returns when the bytes are on the disk. A pipe or a
/// device is written to directly.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("sdflow-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// let path = folder.join("run.json");
/// sdflow::io::write_atomic(&path, |out| writeln!(out, "{{}}"))?;
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), sdflow::Error>(())
/// ```
///
/// # Errors
/// [`Error::Io`] if the folder is missing, the disk is full or the system refuses; the old file is
/// then unchanged.
pub fn write_atomic(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    write_draft(path, write).map_err(|e| Error::Io { act: "write", path: path.into(), reason: e.to_string() })
}

fn write_draft(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // A link is kept, and the file to which it points is replaced. A pipe or a device is written
    // to, never replaced.
    let resolved = fs::canonicalize(path);
    let path = resolved.as_deref().unwrap_or(path);
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let mut out = BufWriter::new(File::options().write(true).open(path)?);
        write(&mut out)?;
        return out.flush();
    }
    let temporary = Temporary::beside(path)?;
    let mut out = BufWriter::new(File::create_new(&temporary.0)?);
    write(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    fs::rename(&temporary.0, path)
}

/// A temporary file. If it has not been renamed, it is removed in the end.
struct Temporary(PathBuf);

impl Temporary {
    fn beside(path: &Path) -> io::Result<Temporary> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = path.file_name().ok_or(io::Error::new(io::ErrorKind::InvalidInput, "it has no file name"))?;
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let unique = format!(".{}.{}-{count}.tmp", name.to_string_lossy(), std::process::id());
        Ok(Temporary(path.with_file_name(unique)))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the rename there is nothing to remove. An error in the removal must not hide the
        // first error.
        let _ = fs::remove_file(&self.0);
    }
}
