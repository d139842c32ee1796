//! Exact draws of the end of a bridge given its start.

use super::{PotentialBridge, Shapes};
use crate::Points;
use crate::matrix::apply;
use crate::rng::{Rng, Stream};
use faer::Mat;
use rayon::prelude::*;

/// Points per task; every point has random numbers of its own.
const BLOCK: usize = 64;

/// The components of a plan, prepared for draws.
pub struct Sampler<'a> {
    bridge: &'a PotentialBridge,
    /// `S_k` and `sqrt(epsilon) S_k^1/2` of full shapes.
    full: Vec<(Mat<f64>, Mat<f64>)>,
}

impl<'a> Sampler<'a> {
    pub fn new(bridge: &'a PotentialBridge) -> Sampler<'a> {
        let epsilon = bridge.reference.epsilon();
        let full = match &bridge.shapes {
            Shapes::Diagonal(_) => Vec::new(),
            Shapes::Full(all) => all.iter().map(|s| (s.map(|v| v), s.map(|v| (epsilon * v).sqrt()))).collect(),
        };
        Sampler { bridge, full }
    }

    /// Writes into row `i` of `out` an end for the start `x_i`. Row `i` of `shares` contains the
    /// probabilities of the components: first a component is drawn, then a point of the component.
    pub fn draw(&self, points: &Points, shares: &Points, stream: Stream, out: &mut Points) {
        let (dim, k) = (points.dim(), shares.dim());
        out.reshape(points.n(), dim);
        let rows = out.data_mut().par_chunks_mut(dim).zip(points.data().par_chunks(dim));
        rows.zip(shares.data().par_chunks(k)).with_min_len(BLOCK).enumerate().for_each(|(i, ((y, x), shares))| {
            let mut rng = stream.at(i as u64).rng();
            let component = choose(shares, rng.uniform());
            self.place(component, x, &mut rng, y);
        });
    }

    /// Writes `r_k + S_k x + sqrt(epsilon) S_k^1/2 z` into `y`.
    fn place(&self, k: usize, x: &[f64], rng: &mut Rng, y: &mut [f64]) {
        y.iter_mut().for_each(|z| *z = rng.normal());
        let centre = self.bridge.centres.row(k);
        match &self.bridge.shapes {
            Shapes::Diagonal(all) => {
                let epsilon = self.bridge.reference.epsilon();
                for (y, ((x, r), s)) in y.iter_mut().zip(x.iter().zip(centre).zip(all.row(k))) {
                    *y = r + s * x + (epsilon * s).sqrt() * *y;
                }
            }
            Shapes::Full(_) => {
                let (shape, root) = &self.full[k];
                let (noise, mean) = (apply(root, y), apply(shape, x));
                for (y, ((z, m), r)) in y.iter_mut().zip(noise.iter().zip(&mean).zip(centre)) {
                    *y = r + m + z;
                }
            }
        }
    }
}

/// Returns the first index at which the cumulative shares exceed `u` in `[0, 1)`.
pub fn choose(shares: &[f64], u: f64) -> usize {
    let mut sum = 0.0;
    let found = shares.iter().position(|share| {
        sum += share;
        u < sum
    });
    // If rounding leaves the sum of all shares below u, the last component with a share is chosen.
    found.unwrap_or_else(|| shares.iter().rposition(|share| *share > 0.0).unwrap_or(0))
}
