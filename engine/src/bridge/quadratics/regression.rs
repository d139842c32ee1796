//! The squared error of a gradient that is fitted to given rows, and the derivatives of that error.

use super::block::{Block, matrix, matrix_mut};
use super::{Curvature, Quadratics, SHARD, ShareMoments};
use crate::Points;
use crate::matrix::multiply;
use faer::{Accum, Mat, MatRef};
use rayon::prelude::*;

impl Quadratics {
    /// Returns `sum_i (|g_i|^2 / 2 - g_i . y_i)` with `g_i = scale grad log sum_k exp f_k(x_i)` for
    /// points `x_i` and rows `y_i` of `wanted`, both n x dim, and its derivatives. The derivatives
    /// have the form of [`ShareMoments`]: with respect to the constants, with respect to the linear
    /// parts, and twice the derivative with respect to the curvatures.
    ///
    /// The value is half the squared error `sum_i |g_i - y_i|^2 / 2` without the part that does not
    /// depend on the functions. With `e_i = g_i - y_i`, `h_ik = scale (linear_k + G_k x_i)` and
    /// `q_ik = e_i . (h_ik - g_i)` the derivatives are `sum_i share_ik q_ik`, `sum_i share_ik (q_ik
    /// x_i + scale e_i)` and `sum_i share_ik (q_ik x_i x_i^T + scale (e_i x_i^T + x_i e_i^T))`.
    ///
    /// Blocks of points are computed in parallel and added in order. Cost `O(n K d)`, or `O(n K
    /// d^2)` for full curvatures.
    pub fn regression(&self, points: &Points, wanted: &Points, scale: f64) -> ShareMoments {
        let (dim, k) = (points.dim(), self.constant.len());
        let of = |(rows, wanted): (&[f64], &[f64])| {
            let mut block = Block::default();
            block.load(rows, dim, k);
            self.terms(&mut block);
            block.normalise();
            self.weighted_slopes(&mut block);
            self.block_regression(block, wanted, scale)
        };
        let shards = points.data().par_chunks(SHARD * dim).zip(wanted.data().par_chunks(SHARD * dim));
        let parts: Vec<ShareMoments> = shards.map(of).collect();
        let mut parts = parts.into_iter();
        let first = parts.next().unwrap_or_else(|| of((&[], &[])));
        parts.fold(first, ShareMoments::add)
    }

    /// The sums over one block, whose terms are shares and whose slope is `g / scale`.
    fn block_regression(&self, mut block: Block, wanted: &[f64], scale: f64) -> ShareMoments {
        let (n, dim, k) = (block.n, block.dim, self.constant.len());
        let (mut value, mut error, mut along) = (0.0, vec![0.0; n * dim], vec![0.0; n]);
        for j in 0..dim {
            for i in 0..n {
                let (g, y) = (scale * block.slope[j * n + i], wanted[i * dim + j]);
                value += g * (0.5 * g - y);
                error[j * n + i] = g - y;
                along[i] += g * (g - y);
            }
        }
        // e_i . h_ik / scale.
        let mut lean = vec![0.0; n * k];
        multiply(matrix_mut(&mut lean, n, k), Accum::Replace, matrix(&error, n, dim), self.linear.as_ref(), 1.0);
        let crossed: Vec<f64> = error.iter().zip(&block.x).map(|(e, x)| e * x).collect();
        match &self.curvature {
            Curvature::Diagonal(g) => {
                multiply(matrix_mut(&mut lean, n, k), Accum::Add, matrix(&crossed, n, dim), g.as_ref(), 1.0);
            }
            Curvature::Full(all) => {
                for (g, lean) in all.iter().zip(lean.chunks_exact_mut(n.max(1))) {
                    let product = matrix_mut(&mut block.product, n, dim);
                    multiply(product, Accum::Replace, matrix(&block.x, n, dim), g.as_ref(), 1.0);
                    for (e, gx) in error.chunks_exact(n.max(1)).zip(block.product.chunks_exact(n.max(1))) {
                        lean.iter_mut().zip(e.iter().zip(gx)).for_each(|(l, (e, gx))| *l += e * gx);
                    }
                }
            }
        }
        // share_ik q_ik, and share_ik scale.
        let shares = &block.terms;
        let pull: Vec<f64> =
            lean.iter().zip(shares).zip(along.iter().cycle()).map(|((l, s), a)| s * (scale * l - a)).collect();
        let even: Vec<f64> = shares.iter().map(|s| s * scale).collect();
        let (pulls, evens) = (matrix(&pull, n, k), matrix(&even, n, k));
        let sums = |parts: [(&[f64], MatRef<f64>, f64); 2]| {
            let mut out = Mat::zeros(dim, k);
            for (rows, weights, factor) in parts {
                multiply(out.as_mut(), Accum::Add, matrix(rows, n, dim).transpose(), weights, factor);
            }
            out
        };
        let mass = pull.chunks_exact(n.max(1)).map(|column| column.iter().sum()).collect();
        let first = sums([(&block.x, pulls, 1.0), (&error, evens, 1.0)]);
        let second = match &self.curvature {
            Curvature::Diagonal(_) => Curvature::Diagonal(sums([(&block.square, pulls, 1.0), (&crossed, evens, 2.0)])),
            Curvature::Full(_) => {
                let columns = pull.chunks_exact(n.max(1)).zip(even.chunks_exact(n.max(1)));
                Curvature::Full(columns.map(|(pull, even)| second(&block, &error, (pull, even))).collect())
            }
        };
        ShareMoments { value, mass, first, second }
    }
}

/// Returns `sum_i pull_i x_i x_i^T + even_i (e_i x_i^T + x_i e_i^T)`.
fn second(block: &Block, error: &[f64], (pull, even): (&[f64], &[f64])) -> Mat<f64> {
    let (n, dim) = (block.n, block.dim);
    let mut out = Mat::zeros(dim, dim);
    if even.iter().all(|even| *even == 0.0) {
        return out;
    }
    // The result is the sum of this matrix and its transpose: sum_i (pull_i x_i / 2 + even_i e_i)
    // x_i^T.
    let rows = block.x.iter().zip(error).zip(pull.iter().zip(even).cycle());
    let weighted: Vec<f64> = rows.map(|((x, e), (pull, even))| 0.5 * pull * x + even * e).collect();
    multiply(out.as_mut(), Accum::Replace, matrix(&weighted, n, dim).transpose(), matrix(&block.x, n, dim), 1.0);
    let turned = out.transpose().to_owned();
    out + turned
}
