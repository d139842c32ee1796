//! The implementation of [`Bridge`] for a bridge with a mixture potential: its drift and its plan.

use super::draw::Sampler;
use super::{PotentialBridge, Shapes};
use crate::bridge::{Bridge, Coupling, ReferenceProcess};
use crate::rng::Stream;
use crate::target::Moments;
use crate::{Points, Result};
use faer::Mat;

impl Bridge for PotentialBridge {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn dim(&self) -> usize {
        self.centres.dim()
    }

    fn reference(&self) -> ReferenceProcess {
        self.reference
    }

    fn forward(&self, t: f64, points: &Points, out: &mut Points) -> Result<()> {
        self.weights_at(t).gradient(points, self.reference.epsilon(), out);
        Ok(())
    }

    fn plan(&self) -> Option<&dyn Coupling> {
        Some(self)
    }
}

impl Coupling for PotentialBridge {
    fn draw(&self, points: &Points, stream: Stream, out: &mut Points) -> Result<()> {
        let mut shares = Points::default();
        self.weights_at(0.0).shares(points, &mut shares);
        Sampler::new(self).draw(points, &shares, stream, out);
        Ok(())
    }

    fn conditional_moments(&self, x: &[f64]) -> Moments {
        let (dim, epsilon) = (x.len(), self.reference.epsilon());
        let mut at = Points::zeros(1, dim);
        at.row_mut(0).copy_from_slice(x);
        let mut shares = Points::default();
        self.weights_at(0.0).shares(&at, &mut shares);
        let means: Vec<Vec<f64>> = (0..self.components())
            .map(|k| self.shapes.apply(k, |s| s, x).iter().zip(self.centres.row(k)).map(|(a, r)| a + r).collect())
            .collect();
        let mut mean = vec![0.0; dim];
        for (share, of) in shares.row(0).iter().zip(&means) {
            mean.iter_mut().zip(of).for_each(|(m, v)| *m += share * v);
        }
        let mut cov = Mat::zeros(dim, dim);
        for (k, (share, of)) in shares.row(0).iter().zip(&means).enumerate().filter(|(_, (share, _))| **share > 0.0) {
            let off: Vec<f64> = of.iter().zip(&mean).map(|(v, m)| v - m).collect();
            match &self.shapes {
                Shapes::Diagonal(all) => (0..dim).for_each(|j| cov[(j, j)] += share * epsilon * all.row(k)[j]),
                Shapes::Full(all) => cov += all[k].map(|s| share * epsilon * s),
            }
            for j in 0..dim {
                (0..dim).for_each(|i| cov[(i, j)] += share * off[i] * off[j]);
            }
        }
        Moments { mean, cov }
    }
}
