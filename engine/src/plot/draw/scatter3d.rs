//! Points of three coordinates, in an orthographic view from a fixed direction. Far points are
//! paler.

use super::super::canvas::{Align, Mark, PX, Paint, Scene};
use super::super::prepared::Solid;
use super::super::scale::Scale;
use super::layout::{Area, LABEL, TICK, place};
use crate::plot::{Axis, Colour};

/// The direction of view around the third axis, in degrees.
const AZIMUTH: f64 = -58.0;
/// The direction of view above the plane of the first two axes, in degrees.
const ELEVATION: f64 = 22.0;
/// Share of white mixed into the farthest points.
const HAZE: f64 = 0.7;
/// The number of steps of haze. There are few of them, so that equal paints can be grouped.
const HAZES: f64 = 12.0;
/// Pixels for the labels to the sides of the box.
const BESIDE: f64 = 96.0;
/// The largest number of characters of the name of an axis.
const LONGEST: usize = 14;
/// Pixels for the labels below the box.
const BELOW: f64 = 64.0;
/// Pixels between two ticks.
const APART: f64 = 26.0;

type Vector = [f64; 3];

/// The map from values to the paper.
struct Camera {
    scales: [Scale; 3],
    right: Vector,
    up: Vector,
    forward: Vector,
    /// Half lengths of the edges of the box. With equal units the longest is 1, otherwise all are
    /// 0.8.
    half: Vector,
    /// Pixels per unit.
    zoom: f64,
    /// The position of the centre of the box.
    centre: (f64, f64),
}

impl Camera {
    fn new(solid: &Solid, area: Area) -> Camera {
        let scales = solid.extents.map(|extent| Scale::new(&Axis::default(), extent, 5.0));
        let longest = scales.iter().map(Scale::length).fold(0.0, f64::max);
        // A flat box has a minimum thickness, so that its labels do not overlap.
        let scales = scales.map(|s| match s.length() / longest {
            share if solid.equal && share < 0.25 => s.stretch(0.25 / share.max(1e-9), 3.0),
            _ => s,
        });
        let half = [0, 1, 2].map(|i| if solid.equal { (scales[i].length() / longest).min(1.0) } else { 0.8 });
        let ((sa, ca), (se, ce)) = (AZIMUTH.to_radians().sin_cos(), ELEVATION.to_radians().sin_cos());
        let (right, up, forward) = ([-sa, ca, 0.0], [-se * ca, -se * sa, ce], [ce * ca, ce * sa, se]);
        let mut camera = Camera { scales, right, up, forward, half, zoom: 1.0, centre: (0.0, 0.0) };
        let (wide, tall) = (area.width - BESIDE, area.height - BELOW);
        camera.zoom = (0.5 * wide / camera.reach(right)).min(0.5 * tall / camera.reach(up));
        camera.centre = (area.left + 0.55 * BESIDE + 0.5 * wide, area.top + 4.0 + 0.5 * tall);
        let ticks = [0, 1, 2].map(|i| (camera.edge(i) / APART).clamp(2.0, 5.0));
        camera.scales = [0, 1, 2].map(|i| camera.scales[i].clone().stretch(1.0, ticks[i]));
        camera
    }

    /// Returns the length of an edge of the box on the paper, in pixels.
    fn edge(&self, axis: usize) -> f64 {
        2.0 * self.half[axis] * self.zoom * self.right[axis].hypot(self.up[axis])
    }

    /// Returns the extent of the box from its centre along an axis.
    fn reach(&self, axis: Vector) -> f64 {
        (0..3).map(|i| (axis[i] * self.half[i]).abs()).sum()
    }

    /// Returns the box coordinates (-half to half) for fractions along the axes.
    fn inside(&self, fractions: Vector) -> Vector {
        [0, 1, 2].map(|i| (2.0 * fractions[i] - 1.0) * self.half[i])
    }

    fn view(&self, fractions: Vector) -> (f64, f64) {
        let p = self.inside(fractions);
        (self.centre.0 + self.zoom * dot(p, self.right), self.centre.1 - self.zoom * dot(p, self.up))
    }

    /// Returns the nearness of a position: 0 for the farthest corner of the box, 1 for the nearest.
    fn nearness(&self, fractions: Vector) -> f64 {
        0.5 + 0.5 * dot(self.inside(fractions), self.forward) / self.reach(self.forward)
    }
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Returns the height of a view of this width.
pub(super) fn height(solid: &Solid, width: f64) -> f64 {
    let camera = Camera::new(solid, Area { left: 0.0, top: 0.0, width, height: 2.0 * width });
    BELOW + (width - BESIDE) * camera.reach(camera.up) / camera.reach(camera.right)
}

/// Draws the box, its labels and the points, and returns the rectangle of the view.
pub(super) fn draw(scene: &mut Scene, solid: &Solid, area: Area) -> Area {
    let camera = Camera::new(solid, area);
    draw_walls(scene, &camera);
    // Each axis is labelled along an edge of the box that the view leaves free. The other two
    // coordinates determine this edge.
    let edges = [(0, [0.5, 0.0, 0.0]), (1, [1.0, 0.5, 0.0]), (2, [0.0, 0.0, 0.5])];
    for (axis, middle) in edges {
        draw_labels(scene, &camera, (axis, &solid.names[axis]), middle);
    }
    draw_paths(scene, &camera, solid);
    draw_points(scene, &camera, solid, area);
    area
}

/// Draws the three walls behind the points, with a grid.
fn draw_walls(scene: &mut Scene, camera: &Camera) {
    let grey = |paleness: f64| Paint { colour: Colour::BLACK.paler(paleness), alpha: 1.0 };
    for (wall, at) in [(0, 0.0), (1, 1.0), (2, 0.0)] {
        let (u, v) = ((wall + 1) % 3, (wall + 2) % 3);
        let spot = |a: f64, b: f64| {
            let mut fractions = [at; 3];
            (fractions[u], fractions[v]) = (a, b);
            let (x, y) = camera.view(fractions);
            place(x, y)
        };
        let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
        let points = corners.map(|(a, b)| spot(a, b)).to_vec();
        scene.marks.push(Mark::Fill { points: points.clone(), paint: grey(0.975) });
        let mut stroke = |points: Vec<_>, width: u32, paint: Paint| {
            scene.marks.push(Mark::Stroke { points, width, paint });
        };
        for (tick, _) in &camera.scales[u].ticks {
            let f = camera.scales[u].fraction(*tick);
            stroke(vec![spot(f, 0.0), spot(f, 1.0)], 6, grey(0.87));
        }
        for (tick, _) in &camera.scales[v].ticks {
            let f = camera.scales[v].fraction(*tick);
            stroke(vec![spot(0.0, f), spot(1.0, f)], 6, grey(0.87));
        }
        stroke(points.iter().chain(points.first()).copied().collect(), 8, grey(0.65));
    }
}

fn draw_labels(scene: &mut Scene, camera: &Camera, (axis, name): (usize, &str), middle: Vector) {
    let (x, y) = camera.view(middle);
    // Labels lie outside the box, perpendicular to the edge and on the side away from the centre.
    let (ends, mut a, mut b) = ((0.0, 1.0), middle, middle);
    (a[axis], b[axis]) = ends;
    let (from, to) = (camera.view(a), camera.view(b));
    let length = (to.0 - from.0).hypot(to.1 - from.1).max(1e-9);
    let normal = ((to.1 - from.1) / length, -(to.0 - from.0) / length);
    let outwards = if normal.0 * (x - camera.centre.0) + normal.1 * (y - camera.centre.1) < 0.0 { -1.0 } else { 1.0 };
    let (dx, dy) = (outwards * normal.0, outwards * normal.1);
    let align = match dx {
        d if d < -0.35 => Align::Right,
        d if d > 0.35 => Align::Left,
        _ => Align::Centre,
    };
    let colour = Colour::BLACK;
    for (tick, label) in &camera.scales[axis].ticks {
        let mut at = middle;
        at[axis] = camera.scales[axis].fraction(*tick);
        // The first two axes share a corner. Labels there would overlap.
        if axis < 2 && !(0.04..=0.96).contains(&at[axis]) {
            continue;
        }
        let (tx, ty) = camera.view(at);
        let points = vec![place(tx, ty), place(tx + 4.0 * dx, ty + 4.0 * dy)];
        scene.marks.push(Mark::Stroke { points, width: 8, paint: Paint { colour: colour.paler(0.45), alpha: 1.0 } });
        scene.write(label, place(tx + 8.0 * dx, ty + 9.0 * dy + 0.36 * TICK), TICK, align, colour);
    }
    let power = match camera.scales[axis].power {
        0 => String::new(),
        p => format!(" (×10{})", super::super::tick_text::superscript(p)),
    };
    // A long name would run off the paper.
    let name: String = match name.chars().count() {
        0..=LONGEST => name.into(),
        _ => name.chars().take(LONGEST - 1).chain(['…']).collect(),
    };
    let name = format!("{name}{power}");
    scene.write(&name, place(x + 36.0 * dx, y + 34.0 * dy + 0.36 * LABEL), LABEL, align, colour);
}

/// Draws the paths, behind the points. A piece with an end outside the box is left out.
fn draw_paths(scene: &mut Scene, camera: &Camera, solid: &Solid) {
    let fractions = |place: &Vector| [0, 1, 2].map(|i| camera.scales[i].fraction(place[i]));
    let holds = |f: &Vector| f.iter().all(|f| (0.0..=1.0).contains(f));
    for path in &solid.paths {
        let seen: Vec<Vector> = path.places.iter().map(fractions).collect();
        for piece in seen.split(|f| !holds(f)).filter(|piece| piece.len() > 1) {
            let points = piece.iter().map(|f| camera.view(*f)).map(|(x, y)| place(x, y)).collect();
            scene.marks.push(Mark::Stroke { points, width: 8, paint: Paint { colour: path.colour, alpha: 0.45 } });
        }
    }
}

/// Draws all points of all clouds, beginning with the farthest.
fn draw_points(scene: &mut Scene, camera: &Camera, solid: &Solid, area: Area) {
    let most = solid.swarms.iter().map(|s| s.places.len()).max().unwrap_or(1).max(1) as f64;
    let usual = (0.14 * (area.width * area.height / most).sqrt()).clamp(1.0, 3.2);
    let mut dots = Vec::new();
    for swarm in &solid.swarms {
        let radius = swarm.radius.unwrap_or(usual * swarm.breadth());
        for place in &swarm.places {
            let fractions = [0, 1, 2].map(|i| camera.scales[i].fraction(place[i]));
            if fractions.iter().all(|f| (0.0..=1.0).contains(f)) {
                dots.push((camera.nearness(fractions), fractions, swarm, radius));
            }
        }
    }
    dots.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (near, fractions, swarm, radius) in dots {
        let haze = HAZE * (1.0 - (near * HAZES).round() / HAZES);
        let (x, y) = camera.view(fractions);
        let radius = (radius * (0.8 + 0.4 * near) * f64::from(PX)).round() as u32;
        let paint = Paint { colour: swarm.colour.paler(haze), alpha: swarm.alpha.max(0.6) };
        scene.marks.push(Mark::Dot { centre: place(x, y), radius, paint });
    }
}
