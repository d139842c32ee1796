//! Schroedinger bridges: the most probable motion between two distributions, relative to a
//! reference process.
//!
//! Many diffusions lead from one distribution to another in the time from 0 to 1. The Schroedinger
//! bridge is the one with the smallest relative entropy to a reference process: a Brownian motion
//! or an Ornstein-Uhlenbeck process with given noise. Its joint distribution of start and end
//! solves an optimal transport problem with an entropic penalty.
//!
//! A [`Bridge`] knows its forward drift. Only some bridges know the time-reversed process, the
//! exact joint distribution of start and end, or Gaussian marginals: each of these is a capability
//! that the caller queries. [`simulate`] moves points along a bridge.
//!
//! | file | contents |
//! |---|---|
//! | `dynamics` | the interface of all bridges, and the joint distribution of their ends |
//! | `reference_process` | the reference process: its transitions, and its positions given both ends |
//! | `simulate` | points moved along a bridge, by its drift, its probability flow or its plan |
//! | `gaussian`, `gaussian_ipf` | the closed form between Gaussians, and the iterative fitting that converges to it |
//! | `sinkhorn_bridge` | the bridge between two sets of points, from Sinkhorn's potentials |
//! | `quadratics` | the logarithm of a sum of exponentials of quadratic functions |
//! | `potential` | bridges whose end potential is a mixture of Gaussians |
//! | `light_sb` | the same potential, learned from samples |
//! | `learned` | drifts in both directions, learned by nets: the script functions `dsb` and `dsbm` |
//! | `end_target`, `finite_end` | the distribution in which a bridge ends, and a process that ends in given points |
//! | `conditional_error`, `path_energy` | measurements of bridges |

mod conditional_error;
mod dynamics;
mod end_target;
mod finite_end;
mod gaussian;
mod gaussian_ipf;
mod learned;
mod light_sb;
mod path_energy;
mod potential;
mod quadratics;
mod reference_process;
mod simulate;
mod sinkhorn_bridge;
#[cfg(test)]
mod tests;

pub use conditional_error::{Conditional, ConditionalErrorOptions, conditional_error};
pub use dynamics::{Bridge, Coupling, Direction};
#[doc(hidden)]
pub use end_target::EndTarget;
pub use gaussian::GaussianBridge;
#[doc(hidden)]
pub use gaussian::GaussianBridgeOptions;
#[doc(hidden)]
pub use gaussian_ipf::{GaussianIpf, GaussianKernel};
pub use learned::{
    Baseline, ChainStart, DsbOptions, DsbmOptions, LearnedBridge, LearnedDrifts, PairStart, Regression, train_dsb,
    train_dsbm,
};
pub use light_sb::{LightSbOptions, PotentialLoss, ShapeKind, TrainedBridge, train_light_sb};
pub use path_energy::path_energy;
#[doc(hidden)]
pub use potential::BridgePairOptions;
pub use potential::{PotentialBridge, StartedBridge, TwoPotentialBridge};
pub use reference_process::{ReferenceProcess, usual_epsilon};
pub use simulate::{Method, Path, SimulateOptions, Snapshot, simulate};
pub use sinkhorn_bridge::SinkhornBridge;
