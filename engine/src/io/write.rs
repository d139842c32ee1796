//! Writing files: whole or not at all.

use crate::{Error, Points, Result};
use npyz::WriterBuilder as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes a file through `write`, to a temporary beside it that is renamed when complete: a reader, or a crash,
/// sees the old content or the new, never half. Blocks until the bytes are on the disk. A pipe or a device is written to
/// as it is.
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
/// [`Error::Io`] when the folder is missing, the disk is full or the system refuses; the old file then stands.
pub fn write_atomic(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    written(path, write).map_err(|e| Error::Io { act: "write", path: path.into(), reason: e.to_string() })
}

fn written(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // A link keeps standing and what it points to is replaced; a pipe or a device is written to, never replaced.
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

/// A file that is removed unless it was renamed.
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
        // After the rename there is nothing to remove; a failure to clean up must not hide the first error.
        let _ = fs::remove_file(&self.0);
    }
}

/// Saves points as an `n` x `dim` `.npy` of little-endian f64.
///
/// # Errors
/// As [`write_atomic`].
pub fn save_npy(path: &Path, points: &Points) -> Result<()> {
    save_npy_shape(path, points.data(), &[points.n(), points.dim()])
}

/// Saves values as an `.npy` of this shape, the last axis varying fastest.
///
/// # Errors
/// A shape whose product is not the number of values; otherwise as [`write_atomic`].
pub fn save_npy_shape(path: &Path, values: &[f64], shape: &[usize]) -> Result<()> {
    if shape.iter().try_fold(1usize, |product, &axis| product.checked_mul(axis)) != Some(values.len()) {
        let want = format!("the shape {} needs the product of its axes", super::shape_text(shape));
        return Err(Error::shape("the array to save", format!("{} values", values.len()), want));
    }
    let shape: Vec<u64> = shape.iter().map(|&axis| axis as u64).collect();
    write_atomic(path, |out| {
        let mut array = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(out).begin_nd()?;
        array.extend(values.iter().copied())?;
        array.finish()
    })
}

/// Saves points as text, one line each; every value reads back as the same f64.
///
/// # Errors
/// A header whose length is not the number of columns; otherwise as [`write_atomic`].
pub fn save_csv(path: &Path, header: Option<&[String]>, points: &Points) -> Result<()> {
    if let Some(header) = header.filter(|h| h.len() != points.dim()) {
        let want = format!("the points have {} columns", points.dim());
        return Err(Error::shape("the header", format!("{} names", header.len()), want));
    }
    write_atomic(path, |out| {
        let mut table = csv::Writer::from_writer(out);
        if let Some(header) = header {
            table.write_record(header)?;
        }
        for row in points.iter() {
            table.write_record(row.iter().map(|v| format!("{v:?}")))?;
        }
        table.flush()
    })
}
