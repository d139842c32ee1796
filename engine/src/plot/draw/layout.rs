//! Sizes of text and margins, and positions on the paper.

use crate::plot::canvas::{PX, Place};

/// Empty paper around the picture, in pixels.
pub(super) const MARGIN: f64 = 16.0;
/// Empty paper between charts.
pub(super) const GUTTER: f64 = 18.0;
/// Font size of tick labels, in pixels per em.
pub(super) const TICK: f64 = 11.5;
/// Font size of axis labels and of the legend.
pub(super) const LABEL: f64 = 13.0;
/// Font size of the title of a chart.
pub(super) const TITLE: f64 = 14.0;
/// Font size of the title of the picture.
pub(super) const HEADING: f64 = 17.0;
/// Font size of notes.
pub(super) const NOTE: f64 = 11.0;

/// A rectangle of the paper, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// Returns the place for a position in pixels.
pub(super) fn place(x: f64, y: f64) -> Place {
    ((x * f64::from(PX)).round() as i32, (y * f64::from(PX)).round() as i32)
}
