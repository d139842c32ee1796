//! Models that map base noise to points, and their training.
//!
//! A [`Generator`] is a map with parameters: [`Affine`], [`MlpGenerator`]. A [`Fit`] trains a
//! generator along a flow, a [`Distillation`] trains it by a fixed score, and a [`Regression`]
//! trains it on pairs. [`load`] reads a generator or a denoiser from a file. `train` is shared by
//! [`Fit`] and [`Distillation`], `optimiser` updates the parameters, and `standard_units` maps a
//! generator to standard units and back.

mod affine;
mod base;
mod distill;
mod fit;
mod heavy_tails;
mod history;
mod layer_algebra;
mod linear_layer;
mod linear_start;
mod mlp;
#[cfg(feature = "files")]
mod model_file;
mod optimiser;
mod regress;
mod standard_units;
mod student;
mod teacher;
mod tensors;
mod train;
mod training_options;

pub use affine::{Affine, AffineOptions};
pub use base::usual_base;
pub use distill::{DistillOptions, Distillation, Weight};
pub use fit::{Fit, FitOptions, usual_steps};
#[doc(hidden)]
pub use linear_layer::Layer;
pub use mlp::{MlpGenerator, MlpOptions};
#[cfg(feature = "files")]
pub use model_file::{Model, ModelOptions, load};
#[cfg(feature = "files")]
#[doc(hidden)]
pub use model_file::{add_base_name, save_denoiser};
pub use regress::{Pairs, RegressOptions, Regression};
#[cfg(feature = "files")]
pub(crate) use tensors::KEY as DESCRIPTION;
pub use train::FitResult;

use crate::{Points, Result};

/// A map `g_theta: R^d_in -> R^d` with parameters `theta`.
pub trait Generator: Send + Sync + std::fmt::Debug {
    /// Returns the dimension of the input.
    fn input_dim(&self) -> usize;

    /// Returns the dimension of the output.
    fn dim(&self) -> usize;

    /// Returns all parameters in a fixed order.
    fn parameters(&self) -> &[f64];

    /// Returns all parameters, mutable.
    fn parameters_mut(&mut self) -> &mut [f64];

    /// Writes `out[i] = g(u_i)`.
    ///
    /// # Errors
    /// The dimension of `u` is not [`Generator::input_dim`].
    fn forward(&mut self, u: &Points, out: &mut Points) -> Result<()>;

    /// Writes `gradient = sum_i J(u_i)^T v_i`, where `J` is the Jacobian of `g(u_i)` with respect
    /// to the parameters.
    ///
    /// # Errors
    /// The shapes do not match.
    fn pull_back(&mut self, u: &Points, v: &Points, gradient: &mut [f64]) -> Result<()>;

    /// Returns the linear layers in order, if the generator is a chain of linear layers with
    /// activations between them. A change of units can then be absorbed by the first and the last
    /// layer, and a single layer has a least-squares fit in closed form. Any other map returns an
    /// empty list, the default.
    fn layers(&self) -> Vec<Layer> {
        Vec::new()
    }

    /// True if the parameters are finite in the arithmetic of the generator.
    fn is_finite(&self) -> bool {
        self.parameters().iter().all(|p| p.is_finite())
    }
}
