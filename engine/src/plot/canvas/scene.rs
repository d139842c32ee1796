//! The marks of a picture after its layout, on a sheet of paper.

use crate::plot::colour::Colour;

/// The number of units of length in one pixel: lengths and positions are in tenths of a pixel.
pub(in crate::plot) const PX: i32 = 10;

/// A position, in tenths of a pixel from the upper left corner.
pub(in crate::plot) type Place = (i32, i32);

/// One mark on the paper.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::plot) enum Mark {
    /// An open polyline.
    Stroke { points: Vec<Place>, width: u32, paint: Paint },
    /// A filled polygon.
    Fill { points: Vec<Place>, paint: Paint },
    /// A filled disc.
    Dot { centre: Place, radius: u32, paint: Paint },
    /// One line of text; `baseline` is the position of its anchor.
    Text { text: String, baseline: Place, size: u32, align: Align, turned: bool, paint: Paint },
    /// A picture of `columns` x `rows` RGB pixels stretched over a rectangle without smoothing.
    Image { corner: Place, size: (u32, u32), columns: u32, rows: u32, rgb: Vec<u8> },
}

/// A colour and its opacity in 0..1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::plot) struct Paint {
    pub colour: Colour,
    pub alpha: f64,
}

/// The point of a text that lies at the position of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plot) enum Align {
    Left,
    Centre,
    Right,
}

/// A sheet of paper with marks in the order of drawing.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::plot) struct Scene {
    /// Width and height in pixels.
    pub size: (u32, u32),
    pub marks: Vec<Mark>,
}

impl Scene {
    /// Returns white paper.
    pub fn new(width: u32, height: u32) -> Scene {
        Scene { size: (width, height), marks: Vec::new() }
    }

    /// Writes one horizontal line of text with its baseline at `baseline`; `size` is the em in
    /// pixels.
    pub fn write(&mut self, text: &str, baseline: Place, size: f64, align: Align, colour: Colour) {
        let size = (size * f64::from(PX)) as u32;
        let paint = Paint { colour, alpha: 1.0 };
        self.marks.push(Mark::Text { text: text.into(), baseline, size, align, turned: false, paint });
    }
}
