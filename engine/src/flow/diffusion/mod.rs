//! Samplers that denoise: the probability flow of a diffusion, its reverse equation, and corrected steps [song2021score].

mod levels;
mod likelihood;
mod method;
mod mixture_step;
mod option;

pub use levels::{Levels, Process};
pub use likelihood::LikelihoodOptions;
pub use option::{
    PfOdeOptions, PfOdeSampler, Predictor, PredictorCorrectorOptions, ReverseSdeOptions, ReverseSdeSampler,
};

use super::{Clock, Flow, FlowPairs, Integrator, StepReport, Stepper};
use crate::number::number;
use crate::pairwise::Pairwise;
use crate::rng::Stream;
use crate::schedule::Schedule;
use crate::score::{At, Form, Kde, Score};
use crate::target::Gaussian;
use crate::{Error, Points, Result};
use method::Method;

/// Most corrections at one level.
const CORRECTIONS: usize = 1000;

/// A sampler of the law that a score describes, from much noise to little.
///
/// In `z = y / a` every process is `dz/dsigma = (z - D(z; sigma)) / sigma = -sigma score`, the probability flow, which is the
/// score-difference flow with the source's denoiser put to `D_q(z) = z` and a step of `1 - sigma' / sigma`. The reverse
/// equation with a share `lambda` of the noise is `dz = -(1 + lambda^2) sigma score dsigma + lambda sqrt(2 sigma) dW`, in falling
/// sigma; all of them have the same law at each level. Cost: one evaluation of the score per stage, and
/// `2 dim + 1` per step of the Gaussian-mixture solver.
#[derive(Debug)]
pub struct Diffusion {
    score: Box<dyn Score>,
    levels: Levels,
    method: Method,
    /// What `step_size` says: a unit step from level to level.
    unit: Schedule,
    /// Memory between steps.
    shift: Points,
    doubt: Option<String>,
}

impl Diffusion {
    /// The deterministic flow.
    ///
    /// # Errors
    /// Options out of range, or levels left out for a score that says nothing of its size.
    pub fn pf_ode(score: Box<dyn Score>, options: &PfOdeOptions) -> Result<Diffusion> {
        if !(options.tolerance > 0.0 && options.tolerance.is_finite()) {
            return Err(Error::argument("tolerance", options.tolerance, "it must be positive"));
        }
        let method = Method::Ode { sampler: options.sampler, tolerance: options.tolerance };
        Diffusion::new(score, options.wanted(), method)
    }

    /// The stochastic flow.
    ///
    /// # Errors
    /// As [`Diffusion::pf_ode`].
    pub fn reverse_sde(score: Box<dyn Score>, options: &ReverseSdeOptions) -> Result<Diffusion> {
        let most = if options.sampler == ReverseSdeSampler::EulerMaruyama { f64::INFINITY } else { 1.0 };
        if !(options.lambda.is_finite() && (0.0..=most).contains(&options.lambda)) {
            let want = if most == 1.0 { "it must lie between 0 and 1" } else { "it must be 0 or more" };
            return Err(Error::argument("lambda", options.lambda, want));
        }
        let churns = [("churn", options.churn), ("churn_min", options.churn_min), ("churn_noise", options.churn_noise)];
        for (name, value) in churns.into_iter().chain(options.churn_max.map(|max| ("churn_max", max))) {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::argument(name, value, "it must be 0 or more"));
            }
        }
        Diffusion::new(score, options.wanted(), Method::Sde(options.clone()))
    }

    /// Steps down, each followed by Langevin steps at the level that was reached.
    ///
    /// # Errors
    /// As [`Diffusion::pf_ode`].
    pub fn predictor_corrector(score: Box<dyn Score>, options: &PredictorCorrectorOptions) -> Result<Diffusion> {
        if options.corrections > CORRECTIONS {
            let want = format!("it must be at most {CORRECTIONS}: take more steps instead");
            return Err(Error::argument("corrections", options.corrections, want));
        }
        if !(options.snr > 0.0 && options.snr.is_finite()) {
            return Err(Error::argument("snr", options.snr, "it must be positive"));
        }
        Diffusion::new(score, options.wanted(), Method::Corrected(options.clone()))
    }

    fn new(score: Box<dyn Score>, wanted: levels::Wanted, method: Method) -> Result<Diffusion> {
        let levels = Levels::new(wanted, score.as_ref())?;
        let unit = match method {
            Method::Ode { sampler: PfOdeSampler::Adaptive, .. } => Schedule::Adaptive { from: 1.0, to: 1e-4 },
            _ => Schedule::from(1.0),
        };
        Ok(Diffusion { score, levels, method, unit, shift: Points::default(), doubt: None })
    }

    /// The levels in force.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// The levels before and after a step.
    fn span(&self, clock: &Clock) -> (f64, f64) {
        (self.levels.sigma(clock.step, clock.steps), self.levels.sigma(clock.step + 1, clock.steps))
    }
}

/// `D(z; sigma) - z`.
fn denoising(
    score: &mut dyn Score,
    z: &Points,
    sigma: f64,
    clock: &Clock,
    pairwise: &Pairwise,
    out: &mut Points,
) -> Result<()> {
    pairwise.interrupt().check()?;
    let at = At { z, sigma, cloud: z, aligned: true, learn: true, stream: clock.randomness("estimate"), pairwise };
    score.evaluate(&at, Form::Shift, out)
}

fn scale(points: &mut Points, factor: f64) {
    if factor != 1.0 {
        points.data_mut().iter_mut().for_each(|v| *v *= factor);
    }
}

impl Flow for Diffusion {
    fn name(&self) -> &'static str {
        match self.method {
            Method::Ode { .. } => "pf_ode",
            Method::Sde(_) => "reverse_sde",
            Method::Corrected(_) => "predictor_corrector",
        }
    }

    fn dim(&self) -> Option<usize> {
        self.score.dim()
    }

    fn prepare(&mut self, start: &Points, clock: &Clock) -> Result<Vec<String>> {
        if let Some(dim) = self.score.dim() {
            start.check_dim("the start", dim, "the score")?;
        }
        let (first, dim) = (self.levels.sigma(0, clock.steps), start.dim() as f64);
        let (wanted, got) = (self.levels.scale(first) * first * dim.sqrt(), start.spread());
        let alike = (0.5..=2.0).contains(&(got / wanted));
        self.doubt = (start.n() >= 10 && !alike).then(|| {
            format!(
                "the start has a spread of {}, and the first noise level one of {}: begin with `flow.prior(n)`, or choose \
                 `sigma_max` to fit the start",
                number(got),
                number(wanted)
            )
        });
        Ok(self.levels.note().into_iter().collect())
    }

    /// `-dy/dsigma` of the probability flow at the level of the moment, per unit by which sigma falls: the same for any
    /// number of steps. Noise and corrections are the step's.
    fn velocity(&mut self, cloud: &Points, clock: &Clock, pairwise: &Pairwise, out: &mut Points) -> Result<()> {
        let (from, to) = self.span(clock);
        let sigma = from + clock.stage * (to - from);
        let (a, slope) = (self.levels.scale(sigma), self.levels.scale_slope(sigma));
        let mut z = cloud.clone();
        scale(&mut z, 1.0 / a);
        denoising(self.score.as_mut(), &z, sigma, clock, pairwise, out)?;
        out.data_mut().iter_mut().zip(z.data()).for_each(|(v, z)| *v = a * *v / sigma - slope * z);
        Ok(())
    }

    fn advance(
        &mut self,
        cloud: &mut Points,
        clock: &Clock,
        pairwise: &Pairwise,
        stepper: &mut Stepper,
    ) -> Result<StepReport> {
        let (from, to) = self.span(clock);
        stepper.keep(cloud);
        scale(cloud, 1.0 / self.levels.scale(from));
        let report = self.descend(cloud, (from, to), clock, pairwise, stepper)?;
        scale(cloud, self.levels.scale(to));
        Ok(report)
    }

    fn evaluations(&self, steps: usize) -> usize {
        // The step onto 0 is Euler's and is not corrected.
        let of_one = self.method.evaluations(self.score.dim().unwrap_or(1));
        let saved = if self.levels.denoises() { of_one - 1 } else { 0 };
        of_one.saturating_mul(steps).saturating_sub(saved)
    }

    fn is_velocity(&self) -> bool {
        false
    }

    fn prior(&self) -> Result<Gaussian> {
        let dim = self.score.dim().ok_or_else(|| super::no_prior(self.name()))?;
        self.levels.prior(dim)
    }

    fn log_density(
        &mut self,
        points: &Points,
        options: &LikelihoodOptions,
        pairwise: &Pairwise,
        stream: Stream,
    ) -> Result<Vec<f64>> {
        match self.method {
            Method::Ode { .. } => self.likelihood(points, options, pairwise, stream),
            _ => Err(super::no_log_density(self)),
        }
    }

    fn step_size(&self) -> &Schedule {
        &self.unit
    }

    fn integrator(&self) -> Integrator {
        self.method.integrator()
    }

    fn resolution(&self, cloud: &Points, clock: &Clock) -> f64 {
        self.span(clock).1 * (cloud.dim() as f64).sqrt()
    }

    fn readings(&mut self, _cloud: &Points, clock: &Clock, _pairwise: &Pairwise) -> Result<Vec<(&'static str, f64)>> {
        Ok(vec![("sigma", self.levels.sigma(clock.step, clock.steps))])
    }

    fn pairs(&self, cloud: usize) -> FlowPairs {
        FlowPairs { velocity: self.score.pairs(cloud, cloud), readings: 0 }
    }

    fn warnings(&self, _cloud: &Points) -> Vec<String> {
        let mut warnings = self.score.warnings();
        warnings.extend(self.doubt.clone());
        if let Some((data, extent)) = self.score.kernel().and_then(Kde::points).zip(self.score.extent())
            && (self.levels.denoises() || self.levels.sigma_min() < 0.99 * extent.detail)
        {
            warnings.push(format!(
                "the noise ends below the data's spacing {}: particles end on top of the {} points of the score (they \
                 memorise); end at the spacing or above, without `denoise`",
                number(extent.detail),
                data.n()
            ));
        }
        warnings
    }
}
