//! The linear algebra that metrics share.

use crate::matrix::{Spectrum, product};
use faer::Mat;

/// `A v`
pub fn times(a: &Mat<f64>, v: &[f64]) -> Vec<f64> {
    (0..a.nrows()).map(|i| v.iter().enumerate().map(|(j, v)| a[(i, j)] * v).sum()).collect()
}

/// `tr A`
pub fn trace(a: &Mat<f64>) -> f64 {
    (0..a.nrows()).map(|i| a[(i, i)]).sum()
}

/// `tr(A^T B)`, the sum of the products of the entries.
pub fn inner(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    let columns = a.col_iter().zip(b.col_iter());
    columns.map(|(a, b)| a.iter().zip(b.iter()).map(|(x, y)| x * y).sum::<f64>()).sum()
}

/// `A B A` for symmetric matrices, made exactly symmetric.
pub fn sandwich(a: &Mat<f64>, b: &Mat<f64>) -> Mat<f64> {
    let m = product(product(a.as_ref(), b.as_ref()).as_ref(), a.as_ref());
    Mat::from_fn(m.nrows(), m.ncols(), |i, j| 0.5 * (m[(i, j)] + m[(j, i)]))
}

/// The square root of a positive semidefinite matrix; eigenvalues that rounding made negative count
/// as zero.
pub fn root(a: &Spectrum) -> Mat<f64> {
    a.map(|v| v.max(0.0).sqrt())
}

/// The inverse of the square root. It is 0 along eigenvectors whose eigenvalue is 0 up to rounding.
pub fn inverse_root(a: &Spectrum) -> Mat<f64> {
    let zero = a.values().last().unwrap_or(&0.0) * a.values().len() as f64 * f64::EPSILON;
    a.map(|v| if v > zero { 1.0 / v.sqrt() } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::dot;

    #[test]
    fn known_products() {
        let (a, b) = (faer::mat![[1.0, 2.0], [2.0, 0.0]], faer::mat![[1.0, 1.0], [1.0, 3.0]]);
        assert_eq!((dot(&[1.0, 2.0], &[3.0, 4.0]), trace(&b), inner(&a, &b)), (11.0, 4.0, 5.0));
        assert_eq!(times(&a, &[1.0, -1.0]), [-1.0, 2.0]);
        assert_eq!(sandwich(&a, &b), faer::mat![[17.0, 6.0], [6.0, 4.0]]);
    }

    #[test]
    fn the_inverse_root_of_a_singular_matrix_leaves_its_kernel_out() {
        let s = Spectrum::of(&faer::mat![[2.0, 2.0], [2.0, 2.0]], "a").unwrap();
        assert!((inverse_root(&s) - faer::mat![[0.25, 0.25], [0.25, 0.25]]).norm_max() < 1e-14);
        assert!((root(&s) - faer::mat![[1.0, 1.0], [1.0, 1.0]]).norm_max() < 1e-7);
    }
}
