//! Models that turn base noise into points, and what trains them.
//!
//! A [`Generator`] is a map with parameters: [`Affine`], [`MlpGenerator`]. A [`Fit`] trains one
//! along a flow, a [`Distillation`] by a frozen score, a [`Regression`] on pairs; [`load`] reads
//! one from a file. `train` is what the first two share, `optimiser` moves the parameters,
//! `standard_units` takes a generator into standard units and back.

mod affine;
#[cfg(feature = "files")]
mod checkpoint;
mod distill;
mod fit;
mod layer_algebra;
mod linear_layer;
mod mlp;
mod optimiser;
mod regress;
mod standard_units;
mod tensors;
mod train;

pub use affine::{Affine, AffineOptions};
#[cfg(feature = "files")]
pub use checkpoint::{Model, ModelOptions, load, save_denoiser};
pub use distill::{DistillOptions, Distillation, Weight};
pub use fit::{Fit, FitOptions};
pub use linear_layer::Layer;
pub use mlp::{MlpGenerator, MlpOptions};
pub use regress::{Pairs, RegressOptions, Regression};
pub use train::FitResult;

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

    /// `gradient = sum_i J(u_i)^T v_i`, `J` the Jacobian of `g(u_i)` with respect to the
    /// parameters.
    ///
    /// # Errors
    /// Shapes that do not fit.
    fn pull_back(&mut self, u: &Points, v: &Points, gradient: &mut [f64]) -> Result<()>;

    /// Its linear layers in order, where it is a chain of them with activations between. A change
    /// of units then goes into the first and the last, and a single one has its least squares in
    /// closed form. Empty, the default, for any other map.
    fn layers(&self) -> Vec<Layer> {
        Vec::new()
    }

    /// Are the parameters finite in the numbers that it computes with?
    fn is_finite(&self) -> bool {
        self.parameters().iter().all(|p| p.is_finite())
    }
}
