//! What a picture is made of once it is laid out, and the drawing surface that plotters paints on.
//!
//! Coordinates are tenths of a pixel, so that curves stay smooth although plotters counts in whole numbers.

pub(super) mod font;
mod png;
mod svg;

use super::colour::Colour;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontTransform,
    text_anchor::{HPos, VPos},
};
use std::convert::Infallible;

pub(super) use png::bytes as png_bytes;
pub(super) use svg::text as svg_text;

/// Tenths of a pixel in one pixel.
pub(super) const PX: i32 = 10;

/// A place, in tenths of a pixel from the upper left corner.
pub(super) type Place = (i32, i32);

/// One mark on the paper.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// An open polyline.
    Stroke { points: Vec<Place>, width: u32, paint: Paint },
    /// A filled polygon.
    Fill { points: Vec<Place>, paint: Paint },
    /// A filled disc.
    Dot { centre: Place, radius: u32, paint: Paint },
    /// One line of text; `baseline` is where its anchor stands.
    Text { text: String, baseline: Place, size: u32, align: Align, turned: bool, paint: Paint },
    /// A picture of `columns` x `rows` RGB pixels stretched over a rectangle without smoothing.
    Image { corner: Place, size: (u32, u32), columns: u32, rows: u32, rgb: Vec<u8> },
}

/// A colour and its opacity in 0..1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Paint {
    pub colour: Colour,
    pub alpha: f64,
}

/// Which point of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// A sheet of paper with marks in the order in which they were made.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scene {
    /// Width and height in pixels.
    pub size: (u32, u32),
    pub marks: Vec<Mark>,
}

impl Scene {
    /// White paper.
    pub fn new(width: u32, height: u32) -> Scene {
        Scene { size: (width, height), marks: Vec::new() }
    }

    /// Writes one horizontal line of text with its baseline at `baseline`; `size` is the em in pixels.
    pub fn write(&mut self, text: &str, baseline: Place, size: f64, align: Align, colour: Colour) {
        let size = (size * f64::from(PX)) as u32;
        let paint = Paint { colour, alpha: 1.0 };
        self.marks.push(Mark::Text { text: text.into(), baseline, size, align, turned: false, paint });
    }

    fn keep(&mut self, mark: Mark) -> Result<(), DrawingErrorKind<Infallible>> {
        self.marks.push(mark);
        Ok(())
    }
}

/// The surface on which plotters draws; it collects marks.
pub(super) struct Sheet<'a>(pub &'a mut Scene);

impl DrawingBackend for Sheet<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.0.size.0 * PX as u32, self.0.size.1 * PX as u32)
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn draw_pixel(&mut self, at: BackendCoord, colour: BackendColor) -> Result<(), DrawingErrorKind<Infallible>> {
        self.draw_rect(at, (at.0 + 1, at.1 + 1), &colour, true)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        if fill {
            self.fill_polygon(corners, style)
        } else {
            self.draw_path(corners.into_iter().chain([(left, top)]), style)
        }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let paint = Paint::from(style.color());
        if paint.alpha == 0.0 {
            return Ok(());
        }
        self.0.keep(Mark::Stroke { points: path.into_iter().collect(), width: style.stroke_width(), paint })
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        _fill: bool,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        self.0.keep(Mark::Dot { centre, radius, paint: style.color().into() })
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        self.0.keep(Mark::Fill { points: path.into_iter().collect(), paint: style.color().into() })
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        at: BackendCoord,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let align = match style.anchor().h_pos {
            HPos::Left => Align::Left,
            HPos::Center => Align::Centre,
            HPos::Right => Align::Right,
        };
        // plotters counts a font's line height, we count its em.
        let em = style.size() / font::LINE;
        let drop = match style.anchor().v_pos {
            VPos::Top => font::CAPITAL * em,
            VPos::Center => 0.5 * font::CAPITAL * em,
            VPos::Bottom => -font::DESCENT * em,
        } as i32;
        let turned = matches!(style.transform(), FontTransform::Rotate270);
        let baseline = if turned { (at.0 + drop, at.1) } else { (at.0, at.1 + drop) };
        let paint = style.color().into();
        self.0.keep(Mark::Text { text: text.into(), baseline, size: em.round() as u32, align, turned, paint })
    }
}

impl From<BackendColor> for Paint {
    fn from(colour: BackendColor) -> Paint {
        let (r, g, b) = colour.rgb;
        Paint { colour: Colour(r, g, b), alpha: colour.alpha }
    }
}
