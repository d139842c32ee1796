//! Products and spectra of dense matrices. They are computed on the calling thread, so that their
//! bytes do not depend on the number of threads.
//!
//! Use these functions rather than those of faer. The assembly kernels of faer return with the wide
//! vector registers in use. All code compiled for the base instruction set then runs about four
//! times slower on the calling thread. These functions release the registers.

use crate::number::number;
use crate::{Error, Result};
use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par, traits::ComplexField};
use std::hint::black_box;

/// Computes `out = alpha a b`, or `out += alpha a b` with [`Accum::Add`]. The shapes must match.
pub(crate) fn multiply<T: ComplexField>(out: MatMut<T>, accum: Accum, a: MatRef<T>, b: MatRef<T>, alpha: T) {
    matmul(out, accum, a, b, alpha, Par::Seq);
    release_wide_registers();
}

/// Returns `a b`.
pub fn product(a: MatRef<f64>, b: MatRef<f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    multiply(out.as_mut(), Accum::Replace, a, b, 1.0);
    out
}

/// Returns `(A + A^T) / 2`: a symmetric matrix without the asymmetry of rounding.
pub(crate) fn symmetric_part(a: &Mat<f64>) -> Mat<f64> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| 0.5 * (a[(i, j)] + a[(j, i)]))
}

/// Returns `A v`.
pub(crate) fn apply(a: &Mat<f64>, v: &[f64]) -> Vec<f64> {
    (0..a.nrows()).map(|i| v.iter().enumerate().map(|(j, v)| a[(i, j)] * v).sum()).collect()
}

/// Releases the wide registers. A function compiled for these registers ends with the instruction
/// that releases them (x86: `vzeroupper`). A call of this trivial function takes some 20 ns.
fn release_wide_registers() {
    struct Double<'a>(&'a mut [f64; 8]);
    impl pulp::WithSimd for Double<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, simd: S) {
            let (wide, _) = S::as_mut_simd_f64s(self.0.as_mut_slice());
            wide.iter_mut().for_each(|v| *v = simd.add_f64s(*v, *v));
        }
    }
    pulp::Arch::new().dispatch(Double(black_box(&mut [0.0; 8])));
}

/// The eigen decomposition `A = U diag(values) U^T` of a symmetric matrix.
///
/// ```
/// use sdflow::matrix::{Spectrum, product};
/// let a = faer::mat![[2.0, 1.0], [1.0, 2.0]];
/// let root = Spectrum::of(&a, "the matrix")?.map(f64::sqrt);
/// assert!((product(root.as_ref(), root.as_ref()) - a).norm_max() < 1e-14);
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Spectrum {
    values: Vec<f64>,
    vectors: Mat<f64>,
}

impl Spectrum {
    /// Returns the spectrum of `a`. Only the lower triangle of `a` is used. Errors call the matrix
    /// `what`. Cost `O(d^3)`.
    ///
    /// # Errors
    /// `a` is empty or not square or contains a value that is not finite, or the iteration does not
    /// converge.
    pub fn of(a: &Mat<f64>, what: &str) -> Result<Spectrum> {
        check_square(a, what)?;
        let dim = a.nrows();
        let (mut values, mut vectors) = (Diag::zeros(dim), Mat::zeros(dim, dim));
        let scratch = self_adjoint_evd_scratch::<f64>(dim, ComputeEigenvectors::Yes, Par::Seq, Default::default());
        let mut memory = MemBuffer::new(scratch);
        let stack = MemStack::new(&mut memory);
        let ended =
            self_adjoint_evd(a.as_ref(), values.as_mut(), Some(vectors.as_mut()), Par::Seq, stack, Default::default());
        release_wide_registers();
        match ended {
            Ok(()) => Ok(Spectrum { values: values.column_vector().iter().copied().collect(), vectors }),
            Err(_) => Err(numeric(what, "its eigenvalues did not converge; rescale the data".into())),
        }
    }

    /// Returns the spectrum of a positive definite matrix.
    ///
    /// # Errors
    /// Those of [`Spectrum::of`], or an eigenvalue is not positive to rounding.
    pub fn positive(a: &Mat<f64>, what: &str) -> Result<Spectrum> {
        let spectrum = Spectrum::of(a, what)?;
        let (least, most) = (spectrum.values[0], spectrum.values[a.nrows() - 1]);
        // Smaller eigenvalues are rounding errors, and their inverses are meaningless.
        if least > a.nrows() as f64 * f64::EPSILON * most {
            return Ok(spectrum);
        }
        let seen = format!("its eigenvalues lie between {} and {}", number(least), number(most));
        Err(numeric(
            what,
            format!(
                "it must be positive definite, but {seen}; add a multiple of the identity that makes them positive"
            ),
        ))
    }

    /// Returns the eigenvalues, smallest first.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Returns `U`, with one unit eigenvector per column.
    pub fn vectors(&self) -> &Mat<f64> {
        &self.vectors
    }

    /// Returns `U diag(f(values)) U^T`, such as the square root, the inverse or the exponential of
    /// the matrix.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Mat<f64> {
        let scales: Vec<f64> = self.values.iter().map(|v| f(*v)).collect();
        let scaled = Mat::from_fn(scales.len(), scales.len(), |i, j| self.vectors[(i, j)] * scales[j]);
        product(scaled.as_ref(), self.vectors.transpose())
    }
}

fn check_square(a: &Mat<f64>, what: &str) -> Result<()> {
    if a.nrows() == 0 || a.nrows() != a.ncols() {
        let got = format!("{} rows and {} columns", a.nrows(), a.ncols());
        return Err(Error::shape(what, got, "it must be square, with at least one row"));
    }
    for (row, column) in (0..a.nrows()).flat_map(|i| (0..a.ncols()).map(move |j| (i, j))) {
        let value = a[(row, column)];
        if !value.is_finite() {
            return Err(Error::NotFinite { what: what.into(), row, column, value });
        }
    }
    Ok(())
}

fn numeric(what: &str, reason: String) -> Error {
    Error::Numeric { what: what.into(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_adds_or_replaces() {
        let (a, b) = (faer::mat![[1.0, 2.0], [3.0, 4.0]], faer::mat![[0.0, 1.0], [1.0, 0.0]]);
        let mut out = product(a.as_ref(), b.as_ref());
        assert_eq!(out, faer::mat![[2.0, 1.0], [4.0, 3.0]]);
        multiply(out.as_mut(), Accum::Add, a.as_ref(), b.as_ref(), -1.0);
        assert_eq!(out, Mat::<f64>::zeros(2, 2));
    }

    #[test]
    fn a_spectrum_puts_the_matrix_together_again() {
        let a = Mat::from_fn(7, 7, |i, j| 0.6f64.powi(i.abs_diff(j) as i32));
        let s = Spectrum::positive(&a, "a").unwrap();
        assert!((s.map(|v| v) - &a).norm_max() < 1e-14);
        let unit = product(s.map(|v| 1.0 / v).as_ref(), a.as_ref());
        assert!((unit - Mat::<f64>::identity(7, 7)).norm_max() < 1e-13);
        assert!(s.values().windows(2).all(|w| w[0] <= w[1]));
    }

    #[test]
    fn known_eigenvalues() {
        let s = Spectrum::of(&faer::mat![[5.0, 4.0], [4.0, 5.0]], "a").unwrap();
        assert!((s.values()[0] - 1.0).abs() < 1e-14 && (s.values()[1] - 9.0).abs() < 1e-14);
        assert!((s.vectors()[(0, 1)].abs() - 0.5f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn what_has_no_spectrum_is_refused_with_its_reason() {
        let message = |m: Mat<f64>| Spectrum::positive(&m, "the covariance").unwrap_err().to_string();
        assert!(message(Mat::zeros(2, 3)).contains("the covariance has 2 rows and 3 columns"));
        assert!(message(Mat::zeros(0, 0)).contains("square"));
        assert!(message(faer::mat![[1.0, 2.0], [2.0, 1.0]]).contains("lie between -1"));
        assert!(message(faer::mat![[1.0, 1.0], [1.0, 1.0]]).contains("must be positive definite"));
        assert!(message(faer::mat![[0.0]]).contains("must be positive definite"));
        assert!(message(faer::mat![[1.0, f64::NAN], [0.0, 1.0]]).contains("row 0, column 1"));
    }
}
