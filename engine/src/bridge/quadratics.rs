//! The logarithm of a sum of exponentials of quadratic functions, and its gradient.

mod block;
mod regression;

use crate::Points;
use crate::matrix::multiply;
use block::{Block, Parts, log_shares, matrix, matrix_mut};
use faer::{Accum, Mat};
use rayon::prelude::*;

/// Points per block; it is fixed, so that results do not depend on the number of threads.
const BLOCK: usize = 64;
/// Points per block of a sum; fixed for the same reason.
const SHARD: usize = 128;

/// The functions `f_k(x) = constant_k + linear_k . x + x^T G_k x / 2` with symmetric `G_k`.
///
/// Drift, plan and normalisation of a bridge with a mixture potential can be computed from the
/// function `sum_k exp f_k`.
#[derive(Debug)]
pub struct Quadratics {
    /// K.
    pub constant: Vec<f64>,
    /// `dim` x K.
    pub linear: Mat<f64>,
    /// `G_k`.
    pub curvature: Curvature,
}

/// The second derivatives of quadratic functions.
#[derive(Debug)]
pub enum Curvature {
    /// Diagonal matrices, `dim` x K.
    Diagonal(Mat<f64>),
    /// Full matrices, `dim` x `dim` each.
    Full(Vec<Mat<f64>>),
}

impl Quadratics {
    /// Writes the shares `exp f_k / sum_l exp f_l` at the point `x_i` into row `i` of `out`, n x K.
    /// Cost `O(n K d)`, or `O(n K d^2)` for full curvatures.
    pub fn shares(&self, points: &Points, out: &mut Points) {
        let (dim, k) = (points.dim(), self.constant.len());
        out.reshape(points.n(), k);
        let blocks = out.data_mut().par_chunks_mut(BLOCK * k).zip(points.data().par_chunks(BLOCK * dim));
        blocks.for_each_init(Block::default, |block, (out, rows)| {
            block.load(rows, dim, k);
            self.terms(block);
            block.normalise();
            for (i, row) in out.chunks_exact_mut(k).enumerate() {
                row.iter_mut().enumerate().for_each(|(c, share)| *share = block.terms[c * block.n + i]);
            }
        });
    }

    /// Returns `log sum_k exp f_k(x_i)` for each point. The cost is that of [`Quadratics::shares`].
    pub fn log_sums(&self, points: &Points) -> Vec<f64> {
        let (dim, k) = (points.dim(), self.constant.len());
        let of = |block: &mut Block, rows: &[f64]| {
            block.load(rows, dim, k);
            self.terms(block);
            log_shares(&mut block.terms, block.n)
        };
        let blocks = points.data().par_chunks(BLOCK * dim).map_init(Block::default, of);
        blocks.collect::<Vec<_>>().concat()
    }

    /// Writes `scale grad log sum_k exp f_k(x_i)` into row `i` of `out`, n x dim. The cost is that
    /// of [`Quadratics::shares`].
    pub fn gradient(&self, points: &Points, scale: f64, out: &mut Points) {
        let (dim, k) = (points.dim(), self.constant.len());
        out.reshape(points.n(), dim);
        let blocks = out.data_mut().par_chunks_mut(BLOCK * dim).zip(points.data().par_chunks(BLOCK * dim));
        blocks.for_each_init(Block::default, |block, (out, rows)| {
            block.load(rows, dim, k);
            self.terms(block);
            block.normalise();
            self.weighted_slopes(block);
            for (i, row) in out.chunks_exact_mut(dim).enumerate() {
                row.iter_mut().enumerate().for_each(|(j, g)| *g = scale * block.slope[j * block.n + i]);
            }
        });
    }

    /// Writes `f_k(x_i)` into the terms of the block.
    fn terms(&self, block: &mut Block) {
        let Parts { n, dim, x, square, terms, product } = block.parts();
        let k = self.constant.len();
        for (column, c) in terms.chunks_exact_mut(n).zip(&self.constant) {
            column.fill(*c);
        }
        multiply(matrix_mut(terms, n, k), Accum::Add, matrix(x, n, dim), self.linear.as_ref(), 1.0);
        match &self.curvature {
            Curvature::Diagonal(diagonals) => {
                multiply(matrix_mut(terms, n, k), Accum::Add, matrix(square, n, dim), diagonals.as_ref(), 0.5);
            }
            Curvature::Full(all) => {
                for (g, column) in all.iter().zip(terms.chunks_exact_mut(n)) {
                    multiply(matrix_mut(product, n, dim), Accum::Replace, matrix(x, n, dim), g.as_ref(), 1.0);
                    for (x, gx) in x.chunks_exact(n).zip(product.chunks_exact(n)) {
                        column.iter_mut().zip(x.iter().zip(gx)).for_each(|(f, (x, gx))| *f += 0.5 * x * gx);
                    }
                }
            }
        }
    }

    /// Writes `sum_k share_k (linear_k + G_k x)` into the slope of the block.
    fn weighted_slopes(&self, block: &mut Block) {
        let (n, dim, k) = (block.n, block.dim, self.constant.len());
        let shares = matrix(&block.terms, n, k);
        let slope = matrix_mut(&mut block.slope, n, dim);
        multiply(slope, Accum::Replace, shares, self.linear.transpose(), 1.0);
        match &self.curvature {
            Curvature::Diagonal(diagonals) => {
                let product = matrix_mut(&mut block.product, n, dim);
                multiply(product, Accum::Replace, shares, diagonals.transpose(), 1.0);
                let parts = block.x.iter().zip(&block.product);
                block.slope.iter_mut().zip(parts).for_each(|(s, (x, g))| *s += x * g);
            }
            Curvature::Full(all) => {
                for (g, share) in all.iter().zip(block.terms.chunks_exact(n)) {
                    // Most components are far from most points. A component that is far from all
                    // points of the block has zero shares and is skipped.
                    if share.iter().all(|share| *share == 0.0) {
                        continue;
                    }
                    let x = block.x.iter().zip(share.iter().cycle());
                    block.square.iter_mut().zip(x).for_each(|(w, (x, share))| *w = share * x);
                    let slope = matrix_mut(&mut block.slope, n, dim);
                    multiply(slope, Accum::Add, matrix(&block.square, n, dim), g.as_ref(), 1.0);
                }
            }
        }
    }
}

/// Sums over points, weighted by the shares of the functions at the points: the derivatives of
/// `sum_i log sum_k exp f_k(x_i)`.
#[derive(Debug)]
pub struct ShareMoments {
    /// `sum_i log sum_k exp f_k(x_i)`.
    pub value: f64,
    /// `sum_i share_ik`, the derivative with respect to the constant, K.
    pub mass: Vec<f64>,
    /// `sum_i share_ik x_i`, the derivative with respect to the linear part, `dim` x K.
    pub first: Mat<f64>,
    /// `sum_i share_ik x_i x_i^T`, twice the derivative with respect to the curvature; diagonal or
    /// full, as the curvature is.
    pub second: Curvature,
}

impl Quadratics {
    /// Returns the sums over all points. Blocks of points are computed in parallel and added in
    /// order. Cost `O(n K d)`, or `O(n K d^2)` for full curvatures.
    pub fn moments(&self, points: &Points) -> ShareMoments {
        let (dim, k) = (points.dim(), self.constant.len());
        let of = |rows: &[f64]| {
            let mut block = Block::default();
            block.load(rows, dim, k);
            self.terms(&mut block);
            let value = log_shares(&mut block.terms, block.n).iter().sum();
            self.block_moments(&mut block, value)
        };
        let parts: Vec<ShareMoments> = points.data().par_chunks(SHARD * dim).map(of).collect();
        let mut parts = parts.into_iter();
        let first = parts.next().unwrap_or_else(|| of(&[]));
        parts.fold(first, ShareMoments::add)
    }

    fn block_moments(&self, block: &mut Block, value: f64) -> ShareMoments {
        let (n, dim, k) = (block.n, block.dim, self.constant.len());
        let shares = matrix(&block.terms, n, k);
        let transposed = |x: &[f64]| {
            let mut out = Mat::zeros(dim, k);
            multiply(out.as_mut(), Accum::Replace, matrix(x, n, dim).transpose(), shares, 1.0);
            out
        };
        let mass = block.terms.chunks_exact(n.max(1)).map(|column| column.iter().sum()).collect();
        let first = transposed(&block.x);
        let second = match &self.curvature {
            Curvature::Diagonal(_) => Curvature::Diagonal(transposed(&block.square)),
            Curvature::Full(_) => Curvature::Full(
                block
                    .terms
                    .chunks_exact(n.max(1))
                    .map(|share| {
                        let (x, mut out) = (matrix(&block.x, n, dim), Mat::zeros(dim, dim));
                        if share.iter().any(|share| *share != 0.0) {
                            let weighted = block.x.iter().zip(share.iter().cycle());
                            block.square.iter_mut().zip(weighted).for_each(|(w, (x, share))| *w = share * x);
                            let weighted = matrix(&block.square, n, dim);
                            multiply(out.as_mut(), Accum::Replace, weighted.transpose(), x, 1.0);
                        }
                        out
                    })
                    .collect(),
            ),
        };
        ShareMoments { value, mass, first, second }
    }
}

impl ShareMoments {
    fn add(mut self, other: ShareMoments) -> ShareMoments {
        self.value += other.value;
        self.mass.iter_mut().zip(&other.mass).for_each(|(a, b)| *a += b);
        self.first += other.first;
        match (&mut self.second, other.second) {
            (Curvature::Diagonal(a), Curvature::Diagonal(b)) => *a += b,
            (Curvature::Full(a), Curvature::Full(b)) => a.iter_mut().zip(b).for_each(|(a, b)| *a += b),
            // The other cases cannot occur, because both parts come from the same functions.
            _ => self.value = f64::NAN,
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    fn functions(full: bool) -> Quadratics {
        let (dim, k) = (3, 4);
        let values = Stream::new(3).normal(dim * k, 4);
        let linear = Mat::from_fn(dim, k, |j, c| values.row(j * k + c)[0]);
        let diagonal = Mat::from_fn(dim, k, |j, c| values.row(j * k + c)[1]);
        let curvature = match full {
            false => Curvature::Diagonal(diagonal),
            true => Curvature::Full(
                (0..k).map(|c| Mat::from_fn(dim, dim, |i, j| diagonal[(i, c)] * diagonal[(j, c)])).collect(),
            ),
        };
        Quadratics { constant: (0..k).map(|c| values.row(c)[2]).collect(), linear, curvature }
    }

    /// Returns `log sum_k exp f_k(x)`, computed directly from its formula.
    fn value(f: &Quadratics, x: &[f64]) -> f64 {
        let form = |k: usize| match &f.curvature {
            Curvature::Diagonal(g) => x.iter().enumerate().map(|(j, x)| g[(j, k)] * x * x).sum::<f64>(),
            Curvature::Full(g) => {
                let pair = |i: usize| (0..x.len()).map(move |j| x[i] * x[j] * g[k][(i, j)]).sum::<f64>();
                (0..x.len()).map(pair).sum()
            }
        };
        let linear = |k: usize| x.iter().enumerate().map(|(j, x)| f.linear[(j, k)] * x).sum::<f64>();
        let term = |k: usize| f.constant[k] + linear(k) + 0.5 * form(k);
        (0..f.constant.len()).map(|k| term(k).exp()).sum::<f64>().ln()
    }

    #[test]
    fn the_gradient_is_a_difference_of_values() {
        let x = Stream::new(4).normal(130, 3);
        for full in [false, true] {
            let (f, mut gradient, h) = (functions(full), Points::default(), 1e-5);
            f.gradient(&x, 2.0, &mut gradient);
            for (i, j) in [(0, 0), (63, 1), (64, 2), (129, 0)] {
                let moved = |by: f64| {
                    let mut y = x.row(i).to_vec();
                    y[j] += by;
                    value(&f, &y)
                };
                let want = (moved(h) - moved(-h)) / h;
                assert!((gradient.row(i)[j] - want).abs() < 1e-6 * (1.0 + want.abs()), "{full} {i} {j}");
            }
        }
    }

    #[test]
    fn shares_sum_to_one_far_away_too() {
        let f = functions(false);
        let (x, mut shares) = (Points::from_rows(&[[0.1, 0.2, 0.3], [1e3, -1e3, 1e3]]).unwrap(), Points::default());
        f.shares(&x, &mut shares);
        for row in shares.iter() {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row:?}");
        }
        let (mut terms, n) = (vec![0.0, 1.0, 1e4, 2.0], 2);
        let logs = log_shares(&mut terms, n);
        assert!((logs[0] - 1e4).abs() < 1e-9 && (logs[1] - (1f64.exp() + 2f64.exp()).ln()).abs() < 1e-14);
    }
}
