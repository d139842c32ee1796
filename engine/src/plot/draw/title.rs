//! The title, the legend and the notes of a picture.

use super::super::canvas::{Align, Mark, Paint, Scene, font};
use super::super::legend::{Legend, Swatch};
use super::layout::{HEADING, LABEL, MARGIN, NOTE, place};
use crate::plot::Colour;
use ab_glyph::FontRef;

/// Draws title and legend, and returns the top of the charts.
pub(super) fn draw(scene: &mut Scene, face: &FontRef<'_>, title: &str, legend: &Legend, width: f64) -> f64 {
    let mut top = MARGIN;
    if !title.is_empty() {
        let text = font::fit(face, title, (width - 2.0 * MARGIN) / HEADING);
        scene.write(&text, place(MARGIN, top + HEADING * 0.8), HEADING, Align::Left, Colour::BLACK);
        top += HEADING + 10.0;
    }
    if legend.entries.is_empty() {
        return top;
    }
    const SWATCH: f64 = 22.0;
    const GAP: f64 = 20.0;
    let mut left = MARGIN;
    let room = width - 2.0 * MARGIN - SWATCH - 6.0;
    for entry in &legend.entries {
        let text = font::fit(face, &entry.label, room / LABEL);
        let before = if entry.swatch == Swatch::Dot { 10.0 } else { SWATCH } + 6.0;
        let length = before + font::width(face, &text) * LABEL;
        if left > MARGIN && left + length > width - MARGIN {
            left = MARGIN;
            top += LABEL + 7.0;
        }
        swatch(scene, entry.swatch, entry.colour, left, top + 0.5 * LABEL, SWATCH);
        let baseline = place(left + before, top + 0.5 * LABEL + 0.5 * font::CAPITAL * LABEL);
        scene.write(&text, baseline, LABEL, Align::Left, Colour::BLACK);
        left += length + GAP;
    }
    top + LABEL + 14.0
}

fn swatch(scene: &mut Scene, swatch: Swatch, colour: Colour, left: f64, middle: f64, length: f64) {
    let paint = Paint { colour, alpha: 1.0 };
    let mut stroke = |from: f64, to: f64| {
        let points = vec![place(left + from * length, middle), place(left + to * length, middle)];
        scene.marks.push(Mark::Stroke { points, width: 22, paint });
    };
    match swatch {
        Swatch::Line => stroke(0.0, 1.0),
        Swatch::Dashes => [0.0, 0.4, 0.8].into_iter().for_each(|a| stroke(a, a + 0.22)),
        Swatch::Dot => {
            scene.marks.push(Mark::Dot { centre: place(left + 5.0, middle), radius: 45, paint });
        }
    }
}

/// Writes the notes and returns their lower end.
pub(super) fn notes(scene: &mut Scene, face: &FontRef<'_>, notes: &[String], top: f64, width: f64) -> f64 {
    let room = (width - 2.0 * MARGIN) / NOTE;
    let mut lines: Vec<String> = Vec::new();
    for word in notes.iter().flat_map(|n| n.split_whitespace()) {
        match lines.last_mut() {
            Some(line) if font::width(face, &format!("{line} {word}")) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(font::fit(face, word, room)),
        }
    }
    let mut baseline = top - 2.0;
    for line in &lines {
        baseline += NOTE;
        scene.write(line, place(MARGIN, baseline), NOTE, Align::Left, Colour::GREY);
        baseline += 4.0;
    }
    if lines.is_empty() { top } else { baseline + 14.0 }
}
