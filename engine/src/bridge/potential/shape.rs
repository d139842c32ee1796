//! The matrices that shape the components of a potential: diagonal or full.

use crate::matrix::{Spectrum, apply};
use crate::target::Gaussian;
use crate::{Points, Result};

/// Symmetric positive definite matrices, one per component.
#[derive(Debug, Clone)]
pub enum Shapes {
    /// Diagonal matrices, K x dim.
    Diagonal(Points),
    /// Full matrices.
    Full(Vec<Spectrum>),
}

impl Shapes {
    /// Returns `f` applied to the covariances of all components; the result is diagonal if all
    /// covariances are.
    ///
    /// # Errors
    /// A covariance is not positive definite.
    pub fn of_covariances(components: &[Gaussian], f: impl Fn(f64) -> f64 + Copy) -> Result<Shapes> {
        let diagonals: Option<Vec<Vec<f64>>> = components.iter().map(diagonal).collect();
        if let Some(rows) = diagonals {
            let mut all = Points::from_rows(&rows)?;
            all.data_mut().iter_mut().for_each(|v| *v = f(*v));
            return Ok(Shapes::Diagonal(all));
        }
        let of = |component: &Gaussian| {
            let cov = Spectrum::positive(&component.cov(), "the covariance of a component")?;
            Spectrum::positive(&cov.map(f), "the shape of a component")
        };
        Ok(Shapes::Full(components.iter().map(of).collect::<Result<_>>()?))
    }

    /// Returns the eigenvalues of the matrix of component `k`.
    pub fn spectrum(&self, k: usize) -> &[f64] {
        match self {
            Shapes::Diagonal(all) => all.row(k),
            Shapes::Full(all) => all[k].values(),
        }
    }

    /// Returns `f(S_k) v`, where `f` acts on the eigenvalues.
    pub fn apply(&self, k: usize, f: impl Fn(f64) -> f64, v: &[f64]) -> Vec<f64> {
        match self {
            Shapes::Diagonal(all) => all.row(k).iter().zip(v).map(|(s, v)| f(*s) * v).collect(),
            Shapes::Full(all) => apply(&all[k].map(f), v),
        }
    }
}

/// Returns the diagonal of the covariance of a component, if this covariance is diagonal.
fn diagonal(component: &Gaussian) -> Option<Vec<f64>> {
    let cov = component.cov();
    let off = (0..cov.nrows()).any(|i| (0..i).any(|j| cov[(i, j)] != 0.0));
    (!off).then(|| (0..cov.nrows()).map(|i| cov[(i, i)]).collect())
}
