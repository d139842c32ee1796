//! An array of numbers, before it is converted to points.

use super::load_options::{LoadOptions, positions};
use super::origin::Origin;
use crate::{Points, Result};

/// An array of numbers in C order: the last axis varies fastest.
#[derive(Debug)]
pub(super) struct Array {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

impl Array {
    /// Returns the rows as points: the first axis counts points, the second axis counts
    /// coordinates.
    pub fn into_points(self, origin: &Origin, options: &LoadOptions) -> Result<Points> {
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
        let points = Points::new(self.values, dim, &origin.name())?;
        match &options.columns {
            None => Ok(points),
            Some(columns) => {
                let chosen = positions(columns, dim, None, origin)?;
                let data = points.iter().flat_map(|row| chosen.iter().map(|&j| row[j])).collect();
                Points::new(data, chosen.len(), &origin.name())
            }
        }
    }
}

/// Formats a shape as NumPy does: `(3, 4)`.
pub(super) fn shape_text(shape: &[impl ToString]) -> String {
    let axes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    if axes.len() == 1 { format!("({},)", axes[0]) } else { format!("({})", axes.join(", ")) }
}
