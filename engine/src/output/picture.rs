//! Several charts side by side, and every chart as a file.

use super::{Chart, draw, ink};
use crate::{Error, Result};
use std::path::Path;

/// Charts side by side, with one legend for all.
///
/// Equal names have equal colours throughout, and charts of clouds share their axes, so that they can be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Above all charts; may be empty.
    pub title: String,
    /// The charts, line by line; 1 to 36.
    pub charts: Vec<Chart>,
    /// Charts per line; `None` takes up to three.
    pub columns: Option<usize>,
    /// Charts of clouds show the same region.
    pub same_axes: bool,
}

impl Picture {
    /// A picture without charts.
    pub fn new(title: impl Into<String>) -> Picture {
        Picture { title: title.into(), charts: Vec::new(), columns: None, same_axes: true }
    }

    /// Adds a chart.
    pub fn with(mut self, chart: Chart) -> Picture {
        self.charts.push(chart);
        self
    }

    /// The picture as SVG text; the bytes depend on the data only.
    ///
    /// # Errors
    /// No chart or more than 36; layers that do not fit together (see [`Chart`]): clouds of different dimension,
    /// lists of different length, images beside other layers, an empty axis range.
    pub fn svg(&self) -> Result<String> {
        ink::svg_text(&draw::scene(self)?)
    }

    /// The picture as PNG bytes, with twice the pixels of its nominal size; text uses an embedded font.
    ///
    /// # Errors
    /// As [`Picture::svg`].
    pub fn png(&self) -> Result<Vec<u8>> {
        ink::png_bytes(&draw::scene(self)?)
    }

    /// Writes the picture; the extension `.svg` or `.png` decides how. The file appears whole or not at all.
    ///
    /// # Errors
    /// As [`Picture::svg`]; another extension; a file that cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
        let bytes = match extension.as_str() {
            "svg" => self.svg()?.into_bytes(),
            "png" => self.png()?,
            _ => return Err(Error::argument("file", path.display(), "a picture's name must end in .svg or .png")),
        };
        crate::io::write_atomic(path, |out| out.write_all(&bytes))
    }
}

impl Chart {
    /// Writes the chart as a picture of its own: [`Picture::save`].
    ///
    /// # Errors
    /// As [`Picture::save`].
    pub fn save(&self, path: &Path) -> Result<()> {
        Picture::new("").with(self.clone()).save(path)
    }
}
