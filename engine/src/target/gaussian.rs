//! Gaussian targets.

use faer::Mat;

/// `N(mean, cov)`.
#[derive(Debug, Clone)]
pub struct Gaussian {
    mean: Vec<f64>,
    cov: Mat<f64>,
}

impl Gaussian {
    /// Its mean.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Its covariance.
    pub fn cov(&self) -> &Mat<f64> {
        &self.cov
    }
}
