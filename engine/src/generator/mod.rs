//! Models that turn base noise into points, and how a flow trains them.

mod affine;
mod checkpoint;
mod distill;
mod fit;
mod mlp;
mod optimiser;
mod regress;
mod train;
mod units;

pub use affine::{Affine, AffineOptions};
pub use checkpoint::{Model, ModelOptions, load, save_denoiser};
pub use distill::{DistillOptions, Weight, distill};
pub use fit::{FitOptions, fit};
pub use mlp::{MlpGenerator, MlpOptions};
pub use regress::{Pairs, RegressOptions, RegressResult, regress};
pub use train::FitResult;
pub use units::Units;

use crate::io::Tensors;
use crate::{Points, Result};

/// A map `g_theta: R^d_in -> R^d` with parameters `theta`.
pub trait Generator: Send + Sync + std::fmt::Debug {
    /// Dimension of its input.
    fn input_dim(&self) -> usize;

    /// Dimension of its output.
    fn dim(&self) -> usize;

    /// All parameters in a fixed order.
    fn parameters(&self) -> &[f64];

    /// All parameters, to write.
    fn parameters_mut(&mut self) -> &mut [f64];

    /// `out[i] = g(u_i)`.
    ///
    /// # Errors
    /// `u` of another dimension than [`Generator::input_dim`].
    fn forward(&mut self, u: &Points, out: &mut Points) -> Result<()>;

    /// `gradient = sum_i J(u_i)^T v_i`, `J` the Jacobian of `g(u_i)` with respect to the parameters.
    ///
    /// # Errors
    /// Shapes that do not fit.
    fn pull_back(&mut self, u: &Points, v: &Points, gradient: &mut [f64]) -> Result<()>;

    /// Takes the parameters of the smallest `sum_i |g(u_i) - y_i|^2`, where they have a closed form; false where they have none.
    ///
    /// # Errors
    /// Shapes that do not fit.
    fn least_squares(&mut self, _u: &Points, _y: &Points) -> Result<bool> {
        Ok(false)
    }

    /// Becomes `after(g(before(u)))`, where parameters can hold that; false where they cannot, and nothing is changed.
    fn compose(&mut self, _before: &Units, _after: &Units) -> bool {
        false
    }

    /// Are the parameters finite in the numbers that it computes with?
    fn is_finite(&self) -> bool {
        self.parameters().iter().all(|p| p.is_finite())
    }

    /// Adam's learning rate at the start of a fit that names none; it falls to 0.
    fn usual_rate(&self) -> f64;

    /// Its parameters by torch's names, with what [`load`] needs besides.
    fn tensors(&self) -> Tensors;
}
