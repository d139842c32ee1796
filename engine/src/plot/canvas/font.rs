//! The embedded typeface: its outlines for bitmaps, and its widths for the layout.

use crate::{Error, Result};
use ab_glyph::{Font, FontRef, OutlineCurve, Point};
use plotters::style::{FontStyle, register_font};

/// DejaVu Sans with Latin, Greek and mathematical glyphs. Its licence is in the folder of the font
/// file.
const FACE: &[u8] = include_bytes!("../../../assets/DejaVuSans-subset.ttf");

/// The font family for SVG: the embedded face first, and then faces of similar width.
pub(in crate::plot) const FAMILY: &str = "DejaVu Sans, Verdana, Arial, sans-serif";

/// The height of a line, in em.
pub(in crate::plot) const LINE: f64 = 1.164;
/// The height of a capital letter, in em.
pub(in crate::plot) const CAPITAL: f64 = 0.729;
/// The descent below the baseline, in em.
pub(in crate::plot) const DESCENT: f64 = 0.236;

/// Returns the embedded face.
pub(in crate::plot) fn face() -> Result<FontRef<'static>> {
    FontRef::try_from_slice(FACE).map_err(|e| broken(e.to_string()))
}

/// Registers the embedded face with plotters, which uses it to measure texts.
pub(in crate::plot) fn register() -> Result<()> {
    register_font(FAMILY, FontStyle::Normal, FACE).map_err(|_| broken("plotters refused it".into()))
}

fn broken(reason: String) -> Error {
    Error::Numeric { what: "the embedded font".into(), reason }
}

/// Returns the width of `text` in em.
pub(in crate::plot) fn width(face: &FontRef<'_>, text: &str) -> f64 {
    glyphs(face, text).last().map_or(0.0, |g| g.end)
}

/// Returns `text`, cut to at most `limit` em; an ellipsis marks a cut text.
pub(in crate::plot) fn fit(face: &FontRef<'_>, text: &str, limit: f64) -> String {
    if width(face, text) <= limit {
        return text.into();
    }
    let room = limit - width(face, "…");
    let kept = glyphs(face, text).take_while(|g| g.end <= room).count();
    text.chars().take(kept).chain(['…']).collect()
}

/// One glyph of a line of text; its position is in em from the beginning of the line.
pub(in crate::plot) struct Glyph {
    id: ab_glyph::GlyphId,
    start: f64,
    end: f64,
}

/// Returns the glyphs of `text`, with kerning.
pub(in crate::plot) fn glyphs<'a>(face: &'a FontRef<'_>, text: &'a str) -> impl Iterator<Item = Glyph> + 'a {
    let em = f64::from(face.units_per_em().unwrap_or(2048.0));
    let mut end = 0.0;
    let mut last = None;
    text.chars().map(move |c| {
        let id = face.glyph_id(c);
        let kern = last.map_or(0.0, |l| f64::from(face.kern_unscaled(l, id)) / em);
        last = Some(id);
        let start = end + kern;
        end = start + f64::from(face.h_advance_unscaled(id)) / em;
        Glyph { id, start, end }
    })
}

/// Returns the outline of a line of text, in em. The origin is the left end of the baseline, and y
/// points downwards.
pub(in crate::plot) fn outline(face: &FontRef<'_>, text: &str) -> Vec<OutlineCurve> {
    let em = face.units_per_em().unwrap_or(2048.0);
    let mut curves = Vec::new();
    for glyph in glyphs(face, text) {
        let place = |p: Point| ab_glyph::point(glyph.start as f32 + p.x / em, -p.y / em);
        let Some(outline) = face.outline(glyph.id) else { continue };
        curves.extend(outline.curves.into_iter().map(|curve| match curve {
            OutlineCurve::Line(a, b) => OutlineCurve::Line(place(a), place(b)),
            OutlineCurve::Quad(a, b, c) => OutlineCurve::Quad(place(a), place(b), place(c)),
            OutlineCurve::Cubic(a, b, c, d) => OutlineCurve::Cubic(place(a), place(b), place(c), place(d)),
        }));
    }
    curves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_face_has_what_labels_need() {
        let face = face().unwrap();
        for c in "azAZ09é…±×−·σεαβμΣ∇∞≤≥≈²³⁻⁰⁴⁹₁₂₉√∫".chars() {
            assert_ne!(face.glyph_id(c).0, 0, "{c} is missing");
        }
    }

    #[test]
    fn a_cut_text_fits() {
        let face = face().unwrap();
        let cut = fit(&face, "a rather long title", 5.0);
        assert!(cut.ends_with('…') && width(&face, &cut) <= 5.0 && width(&face, &cut) > 4.0);
        assert_eq!(fit(&face, "short", 5.0), "short");
    }
}
