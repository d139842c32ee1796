//! Modes that were reached.

use super::{Better, Estimate, Metric, Reference};
use crate::pairwise::Pairwise;
use crate::target::{Gaussian, Mixture};
use crate::{Error, Points, Result, rng::Stream};

crate::options! {
    /// Modes that were reached.
    pub struct CoverageOptions {
        /// Distance from a mode, in its standard deviations (Mahalanobis), within which a point belongs to it; positive.
        radius: f64 = 4.0,
        /// A mode is hit when at least this share of the points it deserves, and at least one, lies within the radius; in [0, 1].
        least: f64 = 0.1,
    }
}

/// Share of a mixture's modes that the points hit. Parts: `modes_hit`, `modes`, and `within`, the share of all points
/// within the radius of the mode they fall to (its standard error is the part `within_se`).
///
/// The mode `k` of weight `w_k` is hit when `max(1, least w_k n)` of the points assigned to it lie within the radius: a
/// stray point among thousands is no mode. The standard error takes each mode's count as Poisson and the chance of
/// passing the threshold as normal.
///
/// # Errors
/// A reference whose target has no list of modes; options out of range.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    options: CoverageOptions,
}

impl Coverage {
    /// The metric with these options.
    pub fn new(options: CoverageOptions) -> Coverage {
        Coverage { options }
    }
}

impl Metric for Coverage {
    fn name(&self) -> &'static str {
        "coverage"
    }

    fn better(&self) -> Better {
        Better::Higher
    }

    fn measure(&self, points: &Points, reference: &Reference, _: &Pairwise, _: Stream) -> Result<Estimate> {
        let CoverageOptions { radius, least } = self.options;
        if !(radius > 0.0 && radius.is_finite()) {
            return Err(Error::argument("radius", radius, "it must be positive"));
        }
        if !(0.0..=1.0).contains(&least) {
            return Err(Error::argument("least", least, "it must lie between 0 and 1"));
        }
        let modes = reference.expect_modes(self.name())?;
        let counts = near_counts(modes, points, radius)?;
        let n = points.n() as f64;
        let thresholds = modes.weights().iter().map(|w| (least * w * n).max(1.0));
        let (mut hit, mut variance) = (0.0, 0.0);
        for (count, threshold) in counts.iter().zip(thresholds) {
            hit += f64::from(u8::from(*count >= threshold));
            let chance = chance_of(*count, threshold.ceil());
            variance += chance * (1.0 - chance);
        }
        let (total, within) = (counts.len() as f64, counts.iter().sum::<f64>() / n);
        Ok(Estimate::new(hit / total, variance.sqrt() / total)
            .with_part("modes_hit", hit)
            .with_part("modes", total)
            .with_part("within", within)
            .with_part("within_se", (within * (1.0 - within) / n).sqrt()))
    }
}

/// Of the points assigned to each mode, the number within `radius` of it.
fn near_counts(modes: &Mixture, points: &Points, radius: f64) -> Result<Vec<f64>> {
    let mut members = vec![Vec::new(); modes.weights().len()];
    modes.assign(points)?.into_iter().enumerate().for_each(|(i, k)| members[k].push(i));
    let mut squares = Vec::new();
    let count = |(members, mode): (&Vec<usize>, &Gaussian)| {
        if members.is_empty() {
            return Ok(0.0);
        }
        mode.mahalanobis2(&points.select(members), &mut squares)?;
        Ok(squares.iter().filter(|d2| **d2 <= radius * radius).count() as f64)
    };
    members.iter().zip(modes.components()).map(count).collect()
}

/// Probability that a Poisson count of this mean reaches `threshold`, with half a count of continuity correction.
fn chance_of(mean: f64, threshold: f64) -> f64 {
    if mean == 0.0 {
        return 0.0;
    }
    0.5 * libm::erfc((threshold - 0.5 - mean) / (2.0 * mean).sqrt())
}
