//! The joint covariance of the entropic optimal transport between two Gaussians.

use crate::Result;
use crate::bridge::ReferenceProcess;
use crate::matrix::{Spectrum, product, symmetric_part};
use faer::Mat;

/// Returns `Cov(X_0, X_1)` of the bridge between Gaussians with the covariances `A` and `B`.
///
/// Let the reference process be a Brownian motion of variance `v` over the whole time. The result
/// is then `C(A, B, v) = (A^1/2 D A^-1/2 - v I) / 2` with `D = (4 A^1/2 B A^1/2 + v^2 I)^1/2`
/// \[mallasto2022entropy\]. For an Ornstein-Uhlenbeck process with the transition `r`, `v` the
/// result is `C(r^2 A, B, v) / r`, because the scaled start `r X_0` then moves by noise alone.
///
/// # Errors
/// A covariance is not positive definite.
pub fn coupling(a: &Mat<f64>, b: &Mat<f64>, reference: ReferenceProcess) -> Result<Mat<f64>> {
    let (r, v) = reference.transition(1.0);
    let spectrum = Spectrum::positive(a, "the covariance of the source")?;
    let (root, inverse) = (spectrum.map(|x| r * x.sqrt()), spectrum.map(|x| 1.0 / (r * x.sqrt())));
    let inner = product(product(root.as_ref(), b.as_ref()).as_ref(), root.as_ref());
    let inner = Spectrum::of(&symmetric_part(&inner), "the product of the covariances")?;
    // The eigenvalue of (D - v) / 2, in a form without cancellation when it is small.
    let half = inner.map(|x| 2.0 * x.max(0.0) / ((4.0 * x.max(0.0) + v * v).sqrt() + v));
    let c = product(product(root.as_ref(), half.as_ref()).as_ref(), inverse.as_ref());
    Ok(c * faer::Scale(1.0 / r))
}
