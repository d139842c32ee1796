//! Pictures and charts as files.

use super::chart::Chart;
use super::picture::Picture;
use super::{canvas, draw};
use crate::{Error, Result};
use std::path::Path;

impl Picture {
    /// Lays the picture out without drawing it.
    ///
    /// # Errors
    /// Those of [`Picture::svg`].
    pub fn check(&self) -> Result<()> {
        draw::scene(self).map(drop)
    }

    /// Returns the picture as SVG text. The bytes depend only on the data.
    ///
    /// # Errors
    /// There are no charts or more than 36, or layers cannot be combined (see [`Chart`]): clouds
    /// differ in dimension, lists differ in length, images are combined with other layers, or an
    /// axis range is empty.
    pub fn svg(&self) -> Result<String> {
        canvas::svg_text(&draw::scene(self)?)
    }

    /// Returns the picture as PNG bytes, with twice as many pixels per side as its nominal size.
    /// Text uses an embedded font.
    ///
    /// # Errors
    /// Those of [`Picture::svg`].
    pub fn png(&self) -> Result<Vec<u8>> {
        canvas::png_bytes(&draw::scene(self)?)
    }

    /// Returns the bytes of a GIF that shows the charts one after the other in `seconds`. The last
    /// chart then remains for another quarter of this time. All charts have the axes and the
    /// colours that they would have side by side.
    ///
    /// # Errors
    /// Those of [`Picture::svg`], with up to 500 charts; or `seconds` is not between 0.1 and 600.
    pub fn gif(&self, seconds: f64) -> Result<Vec<u8>> {
        if !(0.1..=600.0).contains(&seconds) {
            return Err(Error::argument("seconds", seconds, "it must lie between 0.1 and 600"));
        }
        let frames = draw::frames(self)?;
        let last = frames.len().saturating_sub(1);
        let pause = 25.0 * seconds;
        let each = 100.0 * seconds / frames.len().max(1) as f64;
        // Viewers slow down a frame of less than 2 hundredths of a second.
        let shown = |i: usize| (if i == last { each + pause } else { each }).round().max(2.0) as u16;
        let timed: Vec<_> = frames.into_iter().enumerate().map(|(i, frame)| (frame, shown(i))).collect();
        canvas::gif_bytes(&timed)
    }

    /// Returns the charts one after the other, each as the bytes of a PNG, as in [`Picture::gif`].
    ///
    /// # Errors
    /// Those of [`Picture::gif`].
    pub fn png_frames(&self) -> Result<Vec<Vec<u8>>> {
        draw::frames(self)?.iter().map(canvas::png_bytes).collect()
    }

    /// Writes the picture. The extension `.svg` or `.png` determines the format. The file is
    /// written completely or not at all.
    ///
    /// # Errors
    /// Those of [`Picture::svg`]; the file has another extension, or it cannot be written.
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
    /// Writes the chart as a picture, as [`Picture::save`] does.
    ///
    /// # Errors
    /// Those of [`Picture::save`].
    pub fn save(&self, path: &Path) -> Result<()> {
        Picture::new("").with(self.clone()).save(path)
    }
}
