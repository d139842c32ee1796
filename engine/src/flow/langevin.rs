//! Langevin dynamics, unadjusted and Metropolis-adjusted \[roberts1996exponential\].

mod adjusted;
mod metropolis;
mod option;
mod warmup;

use super::aim::uneven;
use super::diagnostics::Memory;
use super::preconditioner::Preconditioning;
use super::sampler::diffuse;
use super::sigma::check_smallest_sigma;
use super::support::Support;
use super::{Clock, FieldAt, Readings, Sampler};
use crate::archive::{Archive, Archived};
use crate::ode::{Integrator, RungeKutta};
use crate::pairwise::Pairwise;
use crate::score::{At, Form, Kde, Score};
use crate::target::Target;
use crate::{Error, Points, Result, Subject, schedule::Schedule};
use metropolis::{Moves, Place, Tally};
pub use option::{LangevinOptions, LangevinSampler};
use std::sync::Arc;
use warmup::Warmup;

/// The stochastic equation `dy = grad log p dt + sqrt(2) dW`, solved by the step `y' = y + h grad
/// log p(y) + sqrt(2h) e`. Every particle is an independent chain. Without adjustment the chains
/// sample `p` with an error of order `h`: for `p = N(0, S)` their variance is `S / (1 - h / 2S)`.
/// With adjustment, they sample `p` exactly. The cost is one evaluation of the score per step.
#[derive(Debug)]
pub struct Langevin {
    score: Box<dyn Score>,
    density: Option<Arc<dyn Target>>,
    sampler: LangevinSampler,
    sigma: Schedule,
    step: Schedule,
    /// True if the step size was chosen by default.
    chosen: bool,
    /// The number of steps of the warm-up; None for half of the steps.
    warmup: Option<usize>,
    acceptance: f64,
    preconditioning: Preconditioning,
    adapted: Warmup,
    moves: Moves,
    here: Place,
    there: Place,
    steps: RungeKutta,
    all: Tally,
    recent: Tally,
    support: Support,
    memory: Memory,
}

/// The range of good acceptance rates. Outside it a chain hardly moves: most moves are rejected, or
/// all moves are far too small.
const WORKING: std::ops::RangeInclusive<f64> = 0.2..=0.95;

impl Langevin {
    /// Creates the flow that samples the distribution with this score and with the log density of
    /// `density`.
    ///
    /// # Errors
    /// "mala" has no density; a step is out of range, or is left out for a target of unknown scale;
    /// sigma is 0 for a score that needs smoothing.
    pub fn new(score: Box<dyn Score>, density: Option<Arc<dyn Target>>, options: &LangevinOptions) -> Result<Langevin> {
        options.sigma.check("sigma", 0.0..=f64::INFINITY)?;
        check_smallest_sigma(score.as_ref(), &options.sigma)?;
        if options.sampler == LangevinSampler::Mala && density.is_none() {
            let want = format!(
                "{} has no log density, which \"mala\" needs to accept moves: use \"ula\", or a \
                target with a log density",
                score.name()
            );
            return Err(Error::argument("sampler", "\"mala\"", want));
        }
        let noise = options.sigma.extremes().into_iter().fold(0.0, f64::max);
        if let Some(density) = density.as_ref().filter(|p| noise > 0.0 && p.density().is_some_and(|p| !p.smooths()))
            && options.sampler == LangevinSampler::Mala
        {
            let want = format!(
                "\"mala\" accepts moves by the log density, which {} has without smoothing only: leave `sigma` out, or use \
                 \"ula\"",
                density.name()
            );
            return Err(Error::argument("sigma", noise, want));
        }
        let step = match &options.step {
            Some(Schedule::Adaptive { .. }) => {
                return Err(Error::argument(
                    "step",
                    "adaptive",
                    "the error of Langevin steps cannot be controlled: give a number or a schedule",
                ));
            }
            Some(step) => step.clone(),
            None => chosen_step(score.as_ref(), options)?,
        };
        step.check("step", 0.0..=f64::INFINITY)?;
        if !(options.acceptance > 0.0 && options.acceptance < 1.0) {
            return Err(Error::argument("acceptance", options.acceptance, "it must be strictly between 0 and 1"));
        }
        let adapts = options.sampler == LangevinSampler::Mala;
        let warmup = if adapts && options.step.is_none() { options.warmup } else { options.warmup.or(Some(0)) };
        if options.preconditioner != Preconditioning::None && warmup == Some(0) {
            let want = "the covariance of the chains is estimated in the warm-up: give `warmup`, such as warmup: 200, or leave `step` out";
            return Err(Error::argument("preconditioner", serde_json::json!(options.preconditioner), want));
        }
        let support = Support::of(density.clone());
        Ok(Langevin {
            score,
            density,
            support,
            sampler: options.sampler,
            sigma: options.sigma.clone(),
            step,
            chosen: options.step.is_none(),
            warmup,
            acceptance: options.acceptance,
            preconditioning: options.preconditioner,
            adapted: Warmup::default(),
            moves: Moves::default(),
            here: Place::default(),
            there: Place::default(),
            steps: RungeKutta::default(),
            all: Tally::default(),
            recent: Tally::default(),
            memory: Memory::default(),
        })
    }
}

/// Returns the default of the step size. For "mala" it is the first value of the warm-up.
fn chosen_step(score: &dyn Score, options: &LangevinOptions) -> Result<Schedule> {
    let Some(extent) = score.extent() else {
        if options.sampler == LangevinSampler::Mala && options.warmup != Some(0) {
            return Ok(Schedule::from(1.0));
        }
        let want = format!("{} has no known scale: give a number, such as step: 0.01", score.name());
        return Err(Error::argument("step", "left out", want));
    };
    let sigma = options.sigma.smallest();
    // Far from its neighbours a point is a Gaussian of width sigma, whatever the spacing.
    let detail = if score.properties().is_of_points { extent.detail.min(sigma) } else { extent.detail };
    let variance = detail * detail + sigma * sigma;
    let share = match options.sampler {
        LangevinSampler::Ula => 0.1,
        LangevinSampler::Mala => 1.36 / (extent.centre.len() as f64).cbrt(),
    };
    Ok(Schedule::from(share * variance))
}

impl Sampler for Langevin {
    fn name(&self) -> &'static str {
        "langevin"
    }

    fn prepare(&mut self, start: &Points, clock: &Clock) -> Result<Vec<String>> {
        self.score.check_dim(start, Subject::argument("start"), "the target")?;
        let warmup = self.warmup(clock);
        let scale = match self.score.properties().is_of_points {
            true => "sigma and the spacing of the points",
            false => "the smallest standard deviation of the target",
        };
        let step = || format!("step: {:.3e}, from {scale}", self.step.at(0.0));
        let adapts = || {
            let acceptance = self.acceptance;
            format!(
                "warm-up: the first {warmup} of {} steps adapt the step size to an acceptance of {acceptance}",
                clock.steps
            )
        };
        let then = match self.sampler {
            LangevinSampler::Ula => "they follow a score that has no meaning there",
            LangevinSampler::Mala => "they search for the target by random moves of growing size",
        };
        self.memory = Memory::of(start);
        let chosen = if warmup > 0 { Some(adapts()) } else { self.chosen.then(step) };
        let notes = [chosen, self.support.check_start(start, then)?];
        Ok(notes.into_iter().flatten().collect())
    }

    fn step(&mut self, cloud: &mut Points, clock: &Clock, pairwise: &Pairwise) -> Result<u64> {
        if self.sampler == LangevinSampler::Mala {
            return self.adjusted(cloud, clock, pairwise);
        }
        let (h, mut steps) = (self.step_size(clock), std::mem::take(&mut self.steps));
        let done = steps
            .advance(cloud, h, Integrator::Euler, &mut |y, _, v| self.drift(&FieldAt::cloud(y, clock, pairwise), v));
        self.steps = steps;
        done?;
        diffuse(cloud, (2.0 * h).sqrt(), clock.randomness("diffusion"));
        Ok(1)
    }

    fn drift(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        let FieldAt { z, cloud, clock, pairwise, .. } = *at;
        let (sigma, stream) = (self.sigma.at(clock.progress()), clock.randomness("estimate"));
        self.score.evaluate(&At { z, sigma, cloud, aligned: true, learn: true, stream, pairwise }, Form::Score, out)
    }

    fn data(&self) -> Option<&Arc<Points>> {
        self.score.data()
    }

    fn readings(&mut self, at: &FieldAt) -> Result<Readings> {
        self.support.look(at.cloud)?;
        let recent = std::mem::take(&mut self.recent);
        let mut readings: Readings = recent.rate().map(|rate| ("acceptance", rate)).into_iter().collect();
        if self.warmup(at.clock) > 0 {
            readings.push(("step_size", self.step_size(at.clock)));
        }
        readings.extend(self.memory.measure(at.cloud).map(|correlation| ("start_correlation", correlation)));
        Ok(readings)
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = self.score.diagnostics().warnings;
        warnings.extend(uneven(self.score.kernel().and_then(Kde::points)));
        let advice = match self.sampler {
            LangevinSampler::Ula => {
                "use the sampler \"mala\", which rejects such moves, or a change of variables that removes the edge"
            }
            LangevinSampler::Mala => "they did not find the target: start nearer to it, or take more steps",
        };
        warnings.extend(self.support.warning("chains", advice));
        warnings.extend(self.here.stuck());
        warnings.extend(self.memory.warning());
        if let Some(rate) = self.all.rate().filter(|rate| !WORKING.contains(rate)) {
            let advice = if rate < *WORKING.start() {
                "most moves are rejected: make `step` smaller"
            } else {
                "moves are small: make `step` larger"
            };
            warnings.push(format!("{:.0} % of the moves were accepted; {advice} (about 57 % is best)", 100.0 * rate));
        }
        warnings
    }
}

impl Archived for Langevin {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("here", &mut self.here)?;
        archive.part("adapted", &mut self.adapted)?;
        archive.part("preconditioner", &mut self.moves.preconditioner)?;
        archive.part("all", &mut self.all)?;
        archive.part("recent", &mut self.recent)?;
        self.support.archive(archive)?;
        self.score.archive(archive)
    }
}
