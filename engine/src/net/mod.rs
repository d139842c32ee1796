//! A small multilayer perceptron, its gradients, and its training.
//!
//! A net is a chain of linear layers with an activation after each except the last. Forward and
//! backward passes use shards of 128 rows, whose intermediate values stay in the cache. The
//! gradients of the shards are summed in order, so the bytes do not depend on the number of
//! threads. Buffers are reused between passes.
//!
//! `mlp`, `shape`, `activation` and `forward_backward` define the net; `fourier` computes features
//! of time; `torch_file` stores nets in files. `adam` and `running_mean` update parameters,
//! `trainer` holds the state of a training, and `training_loop` is the loop of all trainings of the
//! crate.

mod activation;
mod adam;
mod forward_backward;
mod fourier;
mod mlp;
mod running_mean;
mod shape;
mod torch_file;
mod trainer;
mod training_loop;

pub use activation::Activation;
pub(crate) use adam::Adam;
#[doc(hidden)]
pub use adam::AdamOptions;
pub(crate) use forward_backward::{Gradients, Workspace};
pub(crate) use fourier::Fourier;
#[doc(hidden)]
pub use mlp::Mlp;
pub(crate) use running_mean::{Averaging, RunningMean};
pub(crate) use shape::{Hidden, MOST_LAYERS, widths};
#[doc(hidden)]
pub use trainer::Trainer;
pub(crate) use training_loop::{Trainee, TrainingPlan, TrainingStep, keep_checkpoint, train};
