//! The implementation of `Target` for a mixture: its sample, its moments and its modes.

use super::Mixture;
use crate::rng::{Rng, Stream};
use crate::target::gaussian_components::BLOCK;
use crate::target::{Density, Moments, Target};
use crate::{Points, Result};
use faer::Mat;
use rayon::prelude::*;

/// Returns the index of a component, drawn by weight; `ends` are the cumulative weights.
fn pick(ends: &[f64], rng: &mut Rng) -> usize {
    let u = rng.uniform();
    ends.partition_point(|end| *end <= u).min(ends.len() - 1)
}

impl Target for Mixture {
    fn name(&self) -> String {
        self.label()
    }

    fn dim(&self) -> usize {
        self.components[0].mean().len()
    }

    fn sample(&self, n: usize, stream: Stream) -> Result<Points> {
        let dim = self.dim();
        let mut points = Points::zeros(n, dim);
        let mut ends = self.weights.clone();
        (1..ends.len()).for_each(|k| ends[k] += ends[k - 1]);
        let blocks = points.data_mut().par_chunks_mut(BLOCK * dim).enumerate();
        blocks.for_each_init(Vec::new, |normal, (block, rows)| {
            let mut rng = stream.at(block as u64).rng();
            for row in rows.chunks_exact_mut(dim) {
                self.components[pick(&ends, &mut rng)].draw(&mut rng, row, normal);
            }
        });
        Ok(points)
    }

    fn density(&self) -> Option<&dyn Density> {
        Some(self)
    }

    /// The mean is `sum_k w_k m_k`, and the covariance is `sum_k w_k (S_k + (m_k - mean)(m_k -
    /// mean)^T)`.
    fn moments(&self) -> Option<Moments> {
        let dim = self.dim();
        let parts = || self.weights.iter().zip(&self.components);
        let mean: Vec<f64> = (0..dim).map(|j| parts().map(|(w, c)| w * c.mean()[j]).sum()).collect();
        let mut cov = Mat::zeros(dim, dim);
        for (w, c) in parts() {
            let (within, m) = (c.cov(), c.mean());
            cov += Mat::from_fn(dim, dim, |i, j| w * (within[(i, j)] + (m[i] - mean[i]) * (m[j] - mean[j])));
        }
        Some(Moments { mean, cov })
    }

    fn modes(&self) -> Option<&Mixture> {
        Some(self)
    }
}
