//! Bridges learned by nets: the diffusion Schroedinger bridge and bridge matching.

mod as_bridge;
mod chain;
mod drawn;
mod drift;
mod frame;
mod learner;
mod measure;
mod option;
mod pinned;
#[cfg(feature = "files")]
mod store;
#[cfg(test)]
mod tests;

use super::GaussianBridge;
use crate::net::{TrainingPlan, train};
use crate::process::{Ending, Observer};
use crate::rng::Stream;
use crate::target::Target;
use crate::{Error, Interrupt, Result};
pub use as_bridge::LearnedBridge;
pub use chain::Regression;
use frame::{Frame, Spread};
use learner::Learner;
use measure::measure;
use option::Plan;
pub use option::{Baseline, ChainStart, DsbOptions, DsbmOptions, PairStart};
use std::sync::Arc;

/// A bridge learned by nets, and how its training ended.
#[derive(Debug, Clone)]
pub struct LearnedDrifts {
    /// The bridge. After a divergence, its nets are those from before the fit that diverged.
    pub bridge: LearnedBridge,
    /// Finished, interrupted or diverged.
    pub ending: Ending,
    /// The loss of the last step, per coordinate: about 1 if the net explains none of the variance
    /// of its regression targets.
    pub loss: f64,
}

/// Learns the bridge between two distributions by iterative proportional fitting with regressions.
/// This is the diffusion Schroedinger bridge \[debortoli2021diffusion\].
///
/// Each iteration has two fits. The first simulates the forward chain `X' = X + h u(X) +
/// sqrt(epsilon h) Z` from points of the source and fits the backward drift to the chain
/// ([`Regression`]). The second simulates the backward chain from points of the target and fits the
/// forward drift. If the training starts from a Brownian motion, the first fit learns `b = epsilon
/// grad log p_t`, where `p_t` is the density of the noised source. A fit reads stored trajectories,
/// as many as the option `memory` permits. When each trajectory has been used once per time step,
/// new ones are simulated.
///
/// The baseline is the drift of a bridge between Gaussians. The variances of these Gaussians are at
/// least the variance of the noise of one time step. If a coordinate is constant in both
/// distributions, its whole drift is the baseline: there the nets stay 0, and the probability flow
/// keeps the coordinate equal in all points.
///
/// Cost: per optimiser step a forward and a backward pass of the net for each point of the batch,
/// and about two forward passes for the simulation.
///
/// # Errors
/// An option is out of range, the dimensions differ, a distribution cannot be sampled, all points
/// of a distribution are the same, or a simulated point is not finite. Divergence and an interrupt
/// are endings, not errors.
pub fn train_dsb(
    ends: [&dyn Target; 2],
    options: &DsbOptions,
    stream: Stream,
    interrupt: &Interrupt,
    observer: &mut dyn Observer,
) -> Result<LearnedDrifts> {
    learn("dsb", ends, &options.plan(ends)?, stream, interrupt, observer)
}

/// Learns the bridge between two distributions by bridge matching of pairs of ends
/// \[shi2023diffusion\].
///
/// Given a pair of ends, the position `X_t` is drawn from the pinned reference process. The net is
/// fitted to the drift of the pinned process towards the end, `(X_1 - X_t) / (1 - t)` for a
/// Brownian motion, at the times at which the steps begin. The first fit learns the backward drift;
/// its pairs are independent or the ends of a given process. The pairs of each later fit are the
/// ends of the process that was fitted last. The loss weights each row by the inverse variance of
/// its regression target.
///
/// Cost: per optimiser step a forward and a backward pass of the net for each point of the batch,
/// and about one forward pass for the simulation.
///
/// # Errors
/// Those of [`train_dsb`].
pub fn train_dsbm(
    ends: [&dyn Target; 2],
    options: &DsbmOptions,
    stream: Stream,
    interrupt: &Interrupt,
    observer: &mut dyn Observer,
) -> Result<LearnedDrifts> {
    learn("dsbm", ends, &options.plan(ends)?, stream, interrupt, observer)
}

fn learn(
    name: &str,
    ends: [&dyn Target; 2],
    plan: &Plan,
    stream: Stream,
    interrupt: &Interrupt,
    observer: &mut dyn Observer,
) -> Result<LearnedDrifts> {
    let [source, target] = ends;
    if source.dim() != target.dim() {
        let got = format!("{} dimensions", target.dim());
        return Err(Error::shape("the target", got, format!("the source has {}", source.dim())));
    }
    // No chain resolves a variance below that of the noise of one step.
    let least = plan.needs_gaussian().then(|| plan.reference.epsilon() / plan.time_steps as f64);
    let [first, last] = measure(ends, least, stream.label("measure"))?;
    let gaussian = match (first.gaussian, last.gaussian) {
        (Some(a), Some(b)) => Some(GaussianBridge::new(&a, &b, plan.reference)?),
        _ => None,
    };
    let both = first.constant.iter().zip(&last.constant).enumerate();
    let known = both.filter_map(|(j, (a, b))| (*a && *b).then_some(j)).collect();
    let frames = frames([first.spread, last.spread], gaussian.clone(), plan)?;
    let mut learner = Learner::new(plan, ends, frames, gaussian, stream, interrupt)?.with_known(known);
    let steps = plan.all_steps();
    let (rate, stream) = (&plan.rate, stream.label("train"));
    let training = TrainingPlan { name, loss: "loss", steps, rate, stream, checkpoint_every: None };
    let trained = train(&training, &mut learner, interrupt, observer)?;
    let drifts = learner.into_drifts().map(Arc::new);
    let bridge = LearnedBridge { name: format!("a learned bridge to {}", target.name()), drifts };
    Ok(LearnedDrifts { bridge, ending: trained.ending, loss: trained.loss })
}

/// Returns the frames of the forward and of the backward drift.
fn frames(ends: [Spread; 2], gaussian: Option<GaussianBridge>, plan: &Plan) -> Result<[Frame; 2]> {
    let gaussian = gaussian.filter(|_| plan.baseline == Baseline::Gaussian);
    both_frames(ends, plan.reference, gaussian, plan.time_steps)
}

/// Returns the frame of the forward drift and the frame of the backward drift. `ends` are in the
/// order of the forward process.
fn both_frames(
    ends: [Spread; 2],
    reference: super::ReferenceProcess,
    gaussian: Option<GaussianBridge>,
    steps: usize,
) -> Result<[Frame; 2]> {
    let [first, last] = ends.clone();
    let back = gaussian.as_ref().map(GaussianBridge::backward).transpose()?;
    Ok([Frame::new(ends, reference, gaussian, steps)?, Frame::new([last, first], reference, back, steps)?])
}
