//! The error of the weights of the modes.

use super::{Estimate, Metric, Reference};
use crate::pairwise::Pairwise;
use crate::{Points, Result, rng::Stream};

/// Total variation `1/2 sum_k |share_k - w_k|` between the shares of points assigned to each mode
/// and the weights of the mixture. The parts `share 0`, `share 1`, .. are the shares, and the part
/// `max` is the largest error. A flow with a small sigma keeps the shares of its start: its field
/// can vanish although the shares are wrong.
///
/// # Errors
/// The target of the reference has no list of modes.
#[derive(Debug, Clone, Copy, Default)]
pub struct ModeWeights;

impl Metric for ModeWeights {
    fn name(&self) -> &'static str {
        "mode_weights"
    }

    fn measure(&self, points: &Points, reference: &Reference, _: &Pairwise, _: Stream) -> Result<Estimate> {
        let modes = reference.expect_modes(self.name())?;
        let mut shares = vec![0.0; modes.weights().len()];
        let each = 1.0 / points.n() as f64;
        modes.assign(points)?.into_iter().for_each(|k| shares[k] += each);
        let gaps: Vec<f64> = shares.iter().zip(modes.weights()).map(|(s, w)| s - w).collect();
        let value = 0.5 * gaps.iter().map(|g| g.abs()).sum::<f64>();
        let most = gaps.iter().map(|g| g.abs()).fold(0.0, f64::max);
        // The influence of a point is half the sign of the error of its mode.
        let signed = |f: fn(f64) -> f64| shares.iter().zip(&gaps).map(|(s, g)| s * f(g.signum())).sum::<f64>();
        let variance = 0.25 * (signed(|s| s * s) - signed(|s| s).powi(2)).max(0.0) * each;
        // A single point has the share 1 in its mode, from which no variance can be estimated.
        let variance = if points.n() > 1 { variance } else { f64::NAN };
        let found = Estimate::new(value, variance.sqrt()).with_part("max", most);
        Ok(shares.iter().enumerate().fold(found, |e, (k, s)| e.with_part(format!("share {k}"), *s)))
    }
}
