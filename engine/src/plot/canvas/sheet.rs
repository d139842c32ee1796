//! The surface on which plotters draws.

use super::font;
use super::scene::{Align, Mark, PX, Paint, Scene};
use crate::plot::colour::Colour;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontTransform,
    text_anchor::{HPos, VPos},
};
use std::convert::Infallible;

/// The surface on which plotters draws; it collects marks.
pub(in crate::plot) struct Sheet<'a>(pub &'a mut Scene);

impl Sheet<'_> {
    fn keep(&mut self, mark: Mark) -> Result<(), DrawingErrorKind<Infallible>> {
        self.0.marks.push(mark);
        Ok(())
    }
}

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
        self.keep(Mark::Stroke { points: path.into_iter().collect(), width: style.stroke_width(), paint })
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        _fill: bool,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        self.keep(Mark::Dot { centre, radius, paint: style.color().into() })
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        self.keep(Mark::Fill { points: path.into_iter().collect(), paint: style.color().into() })
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
        // In plotters, the size of a font is its line height; in a mark, it is the em.
        let em = style.size() / font::LINE;
        let drop = match style.anchor().v_pos {
            VPos::Top => font::CAPITAL * em,
            VPos::Center => 0.5 * font::CAPITAL * em,
            VPos::Bottom => -font::DESCENT * em,
        } as i32;
        let turned = matches!(style.transform(), FontTransform::Rotate270);
        let baseline = if turned { (at.0 + drop, at.1) } else { (at.0, at.1 + drop) };
        let paint = style.color().into();
        self.keep(Mark::Text { text: text.into(), baseline, size: em.round() as u32, align, turned, paint })
    }
}

impl From<BackendColor> for Paint {
    fn from(colour: BackendColor) -> Paint {
        let (r, g, b) = colour.rgb;
        Paint { colour: Colour(r, g, b), alpha: colour.alpha }
    }
}
