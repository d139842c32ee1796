//! Covariances in the basis in which they are diagonal.

use crate::{Error, Result};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Accum, Mat, MatRef, Par, diag::Diag, linalg::matmul::matmul};

/// The eigen decomposition `A = U diag(values) U^T` of a symmetric matrix.
///
/// Computed on one thread, so that the bytes never depend on how many there are. Cost `O(d^3)`.
///
/// ```
/// use sdflow::target::Spectrum;
/// let a = faer::mat![[2.0, 1.0], [1.0, 2.0]];
/// let root = Spectrum::of(&a)?.map(f64::sqrt);
/// assert!((&root * &root - &a).norm_max() < 1e-14);
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Spectrum {
    /// Eigenvalues, smallest first.
    pub values: Vec<f64>,
    /// `U`, one unit eigenvector per column.
    pub vectors: Mat<f64>,
}

impl Spectrum {
    /// The spectrum of `a`, of which only the lower triangle is read.
    ///
    /// # Errors
    /// `a` is not square, holds a value that is not finite, or the iteration does not converge.
    pub fn of(a: &Mat<f64>) -> Result<Spectrum> {
        check_square(a)?;
        let dim = a.nrows();
        let (mut values, mut vectors) = (Diag::zeros(dim), Mat::zeros(dim, dim));
        let scratch = self_adjoint_evd_scratch::<f64>(dim, ComputeEigenvectors::Yes, Par::Seq, Default::default());
        let mut memory = MemBuffer::new(scratch);
        let stack = MemStack::new(&mut memory);
        self_adjoint_evd(a.as_ref(), values.as_mut(), Some(vectors.as_mut()), Par::Seq, stack, Default::default())
            .map_err(|_| numeric("its eigenvalues did not converge; rescale the data".into()))?;
        Ok(Spectrum { values: values.column_vector().iter().copied().collect(), vectors })
    }

    /// `U diag(f(values)) U^T`: the square root, the inverse, the exponential of the matrix.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Mat<f64> {
        let dim = self.values.len();
        let scaled = Mat::from_fn(dim, dim, |i, j| self.vectors[(i, j)] * f(self.values[j]));
        product(scaled.as_ref(), self.vectors.transpose())
    }
}

/// `a b` on one thread.
fn product(a: MatRef<f64>, b: MatRef<f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    matmul(&mut out, Accum::Replace, a, b, 1.0, Par::Seq);
    out
}

/// A positive definite covariance: variances along the axes, or along the axes of a rotated basis.
#[derive(Debug, Clone)]
pub(super) struct Covariance {
    variances: Vec<f64>,
    rotated: Option<Rotated>,
}

#[derive(Debug, Clone)]
struct Rotated {
    matrix: Mat<f64>,
    basis: Mat<f64>,
}

impl Covariance {
    /// From a matrix; a diagonal one is recognised and stays exact.
    pub fn new(matrix: Mat<f64>) -> Result<Covariance> {
        check_square(&matrix)?;
        let dim = matrix.nrows();
        let matrix = symmetric(matrix)?;
        if (0..dim).all(|j| (0..dim).all(|i| i == j || matrix[(i, j)] == 0.0)) {
            return Covariance::diagonal((0..dim).map(|i| matrix[(i, i)]).collect());
        }
        let Spectrum { values, vectors } = Spectrum::of(&matrix)?;
        let (least, largest) = (values[0], values[dim - 1]);
        // Below this an eigenvalue is rounding noise and its inverse means nothing.
        if least.is_nan() || least <= dim as f64 * f64::EPSILON * largest {
            return Err(not_definite(least, Some(largest)));
        }
        Ok(Covariance { variances: values, rotated: Some(Rotated { matrix, basis: vectors }) })
    }

    /// From variances along the axes.
    pub fn diagonal(variances: Vec<f64>) -> Result<Covariance> {
        match variances.iter().find(|v| !(**v > 0.0 && v.is_finite())) {
            Some(v) => Err(not_definite(*v, None)),
            None => Ok(Covariance { variances, rotated: None }),
        }
    }

    pub fn dim(&self) -> usize {
        self.variances.len()
    }

    /// Variance along each axis of the basis.
    pub fn variances(&self) -> &[f64] {
        &self.variances
    }

    /// The axes as orthonormal columns; none means the coordinate axes.
    pub fn basis(&self) -> Option<&Mat<f64>> {
        self.rotated.as_ref().map(|r| &r.basis)
    }

    pub fn matrix(&self) -> Mat<f64> {
        let dim = self.dim();
        match &self.rotated {
            Some(rotated) => rotated.matrix.clone(),
            None => Mat::from_fn(dim, dim, |i, j| if i == j { self.variances[i] } else { 0.0 }),
        }
    }
}

fn check_square(a: &Mat<f64>) -> Result<()> {
    if a.nrows() == 0 || a.nrows() != a.ncols() {
        let got = format!("{} rows and {} columns", a.nrows(), a.ncols());
        return Err(Error::shape("the covariance", got, "it must be square, with at least one row"));
    }
    for (row, column) in (0..a.nrows()).flat_map(|i| (0..a.ncols()).map(move |j| (i, j))) {
        let value = a[(row, column)];
        if !value.is_finite() {
            return Err(Error::NotFinite { what: "the covariance".into(), row, column, value });
        }
    }
    Ok(())
}

/// The matrix with rounding asymmetry averaged away; more than rounding is an error.
fn symmetric(mut a: Mat<f64>) -> Result<Mat<f64>> {
    for j in 0..a.ncols() {
        for i in j + 1..a.nrows() {
            let (low, high) = (a[(i, j)], a[(j, i)]);
            let scale = low.abs().max(high.abs()).max((a[(i, i)] * a[(j, j)]).abs().sqrt());
            if (low - high).abs() > 1e-8 * scale {
                let seen = format!("entry ({i}, {j}) is {low} and entry ({j}, {i}) is {high}");
                return Err(numeric(format!("it must be symmetric, but {seen}")));
            }
            let mean = 0.5 * (low + high);
            (a[(i, j)], a[(j, i)]) = (mean, mean);
        }
    }
    Ok(a)
}

fn not_definite(least: f64, largest: Option<f64>) -> Error {
    let (what, against) = match largest {
        Some(largest) => ("its smallest eigenvalue", format!(" (the largest is {largest:e})")),
        None => ("a variance", String::new()),
    };
    let mend = "it must be positive definite; add a small multiple of the identity";
    numeric(format!("{what} is {least:e}{against}, but {mend}"))
}

fn numeric(reason: String) -> Error {
    Error::Numeric { what: "the covariance".into(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spectrum_puts_the_matrix_together_again() {
        let a = Mat::from_fn(7, 7, |i, j| 0.6f64.powi(i.abs_diff(j) as i32));
        let s = Spectrum::of(&a).unwrap();
        assert!((s.map(|v| v) - &a).norm_max() < 1e-14);
        assert!((s.map(|v| 1.0 / v) * &a - Mat::<f64>::identity(7, 7)).norm_max() < 1e-13);
        assert!(s.values.windows(2).all(|w| w[0] <= w[1]));
    }

    #[test]
    fn what_is_no_covariance_is_refused_with_its_reason() {
        let message = |m: Mat<f64>| Covariance::new(m).unwrap_err().to_string();
        assert!(message(Mat::zeros(2, 3)).contains("2 rows and 3 columns"));
        assert!(message(Mat::zeros(0, 0)).contains("square"));
        assert!(message(faer::mat![[1.0, 0.5], [0.4, 1.0]]).contains("symmetric"));
        assert!(message(faer::mat![[1.0, 2.0], [2.0, 1.0]]).contains("smallest eigenvalue is -1"));
        assert!(message(faer::mat![[1.0, 1.0], [1.0, 1.0]]).contains("positive definite"));
        assert!(message(faer::mat![[1.0, 0.0], [0.0, 0.0]]).contains("a variance is 0"));
        assert!(message(faer::mat![[1.0, f64::NAN], [0.0, 1.0]]).contains("row 0, column 1"));
        assert!(Covariance::new(faer::mat![[1e-30, 0.0], [0.0, 1.0]]).is_ok());
    }

    #[test]
    fn rounding_asymmetry_is_averaged() {
        let c = Covariance::new(faer::mat![[1.0, 0.5 + 1e-12], [0.5 - 1e-12, 1.0]]).unwrap().matrix();
        assert_eq!(c[(0, 1)], c[(1, 0)]);
        assert!((c[(0, 1)] - 0.5).abs() < 1e-15);
    }
}
