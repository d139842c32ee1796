//! A small multilayer perceptron, its gradients, and what trains it.
//!
//! A net is a chain of linear layers with an activation behind each but the last. Forward and
//! backward passes go through shards of 128 rows, whose intermediate values stay in the cache, and
//! the shards' gradients are summed in order: the bytes do not depend on the number of threads.
//! Buffers are kept between passes.
//!
//! `mlp`, `shape`, `activation` and `forward_backward` are the net; `fourier` makes its features of
//! time; `checkpoint` keeps it in files. `adam` and `running_mean` move its parameters, `trainer`
//! holds all that one net's training needs, and `training_loop` is the loop of every training of
//! the crate.

mod activation;
mod adam;
mod checkpoint;
mod forward_backward;
mod fourier;
mod mlp;
mod running_mean;
mod shape;
mod trainer;
mod training_loop;

pub use activation::Activation;
pub(crate) use adam::Adam;
pub use adam::AdamOptions;
pub(crate) use forward_backward::{Gradients, Workspace};
pub(crate) use fourier::Fourier;
pub use mlp::Mlp;
pub(crate) use running_mean::{Averaging, RunningMean};
pub(crate) use shape::{Hidden, MOST_LAYERS, widths};
pub use trainer::Trainer;
pub(crate) use training_loop::{Course, Moment, Trainee, train};
