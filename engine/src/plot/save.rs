//! Pictures and charts as files.

use super::chart::Chart;
use super::picture::Picture;
use super::{canvas, draw};
use crate::{Error, Result};
use std::path::Path;

impl Picture {
    /// The picture as SVG text; the bytes depend on the data only.
    ///
    /// # Errors
    /// No chart or more than 36; layers that do not fit together (see [`Chart`]): clouds of
    /// different dimension, lists of different length, images beside other layers, an empty axis
    /// range.
    pub fn svg(&self) -> Result<String> {
        canvas::svg_text(&draw::scene(self)?)
    }

    /// The picture as PNG bytes, with twice the pixels of its nominal size; text uses an embedded
    /// font.
    ///
    /// # Errors
    /// As [`Picture::svg`].
    pub fn png(&self) -> Result<Vec<u8>> {
        canvas::png_bytes(&draw::scene(self)?)
    }

    /// Writes the picture; the extension `.svg` or `.png` decides how. The file appears whole or
    /// not at all.
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
