//! Dots, lines and areas between two axes, drawn by plotters.

use super::super::axes_chart::{Item, Plane};
use super::super::canvas::{Align, Mark, PX, Paint, Scene, Sheet, font};
use super::super::extent::Extent;
use super::super::scale::Scale;
use super::super::spot::Spot;
use super::super::tick_text::superscript;
use super::clip::Frame;
use super::layout::{Area, LABEL, MARGIN, TICK, place};
use crate::plot::{Axis, Colour};
use crate::{Error, Result};
use ab_glyph::FontRef;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, DashedPathElement, PathElement, Polygon};
use plotters::style::{Color as _, IntoFont, RGBColor, ShapeStyle};
use std::convert::Infallible;

type Context<'a, 'b> = ChartContext<'a, Sheet<'b>, Cartesian2d<Scale, Scale>>;
type Drawn = std::result::Result<(), DrawingAreaErrorKind<Infallible>>;

/// Height of the strip for the ticks of the horizontal axis.
const TICKS_BELOW: f64 = 22.0;
/// Height of the strip for the label of the horizontal axis.
const LABEL_BELOW: f64 = 20.0;

/// Draws a chart and returns the rectangle of its data.
pub(super) fn draw(scene: &mut Scene, face: &FontRef<'_>, plane: &Plane, area: Area) -> Result<Area> {
    let (x, y, inner) = scales(face, plane, area);
    let outer = Area { width: inner.left + inner.width - area.left, height: area.height, ..area };
    write_labels(scene, face, plane, (&x, &y), inner, area.left);
    paint(&mut Sheet(scene), plane, (x, y), inner, outer).map_err(|e| {
        let what = "the chart".into();
        Error::Numeric { what, reason: e.to_string() }
    })?;
    Ok(inner)
}

/// Returns the height of a chart with equal units on both axes. The rectangle of its data is at
/// least half as high as it is wide, and at most as high as it is wide.
pub(super) fn height(plane: &Plane, width: f64) -> f64 {
    let [across, up] = plane.extents.map(Extent::length);
    let share = if across > 0.0 && up > 0.0 { up / across } else { 1.0 };
    (width - 60.0) * share.clamp(0.5, 1.0) + TICKS_BELOW + LABEL_BELOW
}

/// Returns both scales, and the rectangle that the labels leave for the data.
fn scales(face: &FontRef<'_>, plane: &Plane, area: Area) -> (Scale, Scale, Area) {
    let below = TICKS_BELOW + LABEL_BELOW;
    let height = area.height - below;
    let top = area.top;
    let mut left = 60.0;
    let mut made = None;
    // The width of the labels depends on the ticks, and the ticks depend on the width of the
    // labels. Up to three rounds look for a width that leaves enough room for the labels.
    for _ in 0..3 {
        let width = area.width - left - 0.5 * MARGIN;
        // If units are equal, both axes have equal tick steps.
        let (across, down) = (width / 75.0, height / if plane.equal { 75.0 } else { 50.0 });
        let mut x = Scale::new(&plane.x, plane.extents[0], across);
        let mut y = Scale::new(&plane.y, plane.extents[1], down);
        if plane.equal {
            let (per_x, per_y) = (x.length() / width, y.length() / height);
            let unit = per_x.max(per_y);
            (x, y) = (x.stretch(unit / per_x, across), y.stretch(unit / per_y, down));
            Scale::share_units(&mut x, &mut y);
        }
        let widest = y.ticks.iter().map(|(_, label)| font::width(face, label)).fold(0.0, f64::max) * TICK;
        let label = if axis_label(&plane.y, &y).is_empty() { 0.0 } else { LABEL + 8.0 };
        let needed = (widest + 10.0 + label).min(0.5 * area.width);
        made = Some((x, y, Area { left: area.left + area.width - 0.5 * MARGIN - width, top, width, height }));
        if needed <= left && left < needed + 12.0 {
            break;
        }
        left = needed;
    }
    made.unwrap_or_else(|| {
        let scale = Scale::new(&plane.x, plane.extents[0], 5.0);
        (scale.clone(), scale, area)
    })
}

/// Returns the label of an axis, with the power of ten of its ticks.
fn axis_label(axis: &Axis, scale: &Scale) -> String {
    match (axis.label.is_empty(), scale.power) {
        (_, 0) => axis.label.clone(),
        (true, p) => format!("×10{}", superscript(p)),
        (false, p) => format!("{} (×10{})", axis.label, superscript(p)),
    }
}

fn write_labels(
    scene: &mut Scene,
    face: &FontRef<'_>,
    plane: &Plane,
    scales: (&Scale, &Scale),
    inner: Area,
    left: f64,
) {
    let below = font::fit(face, &axis_label(&plane.x, scales.0), inner.width / LABEL);
    let bottom = inner.top + inner.height + TICKS_BELOW + 0.8 * LABEL + 3.0;
    scene.write(&below, place(inner.left + 0.5 * inner.width, bottom), LABEL, Align::Centre, Colour::BLACK);
    let beside = font::fit(face, &axis_label(&plane.y, scales.1), inner.height / LABEL);
    scene.marks.push(Mark::Text {
        text: beside,
        baseline: place(left + 0.8 * LABEL, inner.top + 0.5 * inner.height),
        size: (LABEL * f64::from(PX)) as u32,
        align: Align::Centre,
        turned: true,
        paint: Paint { colour: Colour::BLACK, alpha: 1.0 },
    });
}

fn rgb(colour: Colour) -> RGBColor {
    RGBColor(colour.0, colour.1, colour.2)
}

/// Returns the style of a line of this width in pixels.
fn pen(paint: Paint, width: f64) -> ShapeStyle {
    rgb(paint.colour).mix(paint.alpha).stroke_width((width * f64::from(PX)).round() as u32)
}

/// Returns the style of a filled area.
fn brush(paint: Paint) -> ShapeStyle {
    rgb(paint.colour).mix(paint.alpha).filled()
}

fn paint(sheet: &mut Sheet<'_>, plane: &Plane, (x, y): (Scale, Scale), inner: Area, outer: Area) -> Drawn {
    let px = f64::from(PX);
    let paper = Sheet(sheet.0).into_drawing_area();
    let (corner, (w, h)) = (place(outer.left, outer.top), place(outer.width, outer.height));
    let mut context = ChartBuilder::on(&paper.shrink(corner, (w, h)))
        .x_label_area_size(((outer.height - inner.height) * px).round())
        .y_label_area_size(((inner.left - outer.left) * px).round())
        .build_cartesian_2d(x.clone(), y.clone())?;
    let label = (font::FAMILY, TICK * font::LINE * px).into_font().color(&rgb(Colour::BLACK));
    let line = |paleness: f64| Paint { colour: Colour::BLACK.paler(paleness), alpha: 1.0 };
    context
        .configure_mesh()
        .axis_style(pen(line(0.45), 0.8))
        .bold_line_style(pen(line(0.86), 0.7))
        .light_line_style(pen(line(0.94), 0.5))
        .label_style(label)
        .set_all_tick_mark_size(36)
        .draw()?;
    let frame = Frame { scales: [x, y], inner };
    plane.items.iter().try_for_each(|item| draw_item(&mut context, &frame, plane, item))
}

fn draw_item(context: &mut Context<'_, '_>, frame: &Frame, plane: &Plane, item: &Item) -> Drawn {
    let plot = context.plotting_area();
    match item {
        Item::Swarm(swarm) => {
            let paint = Paint { colour: swarm.colour, alpha: swarm.alpha };
            let radius = swarm.radius.unwrap_or_else(|| radius(plane, frame.inner) * swarm.breadth());
            let radius = (radius * f64::from(PX)).round() as i32;
            let inside = swarm.places.iter().filter(|s| frame.holds(**s));
            inside.map(|s| Circle::new((s[0], s[1]), radius, brush(paint))).try_for_each(|dot| plot.draw(&dot))
        }
        Item::Line { spots, paint, width, dashed } => {
            for piece in frame.clip(spots) {
                let (path, pen) = (piece.into_iter().map(|s| (s[0], s[1])), pen(*paint, *width));
                if *dashed {
                    plot.draw(&DashedPathElement::new(path.collect::<Vec<_>>(), 60, 40, pen))?;
                } else {
                    plot.draw(&PathElement::new(path.collect::<Vec<_>>(), pen))?;
                }
            }
            Ok(())
        }
        Item::Area { spots, paint } => {
            let corners: Vec<(f64, f64)> = spots.iter().map(|s| frame.nearest(*s)).collect();
            plot.draw(&Polygon::new(corners, brush(*paint)))
        }
        Item::Arrow { from, to, paint } if frame.holds(*from) && frame.holds(*to) => {
            let pen = pen(*paint, 1.1);
            let path = |ends: &[Spot]| PathElement::new(ends.iter().map(|s| (s[0], s[1])).collect::<Vec<_>>(), pen);
            plot.draw(&path(&[*from, *to]))?;
            let [left, right] = frame.barbs(*from, *to);
            plot.draw(&path(&[left, *to, right]))
        }
        Item::Arrow { .. } => Ok(()),
        Item::Level { y, paint } if frame.holds([frame.end(0, 0.0), *y]) => {
            let ends = [(frame.end(0, 0.0), *y), (frame.end(0, 1.0), *y)];
            plot.draw(&DashedPathElement::new(ends, 60, 40, pen(*paint, 1.4)))
        }
        Item::Level { .. } => Ok(()),
    }
}

/// Returns the radius in pixels at which the largest cloud covers a fixed share of the chart,
/// within limits.
fn radius(plane: &Plane, inner: Area) -> f64 {
    let sizes = plane.items.iter().filter_map(|i| if let Item::Swarm(s) = i { Some(s.places.len()) } else { None });
    let most = sizes.max().unwrap_or(1).max(1) as f64;
    (0.14 * (inner.width * inner.height / most).sqrt()).clamp(1.0, 3.5)
}
