//! A small multilayer perceptron, its gradients, and what trains it.
//!
//! A net is a chain of linear layers with an activation behind each but the last. Forward and backward passes go through
//! shards of 128 rows, whose intermediate values stay in the cache, and the shards' gradients are summed in
//! order: the bytes do not depend on the number of threads. Buffers are kept between passes.

mod activation;
mod adam;
mod file;
mod fourier;
mod mlp;
mod pass;
mod shape;
mod train;

pub use activation::Activation;
pub use adam::{Adam, AdamOptions};
pub use fourier::Fourier;
pub use mlp::Mlp;
pub use pass::{Gradients, Workspace};
pub use shape::{MOST_LAYERS, widths};
pub use train::Trainer;
