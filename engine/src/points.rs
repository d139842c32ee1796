//! Sets of points: `n` rows of `dim` finite f64 coordinates, row-major.

mod affine_map;
mod archived;
mod checks;
pub(crate) mod kd_order;
mod kd_tree;
mod labels;
mod line;
mod memory_limit;
#[doc(hidden)]
pub mod neighbour;
mod row_source;
mod serde_rows;
mod standardiser;
mod weights;

#[doc(hidden)]
pub use affine_map::AffineMap;
#[doc(hidden)]
pub use memory_limit::{check_matrix, is_memory_short, memory_bytes, memory_limit, no_room, set_memory_budget};
pub use row_source::RowSource;
pub use standardiser::Standardiser;
#[doc(hidden)]
pub use weights::shares;

use crate::{Error, Result, Subject, matrix::multiply};
use faer::{Accum, Mat};
use rayon::prelude::*;

pub(crate) use labels::{blocks, label_row, nth_block};
pub(crate) use line::{ends, median, quantile, sort_pooled, sort_projections};
pub(crate) use row_source::BLOCK_VALUES;
pub(crate) use weights::{check_weights, draw_rows, equal_points, systematic};
pub(crate) use weights::{weighted_covariance, weighted_mean, weighted_units};

/// Rows per task of a parallel sum.
const BLOCK: usize = 4096;

/// A set of points, checked once when it is created.
///
/// ```
/// use sdflow::Points;
/// let p = Points::from_rows(&[[0.0, 1.0], [2.0, 3.0]])?;
/// assert_eq!((p.n(), p.dim()), (2, 2));
/// assert_eq!(p.mean(), [1.0, 2.0]);
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Points {
    data: Vec<f64>,
    dim: usize,
}

impl Points {
    /// Creates points from row-major `data`. Errors call the points `what`.
    ///
    /// # Errors
    /// `dim` is 0, there are no rows, the length is not a multiple of `dim`, or a value is not
    /// finite.
    pub fn new(data: Vec<f64>, dim: usize, what: &str) -> Result<Points> {
        if dim == 0 || data.is_empty() {
            return Err(Error::shape(what, "no values", "at least one row and one column are needed"));
        }
        if !data.len().is_multiple_of(dim) {
            let got = format!("{} values", data.len());
            return Err(Error::shape(what, got, format!("rows of {dim} need a multiple of {dim}")));
        }
        let points = Points { data, dim };
        points.check_finite(what)?;
        Ok(points)
    }

    /// Creates points from equally long rows.
    ///
    /// # Errors
    /// Those of [`Points::new`].
    pub fn from_rows<R: AsRef<[f64]>>(rows: &[R]) -> Result<Points> {
        let dim = rows.first().map_or(0, |r| r.as_ref().len());
        if let Some((i, r)) = rows.iter().enumerate().find(|(_, r)| r.as_ref().len() != dim) {
            let what = format!("row {i} of the list of points");
            let got = format!("length {}", r.as_ref().len());
            return Err(Error::shape(what, got, format!("row 0 has length {dim}")));
        }
        Points::new(rows.iter().flat_map(|r| r.as_ref().iter().copied()).collect(), dim, "the list of points")
    }

    /// Creates `n` points at the origin.
    pub fn zeros(n: usize, dim: usize) -> Points {
        Points { data: vec![0.0; n * dim], dim }
    }

    /// Returns the number of points.
    pub fn n(&self) -> usize {
        self.data.len().checked_div(self.dim).unwrap_or(0)
    }

    /// Returns the number of coordinates.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Returns point `i`; panics beyond the end, as slices do.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.data[i * self.dim..(i + 1) * self.dim]
    }

    /// Returns point `i`, mutable.
    pub fn row_mut(&mut self, i: usize) -> &mut [f64] {
        &mut self.data[i * self.dim..(i + 1) * self.dim]
    }

    /// Iterates over all points in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.data.chunks_exact(self.dim.max(1))
    }

    /// Returns the coordinates, row by row.
    pub fn data(&self) -> &[f64] {
        &self.data
    }

    /// Returns the coordinates, row by row, without a copy.
    pub fn into_data(self) -> Vec<f64> {
        self.data
    }

    /// Returns the coordinates, mutable. A caller that may write values that are not finite must
    /// call [`Points::check_finite`].
    pub fn data_mut(&mut self) -> &mut [f64] {
        &mut self.data
    }

    /// Gives this set the shape `n` x `dim` and reuses its memory; the values are unspecified.
    pub fn reshape(&mut self, n: usize, dim: usize) {
        self.dim = dim;
        self.data.resize(n * dim, 0.0);
    }

    /// Makes this set a copy of `other` and reuses its memory.
    pub fn copy_from(&mut self, other: &Points) {
        self.dim = other.dim;
        self.data.clone_from(&other.data);
    }

    /// Returns the points with these indices, in this order.
    pub fn select(&self, indices: &[usize]) -> Points {
        let mut chosen = Points::default();
        chosen.gather(self, indices);
        chosen
    }

    /// Returns the rows of these points, followed by those of `other`.
    ///
    /// # Errors
    /// The dimensions differ.
    pub fn concat(&self, other: &Points) -> Result<Points> {
        other.check_dim(Subject::several("the points to join"), self.dim, "the set before them")?;
        Ok(Points { data: [self.data(), other.data()].concat(), dim: self.dim })
    }

    /// Replaces the points by rows `indices` of `points`, and reuses the memory.
    pub fn gather(&mut self, points: &Points, indices: &[usize]) {
        self.reshape(indices.len(), points.dim());
        self.data_mut()
            .chunks_exact_mut(points.dim())
            .zip(indices)
            .for_each(|(row, &i)| row.copy_from_slice(points.row(i)));
    }

    /// Returns a copy of the rows `range`.
    pub fn rows(&self, range: std::ops::Range<usize>) -> Points {
        Points { data: self.data[range.start * self.dim..range.end * self.dim].to_vec(), dim: self.dim }
    }

    /// Returns the mean of each coordinate.
    pub fn mean(&self) -> Vec<f64> {
        // Sums are taken over fixed blocks, so that the order of additions does not depend on the
        // threads.
        let block = |rows: &[f64]| {
            let mut sum = vec![0.0; self.dim];
            for row in rows.chunks_exact(self.dim) {
                sum.iter_mut().zip(row).for_each(|(s, x)| *s += x);
            }
            sum
        };
        let sums: Vec<Vec<f64>> = self.data.par_chunks(BLOCK * self.dim).map(block).collect();
        let mut mean = vec![0.0; self.dim];
        for sum in &sums {
            mean.iter_mut().zip(sum).for_each(|(m, s)| *m += s);
        }
        let n = self.n() as f64;
        mean.iter_mut().for_each(|m| *m /= n);
        mean
    }

    /// Returns the maximum-likelihood covariance `1/n sum (x - mean)(x - mean)^T`, `dim` x `dim`.
    pub fn covariance(&self) -> Mat<f64> {
        let mean = self.mean();
        let centred = Mat::from_fn(self.n(), self.dim, |i, j| self.row(i)[j] - mean[j]);
        let mut cov = Mat::zeros(self.dim, self.dim);
        let scale = 1.0 / self.n() as f64;
        multiply(cov.as_mut(), Accum::Replace, centred.transpose(), centred.as_ref(), scale);
        cov
    }

    /// Returns the root mean square distance from the mean, `sqrt(tr Cov)`: the scale of the data.
    pub fn spread(&self) -> f64 {
        let mean = self.mean();
        let total: f64 = self.iter().map(|row| squared_distance(row, &mean)).sum();
        (total / self.n() as f64).sqrt()
    }
}

/// Returns the inner product `a . b`.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Returns `|a - b|^2` of two points.
pub fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    // Eight partial sums are used, because the additions of a single sum would wait for each other.
    let (a, b) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.0.iter().zip(b.0) {
        for (sum, (x, y)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += (x - y) * (x - y);
        }
    }
    sums.iter().sum::<f64>() + a.1.iter().zip(b.1).map(|(x, y)| (x - y) * (x - y)).sum::<f64>()
}

#[cfg(test)]
mod tests;
