//! What can be chosen about the score-difference flow.

use crate::schedule::Schedule;
use crate::score::{Form, SelfTerm};
use serde::{Deserialize, Serialize};

/// What a unit of step moves by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scaling {
    /// `D_p - D_q = sigma^2 (s_p - s_q)`: stable for steps up to 1 at every sigma.
    #[default]
    Denoiser,
    /// `s_p - s_q`: the flow's own time; the step must shrink with the smallest variance.
    Raw,
}

impl Scaling {
    /// What the scores are asked for.
    pub(super) fn form(self) -> Form {
        match self {
            Scaling::Denoiser => Form::Shift,
            Scaling::Raw => Form::Score,
        }
    }
}

/// Where the field is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Noise {
    /// At `z = y + sigma e` with new noise each step.
    #[default]
    Fresh,
    /// At the particles themselves.
    None,
    /// At `z = y + sigma e` with one `e` per particle for the whole run.
    Fixed,
}

crate::choices!(Scaling, Noise);

crate::options! {
    /// Options of `sd_flow`.
    pub struct SdFlowOptions {
        /// Smoothing over the run, in the points' units: a number, a schedule, a list, a formula in
        /// the progress `t`. Left out: from the larger of the target's diameter and its distance
        /// from the start, down to the spacing of its points, geometrically; for a generator, down
        /// to a distance within which each point has about a hundred others.
        sigma: Option<Schedule> = None,
        /// "denoiser": a unit step moves by D_p - D_q, and steps of at most 1 are stable; "raw": by
        /// the score difference itself.
        scaling: Scaling = Scaling::Denoiser,
        /// Where the field is evaluated: "fresh" noise each step, "none", or "fixed" noise per
        /// particle.
        noise: Noise = Noise::Fresh,
        /// Does a particle's own kernel count in the cloud's density: "include" or "exclude". Left
        /// out: it does, but not where the particles are a generator's fresh sample, which it
        /// would pull together.
        self_term: Option<SelfTerm> = None,
        /// Size of the minibatch of particles that moves in each step, in a random order. A
        /// minibatch feels all points, so that a step costs `batch (n + m)` pairs and its
        /// velocities are exact, but every particle has moved once only after `n / batch` steps.
        /// Left out: all particles move.
        batch: Option<usize> = None,
        /// Target points used per step, drawn anew each time; left out: all.
        batch_target: Option<usize> = None,
        /// Particles drawn anew in each step for the density of the cloud; left out: all.
        batch_source: Option<usize> = None,
    }
}

impl SdFlowOptions {
    /// The smallest sigma of the run; None where it is left out.
    pub(super) fn smallest_sigma(&self) -> Option<f64> {
        self.sigma.as_ref().map(Schedule::smallest)
    }
}
