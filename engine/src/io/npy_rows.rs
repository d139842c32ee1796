//! The rows of an `.npy` file that stays on disk.

use super::array::shape_text;
use super::npy::{self, Layout};
use super::origin::{Origin, cannot_read};
use super::read_bytes::open;
use crate::points::RowSource;
use crate::{Error, Points, Result};
use npyz::Order;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The rows of an array with one or two axes. The items of an array with one axis are rows of one
/// value.
#[derive(Debug)]
pub struct NpyRows {
    path: PathBuf,
    file: Mutex<File>,
    layout: Layout,
    n: usize,
    dim: usize,
}

impl NpyRows {
    /// Opens an `.npy` file and reads its header.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::File`] if it is not an `.npy`, its length
    /// does not match its header, it has no values or more than two axes, or its columns are stored
    /// one after the other.
    pub fn open(path: &Path) -> Result<NpyRows> {
        let (mut file, size) = open(path)?;
        let origin = Origin { path, array: None };
        let layout = npy::layout(&mut file, size, &origin)?;
        let shape = shape_text(&layout.shape);
        let (n, dim) = match layout.shape[..] {
            [n] => (n, 1),
            [n, dim] => (n, dim),
            _ => return Err(origin.wrong(format!("its shape is {shape}"), "points need one or two axes")),
        };
        if n * dim == 0 {
            return Err(origin.wrong(format!("its shape is {shape}"), "at least one row and one column are expected"));
        }
        if layout.order == Order::Fortran && dim > 1 && n > 1 {
            let want = "rows are read from a file in C order: save numpy.ascontiguousarray(x)";
            return Err(origin.wrong("its columns are stored one after the other", want));
        }
        Ok(NpyRows { path: path.into(), file: Mutex::new(file), layout, n, dim })
    }
}

impl RowSource for NpyRows {
    fn name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }

    fn n(&self) -> usize {
        self.n
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn read(&self, rows: Range<usize>) -> Result<Points> {
        let origin = Origin { path: &self.path, array: None };
        let width = self.layout.width * self.dim as u64;
        let mut values = Vec::with_capacity(rows.len() * self.dim);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let place = SeekFrom::Start(self.layout.start + rows.start as u64 * width);
        file.seek(place).map_err(|e| cannot_read(&self.path, &e))?;
        npy::decode(&mut *file, &self.layout, rows.len() * self.dim, &origin, &mut values)?;
        let found = Points::new(values, self.dim, &origin.name());
        let found = found.and_then(|points| points.check_squares(&origin.name()).map(|()| points));
        found.map_err(|error| match error {
            Error::NotFinite { what, row, column, value } => {
                Error::NotFinite { what, row: row + rows.start, column, value }
            }
            other => other,
        })
    }
}
