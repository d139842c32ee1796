//! The layout of a picture on paper: title, legend, charts row by row, notes.

mod axes;
mod clip;
mod heat;
mod layout;
mod mosaic;
mod scatter3d;
mod title;

use super::axes_chart::Shows;
use super::canvas::{Align, Scene, font};
use super::chart::Chart;
use super::colour::Colour;
use super::extent::Extent;
use super::picture::Picture;
use super::prepared::Panel;
use super::shared::{Making, format_count};
use crate::{Error, Result};
use ab_glyph::FontRef;
use layout::{Area, GUTTER, MARGIN, TITLE, place};

/// The largest number of pixels of a picture.
const MOST_PIXELS: u64 = 20_000_000;
/// The largest number of frames of an animation.
const MOST_FRAMES: usize = 500;

/// Draws the whole picture.
///
/// # Errors
/// Those of [`Picture::svg`].
pub(super) fn scene(picture: &Picture) -> Result<Scene> {
    let count = picture.charts.len();
    if !(1..=36).contains(&count) {
        let got = format!("{count} charts");
        return Err(Error::shape("the picture", got, "a picture has 1 to 36 charts"));
    }
    if picture.columns == Some(0) {
        return Err(Error::argument("columns", 0, "a row of a picture has at least 1 chart"));
    }
    let (panels, mut making) = prepare(picture)?;
    check_size(picture)?;
    let heading = if picture.title.is_empty() && count == 1 { &picture.charts[0].title } else { &picture.title };
    lay_out(picture, heading, (&picture.charts, &panels), &mut making)
}

/// Draws every chart of the picture as a scene of its own. All scenes have the same axes, colours
/// and size.
///
/// # Errors
/// Those of [`Picture::gif`].
pub(super) fn frames(picture: &Picture) -> Result<Vec<Scene>> {
    let count = picture.charts.len();
    if !(1..=MOST_FRAMES).contains(&count) {
        let got = format!("{count} frames");
        return Err(Error::shape("the animation", got, format!("an animation has 1 to {MOST_FRAMES} frames")));
    }
    let (panels, mut making) = prepare(picture)?;
    let each = picture.charts.iter().zip(&panels).map(|(chart, panel)| {
        let titles = [picture.title.as_str(), chart.title.as_str()];
        let heading = titles.into_iter().filter(|title| !title.is_empty()).collect::<Vec<_>>().join(", ");
        lay_out(picture, &heading, (std::slice::from_ref(chart), std::slice::from_ref(panel)), &mut making)
    });
    each.collect()
}

/// Prepares all charts, which share their legend and, if requested, their axes.
fn prepare(picture: &Picture) -> Result<(Vec<Panel>, Making)> {
    font::register()?;
    let mut making = Making::default();
    let mut panels =
        picture.charts.iter().map(|chart| Panel::of(chart, &mut making)).collect::<Result<Vec<Panel>>>()?;
    if picture.same_axes {
        share_axes(&mut panels);
    } else {
        note_own_axes(&panels, &mut making);
    }
    panels.iter_mut().for_each(|panel| choose_units(panel, picture.equal, &mut making));
    if making.far > 0 {
        let verb = if making.far == 1 { "lies" } else { "lie" };
        making.note(format!("{} {verb} outside the frame.", format_count(making.far, "far point")));
    }
    Ok((panels, making))
}

/// Draws these charts with the settings of `picture` below the heading.
fn lay_out(picture: &Picture, heading: &str, drawn: (&[Chart], &[Panel]), making: &mut Making) -> Result<Scene> {
    let face = font::face()?;
    let (charts, panels) = drawn;
    let count = charts.len();
    let columns = picture.columns.unwrap_or(if count == 4 { 2 } else { 3 }).min(count);
    let cell = match (picture.size, columns) {
        (Some((width, _)), _) => width,
        (None, 1) => 680.0,
        (None, 2) => 500.0,
        (None, 3) => 390.0,
        (None, n) => (1400.0 / n as f64).max(240.0),
    };
    let width = columns as f64 * (cell + GUTTER) - GUTTER + 2.0 * MARGIN;
    // The height is known only at the end. Until then, there is enough room for every chart.
    let mut scene = Scene::new(width.ceil() as u32, 100_000);
    let mut top = title::draw(&mut scene, &face, heading, &making.legend, width);
    let titled = count > 1 && charts.iter().any(|c| !c.title.is_empty());
    for (charts, panels) in charts.chunks(columns).zip(panels.chunks(columns)) {
        if titled {
            top += TITLE + 8.0;
        }
        // Views of space may be tall. Other charts beside them would show mostly empty paper.
        let kind = |panel: &Panel| usize::from(matches!(panel, Panel::Solid(_)));
        let mut heights = picture.size.map_or([0.0; 2], |(_, height)| [height; 2]);
        if picture.size.is_none() {
            for panel in panels {
                heights[kind(panel)] = wanted_height(panel, cell, making).max(heights[kind(panel)]);
            }
        }
        for (i, (chart, panel)) in charts.iter().zip(panels).enumerate() {
            let left = MARGIN + i as f64 * (cell + GUTTER);
            let area = Area { left, top, width: cell, height: heights[kind(panel)] };
            let inner = draw_panel(&mut scene, &face, panel, area)?;
            if titled {
                write_title(&mut scene, &face, chart, inner, left + cell);
            }
        }
        top += heights[0].max(heights[1]) + GUTTER;
    }
    top = title::notes(&mut scene, &face, &making.notes, top, width);
    scene.size.1 = (top + MARGIN - GUTTER).ceil() as u32 + 4;
    let pixels = u64::from(scene.size.0) * u64::from(scene.size.1);
    if pixels > MOST_PIXELS {
        let got = format!("{} x {} pixels", scene.size.0, scene.size.1);
        return Err(Error::shape(
            "the picture",
            got,
            "at most 20 million in all can be drawn: make its charts smaller",
        ));
    }
    Ok(scene)
}

/// Writes the title of a chart above the left end of its content.
fn write_title(scene: &mut Scene, face: &FontRef<'_>, chart: &Chart, inner: Area, right: f64) {
    let text = font::fit(face, &chart.title, (right - inner.left) / TITLE);
    scene.write(&text, place(inner.left, inner.top - 9.0), TITLE, Align::Left, Colour::BLACK);
}

/// Draws one panel and returns the rectangle of its data.
fn draw_panel(scene: &mut Scene, face: &FontRef<'_>, panel: &Panel, area: Area) -> Result<Area> {
    match panel {
        Panel::Plane(plane) => axes::draw(scene, face, plane, area),
        Panel::Solid(solid) => Ok(scatter3d::draw(scene, solid, area)),
        Panel::Mosaic(images) => Ok(mosaic::draw(scene, images, area)),
        Panel::Grid(grid) => Ok(heat::draw(scene, face, grid, area)),
    }
}

/// Returns a suitable height for a panel of this width.
fn wanted_height(panel: &Panel, width: f64, making: &mut Making) -> f64 {
    match panel {
        // Places in equal units need no empty paper above and below.
        Panel::Plane(plane) if plane.shows == Shows::Places && plane.equal => axes::height(plane, width),
        Panel::Plane(plane) if plane.shows == Shows::Places => 0.8 * width,
        Panel::Plane(_) | Panel::Grid(_) => (0.62 * width).max(250.0),
        Panel::Solid(solid) => scatter3d::height(solid, width),
        Panel::Mosaic(images) => mosaic::height(images, width, making),
    }
}

/// Notes that charts of clouds show regions of clearly different size, or that each chart of images
/// has its own grey levels.
fn note_own_axes(panels: &[Panel], making: &mut Making) {
    const ALIKE: f64 = 1.25;
    let extents = |panel: &'_ Panel| match panel {
        Panel::Plane(plane) if plane.shows == Shows::Places && plane.is_open() => Some(plane.extents.to_vec()),
        Panel::Solid(solid) => Some(solid.extents.to_vec()),
        _ => None,
    };
    let all: Vec<Vec<Extent>> = panels.iter().filter_map(extents).collect();
    let axes = all.iter().map(Vec::len).min().unwrap_or(0);
    let differs = |axis: usize| {
        let lengths = || all.iter().map(|extents| extents[axis].length());
        lengths().fold(0.0, f64::max) > ALIKE * lengths().fold(f64::INFINITY, f64::min)
    };
    if (0..axes).any(differs) {
        making.note("The charts have different scales.".into());
    }
    let images = panels.iter().filter(|panel| matches!(panel, Panel::Mosaic(images) if images.range.is_none()));
    if images.count() > 1 {
        making.note("Each chart has its own grey levels.".into());
    }
}

/// Gives the same extents to all charts of clouds, and the same grey levels to all charts of
/// images.
fn share_axes(panels: &mut [Panel]) {
    let open = |panel: &'_ Panel| match panel {
        Panel::Mosaic(images) if images.range.is_none() => Some(images.pixels.clone()),
        _ => None,
    };
    let greys = mosaic::greys(&panels.iter().filter_map(open).collect::<Vec<_>>());

    for shows in [Shows::Places, Shows::Histograms] {
        share_extents(panels.iter_mut().filter_map(|panel| match panel {
            Panel::Plane(plane) if plane.shows == shows => Some(&mut plane.extents[..]),
            _ => None,
        }));
    }
    share_extents(panels.iter_mut().filter_map(|panel| match panel {
        Panel::Solid(solid) => Some(&mut solid.extents[..]),
        _ => None,
    }));
    for panel in panels {
        if let Panel::Mosaic(images) = panel {
            images.range = images.range.or(Some(greys));
        }
    }
}

/// Widens the extents of every chart to the extents of all charts together, axis by axis.
fn share_extents<'a>(charts: impl Iterator<Item = &'a mut [Extent]>) {
    let mut charts: Vec<&mut [Extent]> = charts.collect();
    for axis in 0..charts.first().map_or(0, |chart| chart.len()) {
        let all = charts.iter().fold(Extent::NONE, |all, chart| all.join(chart[axis]));
        charts.iter_mut().for_each(|chart| chart[axis] = all);
    }
}

/// Decides whether one unit has the same length on all axes. Without a request, the lengths are
/// equal if the ranges of the axes are comparable.
fn choose_units(panel: &mut Panel, requested: Option<bool>, making: &mut Making) {
    let (extents, equal) = match panel {
        Panel::Plane(plane) if plane.shows == Shows::Places && plane.is_open() => {
            (&plane.extents[..], &mut plane.equal)
        }
        Panel::Solid(solid) => (&solid.extents[..], &mut solid.equal),
        _ => return,
    };
    *equal = requested.unwrap_or_else(|| Extent::are_comparable(extents));
    if !*equal && requested.is_none() {
        making.note("The axes have different scales.".into());
    }
}

/// # Errors
/// The requested size of a chart is too small or too large.
fn check_size(picture: &Picture) -> Result<()> {
    match picture.size {
        Some((w, h)) if [w, h].iter().any(|side| !(100.0..=4000.0).contains(side)) => {
            Err(Error::argument("size", format!("[{w}, {h}]"), "each side of a chart has 100 to 4000 pixels"))
        }
        _ => Ok(()),
    }
}
