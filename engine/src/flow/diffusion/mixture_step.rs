//! The step of the Gaussian-mixture solver: the conditional distribution at the next noise level,
//! by its first three moments.

use super::Diffusion;
use super::denoising::denoising;
use crate::flow::Clock;
use crate::pairwise::{Pairwise, Precision};
use crate::rng::Rng;
use crate::score::Score;
use crate::{Points, Result};
use rayon::prelude::*;

/// Displacement of the central differences, relative to the noise level. The displacement is as
/// wide as the curvature of a denoiser allows. The moments of scores in f64 are accurate to about
/// 1e-3; nets compute in f32 and keep two digits of the second difference.
const SHARE: f64 = 0.02;

/// Moments of the clean point `x ~ p(x | z)` at every query, for each coordinate.
#[derive(Debug, Default)]
struct Posterior {
    /// `D(z) - z`
    displacement: Points,
    /// `s^2 dD_j / dz_j`
    variance: Points,
    /// The third central moment, `s^4 d^2 D_j / dz_j^2`.
    third: Points,
}

impl Posterior {
    /// Computes the moments by central differences of the denoiser. This takes `2 dim + 1`
    /// evaluations, in f64 if the score supports it.
    ///
    /// # Errors
    /// Those of the score.
    fn of(score: &mut dyn Score, z: &Points, sigma: f64, clock: &Clock, pairwise: &Pairwise) -> Result<Posterior> {
        let own = pairwise.at_precision(Some(Precision::F64));
        let pairwise = own.as_ref().unwrap_or(pairwise);
        let (n, dim) = (z.n(), z.dim());
        let mut found =
            Posterior { variance: Points::zeros(n, dim), third: Points::zeros(n, dim), ..Posterior::default() };
        denoising(score, z, sigma, clock, pairwise, &mut found.displacement)?;
        let (by, variance) = (SHARE * sigma, sigma * sigma);
        let mut moved = Points::default();
        let mut sides = [Points::default(), Points::default()];
        for j in 0..dim {
            for (side, sign) in sides.iter_mut().zip([by, -by]) {
                moved.copy_from(z);
                moved.data_mut().iter_mut().skip(j).step_by(dim).for_each(|v| *v += sign);
                denoising(score, &moved, sigma, clock, pairwise, side)?;
            }
            for i in 0..n {
                let (up, middle, down) = (sides[0].row(i)[j], found.displacement.row(i)[j], sides[1].row(i)[j]);
                // The derivative of D = z + displacement. The derivative of a learned denoiser may
                // be negative, while the derivative of an exact denoiser never is.
                found.variance.row_mut(i)[j] = (variance * (1.0 + (up - down) / (2.0 * by))).max(0.0);
                found.third.row_mut(i)[j] = variance * variance * (up - 2.0 * middle + down) / (by * by);
            }
        }
        Ok(found)
    }
}

/// A distribution of mean 0 with two Gaussian components of equal standard deviation: around `far`
/// with probability `share`, otherwise around `near`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair {
    far: f64,
    near: f64,
    share: f64,
    std: f64,
}

impl Pair {
    /// Returns the pair with the variance `variance + noise` and the third moment `third`. The
    /// centres are two points with variance `w` and third moment `third`: the sum of the centres is
    /// `third / w`, and their product is `-w`. The weights are 1/3 and 2/3 for
    /// `w = 2 (third / 2)^(2/3)`, which is used if it is below `variance`; otherwise
    /// `w = variance`. Without skewness the result is a Gaussian.
    fn matching(variance: f64, third: f64, noise: f64) -> Pair {
        let within = (2.0 * (0.5 * third).cbrt().powi(2)).min(variance);
        let std = (variance - within + noise).sqrt();
        if within == 0.0 {
            return Pair { far: 0.0, near: 0.0, share: 0.0, std };
        }
        let sum = third / within;
        let far = 0.5 * (sum + sum.signum() * (sum * sum + 4.0 * within).sqrt());
        let near = -within / far;
        Pair { far, near, share: near / (near - far), std }
    }

    fn draw(&self, rng: &mut Rng) -> f64 {
        let centre = if rng.uniform() < self.share { self.far } else { self.near };
        centre + self.std * rng.normal()
    }
}

/// Returns the number of evaluations of the score per step.
pub(super) fn evaluations(dim: usize) -> usize {
    2 * dim + 1
}

impl Diffusion {
    /// Draws `z'` given `z` from one level to the next \[guo2023gaussian\]. By Bayes' rule
    /// `z' = z + (1 - r^2) (x - z) + to sqrt(1 - r^2) e` with `r = to / from` and `x ~ p(x | z)`.
    /// Each coordinate is drawn independently given `z`, with the mean, the variance and the third
    /// central moment of this distribution. The draw is exact if the posterior of a coordinate is
    /// Gaussian.
    pub(super) fn mix(
        &mut self,
        cloud: &mut Points,
        (from, to): (f64, f64),
        clock: &Clock,
        pairwise: &Pairwise,
    ) -> Result<u64> {
        let posterior = Posterior::of(self.score.as_mut(), cloud, from, clock, pairwise)?;
        let dim = cloud.dim();
        let pull = 1.0 - (to / from).powi(2);
        let noise = to * to * pull;
        let stream = clock.randomness("diffusion");
        cloud.data_mut().par_chunks_mut(dim).enumerate().for_each(|(i, row)| {
            let mut rng = stream.at(i as u64).rng();
            let moments = posterior.variance.row(i).iter().zip(posterior.third.row(i));
            for ((z, displacement), (variance, third)) in row.iter_mut().zip(posterior.displacement.row(i)).zip(moments)
            {
                let pair = Pair::matching(pull.powi(2) * variance, pull.powi(3) * third, noise);
                *z += pull * displacement + pair.draw(&mut rng);
            }
        });
        Ok(evaluations(dim) as u64)
    }
}

#[cfg(test)]
mod tests;
