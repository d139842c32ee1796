//! Options of the score-difference flow.

use super::divergence::Divergence;
use super::noise::Noise;
use crate::schedule::Schedule;
use crate::score::{Form, SelfTerm};
use serde::{Deserialize, Serialize};

/// The displacement of a particle in a step of size 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scaling {
    /// `D_p - D_q = sigma^2 (s_p - s_q)`: steps up to 1 are stable at every sigma.
    #[default]
    Denoiser,
    /// `s_p - s_q`: a step is an interval of the time in the flow's equation, and it must shrink
    /// with the smallest variance.
    Raw,
}

impl Scaling {
    /// The form in which the scores are evaluated.
    pub(super) fn form(self) -> Form {
        match self {
            Scaling::Denoiser => Form::Displacement,
            Scaling::Raw => Form::Score,
        }
    }
}

crate::choices!(Scaling);

crate::options! {
    /// Options of `sd_flow`.
    pub struct SdFlowOptions {
        /// Noise level of the smoothing over the run, in the units of the points (in standard
        /// deviations for a standardised target): a number, a schedule, a list of values at equally
        /// spaced progress, or a formula in the progress `t`, which rises from 0 to 1. Left out,
        /// sigma falls geometrically. It starts at the largest of three lengths: the diameter of
        /// the target (for points, twice the largest distance from their mean; for a density, four
        /// times its largest standard deviation), the distance between the centres of start and
        /// target, and the root mean square distance of the start from its centre. It ends at a
        /// length `h`: the spacing of the target's points (the median distance to the nearest other
        /// point), or the smallest standard deviation of a density. In the training of a generator,
        /// the diameter is limited to 8 times the root mean square distance of the target from its
        /// centre; if the samples of the generator already cover a target without far points, sigma
        /// starts at a quarter of the diameter. In this training sigma ends at the smaller of two
        /// lengths: the distance within which a point has about a hundred neighbours (`h *
        /// 100^(1/dim)`), and a fifth of the root mean square of the columns' standard deviations.
        /// It does not fall below `0.6 h`. Both ends are kept within the range of sigma on which a
        /// learned score was trained.
        sigma: Option<Schedule> = None,
        /// "denoiser": a step of size 1 moves a particle by the difference `D_p - D_q` of the
        /// denoisers, which is `sigma^2` times the score difference, and steps of at most 1 are
        /// stable; "raw": a step of size 1 moves a particle by the score difference itself.
        scaling: Scaling = Scaling::Denoiser,
        /// The divergence of the cloud `q` from the target `p` that the flow decreases. The
        /// velocity of the flow is the score difference times a factor, which depends on the ratio
        /// `r = p / q` of the two kernel densities; an `r` above 10 is replaced by 10. The factor
        /// is 1 for "reverse_kl", `r` for "kl", `(1 + r) / 2` for "jeffreys", `2 r / (1 + r)` for
        /// "js", and `r^2` for "pearson". The default step is 1 divided by the largest factor, so
        /// that steps are stable. In the same order, the largest factors are 1, 10, 5.5, 1.8 and
        /// 100.
        divergence: Divergence = Divergence::ReverseKl,
        /// Normal noise `e` with which the field is evaluated, at `z = y + a sigma e`: "fresh" (`a`
        /// is 1) and "half" (`a` is 1/2) are new in each step, "fixed" (`a` is 1) is one `e` per
        /// particle for the whole run, and "none" (`a` is 0) is the particle itself. Left out:
        /// "half" for 65,536 particles or more (of each label) if the target has as many points or
        /// is a density, otherwise "fresh"; in the training of a generator always "fresh". With
        /// less noise a run needs fewer steps, but particles come closer to copies of few points.
        noise: Option<Noise> = None,
        /// Whether the kernel of a particle counts in the density at that particle: "include" or
        /// "exclude". Left out: "include" for particles, and "exclude" when a generator is trained,
        /// because "include" would contract its samples.
        self_term: Option<SelfTerm> = None,
        /// Number of particles that move in each step: a minibatch. The minibatches pass through
        /// all particles in a random order, which is drawn anew when all particles have moved. The
        /// velocities are computed from all points, so they have no sampling error, and a step
        /// costs `batch (n + m)` pairs. It takes `n / batch` steps to move every particle once.
        /// Left out: all particles move.
        batch: Option<usize> = None,
        /// Number of target points that a step uses, drawn anew in each step; left out: all.
        batch_target: Option<usize> = None,
        /// Number of particles from which a step estimates the density of the cloud, drawn anew in
        /// each step; left out: all.
        batch_source: Option<usize> = None,
    }
}
