//! The implementation of `Target` for a Gaussian: its sample and its moments.

use super::Gaussian;
use crate::rng::Stream;
use crate::target::gaussian_components::BLOCK;
use crate::target::{Density, Moments, Target};
use crate::{Points, Result};
use rayon::prelude::*;

impl Target for Gaussian {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn dim(&self) -> usize {
        self.mean.len()
    }

    fn sample(&self, n: usize, stream: Stream) -> Result<Points> {
        let mut points = Points::zeros(n, self.dim());
        let blocks = points.data_mut().par_chunks_mut(BLOCK * self.dim()).enumerate();
        blocks.for_each_init(Vec::new, |normal, (block, rows)| {
            self.draw(&mut stream.at(block as u64).rng(), rows, normal);
        });
        Ok(points)
    }

    fn density(&self) -> Option<&dyn Density> {
        Some(self)
    }

    fn moments(&self) -> Option<Moments> {
        Some(Moments { mean: self.mean.clone(), cov: self.cov() })
    }
}
