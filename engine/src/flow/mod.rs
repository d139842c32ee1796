//! Flows, which move a cloud of particles.
//!
//! Each file contains one equation and its constants. There are two kinds of flows. A
//! [`VelocityField`] gives the velocity of each particle; the integrator is chosen separately, in
//! [`Stepping`]. A [`Sampler`] makes its own steps, with noise or rejections. [`crate::run`]
//! decides what moves (a cloud or a generator), for how long, and which measurements are made.

mod aim;
mod clock;
mod diagnostics;
mod diffusion;
mod field;
mod gan;
mod langevin;
mod mmd;
mod preconditioner;
mod sampler;
mod sd;
mod sigma;
mod sinkhorn;
mod smc;
mod stepping;
mod support;
mod svgd;

pub use aim::Aim;
pub use clock::Clock;
pub use diffusion::{
    Diffusion, Levels, LikelihoodOptions, PfOdeOptions, PfOdeSampler, Predictor, PredictorCorrectorOptions, Process,
    ReverseSdeOptions, ReverseSdeSampler,
};
pub use field::{FieldAt, Readings, Role, Scales, VelocityField};
pub use gan::{GanFlow, GanFlowOptions, Loss};
pub use langevin::{Langevin, LangevinOptions, LangevinSampler};
pub use mmd::{MmdFlow, MmdFlowOptions, Weighting};
pub use preconditioner::Preconditioning;
pub use sampler::Sampler;
pub use sd::{Noise, Scaling, SdFlow, SdFlowOptions};
pub use sinkhorn::{SinkhornFlow, SinkhornFlowOptions};
pub use smc::{Smc, SmcOptions};
pub use stepping::Stepping;
pub use svgd::{Svgd, SvgdOptions};
