//! The shapes in the plane, at the scales of \[grathwohl2019ffjord\].

use super::shape::blur;
use crate::rng::Rng;
use std::f64::consts::{PI, TAU};

/// Returns a point on the upper half circle around 0, or on the lower half circle around (1, 1/2);
/// both have radius 1.
fn half_circles(rng: &mut Rng) -> [f64; 2] {
    let (sin, cos) = (PI * rng.uniform()).sin_cos();
    if rng.below(2) == 0 { [cos, sin] } else { [1.0 - cos, 0.5 - sin] }
}

/// Two half circles of radius 2.
pub(super) fn moons(rng: &mut Rng, noise: f64, out: &mut [f64]) {
    let [x, y] = half_circles(rng);
    out.copy_from_slice(&[2.0 * x - 1.0, 2.0 * y - 0.2]);
    blur(rng, noise, out);
}

/// Two half circles of radius 3. Each point is shifted by `u (1, 1)` with `u` uniform on `[0,
/// noise)` \[tong2024improving\].
pub(super) fn moons_torchcfm(rng: &mut Rng, noise: f64, out: &mut [f64]) {
    let [x, y] = half_circles(rng);
    let shift = noise * rng.uniform();
    out.copy_from_slice(&[3.0 * x - 1.0 + shift, 3.0 * y - 1.0 + shift]);
}

/// The spiral `t (cos t, sin t) / 5`, `t` uniform on `[1.5 pi, 4.5 pi]`.
pub(super) fn swissroll(rng: &mut Rng, noise: f64, out: &mut [f64]) {
    let t = 1.5 * PI * (1.0 + 2.0 * rng.uniform());
    out.copy_from_slice(&[t * t.cos() / 5.0, t * t.sin() / 5.0]);
    blur(rng, noise, out);
}

/// Circles of radius 1.5 and 3, equally likely.
pub(super) fn circles(rng: &mut Rng, noise: f64, out: &mut [f64]) {
    circle(rng, 1.5, 2, out);
    blur(rng, noise, out);
}

/// Circles of radius 0.75, 1.5, 2.25 and 3, equally likely.
pub(super) fn rings(rng: &mut Rng, noise: f64, out: &mut [f64]) {
    circle(rng, 0.75, 4, out);
    blur(rng, noise, out);
}

/// Draws a point on one of `count` circles, whose radii are multiples of `step`.
fn circle(rng: &mut Rng, step: f64, count: usize, out: &mut [f64]) {
    let radius = step * (1 + rng.below(count)) as f64;
    let (sin, cos) = (TAU * rng.uniform()).sin_cos();
    out.copy_from_slice(&[radius * cos, radius * sin]);
}

/// Five blades. A point has the coordinates `r` along and `s` across a blade. It is turned
/// clockwise by `exp(r) / 4`, and then `r` and `s` are doubled. After the doubling, `s` has mean 0
/// and standard deviation `noise`, and `r` has mean 2 and standard deviation `3 noise`.
pub(super) fn pinwheel(rng: &mut Rng, noise: f64, out: &mut [f64]) {
    let along = 1.0 + 1.5 * noise * rng.normal();
    let across = 0.5 * noise * rng.normal();
    let angle = TAU * rng.below(5) as f64 / 5.0 + 0.25 * along.exp();
    let (sin, cos) = angle.sin_cos();
    out.copy_from_slice(&[2.0 * (along * cos + across * sin), 2.0 * (across * cos - along * sin)]);
}

/// Two arms `± (u - t cos t, v + t sin t) / 3` with `t = 3 pi sqrt(w)`. For large `t` the points
/// are uniform along the arm. `u` and `v` are uniform on `[0, 1/2)`, and `w` on `[0, 1)`.
pub(super) fn spirals(rng: &mut Rng, noise: f64, out: &mut [f64]) {
    let t = 3.0 * PI * rng.uniform().sqrt();
    let sign = if rng.below(2) == 0 { 1.0 } else { -1.0 };
    let x = 0.5 * rng.uniform() - t * t.cos();
    let y = 0.5 * rng.uniform() + t * t.sin();
    out.copy_from_slice(&[sign * x / 3.0, sign * y / 3.0]);
    blur(rng, noise, out);
}
