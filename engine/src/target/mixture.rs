//! Mixtures of Gaussians.

use super::Gaussian;

/// `sum_k w_k N(m_k, S_k)`.
#[derive(Debug, Clone)]
pub struct Mixture {
    weights: Vec<f64>,
    components: Vec<Gaussian>,
}

impl Mixture {
    /// `w_k`, summing to one.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// `N(m_k, S_k)`.
    pub fn components(&self) -> &[Gaussian] {
        &self.components
    }
}
