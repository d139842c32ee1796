//! Distributions that can only be sampled: curves, surfaces and bands with noise around them.

use super::Target;
use crate::rng::{Rng, Stream};
use crate::{Points, Result};
use rayon::prelude::*;

/// Points per chunk; every chunk has a random stream of its own.
const CHUNK: usize = 1024;

/// Draws one point with this noise into a row of the right length.
pub(super) type Draw = fn(&mut Rng, f64, &mut [f64]);

/// A named shape.
#[derive(Debug, Clone)]
pub struct Shape {
    name: &'static str,
    dim: usize,
    noise: f64,
    scale: f64,
    draw: Draw,
}

impl Shape {
    pub(super) fn new(name: &'static str, dim: usize, noise: f64, scale: f64, draw: Draw) -> Shape {
        Shape { name, dim, noise, scale, draw }
    }
}

impl Target for Shape {
    fn name(&self) -> String {
        format!("the data set `{}`", self.name)
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn sample(&self, n: usize, stream: Stream) -> Result<Points> {
        Ok(rows(n, self.dim, stream, |rng, row| {
            (self.draw)(rng, self.noise, row);
            row.iter_mut().for_each(|x| *x *= self.scale);
        }))
    }
}

/// Returns `n` rows, each drawn by `draw`, in parallel. The bytes depend only on the stream, and
/// the first rows do not depend on `n`.
pub(super) fn rows(n: usize, dim: usize, stream: Stream, draw: impl Fn(&mut Rng, &mut [f64]) + Sync) -> Points {
    let mut points = Points::zeros(n, dim);
    points.data_mut().par_chunks_mut(CHUNK * dim).enumerate().for_each(|(chunk, rows)| {
        let mut rng = stream.at(chunk as u64).rng();
        rows.chunks_exact_mut(dim).for_each(|row| draw(&mut rng, row));
    });
    points
}

/// Adds independent noise `N(0, noise^2)` to each coordinate.
pub(super) fn blur(rng: &mut Rng, noise: f64, row: &mut [f64]) {
    row.iter_mut().for_each(|x| *x += noise * rng.normal());
}
