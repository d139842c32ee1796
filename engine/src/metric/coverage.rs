//! Coverage: the share of modes that the points reach.

use super::estimate::variance_of_share;
use super::{Better, Estimate, Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::target::{Gaussian, Mixture};
use crate::{Error, Points, Result, Rule, rng::Stream};

crate::options! {
    /// Options of `coverage`.
    pub struct CoverageOptions {
        /// Distance from a mode, in standard deviations of the mode (Mahalanobis distance), within
        /// which a point belongs to the mode; positive.
        radius: f64 = 4.0,
        /// A mode counts as reached if at least one point lies within its radius, and at least this
        /// share (in [0, 1]) of the number of points that its weight predicts.
        least: f64 = 0.1,
    }
}

/// Share of the modes of a mixture that the points reach. The parts are: `modes_hit` and `modes`;
/// `within`, the share of all points within the radius of their mode, and its standard error
/// `within_se`; and `variance`. The part `variance` is the pooled variance of the points within the
/// radius about the sample mean of their mode, in units of the covariance of the mode. For a
/// perfect sample it is 1, apart from the effect of the truncation at the radius. It is left out if
/// no mode has two points.
///
/// Mode `k` of weight `w_k` is reached if at least `max(1, least w_k n)` of the points assigned to
/// it lie within the radius. A single stray point among thousands therefore does not count. The
/// standard error treats the count of each mode as a Poisson variable. The probability that this
/// count reaches the threshold comes from the normal approximation.
///
/// # Errors
/// The target of the reference has no list of modes, or an option is out of range.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    options: CoverageOptions,
}

impl Coverage {
    /// Creates the metric with these options.
    pub fn new(options: CoverageOptions) -> Coverage {
        Coverage { options }
    }
}

impl Metric for Coverage {
    fn name(&self) -> &'static str {
        "coverage"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties { better: Better::Higher, ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, _: &Pairwise, _: Stream) -> Result<Estimate> {
        let CoverageOptions { radius, least } = self.options;
        if !(radius > 0.0 && radius.is_finite()) {
            return Err(Error::argument("radius", radius, Rule::Positive));
        }
        if !(0.0..=1.0).contains(&least) {
            return Err(Error::argument("least", least, "it must lie between 0 and 1"));
        }
        let modes = reference.expect_modes(self.name())?;
        let near = near_points(modes, points, radius)?;
        let counts: Vec<f64> = near.iter().map(|rows| rows.len() as f64).collect();
        let n = points.n() as f64;
        let thresholds = modes.weights().iter().map(|w| (least * w * n).max(1.0));
        let (mut hit, mut variance) = (0.0, 0.0);
        for (count, threshold) in counts.iter().zip(thresholds) {
            hit += f64::from(u8::from(*count >= threshold));
            let chance = chance_of(*count, threshold.ceil());
            variance += chance * (1.0 - chance);
        }
        let (total, within) = (counts.len() as f64, counts.iter().sum::<f64>() / n);
        let found = Estimate::new(hit / total, variance.sqrt() / total)
            .with_part("modes_hit", hit)
            .with_part("modes", total)
            .with_part("within", within);
        let of_within = variance_of_share(within, n).sqrt();
        let found = if of_within.is_nan() { found } else { found.with_part("within_se", of_within) };
        Ok(match pooled_variance(modes, points, &near)? {
            Some(variance) => found.with_part("variance", variance),
            None => found,
        })
    }
}

/// `sum_k sum_i |x_i - mean_k|^2_(S_k^-1) / (d sum_k (n_k - 1))` over the `n_k` points near each
/// mode `k`. Modes with fewer than two points are left out; None if no mode remains.
fn pooled_variance(modes: &Mixture, points: &Points, near: &[Vec<usize>]) -> Result<Option<f64>> {
    let (mut sum, mut freedom, mut squares) = (0.0, 0.0, Vec::new());
    for (rows, mode) in near.iter().zip(modes.components()).filter(|(rows, _)| rows.len() > 1) {
        // The points are shifted so that their mean coincides with the mode: the distances from the
        // mode are then distances from the sample mean.
        let mut own = points.select(rows);
        let shift: Vec<f64> = own.mean().iter().zip(mode.mean()).map(|(own, mode)| mode - own).collect();
        own.data_mut().iter_mut().zip(shift.iter().cycle()).for_each(|(x, s)| *x += s);
        mode.mahalanobis2(&own, &mut squares)?;
        sum += squares.iter().sum::<f64>();
        freedom += (rows.len() - 1) as f64;
    }
    Ok((freedom > 0.0).then(|| sum / (freedom * points.dim() as f64)))
}

/// Returns the rows of the points near each mode: those that are assigned to the mode and lie
/// within `radius` of it.
fn near_points(modes: &Mixture, points: &Points, radius: f64) -> Result<Vec<Vec<usize>>> {
    let mut members = vec![Vec::new(); modes.weights().len()];
    modes.assign(points)?.into_iter().enumerate().for_each(|(i, k)| members[k].push(i));
    let mut squares = Vec::new();
    let near = |(members, mode): (Vec<usize>, &Gaussian)| {
        if members.is_empty() {
            return Ok(members);
        }
        mode.mahalanobis2(&points.select(&members), &mut squares)?;
        let inside = squares.iter().map(|d2| *d2 <= radius * radius);
        Ok(members.into_iter().zip(inside).filter(|(_, inside)| *inside).map(|(i, _)| i).collect())
    };
    members.into_iter().zip(modes.components()).map(near).collect()
}

/// Returns the probability that a Poisson count with this mean reaches `threshold`, by the normal
/// approximation with a continuity correction of half a count.
fn chance_of(mean: f64, threshold: f64) -> f64 {
    if mean == 0.0 {
        return 0.0;
    }
    0.5 * libm::erfc((threshold - 0.5 - mean) / (2.0 * mean).sqrt())
}
