//! The path of distributions between prior and target, and the weights of a step along it.

use crate::error::MissingPart;
use crate::flow::support::inside;
use crate::target::Target;
use crate::{Points, Result};
use rayon::prelude::*;
use std::sync::Arc;

/// The path `log p_b = (1 - b) log prior + b log target` for the inverse temperature `b` in `[0,
/// 1]`.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub prior: Arc<dyn Target>,
    pub target: Arc<dyn Target>,
}

/// The log densities of prior and target at the particles. Outside the support of the target, the
/// log density of the target is minus infinity.
#[derive(Debug, Default)]
pub(super) struct LogDensities {
    pub prior: Vec<f64>,
    pub target: Vec<f64>,
}

impl LogDensities {
    /// Returns `log target - log prior` at particle `i`.
    pub fn ratio(&self, i: usize) -> f64 {
        self.target[i] - self.prior[i]
    }

    /// Returns the log density of the path at particle `i`.
    pub fn tempered(&self, i: usize, beta: f64) -> f64 {
        let at_target = if beta == 0.0 { 0.0 } else { beta * self.target[i] };
        if beta == 1.0 { at_target } else { (1.0 - beta) * self.prior[i] + at_target }
    }
}

impl Path {
    pub fn log_densities(&self, points: &Points, out: &mut LogDensities) -> Result<()> {
        self.prior.expect_density(MissingPart::LogDensity)?.log_density(points, 0.0, &mut out.prior)?;
        self.target.expect_density(MissingPart::LogDensity)?.log_density(points, 0.0, &mut out.target)?;
        out.target.iter_mut().filter(|log| !inside(**log)).for_each(|log| *log = f64::NEG_INFINITY);
        Ok(())
    }

    /// Writes the score of the path into `out`; `buffer` has no meaning afterwards. Where the score
    /// is not finite, 0 is written.
    pub fn score(&self, points: &Points, beta: f64, buffer: &mut Points, out: &mut Points) -> Result<()> {
        self.target.expect_density(MissingPart::Score)?.score(points, 0.0, out)?;
        self.prior.expect_density(MissingPart::Score)?.score(points, 0.0, buffer)?;
        let dim = points.dim();
        let rows = out.data_mut().par_chunks_exact_mut(dim).zip(buffer.data().par_chunks_exact(dim));
        rows.with_min_len(64).for_each(|(out, prior)| {
            out.iter_mut().zip(prior).for_each(|(s, q)| *s = (1.0 - beta) * q + beta * *s);
            if out.iter().any(|s| !s.is_finite()) {
                out.fill(0.0);
            }
        });
        Ok(())
    }
}

/// A step along the path.
#[derive(Debug, PartialEq)]
pub(super) struct Increment {
    /// The new inverse temperature.
    pub beta: f64,
    /// The weights of the particles, which sum to 1.
    pub weights: Vec<f64>,
    /// The logarithm of the mean of the weights before they were divided by their sum.
    pub log_mean: f64,
}

/// The number of bisections. They find the logarithm of a step of the inverse temperature up to an
/// error of about `700 / 2^40`.
const BISECTIONS: usize = 40;

/// Returns the largest step from `beta` at which the effective sample size `(sum w)^2 / sum w^2` of
/// the weights `w` is at least `ess m`. Here `m` is the number of particles inside the support of
/// the target. `log_ratio(i)` is minus infinity for a particle outside the support. Returns None if
/// all particles are outside.
pub(super) fn advance(beta: f64, ess: f64, n: usize, log_ratio: impl Fn(usize) -> f64 + Sync) -> Option<Increment> {
    let known: Vec<f64> = (0..n).map(&log_ratio).collect();
    let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let within = known.iter().filter(|ratio| inside(**ratio)).count();
    if within == 0 {
        return None;
    }
    let weight = |step: f64, ratio: f64| if inside(ratio) { (step * (ratio - most)).exp() } else { 0.0 };
    let effective = |step: f64| {
        // The parts do not depend on the number of threads.
        let parts = known.par_chunks(4096).map(|part| {
            let add = |(sum, squares): (f64, f64), w: f64| (sum + w, squares + w * w);
            part.iter().map(|ratio| weight(step, *ratio)).fold((0.0, 0.0), add)
        });
        let parts: Vec<(f64, f64)> = parts.collect();
        let (sum, squares) = parts.iter().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
        sum * sum / squares
    };
    let wanted = ess * within as f64;
    let rest = 1.0 - beta;
    let step = if effective(rest) >= wanted {
        rest
    } else {
        let (mut low, mut high) = (f64::MIN_POSITIVE.ln(), rest.ln());
        for _ in 0..BISECTIONS {
            let middle = 0.5 * (low + high);
            if effective(middle.exp()) >= wanted { low = middle } else { high = middle }
        }
        low.exp()
    };
    let mut weights: Vec<f64> = known.iter().map(|ratio| weight(step, *ratio)).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= sum);
    let beta = if step == rest { 1.0 } else { beta + step };
    Some(Increment { beta, weights, log_mean: step * most + (sum / n as f64).ln() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wanted_share_of_the_particles_stays_effective() {
        let ratio = |i: usize| -0.5 * (i as f64 / 10.0).powi(2);
        let found = advance(0.2, 0.9, 100, ratio).unwrap();
        let effective = 1.0 / found.weights.iter().map(|w| w * w).sum::<f64>();
        assert!((effective - 90.0).abs() < 1e-4, "{effective}");
        assert!(0.2 < found.beta && found.beta < 1.0);
        let mean = (0..100).map(|i| ((found.beta - 0.2) * ratio(i)).exp()).sum::<f64>() / 100.0;
        assert!((found.log_mean - mean.ln()).abs() < 1e-9);
        // A target that is a multiple of the prior is reached in one step.
        assert_eq!(
            advance(0.0, 0.9, 4, |_| 3.0).unwrap(),
            Increment { beta: 1.0, weights: vec![0.25; 4], log_mean: 3.0 }
        );
    }

    #[test]
    fn particles_outside_have_no_weight() {
        let ratio = |i: usize| if i == 0 { f64::NEG_INFINITY } else { 1.0 };
        let found = advance(0.0, 0.9, 4, ratio).unwrap();
        assert_eq!((found.beta, found.weights[0]), (1.0, 0.0));
        assert!((found.log_mean - (0.75 * 1f64.exp()).ln()).abs() < 1e-12);
        assert_eq!(advance(0.0, 0.9, 3, |_| f64::NEG_INFINITY), None);
        // Huge differences of the log density leave all weights finite.
        let found = advance(0.0, 0.5, 4, |i| [-1e26, -1e20, -3.0, 0.0][i]).unwrap();
        assert!(found.beta > 0.0 && found.weights.iter().all(|w| w.is_finite()));
    }
}
