//! What can be chosen about the samplers, and about the log density along one.

use super::noise_levels::{Process, Wanted};
use crate::options::at_least;
use crate::{Error, Result, Rule, ode};
use serde::{Deserialize, Serialize};

/// How the probability-flow equation is stepped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PfOdeSampler {
    /// Order 1 in sigma, which is DDIM \[song2021denoising\].
    #[serde(alias = "ddim")]
    Euler,
    /// Order 2 in sigma, Euler's onto sigma = 0 \[karras2022elucidating\].
    #[default]
    #[serde(alias = "edm")]
    Heun,
    /// Order 4.
    Rk4,
    /// Between two levels as many parts as a tolerance asks for, by the pair of Dormand and Prince.
    Adaptive,
}

/// How the reverse stochastic equation is stepped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReverseSdeSampler {
    /// Euler and Maruyama's step in sigma.
    EulerMaruyama,
    /// The exact distribution of the next level given the denoised point: DDPM and its relatives
    /// \[ho2020denoising\].
    #[default]
    Ancestral,
    /// Noise added first, then Heun's step down \[karras2022elucidating\].
    Edm,
    /// The distribution of the next level by its first three moments, coordinate by coordinate
    /// \[guo2023gaussian\].
    #[serde(alias = "gms")]
    GaussianMixture,
}

/// The step down of a predictor-corrector sampler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Predictor {
    /// That of the reverse stochastic equation.
    EulerMaruyama,
    /// The exact distribution of the next level given the denoised point.
    #[default]
    Ancestral,
    /// The deterministic one.
    Ddim,
}

crate::choices!(ReverseSdeSampler, PfOdeSampler, Predictor);

/// Declares the options of one sampler: those that all share, then its own.
macro_rules! sampler_options {
    ($(#[doc = $doc:literal])* pub struct $name:ident { $($own:tt)* }) => {
        crate::options! {
            $(#[doc = $doc])*
            pub struct $name {
                $($own)*
                /// The coordinates: "ve" (variance exploding), "vp" (variance preserving) or
                /// "subvp".
                process: Process = Process::Ve,
                /// Noise at the start, relative to the data: `y = a (x + sigma e)`. Left out: with
                /// "ve" ten times the data's diameter, with "vp" and "subvp" that at time 1.
                sigma_max: Option<f64> = None,
                /// Noise at the end. Left out: the spacing of points, a 100th of the smallest
                /// standard deviation of a density.
                sigma_min: Option<f64> = None,
                /// Curvature of the levels of "ve", evenly spaced in `sigma^(1/rho)`; 1 is even
                /// spacing.
                rho: f64 = 7.0,
                /// Rate of "vp" and "subvp" at time 0.
                beta_min: f64 = 0.1,
                /// Rate of "vp" and "subvp" at time 1.
                beta_max: f64 = 20.0,
                /// Does the last step go from sigma_min to 0, onto the denoised point?
                denoise: bool = false,
            }
        }

        impl $name {
            pub(super) fn wanted(&self) -> Wanted {
                Wanted {
                    process: self.process,
                    sigma_max: self.sigma_max,
                    sigma_min: self.sigma_min,
                    rho: self.rho,
                    beta_min: self.beta_min,
                    beta_max: self.beta_max,
                    denoise: self.denoise,
                }
            }
        }
    };
}

sampler_options! {
    /// Options of `pf_ode`.
    pub struct PfOdeOptions {
        /// "euler" (the same as "ddim"), "heun" (the same as "edm"), "rk4" or "adaptive".
        sampler: PfOdeSampler = PfOdeSampler::Heun,
        /// Error of one step of "adaptive", as a share of the noise at its end.
        tolerance: f64 = 1e-3,
    }
}

sampler_options! {
    /// Options of `reverse_sde`.
    pub struct ReverseSdeOptions {
        /// "ancestral", "euler_maruyama", "edm" or "gaussian_mixture" (the same as "gms"), for few
        /// steps: each takes `2 dim + 1` scores.
        sampler: ReverseSdeSampler = ReverseSdeSampler::Ancestral,
        /// Share of the noise: 1 is the reverse equation, 0 the probability flow, between them the
        /// same distributions with less noise; above 1 with "euler_maruyama" only.
        lambda: f64 = 1.0,
        /// Of "edm": noise added over the whole run; each step raises sigma by the factor
        /// `1 + churn / steps`, at most the root of 2.
        churn: f64 = 40.0,
        /// Of "edm": the smallest sigma at which noise is added.
        churn_min: f64 = 0.0,
        /// Of "edm": the largest sigma at which noise is added; left out: any.
        churn_max: Option<f64> = None,
        /// Of "edm": factor on the added noise.
        churn_noise: f64 = 1.0,
    }
}

sampler_options! {
    /// Options of `predictor_corrector`.
    pub struct PredictorCorrectorOptions {
        /// The step down: "ancestral", "euler_maruyama" or "ddim".
        predictor: Predictor = Predictor::Ancestral,
        /// Langevin steps at each new level.
        corrections: usize = 1,
        /// Signal-to-noise ratio of a Langevin step: its size is
        /// `2 (snr sqrt(dim) / mean |score|)^2`.
        snr: f64 = 0.16,
    }
}

crate::options! {
    /// Options of the log density along the probability flow.
    pub struct LikelihoodOptions {
        /// Levels between which the flow is followed upwards, at least 1.
        steps: usize = 40,
        /// Error of one step, in nats and in shares of the noise.
        tolerance: f64 = 1e-4,
        /// Random directions in which the divergence is estimated `[hutchinson1989stochastic]`;
        /// left out: up to 8 dimensions all coordinates, which is exact, above 16 directions; at
        /// most 10000.
        probes: Option<usize> = None,
    }
}

/// Most directions: their mean is then off by a hundredth of one's scatter.
const PROBES: usize = 10_000;

impl LikelihoodOptions {
    /// Nothing where they can be met.
    ///
    /// # Errors
    /// An option out of range.
    pub fn check(&self) -> Result<()> {
        at_least(&[("steps", self.steps, 1), ("probes", self.probes.unwrap_or(1), 1)])?;
        if let Some(probes) = self.probes.filter(|probes| *probes > PROBES) {
            return Err(Error::argument("probes", probes, format!("it must be at most {PROBES}")));
        }
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return Err(Error::argument("tolerance", self.tolerance, Rule::Positive));
        }
        Ok(())
    }

    /// Directions along which the divergence is taken in `dim` dimensions.
    pub fn directions(&self, dim: usize) -> usize {
        ode::directions(dim, self.probes)
    }
}
