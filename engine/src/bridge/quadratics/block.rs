//! The buffers of a block of points.

use faer::{MatMut, MatRef};

/// A block of `n` points; all matrices are column-major, so that loops run along points.
#[derive(Default)]
pub struct Block {
    /// Number of points.
    pub n: usize,
    /// Number of coordinates.
    pub dim: usize,
    /// The points, n x dim.
    pub x: Vec<f64>,
    /// The squares of the coordinates, and later the points times a share, n x dim.
    pub square: Vec<f64>,
    /// `f_k(x_i)`, and later the shares, n x K.
    pub terms: Vec<f64>,
    /// A product with a curvature, n x dim.
    pub product: Vec<f64>,
    /// The gradient, n x dim.
    pub slope: Vec<f64>,
}

/// The buffers from which the terms are computed.
pub struct Parts<'a> {
    pub n: usize,
    pub dim: usize,
    pub x: &'a [f64],
    pub square: &'a [f64],
    pub terms: &'a mut [f64],
    pub product: &'a mut [f64],
}

impl Block {
    /// Reads the points, for `k` functions.
    pub fn load(&mut self, rows: &[f64], dim: usize, k: usize) {
        let n = rows.len() / dim;
        (self.n, self.dim) = (n, dim);
        for buffer in [&mut self.x, &mut self.square, &mut self.product, &mut self.slope] {
            buffer.resize(n * dim, 0.0);
        }
        self.terms.resize(n * k, 0.0);
        for (i, row) in rows.chunks_exact(dim).enumerate() {
            for (j, value) in row.iter().enumerate() {
                (self.x[j * n + i], self.square[j * n + i]) = (*value, value * value);
            }
        }
    }

    /// Returns the buffers from which the terms are computed.
    pub fn parts(&mut self) -> Parts<'_> {
        let Block { n, dim, x, square, terms, product, .. } = self;
        Parts { n: *n, dim: *dim, x, square, terms, product }
    }

    /// Replaces the terms by their shares.
    pub fn normalise(&mut self) {
        log_shares(&mut self.terms, self.n);
    }
}

/// Replaces the columns of a matrix with `n` rows by `exp f_k / sum_l exp f_l` in each row. Returns
/// `log sum_k exp f_k` of each row; NaN if a term of the row is NaN.
pub fn log_shares(terms: &mut [f64], n: usize) -> Vec<f64> {
    let (mut max, mut total) = (vec![f64::NEG_INFINITY; n], vec![0.0; n]);
    for column in terms.chunks_exact(n) {
        max.iter_mut().zip(column).for_each(|(max, f)| *max = max.max(*f));
    }
    for column in terms.chunks_exact_mut(n) {
        for ((f, max), total) in column.iter_mut().zip(&max).zip(&mut total) {
            *f = (*f - max).exp();
            *total += *f;
        }
    }
    for column in terms.chunks_exact_mut(n) {
        column.iter_mut().zip(&total).for_each(|(f, total)| *f /= total);
    }
    max.iter().zip(&total).map(|(max, total)| max + total.ln()).collect()
}

/// A column-major matrix.
pub fn matrix(values: &[f64], rows: usize, columns: usize) -> MatRef<'_, f64> {
    MatRef::from_column_major_slice(&values[..rows * columns], rows, columns)
}

/// A column-major matrix, mutable.
pub fn matrix_mut(values: &mut [f64], rows: usize, columns: usize) -> MatMut<'_, f64> {
    MatMut::from_column_major_slice_mut(&mut values[..rows * columns], rows, columns)
}
