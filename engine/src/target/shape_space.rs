//! The shapes in space; all are uniform along the curve or over the surface.

use super::shape::blur;
use crate::rng::Rng;
use std::f64::consts::{PI, TAU};

/// A sheet of width 4, bent to an S in the first and third coordinate: two three-quarter circles of
/// radius 2.
pub(super) fn scurve(rng: &mut Rng, noise: f64, out: &mut [f64]) {
    let t = 3.0 * PI * (rng.uniform() - 0.5);
    let bend = (t.cos() - 1.0).copysign(-t);
    out.copy_from_slice(&[2.0 * t.sin(), 4.0 * rng.uniform() - 2.0, 2.0 * bend]);
    blur(rng, noise, out);
}

/// A torus around the third axis: the centre of the tube has radius 3, and the tube has radius 1.
pub(super) fn torus(rng: &mut Rng, noise: f64, out: &mut [f64]) {
    // The surface is larger on the outside: an angle around the tube is accepted with a probability
    // proportional to its distance from the axis.
    let (sin, radius) = loop {
        let (sin, cos) = (TAU * rng.uniform()).sin_cos();
        if 4.0 * rng.uniform() < 3.0 + cos {
            break (sin, 3.0 + cos);
        }
    };
    let (y, x) = (TAU * rng.uniform()).sin_cos();
    out.copy_from_slice(&[radius * x, radius * y, sin]);
    blur(rng, noise, out);
}

/// Three turns of radius 2 around the third axis, from -3 to 3.
pub(super) fn helix(rng: &mut Rng, noise: f64, out: &mut [f64]) {
    let t = rng.uniform();
    let (sin, cos) = (3.0 * TAU * t).sin_cos();
    out.copy_from_slice(&[2.0 * cos, 2.0 * sin, 6.0 * t - 3.0]);
    blur(rng, noise, out);
}

/// The trefoil knot `(sin t + 2 sin 2t, cos t - 2 cos 2t, -sin 3t)`: a closed curve that passes
/// over itself three times. A flow that only separates clouds cannot reach the curve from a ball.
pub(super) fn trefoil(rng: &mut Rng, noise: f64, out: &mut [f64]) {
    // A parameter is accepted with a probability proportional to its speed, whose square is 17 + 8
    // cos 3t + 9 cos^2 3t.
    let fastest = 34f64.sqrt();
    let t = loop {
        let t = TAU * rng.uniform();
        let cos = (3.0 * t).cos();
        let speed = (17.0 + 8.0 * cos + 9.0 * cos * cos).sqrt();
        if fastest * rng.uniform() < speed {
            break t;
        }
    };
    let (s1, c1) = t.sin_cos();
    let (s2, c2) = (2.0 * t).sin_cos();
    out.copy_from_slice(&[s1 + 2.0 * s2, c1 - 2.0 * c2, -(3.0 * t).sin()]);
    blur(rng, noise, out);
}
