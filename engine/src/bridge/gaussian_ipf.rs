//! Iterative proportional fitting between Gaussians, as an exact recursion of Gaussian kernels.

use super::ReferenceProcess;
use crate::matrix::{Spectrum, apply, product, symmetric_part};
use crate::target::{Gaussian, Moments};
use crate::{Error, Result};
use faer::Mat;

/// The conditional distribution `y | x = N(slope x + offset, noise)`.
#[derive(Debug, Clone)]
pub struct GaussianKernel {
    /// `dim` x `dim`.
    pub slope: Mat<f64>,
    /// `dim`.
    pub offset: Vec<f64>,
    /// Covariance, `dim` x `dim`.
    pub noise: Mat<f64>,
}

impl GaussianKernel {
    /// Returns the distribution of `y` if `x` has these moments.
    pub fn push(&self, x: &Moments) -> Moments {
        let spread = product(product(self.slope.as_ref(), x.cov.as_ref()).as_ref(), self.slope.transpose());
        let mean = apply(&self.slope, &x.mean).iter().zip(&self.offset).map(|(a, b)| a + b).collect();
        Moments { mean, cov: symmetric_part(&(spread + &self.noise)) }
    }

    /// Returns the conditional distribution of `x` given `y` if `x` has these moments. Let `A` and
    /// `P` be the covariances of `x` and `y`, and `F` the slope of this kernel. The result has the
    /// slope `G = A F^T P^-1` and the noise `A - G F A`.
    fn reverse(&self, x: &Moments) -> Result<GaussianKernel> {
        let y = self.push(x);
        let inverse = Spectrum::positive(&y.cov, "the covariance of an iterate")?.map(|v| 1.0 / v);
        let joint = product(x.cov.as_ref(), self.slope.transpose());
        let slope = product(joint.as_ref(), inverse.as_ref());
        let offset = x.mean.iter().zip(apply(&slope, &y.mean)).map(|(m, g)| m - g).collect();
        let noise = symmetric_part(&(&x.cov - product(slope.as_ref(), joint.transpose())));
        Ok(GaussianKernel { slope, offset, noise })
    }
}

/// Fits a coupling to two Gaussian ends. Each half step keeps the conditional distribution in one
/// direction and replaces the distribution from which that direction starts
/// \[debortoli2021diffusion\].
///
/// The fitting begins with the reference process from the source. An odd half step reverses the
/// forward kernel; the reversed kernel then starts from the target. An even half step reverses the
/// backward kernel; the reversed kernel then starts from the source. The kernels converge to those
/// of the [`super::GaussianBridge`]. Every kernel of every iterate has `noise^-1 slope = (r / v)
/// I`, with the transition `r`, `v` of the reference process.
#[derive(Debug, Clone)]
pub struct GaussianIpf {
    ends: [Moments; 2],
    /// The kernel from source to target.
    forward: GaussianKernel,
    /// The kernel from target to source.
    backward: GaussianKernel,
    half_steps: usize,
}

impl GaussianIpf {
    /// Begins with the reference process from the source.
    ///
    /// # Errors
    /// The dimensions differ.
    pub fn new(source: &Gaussian, target: &Gaussian, reference: ReferenceProcess) -> Result<GaussianIpf> {
        let ends = [source, target].map(|end| Moments { mean: end.mean().to_vec(), cov: end.cov() });
        let dim = ends[0].mean.len();
        if ends[1].mean.len() != dim {
            let got = format!("{} dimensions", ends[1].mean.len());
            return Err(Error::shape("the target", got, format!("the source has {dim}")));
        }
        let (r, v) = reference.transition(1.0);
        let multiple = |c: f64| Mat::from_fn(dim, dim, |i, j| if i == j { c } else { 0.0 });
        let forward = GaussianKernel { slope: multiple(r), offset: vec![0.0; dim], noise: multiple(v) };
        let backward = forward.reverse(&ends[0])?;
        Ok(GaussianIpf { ends, forward, backward, half_steps: 0 })
    }

    /// Takes one half step. Cost `O(d^3)`.
    ///
    /// # Errors
    /// A covariance of an iterate is not positive definite.
    pub fn half_step(&mut self) -> Result<()> {
        match self.half_steps.is_multiple_of(2) {
            true => self.backward = self.forward.reverse(&self.ends[0])?,
            false => self.forward = self.backward.reverse(&self.ends[1])?,
        }
        self.half_steps += 1;
        Ok(())
    }

    /// Returns the present kernel from source to target.
    pub fn forward(&self) -> &GaussianKernel {
        &self.forward
    }

    /// Returns the present kernel from target to source.
    pub fn backward(&self) -> &GaussianKernel {
        &self.backward
    }

    /// Returns the covariance of start and end, `A F^T`, with the covariance `A` of the source and
    /// the slope `F` of the forward kernel.
    pub fn cross_covariance(&self) -> Mat<f64> {
        product(self.ends[0].cov.as_ref(), self.forward.slope.transpose())
    }

    /// Returns the distribution at the end of the present forward process from the source.
    pub fn end(&self) -> Moments {
        self.forward.push(&self.ends[0])
    }
}
