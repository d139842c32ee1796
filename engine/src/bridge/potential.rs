//! Bridges whose end potential is a mixture of Gaussians: drift and plan are exact.

mod as_bridge;
mod draw;
mod option;
mod shape;
mod started;
#[cfg(feature = "files")]
mod store;
mod two_potentials;

use super::ReferenceProcess;
use super::quadratics::{Curvature, Quadratics};
use crate::target::{Density, Mixture, Target};
use crate::{Error, Points, Result};
pub(super) use draw::choose;
use faer::Mat;
pub use option::BridgePairOptions;
pub(super) use shape::Shapes;
pub use started::StartedBridge;
pub use two_potentials::TwoPotentialBridge;

/// A bridge relative to a Brownian motion. Its plan is `pi(y|x) ~ exp(x . y / epsilon) v(y)` with
/// the adjusted potential `v(y) = sum_k a_k N(y; r_k, epsilon S_k)` \[korotin2024light\].
///
/// The plan itself is a mixture, `pi(y|x) = sum_k w_k(x) N(y; r_k + S_k x, epsilon S_k)` with `w_k
/// ~ a_k exp((x^T S_k x + 2 r_k . x) / (2 epsilon))`. With `M_k = t S_k + (1 - t) I` the drift is
/// `u(t, x) = sum_k w_k(t, x) M_k^-1 (r_k + (S_k - I) x)`. Up to a constant, the logarithm of
/// `w_k(t, x)` is `log a_k - log|M_k| / 2 + (x^T M_k^-1 (S_k - I) x + 2 r_k^T M_k^-1 x -
/// t r_k^T M_k^-1 r_k) / (2 epsilon)`. This form needs no division by `1 - t`.
///
/// The bridge does not depend on a source. It may start from any distribution, which then
/// determines the distribution of the end ([`super::EndTarget`]). Every such potential, together
/// with any source, therefore gives a pair of distributions whose bridge is known
/// \[gushchin2023building\]. The backward drift does depend on the source. [`StartedBridge`]
/// computes it for a finite sample, and [`TwoPotentialBridge`] computes it from a second potential.
///
/// Cost per point: `O(K d)` for diagonal `S_k`, `O(K d^2)` for full `S_k`. Full `S_k` also cost
/// `O(K d^3)` per value of `t`.
#[derive(Debug, Clone)]
pub struct PotentialBridge {
    name: String,
    reference: ReferenceProcess,
    /// `log a_k`, K.
    log_weights: Vec<f64>,
    /// `r_k`, K x dim.
    centres: Points,
    /// `S_k`.
    shapes: Shapes,
}

impl PotentialBridge {
    /// Creates the bridge whose end potential is the mixture `sum_k w_k N(y; m_k, C_k)`: the plan
    /// is `pi(y|x) ~ exp(-|x - y|^2 / (2 epsilon))` times the potential. Then `S_k = C_k (C_k +
    /// epsilon I)^-1`, `r_k = epsilon (C_k + epsilon I)^-1 m_k` and `a_k = w_k N(m_k; 0, C_k +
    /// epsilon I)`.
    ///
    /// # Errors
    /// `epsilon` is not positive and finite.
    pub fn of_mixture(potential: &Mixture, epsilon: f64) -> Result<PotentialBridge> {
        let reference = ReferenceProcess::brownian(epsilon)?;
        let components = potential.components();
        let dim = components[0].mean().len();
        let (mut log_weights, mut centres) = (Vec::new(), Points::zeros(components.len(), dim));
        for (k, (weight, component)) in potential.weights().iter().zip(components).enumerate() {
            let (mut log_density, mut score) = (Vec::new(), Points::default());
            let origin = Points::zeros(1, dim);
            // The score of the smoothed component at the origin is (C_k + epsilon I)^-1 m_k.
            component.log_density(&origin, epsilon.sqrt(), &mut log_density)?;
            component.score(&origin, epsilon.sqrt(), &mut score)?;
            log_weights.push(weight.ln() + log_density[0]);
            centres.row_mut(k).iter_mut().zip(score.row(0)).for_each(|(r, s)| *r = epsilon * s);
        }
        let shapes = Shapes::of_covariances(components, |v| v / (v + epsilon))?;
        let name = format!("a bridge with a potential of {} Gaussians in {dim} dimensions", components.len());
        Ok(PotentialBridge { name, reference, log_weights, centres, shapes })
    }

    /// Creates a bridge from `log a_k`, `r_k` (K x dim) and `S_k`; the caller ensures that their
    /// sizes agree.
    pub(super) fn with(
        name: String,
        reference: ReferenceProcess,
        log_weights: Vec<f64>,
        centres: Points,
        shapes: Shapes,
    ) -> PotentialBridge {
        PotentialBridge { name, reference, log_weights, centres, shapes }
    }

    /// Returns the number of components of the potential.
    pub fn components(&self) -> usize {
        self.log_weights.len()
    }

    /// Returns the shapes `S_k`.
    pub(super) fn shapes(&self) -> &Shapes {
        &self.shapes
    }

    /// Returns the functions `f_k = log w_k(t, x)`. The drift is `epsilon` times the gradient of
    /// `log sum_k exp f_k`.
    pub(super) fn weights_at(&self, t: f64) -> Quadratics {
        let (epsilon, dim) = (self.reference.epsilon(), self.centres.dim());
        // M^-1 and M^-1 (S - I) / epsilon, as functions of an eigenvalue of S.
        let inverse = |s: f64| 1.0 / (t * s + (1.0 - t));
        let curvature = self.shapes.map(|s| (s - 1.0) * inverse(s) / epsilon);
        let mut linear = Mat::zeros(dim, self.components());
        let mut constant = Vec::with_capacity(self.components());
        for (k, r) in self.centres.iter().enumerate() {
            let pulled = self.shapes.apply(k, inverse, r);
            let squared: f64 = pulled.iter().zip(r).map(|(a, b)| a * b).sum();
            let log_det: f64 = self.shapes.spectrum(k).iter().map(|s| (t * s + (1.0 - t)).ln()).sum();
            constant.push(self.log_weights[k] - 0.5 * log_det - t * squared / (2.0 * epsilon));
            pulled.iter().enumerate().for_each(|(j, p)| linear[(j, k)] = p / epsilon);
        }
        Quadratics { constant, linear, curvature }
    }
}

/// Checks that the distribution from which a bridge starts has the dimension of the bridge.
///
/// # Errors
/// The check fails.
pub(super) fn check_source(source: &dyn Target, dim: usize) -> Result<()> {
    if source.dim() == dim {
        return Ok(());
    }
    let got = format!("{} dimensions", source.dim());
    Err(Error::shape("the source", got, format!("the bridge has {dim}")))
}

impl Shapes {
    /// Applies a function to the eigenvalues of all `S_k`.
    fn map(&self, f: impl Fn(f64) -> f64 + Copy) -> Curvature {
        match self {
            Shapes::Diagonal(all) => Curvature::Diagonal(Mat::from_fn(all.dim(), all.n(), |j, k| f(all.row(k)[j]))),
            Shapes::Full(all) => Curvature::Full(all.iter().map(|shape| shape.map(f)).collect()),
        }
    }
}
