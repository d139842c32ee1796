//! A scene as pixels, and as the bytes of a PNG file.

use super::font;
use super::scene::{Align, Mark, PX, Paint, Place, Scene};
use crate::{Error, Result};
use ab_glyph::{FontRef, OutlineCurve};
use tiny_skia::{
    FillRule, FilterQuality, LineCap, LineJoin, Path, PathBuilder, Pixmap, PixmapPaint, Shader, Stroke, Transform,
};

/// Device pixels per picture pixel. With two of them, pictures are sharp on fine screens and in
/// print.
const DENSITY: f32 = 2.0;

/// Returns the content of the file.
pub(in crate::plot) fn bytes(scene: &Scene) -> Result<Vec<u8>> {
    pixels(scene, DENSITY)?.encode_png().map_err(|e| failure(&e.to_string()))
}

/// Returns the pixels of the scene; they are opaque. A side of a picture pixel is `density` of
/// these pixels long.
pub(super) fn pixels(scene: &Scene, density: f32) -> Result<Pixmap> {
    let (width, height) = (scene.size.0 * density as u32, scene.size.1 * density as u32);
    let mut paper = Pixmap::new(width, height).ok_or_else(|| failure("its size is out of range"))?;
    paper.fill(tiny_skia::Color::WHITE);
    let face = font::face()?;
    for mark in &scene.marks {
        draw(&mut paper, &face, mark, density);
    }
    Ok(paper)
}

/// Returns `columns` x `rows` RGB pixels as a PNG file.
pub(super) fn encode(columns: u32, rows: u32, rgb: &[u8]) -> Result<Vec<u8>> {
    let image = pixmap(columns, rows, rgb).ok_or_else(|| failure("its size is out of range"))?;
    image.encode_png().map_err(|e| failure(&e.to_string()))
}

fn pixmap(columns: u32, rows: u32, rgb: &[u8]) -> Option<Pixmap> {
    let mut image = Pixmap::new(columns, rows)?;
    for (pixel, colour) in image.pixels_mut().iter_mut().zip(rgb.chunks_exact(3)) {
        *pixel = tiny_skia::ColorU8::from_rgba(colour[0], colour[1], colour[2], 255).premultiply();
    }
    Some(image)
}

pub(super) fn failure(reason: &str) -> Error {
    Error::Numeric { what: "the picture".into(), reason: reason.into() }
}

/// Draws a mark. A path without extent draws nothing.
fn draw(paper: &mut Pixmap, face: &FontRef<'_>, mark: &Mark, density: f32) {
    let scale = density / PX as f32;
    let whole = Transform::from_scale(scale, scale);
    let rule = FillRule::Winding;
    match mark {
        Mark::Stroke { points, width, paint } => {
            let (cap, join) = (LineCap::Butt, LineJoin::Round);
            let stroke = Stroke { width: *width as f32, line_cap: cap, line_join: join, ..Stroke::default() };
            if let Some(path) = polyline(points, false) {
                paper.stroke_path(&path, &ink(*paint), &stroke, whole, None);
            }
        }
        Mark::Fill { points, paint } => {
            if let Some(path) = polyline(points, true) {
                paper.fill_path(&path, &ink(*paint), rule, whole, None);
            }
        }
        Mark::Dot { centre, radius, paint } => {
            if let Some(path) = PathBuilder::from_circle(centre.0 as f32, centre.1 as f32, *radius as f32) {
                paper.fill_path(&path, &ink(*paint), rule, whole, None);
            }
        }
        Mark::Text { text, baseline, size, align, turned, paint } => {
            let Some(path) = letters(face, text) else { return };
            let share = match align {
                Align::Left => 0.0,
                Align::Centre => 0.5,
                Align::Right => 1.0,
            };
            let place = Transform::from_translate(-share * font::width(face, text) as f32, 0.0)
                .post_scale(*size as f32, *size as f32)
                .post_rotate(if *turned { -90.0 } else { 0.0 })
                .post_translate(baseline.0 as f32, baseline.1 as f32);
            paper.fill_path(&path, &ink(*paint), rule, place.post_concat(whole), None);
        }
        Mark::Image { corner, size, columns, rows, rgb } => {
            let Some(image) = pixmap(*columns, *rows, rgb) else { return };
            let (across, down) = (size.0 as f32 / *columns as f32, size.1 as f32 / *rows as f32);
            let place =
                Transform::from_scale(across, down).post_translate(corner.0 as f32, corner.1 as f32).post_concat(whole);
            let paint = PixmapPaint { quality: FilterQuality::Nearest, ..PixmapPaint::default() };
            paper.draw_pixmap(0, 0, image.as_ref(), &paint, place, None);
        }
    }
}

fn ink(paint: Paint) -> tiny_skia::Paint<'static> {
    let alpha = (paint.alpha.clamp(0.0, 1.0) * 255.0).round() as u8;
    let colour = tiny_skia::Color::from_rgba8(paint.colour.0, paint.colour.1, paint.colour.2, alpha);
    tiny_skia::Paint { shader: Shader::SolidColor(colour), ..tiny_skia::Paint::default() }
}

fn polyline(points: &[Place], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        match i {
            0 => path.move_to(x as f32, y as f32),
            _ => path.line_to(x as f32, y as f32),
        }
    }
    if closed {
        path.close();
    }
    path.finish()
}

/// Returns the outline of a text in em.
fn letters(face: &FontRef<'_>, text: &str) -> Option<Path> {
    let mut path = PathBuilder::new();
    let mut at = None;
    for curve in font::outline(face, text) {
        let start = match &curve {
            OutlineCurve::Line(a, _) | OutlineCurve::Quad(a, ..) | OutlineCurve::Cubic(a, ..) => *a,
        };
        if at != Some(start) {
            path.move_to(start.x, start.y);
        }
        at = Some(match curve {
            OutlineCurve::Line(_, b) => {
                path.line_to(b.x, b.y);
                b
            }
            OutlineCurve::Quad(_, b, c) => {
                path.quad_to(b.x, b.y, c.x, c.y);
                c
            }
            OutlineCurve::Cubic(_, b, c, d) => {
                path.cubic_to(b.x, b.y, c.x, c.y, d.x, d.y);
                d
            }
        });
    }
    path.finish()
}
