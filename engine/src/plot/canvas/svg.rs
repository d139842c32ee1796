//! A scene as SVG text.

use super::scene::{Align, Mark, Paint, Place, Scene};
use super::{font, png};
use crate::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt::Write as _;

/// Returns the whole document. Consecutive dots with the same paint share a group, which keeps
/// files of thousands of points small.
pub(in crate::plot) fn text(scene: &Scene) -> Result<String> {
    let (width, height) = scene.size;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"{}\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
        font::FAMILY
    );
    let mut group = None;
    for mark in &scene.marks {
        let wanted = match mark {
            Mark::Dot { paint, .. } => Some(*paint),
            _ => None,
        };
        if wanted != group {
            out.push_str(if group.is_some() { "</g>\n" } else { "" });
            if let Some(paint) = wanted {
                out += &format!("<g{}>\n", ink("fill", paint));
            }
            group = wanted;
        }
        element(&mut out, mark)?;
    }
    out.push_str(if group.is_some() { "</g>\n</svg>\n" } else { "</svg>\n" });
    Ok(out)
}

fn element(out: &mut String, mark: &Mark) -> Result<()> {
    match mark {
        Mark::Stroke { points, width, paint } => {
            let (ink, width) = (ink("stroke", *paint), px(*width as i32));
            *out += &format!("<path d=\"{}\" fill=\"none\"{ink} stroke-width=\"{width}\"", steps(points));
            *out += " stroke-linejoin=\"round\"/>\n";
        }
        Mark::Fill { points, paint } => *out += &format!("<path d=\"{}z\"{}/>\n", steps(points), ink("fill", *paint)),
        Mark::Dot { centre, radius, .. } => {
            let (x, y, r) = (px(centre.0), px(centre.1), px(*radius as i32));
            *out += &format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"/>\n");
        }
        Mark::Text { text, baseline, size, align, turned, paint } => {
            let (x, y) = (px(baseline.0), px(baseline.1));
            *out += &format!("<text x=\"{x}\" y=\"{y}\" font-size=\"{}\"{}", px(*size as i32), ink("fill", *paint));
            *out += match align {
                Align::Left => "",
                Align::Centre => " text-anchor=\"middle\"",
                Align::Right => " text-anchor=\"end\"",
            };
            if *turned {
                *out += &format!(" transform=\"rotate(-90 {x} {y})\"");
            }
            *out += &format!(">{}</text>\n", escape(text));
        }
        Mark::Image { corner, size, columns, rows, rgb } => {
            let (x, y, w, h) = (px(corner.0), px(corner.1), px(size.0 as i32), px(size.1 as i32));
            let data = STANDARD.encode(png::encode(*columns, *rows, rgb)?);
            *out += &format!("<image x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" preserveAspectRatio=\"none\"");
            *out += &format!(" style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{data}\"/>\n");
        }
    }
    Ok(())
}

/// Formats tenths of a pixel as pixels: `123` is `12.3`.
fn px(tenths: i32) -> String {
    format!("{}", f64::from(tenths) / 10.0)
}

/// Returns a path through `points`. All positions after the first are relative, which halves the
/// length of the path.
fn steps(points: &[Place]) -> String {
    let mut out = String::new();
    let mut last: Option<Place> = None;
    for &(x, y) in points {
        // Writing to a string cannot fail.
        let _ = match last {
            None => write!(out, "M{} {}", px(x), px(y)),
            Some((u, v)) => write!(out, "l{} {}", px(x - u), px(y - v)),
        };
        last = Some((x, y));
    }
    out
}

fn ink(what: &str, paint: Paint) -> String {
    let opacity = match paint.alpha {
        a if a < 1.0 => format!(" {what}-opacity=\"{:.2}\"", a.max(0.0)),
        _ => String::new(),
    };
    format!(" {what}=\"{}\"{opacity}", paint.colour.hex())
}

/// Escapes the five special characters of XML and removes control characters, which XML forbids.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '&' => out += "&amp;",
            '"' => out += "&quot;",
            '\'' => out += "&apos;",
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
