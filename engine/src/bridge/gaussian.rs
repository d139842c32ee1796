//! The Schroedinger bridge between two Gaussians, in closed form.

mod as_bridge;
mod coupling;
mod option;

use super::ReferenceProcess;
use crate::matrix::{Spectrum, product, symmetric_part};
use crate::target::{Gaussian, Moments};
use crate::{Error, Result};
use coupling::coupling;
use faer::Mat;
pub use option::GaussianBridgeOptions;

/// The bridge from `N(m0, A)` to `N(m1, B)` relative to a Brownian motion or an Ornstein-Uhlenbeck
/// process \[bunne2023schrodinger, mallasto2022entropy, janati2020entropic\].
///
/// All marginals are Gaussian. The factors `s`, `e` and the variance `v` are those of the pinned
/// reference process ([`ReferenceProcess::pinned`]), and `C = Cov(X_0, X_1)` is the
/// cross-covariance. The marginal at time `t` has the mean `m_t = s m0 + e m1` and the covariance
/// `S_t = s^2 A + e^2 B + s e (C + C^T) + v I`. The forward drift is
/// `u(t, x) = m_t' + K S_t^-1 (x - m_t)` with `K = s s' A + e e' B + s' e C + e' s C^T + l I`. A
/// prime denotes the rate of change, and `l` is the `lag_rate` of the pinned reference process.
///
/// Cost: `O(d^3)` per time and `O(d^2)` per point.
///
/// ```
/// use sdflow::bridge::{Bridge, GaussianBridge, ReferenceProcess};
/// use sdflow::target::Gaussian;
/// let ends = [Gaussian::isotropic(vec![-1.0], 1.0)?, Gaussian::isotropic(vec![1.0], 1.0)?];
/// let bridge = GaussianBridge::new(&ends[0], &ends[1], ReferenceProcess::brownian(1.0)?)?;
/// // Unit variances: C = (sqrt(5) - 1) / 2.
/// assert!((bridge.cross_covariance()[(0, 0)] - 0.618).abs() < 1e-3);
/// let middle = bridge.gaussian_marginal(0.5).map(|moments| moments.mean);
/// assert_eq!(middle, Some(vec![0.0]));
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GaussianBridge {
    ends: [Moments; 2],
    reference: ReferenceProcess,
    /// `C = Cov(X_0, X_1)`.
    cross: Mat<f64>,
    /// `C^T A^-1`, the regression of the end on the start.
    regression: Mat<f64>,
    /// Covariance of the end given the start, and the square root of that covariance.
    remainder: [Mat<f64>; 2],
}

impl GaussianBridge {
    /// Creates the bridge. Cost `O(d^3)`.
    ///
    /// # Errors
    /// The dimensions differ.
    pub fn new(source: &Gaussian, target: &Gaussian, reference: ReferenceProcess) -> Result<GaussianBridge> {
        let ends = [source, target].map(|end| Moments { mean: end.mean().to_vec(), cov: end.cov() });
        if ends[0].mean.len() != ends[1].mean.len() {
            let got = format!("{} dimensions", ends[1].mean.len());
            return Err(Error::shape("the target", got, format!("the source has {}", ends[0].mean.len())));
        }
        let cross = coupling(&ends[0].cov, &ends[1].cov, reference)?;
        GaussianBridge::with(ends, reference, cross)
    }

    fn with(ends: [Moments; 2], reference: ReferenceProcess, cross: Mat<f64>) -> Result<GaussianBridge> {
        let inverse = Spectrum::positive(&ends[0].cov, "the covariance of the source")?.map(|v| 1.0 / v);
        let regression = product(cross.transpose(), inverse.as_ref());
        let explained = product(regression.as_ref(), cross.as_ref());
        let rest = symmetric_part(&(&ends[1].cov - &explained));
        let root = Spectrum::of(&rest, "the covariance of the end given the start")?.map(|v| v.max(0.0).sqrt());
        Ok(GaussianBridge { ends, reference, cross, regression, remainder: [rest, root] })
    }

    /// Number of coordinates.
    fn size(&self) -> usize {
        self.ends[0].mean.len()
    }

    /// Returns the covariance of start and end, `E (X_0 - m0) (X_1 - m1)^T`, `dim` x `dim`.
    pub fn cross_covariance(&self) -> &Mat<f64> {
        &self.cross
    }

    /// Returns mean and covariance of the start and of the end.
    pub fn ends(&self) -> &[Moments; 2] {
        &self.ends
    }

    /// Returns mean and covariance of the marginal at time `t` in `[0, 1]`.
    fn marginal(&self, t: f64) -> Moments {
        let pinned = self.reference.pinned(t);
        let (s, e) = (pinned.start, pinned.end);
        let mean = self.ends[0].mean.iter().zip(&self.ends[1].mean).map(|(a, b)| s * a + e * b).collect();
        Moments { mean, cov: symmetric_part(&self.combine([s * s, e * e, s * e, s * e, pinned.variance])) }
    }

    /// Returns the forward drift `u(t, x) = value + slope (x - mean)` at time `t` as value, slope
    /// and mean, where `mean` is the mean of the marginal.
    ///
    /// # Errors
    /// The covariance of the marginal is numerically singular.
    pub(super) fn affine_drift(&self, t: f64) -> Result<(Vec<f64>, Mat<f64>, Vec<f64>)> {
        let pinned = self.reference.pinned(t);
        let (s, e, ds, de) = (pinned.start, pinned.end, pinned.start_rate, pinned.end_rate);
        let ends = self.ends[0].mean.iter().zip(&self.ends[1].mean);
        let value = ends.map(|(a, b)| ds * a + de * b).collect();
        let gain = self.combine([s * ds, e * de, ds * e, de * s, pinned.lag_rate]);
        let Moments { mean, cov } = self.marginal(t);
        let inverse = Spectrum::positive(&cov, "the covariance of the marginal")?.map(|v| 1.0 / v);
        Ok((value, product(gain.as_ref(), inverse.as_ref()), mean))
    }

    /// Returns `w0 A + w1 B + w2 C + w3 C^T + w4 I`.
    fn combine(&self, w: [f64; 5]) -> Mat<f64> {
        let (a, b, c) = (&self.ends[0].cov, &self.ends[1].cov, &self.cross);
        Mat::from_fn(self.size(), self.size(), |i, j| {
            let unit = if i == j { w[4] } else { 0.0 };
            w[0] * a[(i, j)] + w[1] * b[(i, j)] + w[2] * c[(i, j)] + w[3] * c[(j, i)] + unit
        })
    }

    /// Returns the same process in reversed time. The ends are exchanged; the reference process
    /// stays the same, because it is reversible.
    pub(super) fn backward(&self) -> Result<GaussianBridge> {
        let [source, target] = self.ends.clone();
        GaussianBridge::with([target, source], self.reference, self.cross.transpose().to_owned())
    }
}
