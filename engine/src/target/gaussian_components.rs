//! Sums of smoothed Gaussian components over blocks of points: the arithmetic of `Gaussian` and
//! `Mixture`.
//!
//! A block is stored column by column: one coordinate of all its points is contiguous. Every loop
//! therefore runs along points, and a rotated component costs one matrix product into its basis and
//! one product back. The sum over components keeps a running maximum of the logarithms. It takes
//! one exponential per point and component, without overflow at any distance.

use super::covariance::Covariance;
use crate::{Points, matrix::multiply};
use faer::{Accum, Mat, MatMut, MatRef};
use rayon::prelude::*;
use std::f64::consts::TAU;

/// Points per block; fixed, so that results do not depend on the number of threads.
pub(super) const BLOCK: usize = 64;

/// `weight N(mean, cov + sigma^2 I)`, prepared for evaluation.
pub(super) struct Component<'a> {
    mean: &'a [f64],
    basis: Option<&'a Mat<f64>>,
    precisions: Vec<f64>,
    log_peak: f64,
}

impl<'a> Component<'a> {
    pub fn new(weight: f64, mean: &'a [f64], cov: &'a Covariance, sigma: f64) -> Component<'a> {
        let variances = || cov.variances().iter().map(|v| v + sigma * sigma);
        let log_peak = weight.ln() - 0.5 * variances().map(|v| (TAU * v).ln()).sum::<f64>();
        Component { mean, basis: cov.basis(), precisions: variances().map(f64::recip).collect(), log_peak }
    }

    fn dim(&self) -> usize {
        self.mean.len()
    }
}

/// Computes `out[i] = log sum_k p_k(x_i)`.
pub(super) fn log_density(components: &[Component], points: &Points, out: &mut Vec<f64>) {
    out.resize(points.n(), 0.0);
    let blocks = out.par_chunks_mut(BLOCK).zip(points.data().par_chunks(BLOCK * points.dim()));
    blocks.for_each_init(Block::default, |block, (out, rows)| {
        block.load(rows, points.dim());
        for component in components {
            block.place(component);
            block.weigh(component);
        }
        out.iter_mut().zip(&block.max).zip(&block.total).for_each(|((l, max), total)| *l = max + total.ln());
    });
}

/// Writes `grad log sum_k p_k(x_i)` into row `i` of `out`.
pub(super) fn score(components: &[Component], points: &Points, out: &mut Points) {
    let dim = points.dim();
    out.reshape(points.n(), dim);
    let blocks = out.data_mut().par_chunks_mut(BLOCK * dim).zip(points.data().par_chunks(BLOCK * dim));
    blocks.for_each_init(Block::default, |block, (out, rows)| {
        block.load(rows, dim);
        block.sum.fill(0.0);
        for component in components {
            block.place(component);
            block.weigh(component);
            block.pull(component);
        }
        for (i, row) in out.chunks_exact_mut(dim).enumerate() {
            row.iter_mut().enumerate().for_each(|(j, s)| *s = block.sum[j * block.n + i] / block.total[i]);
        }
    });
}

/// Writes `log p_k(x_i)` for every `k` into row `i` of `out`.
pub(super) fn log_terms(components: &[Component], points: &Points, out: &mut Points) {
    let k = components.len();
    out.reshape(points.n(), k);
    let blocks = out.data_mut().par_chunks_mut(BLOCK * k).zip(points.data().par_chunks(BLOCK * points.dim()));
    blocks.for_each_init(Block::default, |block, (out, rows)| {
        block.load(rows, points.dim());
        for (c, component) in components.iter().enumerate() {
            block.place(component);
            block.square(component);
            let terms = out.iter_mut().skip(c).step_by(k);
            terms.zip(&block.square).for_each(|(term, q)| *term = component.log_peak - 0.5 * q);
        }
    });
}

/// Writes the squared Mahalanobis distance of `x_i` from the mean of the component into `out[i]`.
pub(super) fn mahalanobis2(component: &Component, points: &Points, out: &mut Vec<f64>) {
    out.resize(points.n(), 0.0);
    let blocks = out.par_chunks_mut(BLOCK).zip(points.data().par_chunks(BLOCK * points.dim()));
    blocks.for_each_init(Block::default, |block, (out, rows)| {
        block.load(rows, points.dim());
        block.place(component);
        block.square(component);
        out.copy_from_slice(&block.square);
    });
}

/// A block of `n` points with the running sums over components. Matrices are `n` x `dim`,
/// column-major.
#[derive(Default)]
struct Block {
    n: usize,
    /// The points.
    x: Vec<f64>,
    /// The points minus the mean of the present component.
    centred: Vec<f64>,
    /// The same differences in the basis of the component.
    y: Vec<f64>,
    /// `sum_k exp(l_k - max) grad log p_k`.
    sum: Vec<f64>,
    /// Squared Mahalanobis distance from the present component.
    square: Vec<f64>,
    /// `exp(l - max)` of the present component.
    weight: Vec<f64>,
    /// The factor on earlier sums when the maximum rises.
    shrink: Vec<f64>,
    /// `max_k l_k` so far.
    max: Vec<f64>,
    /// `sum_k exp(l_k - max)` so far.
    total: Vec<f64>,
}

impl Block {
    fn load(&mut self, rows: &[f64], dim: usize) {
        self.n = rows.len() / dim;
        for matrix in [&mut self.x, &mut self.centred, &mut self.y, &mut self.sum] {
            matrix.resize(rows.len(), 0.0);
        }
        for vector in [&mut self.square, &mut self.weight, &mut self.shrink, &mut self.max, &mut self.total] {
            vector.resize(self.n, 0.0);
        }
        for (i, row) in rows.chunks_exact(dim).enumerate() {
            row.iter().enumerate().for_each(|(j, v)| self.x[j * self.n + i] = *v);
        }
        self.max.fill(f64::NEG_INFINITY);
        self.total.fill(0.0);
    }

    /// Computes `y = (x - mean) U`.
    fn place(&mut self, c: &Component) {
        let centred = if c.basis.is_some() { &mut self.centred } else { &mut self.y };
        for ((column, x), mean) in centred.chunks_exact_mut(self.n).zip(self.x.chunks_exact(self.n)).zip(c.mean) {
            column.iter_mut().zip(x).for_each(|(y, x)| *y = x - mean);
        }
        if let Some(basis) = c.basis {
            let centred = MatRef::from_column_major_slice(&self.centred, self.n, c.dim());
            let y = MatMut::from_column_major_slice_mut(&mut self.y, self.n, c.dim());
            multiply(y, Accum::Replace, centred, basis.as_ref(), 1.0);
        }
    }

    /// Computes `square = sum_j y_j^2 / variance_j`.
    fn square(&mut self, c: &Component) {
        self.square.fill(0.0);
        for (y, precision) in self.y.chunks_exact(self.n).zip(&c.precisions) {
            self.square.iter_mut().zip(y).for_each(|(q, y)| *q += precision * (y * y));
        }
    }

    /// Adds the component to `max` and `total`, and stores its weight and the factor on earlier
    /// sums.
    fn weigh(&mut self, c: &Component) {
        self.square(c);
        for i in 0..self.n {
            let log_term = c.log_peak - 0.5 * self.square[i];
            let rise = log_term - self.max[i];
            // The exponential is slow near underflow. Its argument is limited, because so small a
            // share does not matter.
            let small = (-rise.abs()).clamp(-500.0, 0.0).exp();
            (self.shrink[i], self.weight[i]) = if rise > 0.0 { (small, 1.0) } else { (1.0, small) };
            self.max[i] = self.max[i].max(log_term);
            self.total[i] = self.total[i] * self.shrink[i] + self.weight[i];
        }
    }

    /// Computes `sum = shrink sum + weight grad log p_k`, where the gradient is `-U
    /// diag(precisions) y`.
    fn pull(&mut self, c: &Component) {
        let columns = self.y.chunks_exact_mut(self.n).zip(self.sum.chunks_exact_mut(self.n)).zip(&c.precisions);
        let Some(basis) = c.basis else {
            for ((y, sum), precision) in columns {
                let points = sum.iter_mut().zip(y).zip(&self.shrink).zip(&self.weight);
                points.for_each(|(((sum, y), shrink), weight)| *sum = *sum * shrink - weight * precision * *y);
            }
            return;
        };
        for ((y, sum), precision) in columns {
            y.iter_mut().zip(&self.weight).for_each(|(y, weight)| *y *= -weight * precision);
            sum.iter_mut().zip(&self.shrink).for_each(|(sum, shrink)| *sum *= shrink);
        }
        let y = MatRef::from_column_major_slice(&self.y, self.n, c.dim());
        let sum = MatMut::from_column_major_slice_mut(&mut self.sum, self.n, c.dim());
        multiply(sum, Accum::Add, y, basis.transpose(), 1.0);
    }
}
