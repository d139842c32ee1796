//! A heat map as plain data.

use super::extent::LARGEST;
use crate::{Error, Result};

/// Values over a grid, shown by colour: dark is low, bright is high, and a colour bar gives the
/// scale. Cells with enough room show their number. The cell of a value that is not finite is
/// empty. A heat map needs its own chart. The axes of the chart name the two quantities.
///
/// ```
/// use sdflow::plot::{Chart, Heat};
/// let names = |values: [&str; 2]| values.map(String::from).to_vec();
/// let values = vec![0.4, 0.3, 0.2, f64::NAN];
/// let heat = Heat::new(names(["2", "8"]), names(["0.1", "1"]), values).label("energy");
/// let folder = tempfile::tempdir().unwrap();
/// let chart = Chart::new("energy by dimension and sigma").x("dim").y("sigma").with(heat);
/// chart.save(&folder.path().join("heat.svg"))?;
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// Names of the columns, from left to right.
    pub columns: Vec<String>,
    /// Names of the rows, from the bottom up.
    pub rows: Vec<String>,
    /// One value per cell, row by row.
    pub values: Vec<f64>,
    /// The quantity that the colours show.
    pub label: String,
    /// True if colours are logarithmic; the values must then be positive.
    pub log: bool,
    /// Values that the colours cover besides those of the cells, so that several heat maps have the
    /// same colours.
    pub range: Option<(f64, f64)>,
}

impl Heat {
    /// Returns a heat map with linear colours.
    pub fn new(columns: Vec<String>, rows: Vec<String>, values: Vec<f64>) -> Heat {
        Heat { columns, rows, values, label: String::new(), log: false, range: None }
    }

    /// Sets the name of the quantity.
    pub fn label(self, label: impl Into<String>) -> Heat {
        Heat { label: label.into(), ..self }
    }

    /// Makes the colours logarithmic.
    pub fn log(self) -> Heat {
        Heat { log: true, ..self }
    }

    /// Sets values that the colours cover besides those of the cells.
    pub fn range(self, low: f64, high: f64) -> Heat {
        Heat { range: Some((low, high)), ..self }
    }

    /// Returns the value of a cell, if it can be drawn.
    pub(super) fn value(&self, row: usize, column: usize) -> Option<f64> {
        self.values.get(row * self.columns.len() + column).copied().filter(|v| v.abs() <= LARGEST)
    }

    /// # Errors
    /// There are no cells, there are more than 200 in a row or column, or the number of values is
    /// wrong.
    pub(super) fn check(&self) -> Result<()> {
        let (rows, columns) = (self.rows.len(), self.columns.len());
        if !(1..=200).contains(&rows) || !(1..=200).contains(&columns) {
            let got = format!("{rows} rows and {columns} columns");
            return Err(Error::shape("the heat map", got, "1 to 200 of each can be drawn"));
        }
        match self.values.len() {
            n if n == rows * columns => Ok(()),
            n => {
                let want = format!("{rows} rows and {columns} columns need one per cell");
                Err(Error::shape("the heat map", format!("{n} values"), want))
            }
        }
    }
}
