//! Flows of other divergences: the score difference times a function of the density ratio.

use super::SdFlow;
use crate::pairwise::{ScoreDifference, Softmax};
use crate::score::At;
use crate::{Error, Points, Result};
use serde::{Deserialize, Serialize};

/// The largest density ratio that a velocity uses.
const LARGEST_RATIO: f64 = 10.0;

/// The divergence whose gradient flow the particles follow. Of a divergence `D(p, q)` with the
/// first variation `f(r)` in `q`, where `r = p / q`, the velocity `-grad f(r)` is the score
/// difference times `-r f'(r)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Divergence {
    /// `KL(q|p)`: the score difference itself.
    #[default]
    ReverseKl,
    /// `KL(p|q)`: the factor `r`.
    Kl,
    /// `KL(p|q) + KL(q|p)`: the factor `(1 + r) / 2`.
    Jeffreys,
    /// The Jensen-Shannon divergence: the factor `2 r / (1 + r)`.
    Js,
    /// Pearson's chi-squared of `p` from `q`: the factor `r^2`.
    Pearson,
}

crate::choices!(Divergence);

impl Divergence {
    /// Returns the factor of the score difference at the density ratio `r`, in units of that at 1.
    pub fn factor(self, r: f64) -> f64 {
        match self {
            Divergence::ReverseKl => 1.0,
            Divergence::Kl => r,
            Divergence::Jeffreys => 0.5 * (1.0 + r),
            Divergence::Js => 2.0 * r / (1.0 + r),
            Divergence::Pearson => r * r,
        }
    }

    /// Returns the largest factor that a velocity has.
    pub(super) fn largest_factor(self) -> f64 {
        self.factor(LARGEST_RATIO)
    }
}

impl SdFlow {
    /// Checks that both densities are known where the divergence needs their ratio.
    pub(super) fn check_divergence(&self) -> Result<()> {
        let divergence = self.options.divergence;
        let seen = || serde_json::to_string(&divergence).unwrap_or_default();
        let refuse = |why: &str| Err(Error::argument("divergence", seen(), why));
        let batches = self.options.batch_target.or(self.options.batch_source).is_some();
        match divergence {
            Divergence::ReverseKl => Ok(()),
            _ if self.target.kernel().is_none() || self.source.kernel().is_none() => refuse(
                "the density ratio is that of two kernel estimates: give points as the target, and no other source",
            ),
            _ if batches => refuse("the density ratio needs all points: leave out `batch_target` and `batch_source`"),
            _ => Ok(()),
        }
    }

    /// Multiplies the score difference `v` at `at.z` by the factor of the divergence.
    pub(super) fn weigh(&self, at: &At, v: &mut Points) -> Result<()> {
        let divergence = self.options.divergence;
        let Some(kernels) = self.between_kernels(at).filter(|_| divergence != Divergence::ReverseKl) else {
            return Ok(());
        };
        for (i, log_ratio) in log_ratio(at, &kernels)?.into_iter().enumerate() {
            let factor = divergence.factor(log_ratio.exp().min(LARGEST_RATIO));
            v.row_mut(i).iter_mut().for_each(|v| *v *= factor);
        }
        Ok(())
    }
}

/// Returns the logarithm of the ratio of the two smoothed densities at `at.z`.
fn log_ratio(at: &At, kernels: &ScoreDifference) -> Result<Vec<f64>> {
    let ScoreDifference { targets, target_log_weights, particles, leave_out_self, sigma } = *kernels;
    let (mut p, mut q) = (Vec::new(), Vec::new());
    let softmax = |log_weights, leave_out_self| Softmax { sigma, log_weights, leave_out_self };
    at.pairwise.log_sum_exp(at.z, targets, &softmax(target_log_weights, false), &mut p)?;
    at.pairwise.log_sum_exp(at.z, particles, &softmax(None, leave_out_self), &mut q)?;
    let of_p: f64 = target_log_weights.map_or(targets.n() as f64, |logs| logs.iter().map(|l| l.exp()).sum());
    let of_q = (particles.n() - usize::from(leave_out_self)) as f64;
    let shift = of_q.ln() - of_p.ln();
    Ok(p.into_iter().zip(q).map(|(p, q)| p - q + shift).collect())
}

#[cfg(test)]
mod tests;
