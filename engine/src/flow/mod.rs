//! Flows, which move a cloud of particles.
//!
//! Each flow has a file of its own, with its equation and constants. The remaining files hold what
//! flows share. There are two kinds of flows. A [`VelocityField`] gives the velocity of each
//! particle; the integrator is chosen separately, in [`Stepping`]. A [`Sampler`] makes its own
//! steps, because noise, rejections or a falling noise level are not part of a velocity.
//! [`crate::run`] moves a cloud along a flow, and decides how long the run is and what is measured.
//! [`crate::generator`] trains a generator along a flow.
//!
//! | file | contents |
//! |---|---|
//! | `field` | velocity fields: what a flow with a velocity provides |
//! | `sampler` | samplers: what a flow that makes its own steps provides |
//! | `sd` | the score-difference flow |
//! | `mmd` | the gradient flow of the maximum mean discrepancy |
//! | `sinkhorn` | the gradient flow of the Sinkhorn divergence |
//! | `sliced` | the flow of optimal transport along random lines |
//! | `drift` | the field of drifting models |
//! | `by_label` | one flow per label, for labelled particles |
//! | `gan` | particles that descend the generator loss of a GAN |
//! | `svgd` | Stein variational gradient descent |
//! | `langevin` | Langevin dynamics, with and without rejections |
//! | `smc` | sequential Monte Carlo |
//! | `diffusion` | the samplers of a diffusion, and the log density along its probability flow |
//! | `stepping` | the step size and the integrator of a velocity field |
//! | `clock` | the moment of a step within a run |
//! | `sigma` | the noise level over a run |
//! | `aim` | the target of a field; a generator that follows the field is trained in the units of this target |
//! | `preconditioner` | maps that give all directions of a cloud comparable scales |
//! | `diagnostics`, `support` | signs of a wrong result: particles that do not have the distribution of the target, and particles outside its support |

mod aim;
mod by_label;
mod clock;
mod diagnostics;
mod diffusion;
mod drift;
mod field;
mod gan;
mod langevin;
mod mmd;
mod preconditioner;
mod sampler;
mod sd;
mod sigma;
mod sinkhorn;
mod sliced;
mod smc;
mod stepping;
mod support;
mod svgd;

pub use aim::Aim;
#[doc(hidden)]
pub use aim::mean_variance;
pub use by_label::ByLabel;
pub use clock::Clock;
#[doc(hidden)]
pub use diffusion::Levels;
pub use diffusion::{
    Diffusion, LikelihoodOptions, LogDensities, LogDensityErrors, PfOdeOptions, PfOdeSampler, Predictor,
    PredictorCorrectorOptions, Process, ReverseSdeOptions, ReverseSdeSampler,
};
pub use drift::{DriftFlow, DriftFlowOptions, Normalisation, TemperatureScale, Temperatures};
pub use field::{FieldAt, Readings, Role, Scales, VelocityField};
pub use gan::{GanFlow, GanFlowOptions, Loss};
pub use langevin::{Langevin, LangevinOptions, LangevinSampler};
pub use mmd::{MmdFlow, MmdFlowOptions, Weighting};
pub use preconditioner::Preconditioning;
pub use sampler::Sampler;
pub use sd::{Divergence, Noise, Scaling, SdFlow, SdFlowOptions};
pub use sinkhorn::{SinkhornFlow, SinkhornFlowOptions};
pub use sliced::{SlicedFlow, SlicedFlowOptions};
pub use smc::{Smc, SmcOptions};
pub use stepping::Stepping;
pub use svgd::{Svgd, SvgdOptions};
