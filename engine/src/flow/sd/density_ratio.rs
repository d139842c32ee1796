//! The factor by which the flow of a divergence differs from the score difference.

use super::SdFlow;
use super::divergence::{Divergence, LARGEST_RATIO};
use crate::pairwise::Softmax;
use crate::score::{At, Kde, Sources};
use crate::{Error, Points, Result};

impl SdFlow {
    /// Checks that both densities are known if the divergence needs their ratio.
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
        let (Some(target), Some(source)) = (self.target.kernel(), self.source.kernel()) else { return Ok(()) };
        if divergence == Divergence::ReverseKl {
            return Ok(());
        }
        let (p, q) = (log_density(at, target)?, log_density(at, source)?);
        for (i, (p, q)) in p.into_iter().zip(q).enumerate() {
            let factor = divergence.factor((p - q).exp().min(LARGEST_RATIO));
            v.row_mut(i).iter_mut().for_each(|v| *v *= factor);
        }
        Ok(())
    }
}

/// Returns the log of a kernel density at `at.z`, up to a constant of sigma and the dimension.
fn log_density(at: &At, kde: &Kde) -> Result<Vec<f64>> {
    // A divergence with a density ratio refuses batches, so an estimate uses all its points.
    let Some(Sources { points, log_weights, leave_out_self }) = kde.sources(at) else { return Ok(Vec::new()) };
    // As in the score, a single particle is not left out.
    let leave_out_self = leave_out_self && points.n() > 1;
    let mut sums = Vec::new();
    let softmax = Softmax { sigma: at.sigma, log_weights, leave_out_self };
    at.pairwise.log_sum_exp(at.z, points, &softmax, &mut sums)?;
    let count = (points.n() - usize::from(leave_out_self)) as f64;
    let total: f64 = log_weights.map_or(count, |logs| logs.iter().map(|l| l.exp()).sum());
    sums.iter_mut().for_each(|sum| *sum -= total.ln());
    Ok(sums)
}

#[cfg(test)]
mod tests;
