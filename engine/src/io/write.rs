//! Saving of points as an array or as a table.

use super::array::shape_text;
use super::write_atomic::write_atomic;
use crate::{Error, Points, Result};
use npyz::WriterBuilder as _;
use std::path::Path;

/// Saves points as an `n` x `dim` `.npy` of little-endian f64.
///
/// # Errors
/// Those of [`write_atomic`].
pub fn save_npy(path: &Path, points: &Points) -> Result<()> {
    save_npy_shape(path, points.data(), &[points.n(), points.dim()])
}

/// Saves values as an `.npy` of this shape. The last axis varies fastest.
///
/// # Errors
/// The product of the shape is not the number of values, or an error of [`write_atomic`].
pub(super) fn save_npy_shape(path: &Path, values: &[f64], shape: &[usize]) -> Result<()> {
    if shape.iter().try_fold(1usize, |product, &axis| product.checked_mul(axis)) != Some(values.len()) {
        let want = format!("the shape {} needs the product of its axes", shape_text(shape));
        return Err(Error::shape("the array to save", format!("{} values", values.len()), want));
    }
    let shape: Vec<u64> = shape.iter().map(|&axis| axis as u64).collect();
    write_atomic(path, |out| {
        let mut array = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(out).begin_nd()?;
        array.extend(values.iter().copied())?;
        array.finish()
    })
}

/// Saves points as text, one line per point. Every value is read back as the same f64.
///
/// # Errors
/// The length of the header is not the number of columns, or an error of [`write_atomic`].
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
