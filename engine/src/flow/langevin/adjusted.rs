//! Steps of Metropolis-adjusted chains, and their warm-up.

use super::metropolis::{Place, accept, look_farther, mean_acceptance};
use super::warmup::is_time_to_precondition;
use super::{Langevin, LangevinSampler};
use crate::error::MissingPart;
use crate::flow::Clock;
use crate::flow::preconditioner::{Preconditioner, Preconditioning};
use crate::flow::support::inside;
use crate::pairwise::Pairwise;
use crate::schedule::Schedule;
use crate::score::{At, Form};
use crate::{Points, Result};

impl Langevin {
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

    /// Returns the number of steps of the warm-up.
    pub(super) fn warmup(&self, clock: &Clock) -> usize {
        match self.sampler {
            LangevinSampler::Ula => 0,
            LangevinSampler::Mala => self.warmup.unwrap_or(clock.steps / 2),
        }
    }

    /// Returns the step size at this moment.
    pub fn step_size(&self, clock: &Clock) -> f64 {
        self.step.at(clock.progress()) * self.adapted.factor(clock.step < self.warmup(clock))
    }

    /// Proposes a move for every particle and makes the accepted moves; returns the number of
    /// evaluations of the score.
    pub(super) fn adjusted(&mut self, cloud: &mut Points, clock: &Clock, pairwise: &Pairwise) -> Result<u64> {
        let mut evaluations = 1;
        let (mut here, mut there) = (std::mem::take(&mut self.here), std::mem::take(&mut self.there));
        // The scores from the end of the last step are still valid if the smoothing does not
        // change.
        if here.at != *cloud || !matches!(self.sigma, Schedule::Constant { .. }) {
            here.at.copy_from(cloud);
            self.judge(&mut here, clock, pairwise)?;
            evaluations += 1;
        }
        let warmup = self.warmup(clock);
        let warming = clock.step < warmup;
        if warming {
            evaluations += self.choose_scale(&here, &mut there, clock, pairwise)?;
        }
        let h = self.step_size(clock);
        self.propose(&here, &mut there, h, clock, pairwise)?;
        let ratios = self.moves.ratios(&here, &there, h);
        let accepted = accept(&mut here, &there, &ratios, clock.randomness("acceptance"));
        cloud.copy_from(&here.at);
        if warming {
            self.adapted.update(mean_acceptance(&ratios), self.acceptance);
        } else {
            self.all.add(cloud.n() as u64, accepted);
        }
        self.recent.add(cloud.n() as u64, accepted);
        (self.here, self.there) = (here, there);
        Ok(evaluations)
    }

    fn propose(&mut self, here: &Place, there: &mut Place, h: f64, clock: &Clock, pairwise: &Pairwise) -> Result<()> {
        self.moves.propose(here, there, h, clock.randomness("diffusion"));
        look_farther(here, &mut there.at, clock.step);
        self.judge(there, clock, pairwise)
    }

    /// Before some steps of the warm-up, estimates the covariance of the chains. Before these
    /// steps, and before the first step if the step size was left out, this function also finds the
    /// order of magnitude of the step size. It doubles or halves the step size until the mean
    /// acceptance of a move crosses the option `acceptance`. Returns the number of evaluations of
    /// the score.
    fn choose_scale(&mut self, here: &Place, there: &mut Place, clock: &Clock, pairwise: &Pairwise) -> Result<u64> {
        /// The largest number of doublings or halvings; `2^100` covers all reasonable scales.
        const TRIALS: u64 = 100;
        let preconditions =
            self.preconditioning != Preconditioning::None && is_time_to_precondition(clock.step, self.warmup(clock));
        if preconditions {
            self.moves.preconditioner = Preconditioner::of(self.preconditioning, &here.at);
        }
        let searches = preconditions || (clock.step == 0 && self.chosen);
        if !searches {
            return Ok(0);
        }
        let mut grows = None;
        for trial in 1..=TRIALS {
            let h = self.step_size(clock);
            self.propose(here, there, h, clock, pairwise)?;
            let often = mean_acceptance(&self.moves.ratios(here, there, h)) > self.acceptance;
            if *grows.get_or_insert(often) != often {
                return Ok(trial);
            }
            let log = self.adapted.factor(true).ln() + if often { 1.0 } else { -1.0 } * std::f64::consts::LN_2;
            self.adapted.restart(log);
        }
        Ok(TRIALS)
    }
}
