//! Langevin dynamics, unadjusted and Metropolis-adjusted \[roberts1996exponential\].

mod metropolis;

use super::aim::uneven;
use super::sampler::diffuse;
use super::sigma::check_smallest_sigma;
use super::support::{Support, inside};
use super::{Clock, FieldAt, Readings, Sampler};
use crate::archive::{Archive, Archived as _};
use crate::error::MissingPart;
use crate::ode::{Integrator, RungeKutta};
use crate::pairwise::Pairwise;
use crate::score::{At, Form, Kde, Score};
use crate::target::Target;
use crate::{Error, Points, Result, Subject, schedule::Schedule};
use metropolis::{Place, Tally, accept, look_farther};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The treatment of the error of a finite step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LangevinSampler {
    /// No treatment: the unadjusted Langevin algorithm.
    #[default]
    Ula,
    /// Each move is accepted or rejected: the Metropolis-adjusted Langevin algorithm.
    Mala,
}

crate::choices!(LangevinSampler);

crate::options! {
    /// Options of `langevin`.
    pub struct LangevinOptions {
        /// "ula": unadjusted, every move is accepted; "mala": Metropolis-adjusted, a move can be
        /// rejected, and the chains sample the target exactly.
        sampler: LangevinSampler = LangevinSampler::Ula,
        /// Step size `h` of `y' = y + h grad log p(y) + sqrt(2h) e`: a number or a schedule. Left
        /// out: from the smallest standard deviation `s` of the target, `0.1 s^2` for "ula" and
        /// `1.36 s^2 / dim^(1/3)` for "mala".
        step: Option<Schedule> = None,
        /// Noise level that smooths the target, in the units of the points; it must be positive for
        /// a kernel estimate.
        sigma: Schedule = Schedule::Constant { value: 0.0 },
    }
}

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
    here: Place,
    there: Place,
    steps: RungeKutta,
    all: Tally,
    recent: Tally,
    support: Support,
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
        let support = Support::of(density.clone());
        Ok(Langevin {
            score,
            density,
            support,
            sampler: options.sampler,
            sigma: options.sigma.clone(),
            step,
            chosen: options.step.is_none(),
            here: Place::default(),
            there: Place::default(),
            steps: RungeKutta::default(),
            all: Tally::default(),
            recent: Tally::default(),
        })
    }

    /// Computes scores and log densities at `place.at`.
    fn judge(&mut self, place: &mut Place, clock: &Clock, pairwise: &Pairwise) -> Result<()> {
        let cloud = &place.at;
        let (sigma, stream) = (self.sigma.at(clock.progress()), clock.randomness("estimate"));
        let at = At { z: cloud, sigma, cloud, aligned: true, learn: true, stream, pairwise };
        self.score.evaluate(&at, Form::Score, &mut place.score)?;
        if let Some(density) = &self.density {
            density.expect_density(MissingPart::LogDensity)?.log_density(cloud, sigma, &mut place.log_density)?;
        }
        // Outside the support, the score of a formula is meaningless. Proposals from points there
        // are therefore made by noise alone.
        let rows = place.score.data_mut().chunks_exact_mut(cloud.dim()).zip(&place.log_density);
        let lost = |(row, log): &(&mut [f64], &f64)| !inside(**log) || row.iter().any(|s| !s.is_finite());
        rows.filter(lost).for_each(|(row, _)| row.fill(0.0));
        Ok(())
    }

    /// Returns the step size at this moment.
    pub fn step_size(&self, clock: &Clock) -> f64 {
        self.step.at(clock.progress())
    }

    /// Proposes a move for every particle and makes the accepted moves; returns the number of
    /// evaluations of the score.
    fn adjusted(&mut self, cloud: &mut Points, clock: &Clock, pairwise: &Pairwise) -> Result<u64> {
        let (h, mut evaluations) = (self.step_size(clock), 1);
        let (mut here, mut there) = (std::mem::take(&mut self.here), std::mem::take(&mut self.there));
        // The scores from the end of the last step are still valid if the smoothing does not
        // change.
        if here.at != *cloud || !matches!(self.sigma, Schedule::Constant { .. }) {
            here.at.copy_from(cloud);
            self.judge(&mut here, clock, pairwise)?;
            evaluations += 1;
        }
        there.at.copy_from(cloud);
        there.at.data_mut().iter_mut().zip(here.score.data()).for_each(|(y, s)| *y += h * s);
        diffuse(&mut there.at, (2.0 * h).sqrt(), clock.randomness("diffusion"));
        look_farther(&here, &mut there.at, clock.step);
        self.judge(&mut there, clock, pairwise)?;
        let accepted = accept(&mut here, &there, h, clock.randomness("acceptance"));
        cloud.copy_from(&here.at);
        self.all.add(cloud.n() as u64, accepted);
        self.recent.add(cloud.n() as u64, accepted);
        (self.here, self.there) = (here, there);
        Ok(evaluations)
    }
}

fn chosen_step(score: &dyn Score, options: &LangevinOptions) -> Result<Schedule> {
    let Some(extent) = score.extent() else {
        let want = format!("{} has no known scale: give a number, such as step: 0.01", score.name());
        return Err(Error::argument("step", "left out", want));
    };
    let sigma = options.sigma.smallest();
    let variance = extent.detail * extent.detail + sigma * sigma;
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

    fn prepare(&mut self, start: &Points, _clock: &Clock) -> Result<Vec<String>> {
        self.score.check_dim(start, Subject::argument("start"), "the target")?;
        let step = || format!("step: {:.3e}, from the smallest standard deviation of the target", self.step.at(0.0));
        let then = match self.sampler {
            LangevinSampler::Ula => "they follow a score that has no meaning there",
            LangevinSampler::Mala => "they search for the target by random moves of growing size",
        };
        let notes = [self.chosen.then(step), self.support.check_start(start, then)?];
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
        Ok(recent.rate().map(|rate| ("acceptance", rate)).into_iter().collect())
    }

    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("here", &mut self.here)?;
        archive.part("all", &mut self.all)?;
        archive.part("recent", &mut self.recent)?;
        self.support.archive(archive)?;
        self.score.archive(archive)
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = self.score.warnings();
        warnings.extend(uneven(self.score.kernel().and_then(Kde::points)));
        let advice = match self.sampler {
            LangevinSampler::Ula => {
                "use the sampler \"mala\", which rejects such moves, or a change of variables that removes the edge"
            }
            LangevinSampler::Mala => "they did not find the target: start nearer to it, or take more steps",
        };
        warnings.extend(self.support.warning("chains", advice));
        warnings.extend(self.here.stuck());
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
