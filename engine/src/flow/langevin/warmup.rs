//! The warm-up of adjusted chains: their step size is adapted by dual averaging
//! \[hoffman2014nuts\].

use crate::Result;
use crate::archive::{Archive, Archived};

/// The factor by which the step size differs from its first choice, adapted to a mean probability
/// of acceptance.
#[derive(Debug, Default)]
pub(super) struct Warmup {
    /// The logarithm of the factor with which the next step is tried.
    log: f64,
    /// The weighted mean of the logarithms so far, which is used after the warm-up.
    averaged: f64,
    /// The logarithm towards which the iteration is drawn.
    centre: f64,
    /// The weighted mean of the errors of the acceptance.
    error: f64,
    /// The number of updates since the last restart.
    updates: u64,
}

/// The constants of the iteration, as published.
const GAMMA: f64 = 0.05;
const DELAY: f64 = 10.0;
const KAPPA: f64 = 0.75;

impl Warmup {
    /// Begins anew with this logarithm of the factor.
    pub fn restart(&mut self, log: f64) {
        *self = Warmup { log, averaged: log, centre: log, ..Warmup::default() };
    }

    /// Adapts the factor to the mean probability of acceptance of a step.
    pub fn update(&mut self, acceptance: f64, wanted: f64) {
        self.updates += 1;
        let t = self.updates as f64;
        let share = 1.0 / (t + DELAY);
        self.error += share * (wanted - acceptance - self.error);
        self.log = self.centre - t.sqrt() / GAMMA * self.error;
        self.averaged += t.powf(-KAPPA) * (self.log - self.averaged);
    }

    /// Returns the factor of the step size: the last one if the step is within the warm-up, and the
    /// averaged one after it.
    pub fn factor(&self, within: bool) -> f64 {
        if within { self.log.exp() } else { self.averaged.exp() }
    }
}

/// True if the covariance of the chains is estimated anew before this step of the warm-up. This
/// happens at the steps 8, 16, 32, ... of the first three quarters of the warm-up, so that the step
/// size has time to adapt afterwards.
pub(super) fn is_time_to_precondition(step: usize, warmup: usize) -> bool {
    step >= 8 && step.is_power_of_two() && 4 * step <= 3 * warmup
}

impl Archived for Warmup {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("log", &mut self.log)?;
        archive.part("averaged", &mut self.averaged)?;
        archive.part("centre", &mut self.centre)?;
        archive.part("error", &mut self.error)?;
        archive.part("updates", &mut self.updates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If the acceptance is `exp(-h / 2)`, the step for an acceptance of .574 is `-2 ln .574`.
    #[test]
    fn the_step_is_found() {
        for first in [-6.0, 0.0, 4.0] {
            let mut warmup = Warmup::default();
            warmup.restart(first);
            for _ in 0..300 {
                warmup.update((-0.5 * warmup.factor(true)).exp(), 0.574);
            }
            let want = -2.0 * 0.574_f64.ln();
            assert!((warmup.factor(false) / want - 1.0).abs() < 0.1, "{first} {}", warmup.factor(false));
        }
        assert!(
            !is_time_to_precondition(4, 100) && is_time_to_precondition(64, 100) && !is_time_to_precondition(64, 80)
        );
    }
}
