//! Points from a file of any kind.

use super::file_kind::Kind;
use super::load_options::LoadOptions;
use super::loaded::Loaded;
use super::origin::Origin;
use super::read_bytes::{open, read_bytes};
use super::{csv, npy, npz, png};
use crate::{Points, Result};
use std::io::BufReader;
use std::path::Path;

/// Returns the points in a file. Each row is a point.
///
/// The kind is given by the name (`.npy`, `.npz`, `.csv`, `.tsv`, `.txt`, `.png`), and otherwise by
/// the first bytes. A picture gives one row per pixel, with values from 0 to 1, and a folder of
/// pictures of one size gives one row per picture. An array with one axis becomes one column.
/// Integers beyond 2^53 are rounded. The separator, the header, the decimal mark and a column of
/// row names of a table are inferred from all of its lines. A table that can be read in two ways is
/// an error. The cost is one pass over an array, or two to six passes over the text of a table. The
/// memory holds the values as f64 and the text of a table.
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
/// [`Error::Io`](crate::Error::Io) if the file cannot be read. [`Error::File`](crate::Error::File)
/// with the place if its content is not a numeric table.
/// [`Error::NotFinite`](crate::Error::NotFinite) for NaN and infinity.
/// [`Error::Argument`](crate::Error::Argument) for an option that does not apply to this kind of
/// file.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Points> {
    load_with_note(path, options).map(|loaded| loaded.points)
}

/// Does the same as [`load`], and returns a note on how a table was read.
///
/// # Errors
/// Those of [`load`].
pub fn load_with_note(path: &Path, options: &LoadOptions) -> Result<Loaded> {
    if path.is_dir() {
        options.check(Kind::Png)?;
        let (points, note) = png::read_folder(path)?;
        return Ok(Loaded { points, columns: Vec::new(), note });
    }
    let (file, size) = open(path)?;
    let mut reader = BufReader::new(file);
    let kind = Kind::of(path, &mut reader)?;
    options.check(kind)?;
    let origin = Origin { path, array: None };
    match kind {
        Kind::Npy => npy::read(&mut reader, size, &origin)?.into_points(&origin, options),
        Kind::Npz => npz::load(reader, size, path, options),
        Kind::Csv => csv::read(&read_bytes(&mut reader, size, &origin)?, &origin, options),
        Kind::Png => {
            let (points, note) = png::read(reader, &origin, options.flatten)?;
            Ok(Loaded { points, columns: Vec::new(), note })
        }
    }
}
