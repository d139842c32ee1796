//! Several charts side by side, as plain data.

use super::chart::Chart;

/// Charts side by side, with one legend for all.
///
/// Equal names have equal colours in all charts. Charts of clouds share their axes, so that they
/// can be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The title above all charts; may be empty.
    pub title: String,
    /// The charts, row by row: 1 to 36 of them.
    pub charts: Vec<Chart>,
    /// Number of charts per row; `None` means up to three, and two for four charts.
    pub columns: Option<usize>,
    /// True if charts of clouds show the same region.
    pub same_axes: bool,
    /// True if one unit has the same length on all axes of a chart of clouds. With `None` this
    /// holds if the ranges of the coordinates differ by at most a factor of six; otherwise a note
    /// tells that the scales differ.
    pub equal: Option<bool>,
    /// Width and height of a chart in pixels, each from 100 to 4,000; with `None` the size depends
    /// on the content.
    pub size: Option<(f64, f64)>,
}

impl Picture {
    /// Returns a picture without charts.
    pub fn new(title: impl Into<String>) -> Picture {
        Picture { title: title.into(), charts: Vec::new(), columns: None, same_axes: true, equal: None, size: None }
    }

    /// Adds a chart.
    pub fn with(mut self, chart: Chart) -> Picture {
        self.charts.push(chart);
        self
    }
}
