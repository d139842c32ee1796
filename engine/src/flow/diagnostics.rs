//! Signs that particles do not have the distribution of the target.

use crate::Points;
use crate::number::number;
use crate::points::squared_distance;

/// Returns `-mean((x - m) . score(x)) / dim` with the mean `m` of the points. For a sample of the
/// distribution with this score, the ratio is 1 up to the error of the sample, if the density
/// vanishes at the edges of its support. This follows from integration by parts \[stein1972bound\].
/// The ratio is small for points that are too close together; for `N(0, s^2 I)` and the score of
/// `N(0, I)` it is `s^2`.
pub(super) fn stein_ratio(points: &Points, scores: &Points) -> f64 {
    let mean = points.mean();
    let row = |(x, s): (&[f64], &[f64])| -> f64 { x.iter().zip(&mean).zip(s).map(|((x, m), s)| (x - m) * s).sum() };
    -points.iter().zip(scores.iter()).map(row).sum::<f64>() / points.data().len() as f64
}

/// Returns `-tr Cov(x, s) / tr Var(s)` of points and their scores: the slope of the points as a
/// function of the scores. For the scores of `N(m, s^2 I)` it is `s^2` for any points. If scales
/// differ, it is close to the smallest of them.
pub(super) fn slope_ratio(points: &Points, scores: &Points) -> f64 {
    let mean = scores.mean();
    let square = |row: &[f64]| squared_distance(row, &mean);
    let variance = scores.iter().map(square).sum::<f64>() / points.data().len() as f64;
    // The mean score is subtracted here, where it does not matter for the mean of the points.
    stein_ratio(points, scores) / variance
}

/// Warns about particles that are far too close together or too far apart for their scores.
pub(super) fn misfit(points: &Points, scores: &Points) -> Option<String> {
    /// A ratio beyond this factor cannot be explained by a finite sample or a finite step.
    const FACTOR: f64 = 2.0;
    // With so few points, the ratio of a proper sample can be far from 1.
    const FEW: usize = 10;
    if points.n() < FEW {
        return None;
    }
    let ratio = stein_ratio(points, scores);
    let why = match ratio {
        small if small < 1.0 / FACTOR => {
            "they have collapsed, as those of SVGD do in many dimensions, or have not spread yet"
        }
        large if large > FACTOR => "they have not reached the target yet",
        _ => return None,
    };
    Some(format!(
        "the particles have {} times the spread that the score of the target demands (for a target without edges): {why}; \
         take more steps, or use `langevin` or `smc`",
        number(ratio)
    ))
}

/// The memory of independent chains: the correlation of their coordinates with those of their
/// start. Chains that have mixed have forgotten the start.
#[derive(Debug, Default)]
pub(super) struct Memory {
    start: Points,
    /// The largest correlation at the last measurement, with its coordinate.
    last: Option<(f64, usize)>,
}

impl Memory {
    pub fn of(start: &Points) -> Memory {
        Memory { start: start.clone(), last: None }
    }

    /// Returns the largest correlation over the coordinates, if the start had any spread.
    pub fn measure(&mut self, cloud: &Points) -> Option<f64> {
        if cloud.n() != self.start.n() || cloud.dim() != self.start.dim() {
            return None;
        }
        let (from, to) = (self.start.mean(), cloud.mean());
        let mut sums = vec![[0.0; 3]; cloud.dim()];
        for (a, b) in self.start.iter().zip(cloud.iter()) {
            for (j, sum) in sums.iter_mut().enumerate() {
                let (a, b) = (a[j] - from[j], b[j] - to[j]);
                *sum = [sum[0] + a * b, sum[1] + a * a, sum[2] + b * b];
            }
        }
        let correlations = sums.iter().map(|[both, from, to]| both / (from * to).sqrt());
        let known = correlations.enumerate().filter(|(_, c)| c.is_finite()).map(|(j, c)| (c, j));
        self.last = known.max_by(|a, b| a.0.total_cmp(&b.0));
        self.last.map(|(correlation, _)| correlation)
    }

    /// Warns about chains that remember their start.
    pub fn warning(&self) -> Option<String> {
        const LEAST: f64 = 0.1;
        let (correlation, j) = self.last?;
        // The correlation of independent values has the standard deviation 1 / sqrt(n).
        let chance = 5.0 / (self.start.n() as f64).sqrt();
        (correlation > LEAST.max(chance)).then(|| {
            format!(
                "the chains have not mixed: coordinate {j} has the correlation {correlation:.2} with its value at the \
                 start; take more steps, or use `smc`, which also moves particles between separate modes"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// For `N(0, s^2 I)` and the score `-x`, the ratio is `s^2`.
    #[test]
    fn the_ratio_is_the_variance_for_gaussians() {
        for s in [0.3, 1.0, 2.0] {
            let mut x = Stream::new(1).normal(20_000, 5);
            x.data_mut().iter_mut().for_each(|v| *v = 7.0 + s * *v);
            let mut scores = x.clone();
            scores.data_mut().iter_mut().for_each(|v| *v = 7.0 - *v);
            assert!((stein_ratio(&x, &scores) / (s * s) - 1.0).abs() < 0.03);
            assert_eq!(misfit(&x, &scores).is_some(), s != 1.0);
        }
    }

    /// The chain `y' = r y + sqrt(1 - r^2) e` has the correlation `r^k` after `k` steps.
    #[test]
    fn chains_that_remember_are_told() {
        let start = Stream::new(1).normal(5000, 2);
        let mut memory = Memory::of(&start);
        let mut cloud = start;
        for step in 0..6 {
            let noise = Stream::new(2).at(step).normal(5000, 2);
            cloud.data_mut().iter_mut().zip(noise.data()).for_each(|(y, e)| *y = 0.8 * *y + 0.6 * e);
            let want = 0.8_f64.powi(step as i32 + 1);
            let found = memory.measure(&cloud).unwrap();
            assert!((found - want).abs() < 0.05, "{found} {want}");
        }
        assert!(memory.warning().unwrap().contains("not mixed"));
        memory.measure(&Stream::new(9).normal(5000, 2));
        assert_eq!(memory.warning(), None);
        let mut flat = Memory::of(&crate::Points::zeros(30, 2));
        assert_eq!(flat.measure(&Stream::new(9).normal(30, 2)), None);
    }
}
