//! A grid of coloured cells with a colour bar.

use super::super::canvas::{Align, Mark, PX, Paint, Scene, font};
use super::super::extent::Extent;
use super::super::heat::Heat;
use super::super::prepared::Grid;
use super::super::scale::Scale;
use super::layout::{Area, LABEL, TICK, place};
use crate::number::number;
use crate::plot::{Axis, Colour};
use ab_glyph::FontRef;

/// Width of the bar.
const BAR: f64 = 14.0;
/// Width of the space between the bar and the cells.
const AWAY: f64 = 16.0;
/// The number of strips of colour in the bar.
const STRIPS: usize = 64;
/// Height of the strip for the names of the columns and the label of the axis.
const BELOW: f64 = 42.0;

/// Draws a heat map and returns the rectangle of its cells.
pub(super) fn draw(scene: &mut Scene, face: &FontRef<'_>, grid: &Grid, area: Area) -> Area {
    let heat = &grid.heat;
    let cells = || (0..heat.rows.len()).flat_map(|r| (0..heat.columns.len()).map(move |c| (r, c)));
    let further = heat.range.into_iter().flat_map(|(low, high)| [low, high]);
    let extent = Extent::of(cells().filter_map(|(r, c)| heat.value(r, c)).chain(further));
    let axis = Axis { log: heat.log && extent.low > 0.0, ..Axis::default() };
    let scale = Scale::new(&axis, extent, 5.0);
    let widest =
        |names: &mut dyn Iterator<Item = &String>| names.map(|n| font::width(face, n)).fold(0.0, f64::max) * TICK;
    let beside = widest(&mut heat.rows.iter()).min(0.3 * area.width) + 10.0 + LABEL + 8.0;
    let ticks = widest(&mut scale.ticks.iter().map(|(_, label)| label)) + 8.0 + LABEL + 8.0;
    let width = area.width - beside - AWAY - BAR - ticks;
    let inner = Area { left: area.left + beside, top: area.top, width, height: area.height - BELOW };
    let (wide, tall) = (inner.width / heat.columns.len() as f64, inner.height / heat.rows.len() as f64);
    for (row, column) in cells() {
        let Some(value) = heat.value(row, column) else { continue };
        let (left, top) = (inner.left + column as f64 * wide, inner.top + (heat.rows.len() - 1 - row) as f64 * tall);
        let share = scale.fraction(value);
        fill(scene, Area { left, top, width: wide, height: tall }, Colour::heat(share));
        let text = number(value);
        if font::width(face, &text) * TICK < wide - 6.0 && tall > TICK + 4.0 {
            let colour = if share < 0.55 { Colour(255, 255, 255) } else { Colour::BLACK };
            let baseline = place(left + 0.5 * wide, top + 0.5 * (tall + font::CAPITAL * TICK));
            scene.write(&text, baseline, TICK, Align::Centre, colour);
        }
    }
    outline(scene, inner);
    write_names(scene, face, grid, (inner, area.left), (wide, tall));
    draw_bar(scene, face, heat, &scale, Area { left: inner.left + width + AWAY, width: BAR, ..inner });
    inner
}

/// Writes the names of rows and columns and of both axes. If there is no room for all names, only
/// every second, third .. name is written.
fn write_names(
    scene: &mut Scene,
    face: &FontRef<'_>,
    grid: &Grid,
    (inner, left): (Area, f64),
    (wide, tall): (f64, f64),
) {
    let heat = &grid.heat;
    let longest = heat.columns.iter().map(|n| font::width(face, n)).fold(0.0, f64::max) * TICK;
    let every = |room: f64, needed: f64| (needed / room).ceil().max(1.0) as usize;
    for (i, name) in heat.columns.iter().enumerate().step_by(every(wide, longest + 8.0)) {
        let at = place(inner.left + (i as f64 + 0.5) * wide, inner.top + inner.height + 0.8 * TICK + 6.0);
        scene.write(name, at, TICK, Align::Centre, Colour::BLACK);
    }
    let room = (inner.left - left - LABEL - 14.0) / TICK;
    for (i, name) in heat.rows.iter().enumerate().step_by(every(tall, TICK + 2.0)) {
        let middle = inner.top + inner.height - (i as f64 + 0.5) * tall;
        let at = place(inner.left - 6.0, middle + 0.5 * font::CAPITAL * TICK);
        scene.write(&font::fit(face, name, room), at, TICK, Align::Right, Colour::BLACK);
    }
    let below = font::fit(face, &grid.labels[0], inner.width / LABEL);
    let at = place(inner.left + 0.5 * inner.width, inner.top + inner.height + BELOW - 6.0);
    scene.write(&below, at, LABEL, Align::Centre, Colour::BLACK);
    write_upwards(scene, font::fit(face, &grid.labels[1], inner.height / LABEL), left + 0.8 * LABEL, inner);
}

/// Draws the bar with its ticks and the name of the quantity.
fn draw_bar(scene: &mut Scene, face: &FontRef<'_>, heat: &Heat, scale: &Scale, bar: Area) {
    let strip = bar.height / STRIPS as f64;
    for i in 0..STRIPS {
        // Each strip reaches up to the top of the bar, and the next strip covers all of it except
        // its lowest part. There are therefore no seams.
        let area = Area { height: bar.height - i as f64 * strip, ..bar };
        fill(scene, area, Colour::heat((i as f64 + 0.5) / STRIPS as f64));
    }
    outline(scene, bar);
    let mut widest: f64 = 0.0;
    for (value, label) in &scale.ticks {
        let y = bar.top + bar.height * (1.0 - scale.fraction(*value));
        if !(bar.top - 0.5..=bar.top + bar.height + 0.5).contains(&y) {
            continue;
        }
        let at = place(bar.left + bar.width + 6.0, y + 0.5 * font::CAPITAL * TICK);
        scene.write(label, at, TICK, Align::Left, Colour::BLACK);
        widest = widest.max(font::width(face, label) * TICK);
    }
    let unit = if scale.power == 0 {
        String::new()
    } else {
        format!(" (×10{})", super::super::tick_text::superscript(scale.power))
    };
    let text = font::fit(face, &format!("{}{unit}", heat.label), bar.height / LABEL);
    write_upwards(scene, text, bar.left + bar.width + 8.0 + widest + LABEL, bar);
}

/// Writes a line of text that reads upwards, next to the middle of `area`.
fn write_upwards(scene: &mut Scene, text: String, x: f64, area: Area) {
    let baseline = place(x, area.top + 0.5 * area.height);
    let paint = Paint { colour: Colour::BLACK, alpha: 1.0 };
    let size = (LABEL * f64::from(PX)) as u32;
    scene.marks.push(Mark::Text { text, baseline, size, align: Align::Centre, turned: true, paint });
}

fn corners(area: Area) -> Vec<(i32, i32)> {
    let (right, bottom) = (area.left + area.width, area.top + area.height);
    [(area.left, area.top), (right, area.top), (right, bottom), (area.left, bottom)].map(|(x, y)| place(x, y)).to_vec()
}

fn fill(scene: &mut Scene, area: Area, colour: Colour) {
    scene.marks.push(Mark::Fill { points: corners(area), paint: Paint { colour, alpha: 1.0 } });
}

fn outline(scene: &mut Scene, area: Area) {
    let mut points = corners(area);
    points.extend(points.first().copied());
    let paint = Paint { colour: Colour::BLACK.paler(0.45), alpha: 1.0 };
    scene.marks.push(Mark::Stroke { points, width: 8, paint });
}
