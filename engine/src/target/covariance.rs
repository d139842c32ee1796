//! Covariances, stored in the basis in which they are diagonal.

use crate::matrix::Spectrum;
use crate::{Error, Result};
use faer::Mat;

/// A positive definite covariance: variances along the coordinates, or along the axes of a rotated
/// basis.
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
    /// Creates the covariance from a matrix. A diagonal matrix is recognised and stays exact.
    pub fn new(matrix: Mat<f64>) -> Result<Covariance> {
        let dim = matrix.nrows();
        if dim == 0 || dim != matrix.ncols() {
            let got = format!("{dim} rows and {} columns", matrix.ncols());
            return Err(Error::shape("the covariance", got, "it must be square, with at least one row"));
        }
        let matrix = symmetric(matrix)?;
        if (0..dim).all(|j| (0..dim).all(|i| i == j || matrix[(i, j)] == 0.0)) {
            return Covariance::diagonal((0..dim).map(|i| matrix[(i, i)]).collect());
        }
        let spectrum = Spectrum::positive(&matrix, "the covariance")?;
        let rotated = Rotated { matrix, basis: spectrum.vectors().clone() };
        Ok(Covariance { variances: spectrum.values().to_vec(), rotated: Some(rotated) })
    }

    /// Creates the covariance from variances along the coordinates.
    pub fn diagonal(variances: Vec<f64>) -> Result<Covariance> {
        match variances.iter().find(|v| !(**v > 0.0 && v.is_finite())) {
            Some(v) => Err(numeric(format!("a variance is {v:e}, but all must be positive and finite"))),
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

    /// The axes as orthonormal columns; None for the coordinate axes.
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

/// Returns the square matrix made exactly symmetric: asymmetry from rounding is averaged out.
/// Larger asymmetry is an error.
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

fn numeric(reason: String) -> Error {
    Error::Numeric { what: "the covariance".into(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_covariance_is_refused_with_its_reason() {
        let message = |m: Mat<f64>| Covariance::new(m).unwrap_err().to_string();
        assert!(message(Mat::zeros(2, 3)).contains("2 rows and 3 columns"));
        assert!(message(Mat::zeros(0, 0)).contains("square"));
        assert!(message(faer::mat![[1.0, 0.5], [0.4, 1.0]]).contains("entry (1, 0) is 0.4 and entry (0, 1) is 0.5"));
        assert!(message(faer::mat![[1.0, 2.0], [2.0, 1.0]]).contains("must be positive"));
        assert!(message(faer::mat![[1.0, 0.0], [0.0, 0.0]]).contains("a variance is 0"));
        assert!(message(faer::mat![[1.0, f64::NAN], [f64::NAN, 1.0]]).contains("NaN"));
        assert!(message(faer::mat![[f64::INFINITY, 0.0], [0.0, 1.0]]).contains("finite"));
    }

    #[test]
    fn a_diagonal_matrix_may_be_as_stretched_as_it_likes() {
        let c = Covariance::new(faer::mat![[1e-30, 0.0], [0.0, 1.0]]).unwrap();
        assert!(c.basis().is_none());
        assert_eq!(c.variances(), [1e-30, 1.0]);
    }

    #[test]
    fn rounding_asymmetry_is_averaged() {
        let c = Covariance::new(faer::mat![[1.0, 0.5 + 1e-12], [0.5 - 1e-12, 1.0]]).unwrap().matrix();
        assert_eq!(c[(0, 1)], c[(1, 0)]);
        assert!((c[(0, 1)] - 0.5).abs() < 1e-15);
    }
}
