//! A grid of grey images, pixel by pixel.

use super::super::Images;
use super::super::canvas::{Mark, PX, Scene};
use super::super::extent::Extent;
use super::super::shared::{Making, format_count};
use super::layout::{Area, place};
use crate::Points;
use std::sync::Arc;

/// The largest number of images drawn.
const MOST: usize = 400;

/// The arrangement of the images.
struct Grid {
    shown: usize,
    columns: usize,
    /// The number of picture pixels per image pixel.
    zoom: f64,
    gap: f64,
}

fn grid(images: &Images, width: f64) -> Grid {
    let shown = images.pixels.n().min(MOST);
    let square = (1.25 * shown as f64 * images.height as f64 / images.width as f64).sqrt().ceil() as usize;
    let columns = images.columns.unwrap_or(square).clamp(1, shown.max(1));
    let gap = if columns > 30 { 1.0 } else { 3.0 };
    let room = (width + gap) / columns as f64 - gap;
    let zoom = (room / images.width as f64).min(12.0);
    // Pixels stay sharp if the zoom is an integer. If there is no room for that, the image is
    // shrunk.
    Grid { shown, columns, zoom: if zoom >= 1.0 { zoom.floor() } else { zoom.max(1e-3) }, gap }
}

/// Returns the height of the whole grid.
pub(super) fn height(images: &Images, width: f64, making: &mut Making) -> f64 {
    let grid = grid(images, width);
    if images.pixels.n() > MOST {
        making.note(format!("Shown: the first {MOST} of {}.", format_count(images.pixels.n(), "image")));
    }
    let rows = grid.shown.div_ceil(grid.columns) as f64;
    (rows * (images.height as f64 * grid.zoom + grid.gap) - grid.gap).max(20.0)
}

/// Returns the values that are shown as black and as white in all of these grids. A few extreme
/// pixels are ignored, because they would make all others grey.
pub(super) fn greys(grids: &[Arc<Points>]) -> (f64, f64) {
    let shown = |pixels: &Arc<Points>| pixels.data()[..pixels.n().min(MOST) * pixels.dim()].to_vec();
    let extent = Extent::middle(grids.iter().flat_map(shown).collect());
    (extent.low, extent.high)
}

/// Draws the images in order, line by line, and returns the rectangle that they fill.
pub(super) fn draw(scene: &mut Scene, images: &Images, area: Area) -> Area {
    let grid = grid(images, area.width);
    let (low, high) = images.range.unwrap_or_else(|| greys(std::slice::from_ref(&images.pixels)));
    let grey = |v: f64| {
        let light = if high > low { ((v - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 };
        (255.0 * if images.inverted { 1.0 - light } else { light }).round() as u8
    };
    let (wide, tall) = (images.width as f64 * grid.zoom, images.height as f64 * grid.zoom);
    for (i, row) in images.pixels.iter().take(grid.shown).enumerate() {
        let (column, line) = ((i % grid.columns) as f64, (i / grid.columns) as f64);
        let corner = place(area.left + column * (wide + grid.gap), area.top + line * (tall + grid.gap));
        let size = ((wide * f64::from(PX)) as u32, (tall * f64::from(PX)) as u32);
        let rgb = row.iter().flat_map(|v| [grey(*v); 3]).collect();
        scene.marks.push(Mark::Image { corner, size, columns: images.width as u32, rows: images.height as u32, rgb });
    }
    area
}
