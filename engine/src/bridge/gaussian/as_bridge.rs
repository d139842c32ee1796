//! The implementation of [`Bridge`] for a bridge between Gaussians: its drift, its reversal and its
//! plan.

use super::GaussianBridge;
use crate::bridge::{Bridge, Coupling, ReferenceProcess};
use crate::matrix::multiply;
use crate::number::counted;
use crate::rng::Stream;
use crate::target::Moments;
use crate::{Points, Result};
use faer::{Accum, Mat, MatMut, MatRef};
use rayon::prelude::*;

/// Number of points per matrix product; it is fixed, so that results do not depend on the number of
/// threads.
const BLOCK: usize = 64;

impl Bridge for GaussianBridge {
    fn name(&self) -> String {
        format!("a bridge between Gaussians in {}", counted(self.size(), "dimension"))
    }

    fn dim(&self) -> usize {
        self.size()
    }

    fn reference(&self) -> ReferenceProcess {
        self.reference
    }

    fn forward(&self, t: f64, points: &Points, out: &mut Points) -> Result<()> {
        let (value, slope, centre) = self.affine_drift(t)?;
        affine(&slope, (&centre, &value), points, out);
        Ok(())
    }

    fn reversed(&self) -> Option<Box<dyn Bridge + '_>> {
        Some(Box::new(self.backward().ok()?))
    }

    fn plan(&self) -> Option<&dyn Coupling> {
        Some(self)
    }

    fn gaussian_marginal(&self, t: f64) -> Option<Moments> {
        Some(self.marginal(t))
    }
}

/// The end given the start is `N(m1 + C^T A^-1 (x - m0), B - C^T A^-1 C)`.
impl Coupling for GaussianBridge {
    fn draw(&self, points: &Points, stream: Stream, out: &mut Points) -> Result<()> {
        let [source, target] = &self.ends;
        let mut noise = stream.normal(points.n(), self.size());
        affine(&self.remainder[1], (&vec![0.0; self.size()], &target.mean), &noise, out);
        affine(&self.regression, (&source.mean, &vec![0.0; self.size()]), points, &mut noise);
        out.data_mut().iter_mut().zip(noise.data()).for_each(|(y, mean)| *y += mean);
        Ok(())
    }

    fn conditional_moments(&self, x: &[f64]) -> Moments {
        let [source, target] = &self.ends;
        let off: Vec<f64> = x.iter().zip(&source.mean).map(|(x, m)| x - m).collect();
        let row = |i: usize| off.iter().enumerate().map(|(j, v)| self.regression[(i, j)] * v).sum::<f64>();
        let mean = target.mean.iter().enumerate().map(|(i, m)| m + row(i)).collect();
        Moments { mean, cov: self.remainder[0].clone() }
    }
}

/// Writes `value + a (x_i - centre)` into row `i` of `out`.
fn affine(a: &Mat<f64>, (centre, value): (&[f64], &[f64]), points: &Points, out: &mut Points) {
    let dim = points.dim();
    out.reshape(points.n(), dim);
    let blocks = out.data_mut().par_chunks_mut(BLOCK * dim).zip(points.data().par_chunks(BLOCK * dim));
    blocks.for_each_init(Vec::new, |centred: &mut Vec<f64>, (out, rows)| {
        centred.clear();
        centred.extend(rows.iter().zip(centre.iter().cycle()).map(|(x, c)| x - c));
        let x = MatRef::from_column_major_slice(centred, dim, rows.len() / dim);
        let y = MatMut::from_column_major_slice_mut(&mut *out, dim, rows.len() / dim);
        multiply(y, Accum::Replace, a.as_ref(), x, 1.0);
        out.iter_mut().zip(value.iter().cycle()).for_each(|(y, v)| *y += v);
    });
}
