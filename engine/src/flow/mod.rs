//! Flows: what moves a cloud of particles.
//!
//! A file here holds one equation and its constants. There are two kinds. A [`VelocityField`] says
//! where each particle is to go; how it steps there is chosen apart, in [`Stepping`]. A [`Sampler`]
//! makes its own steps, with noise or rejections. Who moves (a cloud or a generator), how long, and
//! who watches is not decided here (see [`crate::run`]).

mod aim;
mod clock;
mod diffusion;
mod field;
mod gan;
mod langevin;
mod mmd;
mod sampler;
mod sd;
mod sigma;
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
pub use sampler::Sampler;
pub use sd::{Noise, Scaling, SdFlow, SdFlowOptions};
pub use stepping::Stepping;
pub use svgd::{Svgd, SvgdOptions};
