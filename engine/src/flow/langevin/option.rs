//! The options of Langevin dynamics.

use crate::flow::Preconditioning;
use crate::schedule::Schedule;
use serde::{Deserialize, Serialize};

/// The treatment of the error of a finite step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LangevinSampler {
    /// No treatment: the unadjusted Langevin algorithm.
    #[default]
    Ula,
    /// Each move is accepted or rejected: the Metropolis-adjusted Langevin algorithm.
    Mala,
}

crate::choices!(LangevinSampler);

crate::options! {
    /// Options of `langevin`.
    pub struct LangevinOptions {
        /// "ula": unadjusted, every move is accepted; "mala": Metropolis-adjusted, a move can be
        /// rejected, and the chains sample the target exactly.
        sampler: LangevinSampler = LangevinSampler::Ula,
        /// Step size `h` of `y' = y + h grad log p(y) + sqrt(2h) e`: a number or a schedule. Left
        /// out: for "ula" `0.1 (s^2 + sigma^2)`, where `s` is the smallest standard deviation of
        /// the target, or the smaller one of sigma and the spacing if the target is points; for
        /// "mala" it is found in the warm-up.
        step: Option<Schedule> = None,
        /// Number of steps at the start in which "mala" adapts its step size to `acceptance`. Left
        /// out: half of the steps if `step` is left out, and otherwise 0. The chains sample the
        /// target exactly only after the warm-up.
        warmup: Option<usize> = None,
        /// Mean probability of acceptance for the warm-up of "mala"; strictly between 0 and 1.
        acceptance: f64 = 0.574,
        /// The directions and scales of the moves of "mala": "dense" from the covariance of the
        /// chains, "diagonal" from their standard deviations, both estimated in the warm-up; "none"
        /// for moves that are equal in all directions.
        preconditioner: Preconditioning = Preconditioning::None,
        /// Noise level that smooths the target, in the units of the points; it must be positive for
        /// a kernel estimate.
        sigma: Schedule = Schedule::Constant { value: 0.0 },
    }
}
