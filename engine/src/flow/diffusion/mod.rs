//! Diffusion samplers: the probability flow, the reverse equation, and the predictor-corrector
//! sampler \[song2021score\].
//!
//! This file defines the samplers. `level_step` moves the cloud from one noise level to the next,
//! `mixture_step` is one method of such a step, and `likelihood` follows the probability flow to
//! larger noise levels.

mod denoising;
mod level_step;
mod likelihood;
mod log_densities;
mod method;
mod mixture_step;
mod noise_levels;
mod option;

pub use log_densities::{LogDensities, LogDensityErrors};
pub use noise_levels::{Levels, Process};
pub use option::{
    LikelihoodOptions, PfOdeOptions, PfOdeSampler, Predictor, PredictorCorrectorOptions, ReverseSdeOptions,
    ReverseSdeSampler,
};

use super::aim::uneven;
use super::{Clock, FieldAt, Readings, Sampler};
use crate::archive::{Archive, Archived};
use crate::error::MissingPart;
use crate::number::number;
use crate::ode::RungeKutta;
use crate::pairwise::Pairwise;
use crate::rng::Stream;
use crate::score::{Kde, Score};
use crate::target::Gaussian;
use crate::{Error, Points, Requirement, Result, Rule, Subject};
use denoising::{denoising, scale};
use method::Method;
use std::sync::Arc;

/// The largest number of corrections at one noise level.
const CORRECTIONS: usize = 1000;

/// A sampler of the distribution that a score describes, from large noise to small.
///
/// In the coordinates `z = y / a`, the probability flow of every process is
/// `dz/dsigma = (z - D(z; sigma)) / sigma = -sigma score`. It is the score-difference flow with
/// `D_q(z) = z` as the denoiser of the source and a step of `1 - sigma' / sigma`. The reverse
/// equation with a share `lambda` of the noise is `dz = -(1 + lambda^2) sigma score dsigma + lambda
/// sqrt(2 sigma) dW`, for falling sigma. All of these equations have the same distribution at each
/// noise level. The cost is one evaluation of the score per stage, and `2 dim + 1` evaluations per
/// step of the Gaussian-mixture solver.
#[derive(Debug)]
pub struct Diffusion {
    score: Box<dyn Score>,
    levels: Levels,
    method: Method,
    /// Buffers between steps.
    steps: RungeKutta,
    displacement: Points,
    warning: Option<String>,
}

impl Diffusion {
    /// Creates the deterministic flow.
    ///
    /// # Errors
    /// The options are out of range, or noise levels are left out for a score of unknown scale.
    pub fn pf_ode(score: Box<dyn Score>, options: &PfOdeOptions) -> Result<Diffusion> {
        if !(options.tolerance > 0.0 && options.tolerance.is_finite()) {
            return Err(Error::argument("tolerance", options.tolerance, Rule::Positive));
        }
        let method = Method::Ode { sampler: options.sampler, tolerance: options.tolerance };
        Diffusion::new(score, options.requested_levels(), method)
    }

    /// Creates the stochastic flow.
    ///
    /// # Errors
    /// Those of [`Diffusion::pf_ode`].
    pub fn reverse_sde(score: Box<dyn Score>, options: &ReverseSdeOptions) -> Result<Diffusion> {
        let most = if options.sampler == ReverseSdeSampler::EulerMaruyama { f64::INFINITY } else { 1.0 };
        if !(options.lambda.is_finite() && (0.0..=most).contains(&options.lambda)) {
            let want =
                if most == 1.0 { "it must lie between 0 and 1".into() } else { Requirement::from(Rule::NotNegative) };
            return Err(Error::argument("lambda", options.lambda, want));
        }
        let churns = [("churn", options.churn), ("churn_min", options.churn_min), ("churn_noise", options.churn_noise)];
        for (name, value) in churns.into_iter().chain(options.churn_max.map(|max| ("churn_max", max))) {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::argument(name, value, Rule::NotNegative));
            }
        }
        Diffusion::new(score, options.requested_levels(), Method::Sde(options.clone()))
    }

    /// Creates the sampler in which Langevin steps at the new noise level follow each step.
    ///
    /// # Errors
    /// Those of [`Diffusion::pf_ode`].
    pub fn predictor_corrector(score: Box<dyn Score>, options: &PredictorCorrectorOptions) -> Result<Diffusion> {
        if options.corrections > CORRECTIONS {
            let want = format!("it must be at most {CORRECTIONS}: take more steps instead");
            return Err(Error::argument("corrections", options.corrections, want));
        }
        if !(options.snr > 0.0 && options.snr.is_finite()) {
            return Err(Error::argument("snr", options.snr, Rule::Positive));
        }
        Diffusion::new(score, options.requested_levels(), Method::Corrected(options.clone()))
    }

    fn new(score: Box<dyn Score>, levels: noise_levels::LevelOptions, method: Method) -> Result<Diffusion> {
        let levels = Levels::new(levels, score.as_ref())?;
        let (steps, displacement) = (RungeKutta::default(), Points::default());
        Ok(Diffusion { score, levels, method, steps, displacement, warning: None })
    }

    /// Returns the distribution from which the start is sampled: a Gaussian with the standard
    /// deviation `a sigma_max`.
    ///
    /// # Errors
    /// [`Error::Missing`] if the dimension of the score is unknown; the first noise level is not
    /// finite.
    pub fn prior(&self) -> Result<Gaussian> {
        let missing = || Error::missing(format!("`{}`", self.name()), MissingPart::Prior);
        self.levels.prior(self.score.dim().ok_or_else(missing)?)
    }

    /// Returns the log density in nats, at `points`, of the distribution that the deterministic
    /// sampler generates from its prior: one value for each point, with standard errors if the
    /// divergence is estimated along random directions.
    ///
    /// # Errors
    /// [`Error::Missing`] for a sampler with noise; the options are out of range, the points have
    /// another dimension, or an error of the score.
    pub fn log_density(
        &mut self,
        points: &Points,
        options: &LikelihoodOptions,
        pairwise: &Pairwise,
        stream: Stream,
    ) -> Result<LogDensities> {
        match self.method {
            Method::Ode { .. } => self.likelihood(points, options, pairwise, stream),
            _ => Err(Error::Missing {
                what: format!("`{}`", self.name()),
                part: "log density".into(),
                hint: "only the deterministic sampler, pf_ode, has one".into(),
            }),
        }
    }

    /// Returns the noise levels.
    #[doc(hidden)]
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// Returns the noise levels before and after a step.
    fn span(&self, clock: &Clock) -> (f64, f64) {
        (self.levels.sigma(clock.step, clock.steps), self.levels.sigma(clock.step + 1, clock.steps))
    }
}

impl Sampler for Diffusion {
    fn name(&self) -> &'static str {
        match self.method {
            Method::Ode { .. } => "pf_ode",
            Method::Sde(_) => "reverse_sde",
            Method::Corrected(_) => "predictor_corrector",
        }
    }

    fn prepare(&mut self, start: &Points, clock: &Clock) -> Result<Vec<String>> {
        self.score.check_dim(start, Subject::argument("start"), "the score")?;
        let (first, dim) = (self.levels.sigma(0, clock.steps), start.dim() as f64);
        let (a, got) = (self.levels.scale(first), start.spread());
        let expected = a * first * dim.sqrt();
        // A start at a moderate noise level has the spread of the data in addition to that of the
        // noise.
        let most = expected.hypot(a * self.levels.data_spread());
        let alike = (0.5 * expected..=2.0 * most).contains(&got);
        self.warning = (start.n() >= 10 && !alike).then(|| {
            format!(
                "the start has a spread of {}, and the first noise level one of {}: begin with points of its prior, or choose \
                 `sigma_max` to fit the start",
                number(got),
                number(expected)
            )
        });
        Ok(self.levels.note().into_iter().collect())
    }

    fn step(&mut self, cloud: &mut Points, clock: &Clock, pairwise: &Pairwise) -> Result<u64> {
        let (from, to) = self.span(clock);
        scale(cloud, 1.0 / self.levels.scale(from));
        let evaluations = self.descend(cloud, (from, to), clock, pairwise)?;
        scale(cloud, self.levels.scale(to));
        Ok(evaluations)
    }

    /// Writes `-dy/dsigma` of the probability flow at the current noise level. This slope does not
    /// depend on the number of steps. Noise and corrections belong to the step and are not part of
    /// the drift.
    fn drift(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        let (from, to) = self.span(at.clock);
        let sigma = from + at.clock.stage * (to - from);
        let (a, slope) = (self.levels.scale(sigma), self.levels.scale_slope(sigma));
        let mut z = at.z.clone();
        scale(&mut z, 1.0 / a);
        denoising(self.score.as_mut(), &z, sigma, at.clock, at.pairwise, out)?;
        out.data_mut().iter_mut().zip(z.data()).for_each(|(v, z)| *v = a * *v / sigma - slope * z);
        Ok(())
    }

    fn data(&self) -> Option<&Arc<Points>> {
        self.score.data()
    }

    fn readings(&mut self, at: &FieldAt) -> Result<Readings> {
        Ok(vec![("sigma", self.levels.sigma(at.clock.step, at.clock.steps))])
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = self.score.diagnostics().warnings;
        warnings.extend(self.warning.clone());
        warnings.extend(uneven(self.score.kernel().and_then(Kde::points)));
        if let Some((data, extent)) = self.score.kernel().and_then(Kde::points).zip(self.score.extent())
            && (self.levels.denoises() || self.levels.sigma_min() < 0.99 * extent.detail_noise())
        {
            let advice = if extent.last_noise() < extent.detail_noise() && !self.levels.denoises() {
                "in so many dimensions a learned score memorises less".into()
            } else {
                format!("let sigma end at {} or above it, without `denoise`", number(extent.detail_noise()))
            };
            warnings.push(format!(
                "at its end the noise moves a point by less than the data's spacing {}: particles end on top of the {} \
                 points of the score (they memorise); {advice}",
                number(extent.detail),
                data.n(),
            ));
        }
        warnings
    }
}

impl Archived for Diffusion {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("steps", &mut self.steps)?;
        self.score.archive(archive)
    }
}
