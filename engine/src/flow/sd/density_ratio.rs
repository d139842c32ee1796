//! The factor by which the flow of a divergence differs from the score difference.

use super::SdFlow;
use super::divergence::{Divergence, LARGEST_RATIO};
use crate::pairwise::{ScoreDifference, Softmax};
use crate::score::At;
use crate::{Error, Points, Result};

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
    // A single particle is not left out, as in the score.
    let leave_out_self = leave_out_self && particles.n() > 1;
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
