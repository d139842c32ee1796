//! Symmetric matrices through their eigenvectors, on one thread so that the bytes do not depend on how many there are.

use crate::{Error, Result};
use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, MatRef, Par};

/// `A = U diag(lambda) U^T`.
#[derive(Debug)]
pub struct Spectrum {
    values: Vec<f64>,
    vectors: Mat<f64>,
}

impl Spectrum {
    /// Of a symmetric matrix; `what` names it in errors. Cost `O(d^3)`.
    ///
    /// # Errors
    /// The iteration does not converge, which finite entries do not cause.
    pub fn of(a: &Mat<f64>, what: &str) -> Result<Spectrum> {
        let d = a.nrows();
        let (mut values, mut vectors) = (Diag::zeros(d), Mat::zeros(d, d));
        let scratch = self_adjoint_evd_scratch::<f64>(d, ComputeEigenvectors::Yes, Par::Seq, Default::default());
        let mut buffer = MemBuffer::new(scratch);
        let stack = MemStack::new(&mut buffer);
        self_adjoint_evd(a.as_ref(), values.as_mut(), Some(vectors.as_mut()), Par::Seq, stack, Default::default())
            .map_err(|_| Error::Numeric { what: what.into(), reason: "its eigenvalues do not converge".into() })?;
        let values = (0..d).map(|i| values.column_vector()[i]).collect();
        Ok(Spectrum { values, vectors })
    }

    /// Of a positive definite matrix.
    ///
    /// # Errors
    /// As [`Spectrum::of`], or an eigenvalue that is zero to rounding.
    pub fn positive(a: &Mat<f64>, what: &str) -> Result<Spectrum> {
        let spectrum = Spectrum::of(a, what)?;
        let (least, most) = (spectrum.values.first(), spectrum.values.last());
        let (least, most) = (*least.unwrap_or(&0.0), *most.unwrap_or(&0.0));
        if least > most * a.nrows() as f64 * f64::EPSILON {
            return Ok(spectrum);
        }
        let reason = format!("its eigenvalues run from {least:.3e} to {most:.3e}, but all must be positive");
        Err(Error::Numeric { what: what.into(), reason })
    }

    /// Eigenvalues, rising.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// `U diag(f(lambda)) U^T`.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Mat<f64> {
        let scales: Vec<f64> = self.values.iter().map(|v| f(*v)).collect();
        let scaled = Mat::from_fn(scales.len(), scales.len(), |i, j| self.vectors[(i, j)] * scales[j]);
        product(scaled.as_ref(), self.vectors.transpose())
    }

    /// The root; eigenvalues that rounding made negative count as zero.
    pub fn root(&self) -> Mat<f64> {
        self.map(|v| v.max(0.0).sqrt())
    }

    /// The inverse; the pseudo-inverse where eigenvalues are zero to rounding.
    pub fn inverse(&self) -> Mat<f64> {
        self.pseudo(|v| 1.0 / v)
    }

    /// The inverse of the root, zero where eigenvalues are zero to rounding.
    pub fn inverse_root(&self) -> Mat<f64> {
        self.pseudo(|v| 1.0 / v.sqrt())
    }

    fn pseudo(&self, f: impl Fn(f64) -> f64) -> Mat<f64> {
        let zero = self.values.last().unwrap_or(&0.0) * self.values.len() as f64 * f64::EPSILON;
        self.map(|v| if v > zero { f(v) } else { 0.0 })
    }
}

/// `A B` on one thread.
pub fn product(a: MatRef<f64>, b: MatRef<f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    faer::linalg::matmul::matmul(&mut out, faer::Accum::Replace, a, b, 1.0, Par::Seq);
    out
}

/// `tr(A^T B)`, the sum of the products of the entries.
pub fn inner(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    let columns = a.col_iter().zip(b.col_iter());
    columns.map(|(a, b)| a.iter().zip(b.iter()).map(|(x, y)| x * y).sum::<f64>()).sum()
}

/// `A v`
pub fn times(a: &Mat<f64>, v: &[f64]) -> Vec<f64> {
    (0..a.nrows()).map(|i| v.iter().enumerate().map(|(j, v)| a[(i, j)] * v).sum()).collect()
}

/// `u . v`
pub fn dot(u: &[f64], v: &[f64]) -> f64 {
    u.iter().zip(v).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_and_inverse_of_a_known_matrix() {
        let a = faer::mat![[5.0, 4.0], [4.0, 5.0]];
        let s = Spectrum::positive(&a, "a").unwrap();
        assert!((s.values()[0] - 1.0).abs() < 1e-14 && (s.values()[1] - 9.0).abs() < 1e-14);
        let (root, inverse) = (s.root(), s.inverse());
        assert!((root[(0, 0)] - 2.0).abs() < 1e-14 && (root[(0, 1)] - 1.0).abs() < 1e-14);
        let unit = product(inverse.as_ref(), a.as_ref());
        assert!((unit[(0, 0)] - 1.0).abs() < 1e-14 && unit[(0, 1)].abs() < 1e-14);
    }

    #[test]
    fn a_singular_matrix_is_refused() {
        let a = faer::mat![[1.0, 1.0], [1.0, 1.0]];
        assert!(Spectrum::positive(&a, "the covariance").is_err());
        let p = Spectrum::of(&a, "a").unwrap().inverse();
        assert!((p[(0, 1)] - 0.25).abs() < 1e-14);
    }
}
