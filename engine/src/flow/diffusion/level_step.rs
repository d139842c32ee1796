//! One step from a noise level to the next noise level, in variance-exploding coordinates.

use super::Diffusion;
use super::denoising::{denoising, scale};
use super::method::Method;
use super::option::{PfOdeSampler, Predictor, ReverseSdeOptions, ReverseSdeSampler};
use crate::flow::Clock;
use crate::flow::sampler::diffuse;
use crate::ode::Integrator;
use crate::pairwise::Pairwise;
use crate::{Points, Result};

/// A step along `D - z` to a lower noise level, followed by noise:
/// `z' = z + pull (D - z) + noise e`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Descent {
    pull: f64,
    noise: f64,
}

impl Descent {
    /// The Euler-Maruyama step of the reverse equation, in sigma.
    fn euler_maruyama(from: f64, to: f64, lambda: f64) -> Descent {
        if to == 0.0 {
            return Descent { pull: 1.0, noise: 0.0 };
        }
        let step = from - to;
        Descent { pull: (1.0 + lambda * lambda) * step / from, noise: lambda * (2.0 * from * step).sqrt() }
    }

    /// The conditional distribution at the next noise level given `D` and `z`, with a share
    /// `lambda` of its noise \[song2021denoising\]. For `lambda` = 1 it is the posterior, whose
    /// mean is `z + (1 - r^2)(D - z)` and whose variance is `to^2 (1 - r^2)` with `r = to / from`
    /// \[ho2020denoising\]. For `lambda` = 0 it is DDIM.
    fn ancestral(from: f64, to: f64, lambda: f64) -> Descent {
        let (r, share) = (to / from, lambda * lambda);
        let kept = (1.0 - share + share * r * r).sqrt();
        Descent { pull: 1.0 - r * kept, noise: lambda * to * (1.0 - r * r).sqrt() }
    }
}

impl Diffusion {
    /// Moves the cloud from one noise level to the next; returns the number of evaluations of the
    /// score.
    pub(super) fn descend(
        &mut self,
        cloud: &mut Points,
        span: (f64, f64),
        clock: &Clock,
        pairwise: &Pairwise,
    ) -> Result<u64> {
        let (from, to) = span;
        match self.method.clone() {
            Method::Ode { sampler: PfOdeSampler::Adaptive, tolerance } if to > 0.0 => {
                let length = tolerance * to * (cloud.dim() as f64).sqrt();
                let mut steps = std::mem::take(&mut self.steps);
                let before = steps.evaluations();
                let done = steps.reach(cloud, length, &mut |z, c, v| self.slope(z, span, c, clock, pairwise, v));
                let evaluations = steps.evaluations() - before;
                self.steps = steps;
                done.map(|()| evaluations)
            }
            Method::Ode { .. } => self.flow_down(cloud, span, clock, pairwise),
            Method::Sde(options) => match options.sampler {
                ReverseSdeSampler::EulerMaruyama => {
                    let descent = Descent::euler_maruyama(from, to, options.lambda);
                    self.fall(cloud, from, descent, clock, pairwise)
                }
                ReverseSdeSampler::GaussianMixture if to > 0.0 => self.mix(cloud, span, clock, pairwise),
                // If the next noise level is 0, the steps of these two samplers agree: they end at
                // the denoised point.
                ReverseSdeSampler::Ancestral | ReverseSdeSampler::GaussianMixture => {
                    let descent = Descent::ancestral(from, to, options.lambda);
                    self.fall(cloud, from, descent, clock, pairwise)
                }
                ReverseSdeSampler::Edm => {
                    let raised = raise_level(from, clock.steps, &options);
                    let added = options.churn_noise * (raised * raised - from * from).sqrt();
                    diffuse(cloud, added, clock.randomness("churn"));
                    self.flow_down(cloud, (raised, to), clock, pairwise)
                }
            },
            Method::Corrected(options) => {
                let descent = match options.predictor {
                    Predictor::EulerMaruyama => Descent::euler_maruyama(from, to, 1.0),
                    Predictor::Ancestral => Descent::ancestral(from, to, 1.0),
                    Predictor::Ddim => Descent::ancestral(from, to, 0.0),
                };
                let evaluations = self.fall(cloud, from, descent, clock, pairwise)?;
                // At sigma = 0 the score of the data may not exist.
                let corrections = if to > 0.0 { options.corrections } else { 0 };
                for round in 0..corrections {
                    self.correct(cloud, to, options.snr, (clock, round), pairwise)?;
                }
                Ok(evaluations + corrections as u64)
            }
        }
    }

    /// The slope `dz/dc = (to - from) (z - D) / sigma` at the fraction `c` of the step.
    fn slope(
        &mut self,
        z: &Points,
        (from, to): (f64, f64),
        c: f64,
        clock: &Clock,
        pairwise: &Pairwise,
        out: &mut Points,
    ) -> Result<()> {
        let sigma = from + c * (to - from);
        denoising(self.score.as_mut(), z, sigma, clock, pairwise, out)?;
        scale(out, (from - to) / sigma);
        Ok(())
    }

    /// One step of the probability flow. A step to sigma = 0 uses Euler's method, which does not
    /// evaluate the score at sigma = 0.
    fn flow_down(&mut self, cloud: &mut Points, span: (f64, f64), clock: &Clock, pairwise: &Pairwise) -> Result<u64> {
        let integrator = if span.1 > 0.0 { self.method.integrator() } else { Integrator::Euler };
        let mut steps = std::mem::take(&mut self.steps);
        let done = steps.advance(cloud, 1.0, integrator, &mut |z, c, v| self.slope(z, span, c, clock, pairwise, v));
        self.steps = steps;
        done.map(|_| integrator.stages().len() as u64)
    }

    fn fall(
        &mut self,
        cloud: &mut Points,
        from: f64,
        descent: Descent,
        clock: &Clock,
        pairwise: &Pairwise,
    ) -> Result<u64> {
        let score = self.score.as_mut();
        self.steps.advance(cloud, descent.pull, Integrator::Euler, &mut |z, _, v| {
            denoising(score, z, from, clock, pairwise, v)
        })?;
        diffuse(cloud, descent.noise, clock.randomness("diffusion"));
        Ok(1)
    }

    /// One Langevin step at a noise level: `z + h score + sqrt(2h) e` with `h = 2 (snr sqrt(dim) /
    /// mean |score|)^2`.
    fn correct(
        &mut self,
        cloud: &mut Points,
        sigma: f64,
        snr: f64,
        (clock, round): (&Clock, usize),
        pairwise: &Pairwise,
    ) -> Result<()> {
        denoising(self.score.as_mut(), cloud, sigma, clock, pairwise, &mut self.displacement)?;
        let variance = sigma * sigma;
        let norms = self.displacement.iter().map(|row| row.iter().map(|v| v * v).sum::<f64>().sqrt());
        let score = norms.sum::<f64>() / (cloud.n() as f64 * variance);
        if score == 0.0 {
            return Ok(());
        }
        let h = 2.0 * snr * snr * cloud.dim() as f64 / (score * score);
        cloud.data_mut().iter_mut().zip(self.displacement.data()).for_each(|(z, s)| *z += h / variance * s);
        diffuse(cloud, (2.0 * h).sqrt(), clock.randomness("correction").at(round as u64));
        Ok(())
    }
}

/// Returns the noise level up to which a step first adds noise.
fn raise_level(sigma: f64, steps: usize, options: &ReverseSdeOptions) -> f64 {
    let within = sigma >= options.churn_min && options.churn_max.is_none_or(|max| sigma <= max);
    let factor = (options.churn / steps as f64).min(std::f64::consts::SQRT_2 - 1.0);
    if within { sigma * (1.0 + factor) } else { sigma }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_share_of_noise_is_the_posterior_and_none_is_ddim() {
        for (from, to) in [(80.0, 60.0), (1.0, 0.3), (2.0, 1e-3), (0.5, 0.0)] {
            let r: f64 = to / from;
            let (full, none) = (Descent::ancestral(from, to, 1.0), Descent::ancestral(from, to, 0.0));
            assert!((full.pull - (1.0 - r * r)).abs() <= 2.0 * f64::EPSILON);
            assert!((full.noise.powi(2) - to * to * (1.0 - r * r)).abs() <= 4.0 * f64::EPSILON * to * to);
            assert_eq!(none, Descent { pull: 1.0 - r, noise: 0.0 });
            let euler = Descent::euler_maruyama(from, to, 0.0);
            assert!((euler.pull - none.pull).abs() <= 2.0 * f64::EPSILON && euler.noise == 0.0);
        }
    }
}
