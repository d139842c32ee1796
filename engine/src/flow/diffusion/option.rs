//! Options of the diffusion samplers and of the log density along the probability flow.

use super::noise_levels::{LevelOptions, Process};
use crate::options::at_least;
use crate::{Error, Result, Rule, ode};
use serde::{Deserialize, Serialize};

/// The integrator of the probability-flow equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PfOdeSampler {
    /// Order 1 in sigma, which is DDIM \[song2021denoising\].
    #[serde(alias = "ddim")]
    Euler,
    /// Order 2 in sigma \[karras2022elucidating\]. A step to sigma = 0 uses Euler's method.
    #[default]
    #[serde(alias = "edm")]
    Heun,
    /// Order 4.
    Rk4,
    /// The Dormand-Prince pair, with as many parts between two noise levels as the tolerance
    /// requires.
    Adaptive,
}

/// The integrator of the reverse stochastic equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReverseSdeSampler {
    /// The Euler-Maruyama method in sigma.
    EulerMaruyama,
    /// The exact conditional distribution at the next noise level given the denoised point, as in
    /// DDPM \[ho2020denoising\].
    #[default]
    Ancestral,
    /// Noise is added first, then Heun's method steps down \[karras2022elucidating\].
    Edm,
    /// A distribution with the first three moments, in each coordinate, of that at the next noise
    /// level \[guo2023gaussian\].
    #[serde(alias = "gms")]
    GaussianMixture,
}

/// The step down of a predictor-corrector sampler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Predictor {
    /// The Euler-Maruyama method for the reverse stochastic equation.
    EulerMaruyama,
    /// The exact conditional distribution at the next noise level given the denoised point.
    #[default]
    Ancestral,
    /// The deterministic step of DDIM.
    Ddim,
}

crate::choices!(ReverseSdeSampler, PfOdeSampler, Predictor);

/// Declares the options of one sampler: first those of this sampler, then those that all samplers
/// share.
macro_rules! sampler_options {
    ($(#[doc = $doc:literal])* pub struct $name:ident { $($own:tt)* }) => {
        crate::options! {
            $(#[doc = $doc])*
            pub struct $name {
                $($own)*
                /// The noising process: "ve" (variance exploding), "vp" (variance preserving) or
                /// "subvp" (sub-VP).
                process: Process = Process::Ve,
                /// The largest noise level, where the run starts, in the units of the data. Left
                /// out: ten times the diameter of the data with "ve", the noise level at time 1
                /// with "vp" and "subvp".
                sigma_max: Option<f64> = None,
                /// The smallest noise level, where the run ends. Left out: for points, `spacing /
                /// sqrt(dim)`, at which noise moves a point by about the spacing of the points, but
                /// at most a fifth of their standard deviation; for a learned score, the smallest
                /// level that it has learned; for a density, a hundredth of its smallest standard
                /// deviation.
                sigma_min: Option<f64> = None,
                /// The noise levels of "ve" are evenly spaced in `sigma^(1/rho)`; 1 spaces sigma
                /// itself evenly.
                rho: f64 = 7.0,
                /// Noise rate `beta(t)` of "vp" and "subvp" at time 0.
                beta_min: f64 = 0.1,
                /// Noise rate `beta(t)` of "vp" and "subvp" at time 1.
                beta_max: f64 = 20.0,
                /// Whether the last step goes from sigma_min to 0, that is, to the denoised point.
                denoise: bool = false,
            }
        }

        impl $name {
            pub(super) fn requested_levels(&self) -> LevelOptions {
                LevelOptions {
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
        /// "euler" (the same as "ddim"), "heun" (the same as "edm"), "rk4" or "adaptive" (the
        /// Dormand-Prince method, with as many parts per step as `tolerance` requires).
        sampler: PfOdeSampler = PfOdeSampler::Heun,
        /// For "adaptive": error of one step, relative to the noise level at its end.
        tolerance: f64 = 1e-3,
    }
}

sampler_options! {
    /// Options of `reverse_sde`.
    pub struct ReverseSdeOptions {
        /// "ancestral", "euler_maruyama", "edm" or "gaussian_mixture" (the same as "gms").
        /// "gaussian_mixture" is for runs of few steps; each of its steps evaluates `2 dim + 1`
        /// scores.
        sampler: ReverseSdeSampler = ReverseSdeSampler::Ancestral,
        /// Share of the noise: 1 is the reverse equation and 0 the probability flow. Values between
        /// 0 and 1 give the same distributions with less noise. Values above 1 need
        /// "euler_maruyama".
        lambda: f64 = 1.0,
        /// For "edm": noise added over the whole run; each step raises sigma by the factor `1 +
        /// churn / steps`, at most `sqrt(2)`.
        churn: f64 = 40.0,
        /// For "edm": the smallest sigma at which noise is added.
        churn_min: f64 = 0.0,
        /// For "edm": the largest sigma at which noise is added; left out: no limit.
        churn_max: Option<f64> = None,
        /// For "edm": factor on the added noise.
        churn_noise: f64 = 1.0,
    }
}

sampler_options! {
    /// Options of `predictor_corrector`.
    pub struct PredictorCorrectorOptions {
        /// The step to the next noise level: "ancestral", "euler_maruyama" or "ddim".
        predictor: Predictor = Predictor::Ancestral,
        /// Number of Langevin steps at each new noise level.
        corrections: usize = 1,
        /// Signal-to-noise ratio of a Langevin step: its size is
        /// `2 (snr sqrt(dim) / mean |score|)^2`.
        snr: f64 = 0.16,
    }
}

crate::options! {
    /// Options of the log density along the probability flow.
    pub struct LikelihoodOptions {
        /// Number of steps by which the flow is followed backwards, from sigma_min to the prior; at
        /// least 1.
        steps: usize = 40,
        /// Error of one step: in nats for the log density, relative to the noise level for the
        /// points.
        tolerance: f64 = 1e-4,
        /// Number of random directions by which the divergence is estimated
        /// `[hutchinson1989stochastic]`, at most 10000. Left out: in up to 8 dimensions all
        /// coordinates, so that the divergence is exact; in more dimensions 16 random directions.
        probes: Option<usize> = None,
    }
}

/// The largest number of directions. With this number, the standard error of the mean over
/// directions is a hundredth of the standard deviation for one direction.
const PROBES: usize = 10_000;

impl LikelihoodOptions {
    /// Checks the options.
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

    /// Returns the number of directions along which the divergence is evaluated in `dim`
    /// dimensions.
    pub fn directions(&self, dim: usize) -> usize {
        ode::directions(dim, self.probes)
    }
}
