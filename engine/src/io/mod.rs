//! Files: point sets in `.npy`, `.npz` and `.csv`, nets in `.safetensors`, and writing that never leaves half a file behind.
//!
//! A reader trusts nothing in a file: sizes are checked against the bytes that exist before memory is asked for.

mod csv;
mod npy;
mod npz;
mod option;
mod safetensors;
mod write;

pub use option::{Column, Header, LoadOptions};
pub use safetensors::{Tensor, Tensors};
pub use write::{save_csv, save_npy, save_npy_shape, write_atomic};

use crate::{Error, Points, Result};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// The points in a file: one row per point.
///
/// The kind is told by the name (`.npy`, `.npz`, `.csv`, `.tsv`, `.txt`), otherwise by the first bytes. An array with
/// one axis becomes one column. Integers beyond 2^53 are rounded. Cost: one pass over the file; memory for the values
/// as f64.
///
/// ```
/// # let path = std::env::temp_dir().join(format!("sdflow-doc-{}.csv", std::process::id()));
/// use sdflow::io::{Column, LoadOptions, load};
/// std::fs::write(&path, "id,x,y\nr1,0.5,2\nr2,1.5,3\n").unwrap();
/// let columns = vec![Column::Named("x".into()), Column::At(2)];
/// let points = load(&path, &LoadOptions { columns: Some(columns), ..Default::default() })?;
/// assert_eq!(points.data(), [0.5, 2.0, 1.5, 3.0]);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), sdflow::Error>(())
/// ```
///
/// # Errors
/// [`Error::Io`] when the file cannot be read; [`Error::File`] with the place when its content is not a numeric table;
/// [`Error::NotFinite`] for NaN and infinity; [`Error::Argument`] for an option that this kind of file does not have.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Points> {
    let (file, size) = open(path)?;
    let mut reader = BufReader::new(file);
    let kind = Kind::of(path, &mut reader)?;
    options.check(kind)?;
    let origin = Origin { path, array: None };
    match kind {
        Kind::Npy => npy::read(&mut reader, size, &origin)?.into_points(&origin, options),
        Kind::Npz => npz::load(reader, size, path, options),
        Kind::Csv => csv::read(&read_bytes(&mut reader, size, &origin)?, &origin, options),
    }
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Npy,
    Npz,
    Csv,
}

impl Kind {
    fn of(path: &Path, reader: &mut BufReader<File>) -> Result<Kind> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        match extension.as_str() {
            "npy" => return Ok(Kind::Npy),
            "npz" => return Ok(Kind::Npz),
            "csv" | "tsv" | "txt" => return Ok(Kind::Csv),
            _ => {}
        }
        let start = std::io::BufRead::fill_buf(reader).map_err(|e| cannot_read(path, &e))?;
        if start.starts_with(npy::MAGIC) {
            Ok(Kind::Npy)
        } else if start.starts_with(b"PK\x03\x04") {
            Ok(Kind::Npz)
        } else {
            let want = "a file that ends in .npy, .npz or .csv is wanted";
            Err(Origin { path, array: None }.wrong("its kind is unknown", want))
        }
    }
}

/// A regular file and its length in bytes.
fn open(path: &Path) -> Result<(File, u64)> {
    let about = std::fs::metadata(path).map_err(|e| cannot_read(path, &e))?;
    let origin = Origin { path, array: None };
    if !about.is_file() {
        let seen = if about.is_dir() { "it is a folder" } else { "it is not a regular file" };
        return Err(origin.wrong(seen, "a file of points is wanted"));
    }
    if about.len() == 0 {
        return Err(origin.wrong("it is empty", "at least one row of numbers is wanted"));
    }
    Ok((File::open(path).map_err(|e| cannot_read(path, &e))?, about.len()))
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Error {
    Error::Io { act: "read", path: path.into(), reason: error.to_string() }
}

/// Where values come from, for messages.
#[derive(Debug, Clone, Copy)]
struct Origin<'a> {
    path: &'a Path,
    /// The array inside an `.npz`.
    array: Option<&'a str>,
}

impl Origin<'_> {
    /// The error for the file, or the array in it, as a whole.
    fn wrong(&self, seen: impl Into<String>, want: impl Into<String>) -> Error {
        let place = self.array.map(|a| format!("array `{a}`")).unwrap_or_default();
        Error::File { path: self.path.into(), place, seen: seen.into(), want: want.into() }
    }

    /// The error at a place in a text file.
    fn wrong_at(&self, place: String, seen: impl Into<String>, want: impl Into<String>) -> Error {
        Error::File { path: self.path.into(), place, seen: seen.into(), want: want.into() }
    }

    /// The error of a failed read: too few bytes, damaged compression, or the system's refusal.
    fn failed(&self, error: &std::io::Error) -> Error {
        use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match error.kind() {
            UnexpectedEof => self.wrong("it ends before its last value", "a complete file is wanted"),
            InvalidData | InvalidInput => self.wrong(format!("it is damaged ({error})"), "an intact file is wanted"),
            _ => cannot_read(self.path, error),
        }
    }

    /// "x.npz, array `a`".
    fn name(&self) -> String {
        let array = self.array.map(|a| format!(", array `{a}`")).unwrap_or_default();
        format!("{}{array}", self.path.display())
    }
}

/// An array of numbers in C order (the last axis varies fastest).
#[derive(Debug)]
struct Array {
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Array {
    /// Rows of points: the first axis counts points, the second coordinates.
    fn into_points(self, origin: &Origin, options: &LoadOptions) -> Result<Points> {
        let shape = shape_text(&self.shape);
        let dim = match self.shape.as_slice() {
            [] => return Err(origin.wrong("it holds a single number", "an array with one or two axes is wanted")),
            _ if self.values.is_empty() => {
                return Err(origin.wrong(format!("its shape is {shape}"), "at least one row and one column are wanted"));
            }
            [_] => 1,
            [_, dim] => *dim,
            [_, rest @ ..] if options.flatten => rest.iter().product(),
            _ => {
                let want = "points need two axes: give `flatten: true` to lay each item of the first axis out as a row";
                return Err(origin.wrong(format!("its shape is {shape}"), want));
            }
        };
        let points = Points::new(self.values, dim, &origin.name())?;
        match &options.columns {
            None => Ok(points),
            Some(columns) => {
                let chosen = option::positions(columns, dim, None, origin)?;
                let data = points.iter().flat_map(|row| chosen.iter().map(|&j| row[j])).collect();
                Points::new(data, chosen.len(), &origin.name())
            }
        }
    }
}

/// `(3, 4)`, as NumPy writes it.
fn shape_text(shape: &[impl ToString]) -> String {
    let axes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    if axes.len() == 1 { format!("({},)", axes[0]) } else { format!("({})", axes.join(", ")) }
}

/// Reads exactly `length` bytes, growing as they come, so that a false length costs no memory.
fn read_bytes(reader: &mut impl Read, length: u64, origin: &Origin) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(length).read_to_end(&mut bytes).map_err(|e| origin.failed(&e))?;
    if (bytes.len() as u64) < length {
        return Err(origin.failed(&std::io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
