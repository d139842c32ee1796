//! An array of numbers, before it is converted to points.

use super::load_options::{LoadOptions, positions};
use super::loaded::Loaded;
use super::origin::Origin;
use crate::{Points, Result};

/// An array of numbers in C order: the last axis varies fastest.
#[derive(Debug)]
pub(super) struct Array {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
    /// True if the values were integers of 64 bits, some of which no float of 64 bits represents.
    pub from_wide_integers: bool,
}

/// Integers below this value are floats of 64 bits. The next one above it is rounded to it.
const WHOLE_LIMIT: f64 = (1u64 << 53) as f64;

/// Returns a note if a value that was an integer in the file may have been rounded.
pub(super) fn rounding_told(mut integers: impl Iterator<Item = f64>) -> Option<String> {
    let told = "whole numbers of 2^53 and more may have been rounded, since coordinates are floats of 64 bits";
    integers.any(|x| x.abs() >= WHOLE_LIMIT).then(|| told.into())
}

impl Array {
    /// Returns the rows as points: the first axis counts points, the second axis counts
    /// coordinates.
    pub fn into_points(self, origin: &Origin, options: &LoadOptions) -> Result<Loaded> {
        let from_wide_integers = self.from_wide_integers;
        let shape = shape_text(&self.shape);
        let dim = match self.shape.as_slice() {
            [] => return Err(origin.wrong("it holds a single number", "an array with one or two axes is expected")),
            _ if self.values.is_empty() => {
                return Err(
                    origin.wrong(format!("its shape is {shape}"), "at least one row and one column are expected")
                );
            }
            [_] => 1,
            [_, dim] => *dim,
            [_, rest @ ..] if options.flatten => rest.iter().product(),
            _ => {
                let want = "points need two axes: the option `flatten` makes each item along the first axis a row";
                return Err(origin.wrong(format!("its shape is {shape}"), want));
            }
        };
        let mut points = Points::new(self.values, dim, &origin.name())?;
        if let Some(columns) = &options.columns {
            let chosen = positions(columns, dim, None, origin)?;
            let data = points.iter().flat_map(|row| chosen.iter().map(|&j| row[j])).collect();
            points = Points::new(data, chosen.len(), &origin.name())?;
        }
        let note = if from_wide_integers { rounding_told(points.data().iter().copied()) } else { None };
        Ok(Loaded { points, columns: Vec::new(), note })
    }
}

/// Formats a shape as NumPy does: `(3, 4)`.
pub(super) fn shape_text(shape: &[impl ToString]) -> String {
    let axes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    if axes.len() == 1 { format!("({},)", axes[0]) } else { format!("({})", axes.join(", ")) }
}
