//! The noise levels of a diffusion, and the coordinates in which it is usually written.

use crate::number::number;
use crate::score::Score;
use crate::target::Gaussian;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// How a noised point is written: `y = a (x + sigma e)`. Every one of them is the same diffusion in `z = y / a`, where the noise
/// level `sigma` explodes; only the coordinates and the usual levels differ \[karras2022elucidating\].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Process {
    /// Variance exploding: `a = 1`.
    #[default]
    Ve,
    /// Variance preserving: `a = (1 + sigma^2)^(-1/2)`.
    Vp,
    /// Sub-variance preserving: `a sigma = 1 - a^2`.
    SubVp,
}

crate::choices!(Process);

/// What the options of all samplers share.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub process: Process,
    pub sigma_max: Option<f64>,
    pub sigma_min: Option<f64>,
    pub rho: f64,
    pub beta_min: f64,
    pub beta_max: f64,
    pub denoise: bool,
}

/// Levels from `sigma_max` down to `sigma_min`: with "ve" `(max^(1/rho) + t (min^(1/rho) - max^(1/rho)))^rho`
/// \[karras2022elucidating\]; with "vp" and "subvp" those of evenly spaced times under the rate
/// `beta_min + time (beta_max - beta_min)` \[song2021score\].
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    wanted: Wanted,
    sigma_max: f64,
    sigma_min: f64,
    centre: Option<Vec<f64>>,
    /// Of sigma that the score has learned.
    range: Option<(f64, f64)>,
}

/// Largest noise: beyond it particles count as diverged, and squares leave the numbers.
const WIDEST: f64 = 1e60;
const TOO_WIDE: &str = "it must be at most 1e60: squares of larger numbers leave the range of numbers";

impl Levels {
    /// The levels that are wanted, with what is left open taken from the size of what the score describes.
    pub(super) fn new(wanted: Wanted, score: &dyn Score) -> Result<Levels> {
        let positive = |name: &str, value: f64| match value > 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(Error::argument(name, value, "it must be positive")),
        };
        positive("rho", wanted.rho)?;
        positive("beta_max", wanted.beta_max)?;
        if !(0.0..=wanted.beta_max).contains(&wanted.beta_min) {
            return Err(Error::argument("beta_min", wanted.beta_min, "it must lie between 0 and beta_max"));
        }
        let extent = score.extent();
        let open = |name: &str| {
            let want = format!("{} says nothing of its size: give a number", score.name());
            Error::argument(name, "left out", want)
        };
        let on_points = score.kernel().is_some_and(|kde| kde.points().is_some());
        // A wide start hides the data's own spread; the finest detail is left as it is.
        let fine = if on_points { 1.0 } else { 0.01 };
        let learned = score.sigma_range().learned;
        // What is left open stays within what a score has learned.
        let range = learned.unwrap_or((0.0, f64::INFINITY));
        let within = |sigma: f64| sigma.min(range.1).max(range.0);
        let detail = extent.as_ref().map(|e| within(fine * e.detail));
        let sigma_min = wanted.sigma_min.or(detail).ok_or_else(|| open("sigma_min"))?;
        if wanted.sigma_min.is_none() && sigma_min <= 0.0 {
            let cause = if on_points { "its points coincide" } else { "its smallest standard deviation is 0" };
            let want = format!("{} has no finest detail, as {cause}: give a number", score.name());
            return Err(Error::argument("sigma_min", "left out", want));
        }
        let mut levels = Levels { wanted, sigma_max: 0.0, sigma_min, centre: None, range: learned };
        let wide = extent.as_ref().map(|e| 10.0 * e.diameter.max(e.detail));
        let usual = match levels.wanted.process {
            Process::Ve => wide,
            _ => Some(levels.sigma_at(1.0)),
        };
        levels.sigma_max = levels.wanted.sigma_max.or(usual.map(within)).ok_or_else(|| open("sigma_max"))?;
        positive("sigma_min", levels.sigma_min)?;
        if !(levels.sigma_max > levels.sigma_min && levels.sigma_max.is_finite()) {
            let want = format!("it must be above sigma_min, {}", number(levels.sigma_min));
            return Err(Error::argument("sigma_max", levels.sigma_max, want));
        }
        if levels.sigma_max > WIDEST {
            return Err(Error::argument("sigma_max", format!("{:e}", levels.sigma_max), TOO_WIDE));
        }
        levels.centre = extent.map(|e| e.centre);
        Ok(levels)
    }

    /// The level before step `step` of `steps`; after the last, 0 where the end is denoised.
    pub fn sigma(&self, step: usize, steps: usize) -> f64 {
        let (last, to_zero) = (steps.max(1), self.wanted.denoise);
        match (step >= last, to_zero) {
            (true, true) => 0.0,
            (true, false) => self.sigma_min,
            (false, true) if last == 1 => self.sigma_max,
            (false, true) => self.between(step as f64 / (last - 1) as f64),
            (false, false) => self.between(step as f64 / last as f64),
        }
    }

    /// The same without the step onto 0.
    pub(super) fn level(&self, step: usize, steps: usize) -> f64 {
        self.between(step as f64 / steps.max(1) as f64)
    }

    fn between(&self, t: f64) -> f64 {
        match (t, self.wanted.process) {
            (t, _) if t <= 0.0 => self.sigma_max,
            (t, _) if t >= 1.0 => self.sigma_min,
            (t, Process::Ve) => {
                let root = |s: f64| s.powf(1.0 / self.wanted.rho);
                (root(self.sigma_max) + t * (root(self.sigma_min) - root(self.sigma_max))).powf(self.wanted.rho)
            }
            (t, _) => {
                let (from, to) = (self.time_of(self.sigma_max), self.time_of(self.sigma_min));
                self.sigma_at(from + t * (to - from))
            }
        }
    }

    /// The level at a time of the process, with `B` the integral of the rate.
    fn sigma_at(&self, time: f64) -> f64 {
        let Wanted { beta_min, beta_max, .. } = self.wanted;
        let b = time * (beta_min + 0.5 * time * (beta_max - beta_min));
        match self.wanted.process {
            Process::SubVp => -(-b).exp_m1() * (0.5 * b).exp(),
            _ => b.exp_m1().sqrt(),
        }
    }

    fn time_of(&self, sigma: f64) -> f64 {
        let Wanted { beta_min, beta_max, .. } = self.wanted;
        let b = match self.wanted.process {
            Process::SubVp => -2.0 * self.scale(sigma).ln(),
            _ => (sigma * sigma).ln_1p(),
        };
        2.0 * b / (beta_min + (beta_min * beta_min + 2.0 * (beta_max - beta_min) * b).sqrt())
    }

    /// `a` at a level.
    pub fn scale(&self, sigma: f64) -> f64 {
        match self.wanted.process {
            Process::Ve => 1.0,
            Process::Vp => 1.0 / (1.0 + sigma * sigma).sqrt(),
            Process::SubVp => 2.0 / (sigma + (sigma * sigma + 4.0).sqrt()),
        }
    }

    /// `da / dsigma`.
    pub(super) fn scale_slope(&self, sigma: f64) -> f64 {
        let a = self.scale(sigma);
        match self.wanted.process {
            Process::Ve => 0.0,
            Process::Vp => -sigma * a.powi(3),
            Process::SubVp => -a / (sigma * sigma + 4.0).sqrt(),
        }
    }

    /// `N(a m, a^2 sigma_max^2 I)`, with the mean `m` of the data where it is known: the distribution of the start.
    pub(super) fn prior(&self, dim: usize) -> Result<Gaussian> {
        let a = self.scale(self.sigma_max);
        let centre = self.centre.clone().unwrap_or_else(|| vec![0.0; dim]);
        Gaussian::isotropic(centre.iter().map(|m| a * m).collect(), a * self.sigma_max)
    }

    /// What was chosen, in words; None where nothing was.
    pub(super) fn note(&self) -> Option<String> {
        let open = self.wanted.sigma_max.is_none() || self.wanted.sigma_min.is_none();
        let learned = if self.range.is_some() { ", within what the score has learned" } else { "" };
        open.then(|| format!("sigma: from {} down to {}{learned}", number(self.sigma_max), number(self.sigma_min)))
    }

    pub(super) fn sigma_min(&self) -> f64 {
        self.sigma_min
    }

    pub(super) fn denoises(&self) -> bool {
        self.wanted.denoise
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Exact;
    use std::sync::Arc;

    fn levels(process: Process, denoise: bool) -> Levels {
        let score = Exact::new(Arc::new(Gaussian::isotropic(vec![1.0, 2.0], 0.5).unwrap())).unwrap();
        let wanted = Wanted {
            process,
            sigma_max: None,
            sigma_min: Some(0.01),
            rho: 7.0,
            beta_min: 0.1,
            beta_max: 20.0,
            denoise,
        };
        Levels::new(wanted, &score).unwrap()
    }

    #[test]
    fn levels_fall_from_end_to_end() {
        for process in [Process::Ve, Process::Vp, Process::SubVp] {
            for denoise in [false, true] {
                let levels = levels(process, denoise);
                let all: Vec<f64> = (0..=50).map(|step| levels.sigma(step, 50)).collect();
                assert!(all.windows(2).all(|w| w[1] < w[0]), "{process:?}");
                assert_eq!((all[0], all[50]), (levels.sigma_max, if denoise { 0.0 } else { 0.01 }));
                assert!(!denoise || all[49] == 0.01);
            }
        }
    }

    /// Against the formulas of the process: `a = exp(-B/2)`, and a noise of variance `1 - a^2` or its square.
    #[test]
    fn scales_are_those_of_the_process() {
        for process in [Process::Vp, Process::SubVp] {
            let levels = levels(process, false);
            for time in [0.01f64, 0.3, 1.0] {
                let b: f64 = time * (0.1 + 0.5 * time * 19.9);
                let (a, sigma) = ((-0.5 * b).exp(), levels.sigma_at(time));
                let noise = if process == Process::Vp { (1.0 - a * a).sqrt() } else { 1.0 - a * a };
                assert!((levels.scale(sigma) - a).abs() < 1e-12, "{process:?} {time}");
                assert!((a * sigma - noise).abs() < 1e-12, "{process:?} {time}");
                assert!((levels.time_of(sigma) - time).abs() < 1e-12, "{process:?} {time}");
                let slope = (levels.scale(sigma + 1e-6) - levels.scale(sigma - 1e-6)) / 2e-6;
                assert!((levels.scale_slope(sigma) - slope).abs() < 1e-8);
            }
        }
    }

    /// A score that has learned sigma between 0.02 and 3.
    #[derive(Debug)]
    struct Learned(Exact);

    impl Score for Learned {
        fn name(&self) -> String {
            "learned".into()
        }

        fn dim(&self) -> Option<usize> {
            self.0.dim()
        }

        fn evaluate(&mut self, at: &crate::score::At, form: crate::score::Form, out: &mut crate::Points) -> Result<()> {
            self.0.evaluate(at, form, out)
        }

        fn extent(&self) -> Option<crate::score::Extent> {
            self.0.extent()
        }

        fn sigma_range(&self) -> crate::score::SigmaRange {
            crate::score::SigmaRange { learned: Some((0.02, 3.0)), zero: true }
        }
    }

    #[test]
    fn what_is_left_open_stays_within_what_was_learned_and_what_is_given_does_not() {
        let score = Learned(Exact::new(Arc::new(Gaussian::isotropic(vec![1.0, 2.0], 0.5).unwrap())).unwrap());
        let of = |process, sigma_max, sigma_min| {
            let wanted =
                Wanted { process, sigma_max, sigma_min, rho: 7.0, beta_min: 0.1, beta_max: 20.0, denoise: false };
            Levels::new(wanted, &score).unwrap()
        };
        for process in [Process::Ve, Process::Vp] {
            let levels = of(process, None, None);
            assert_eq!((levels.sigma_max, levels.sigma_min), (3.0, 0.02));
            let note = levels.note().unwrap();
            assert_eq!(note, "sigma: from 3 down to 0.02, within what the score has learned");
            let levels = of(process, Some(50.0), Some(1e-3));
            assert_eq!((levels.sigma_max, levels.sigma_min), (50.0, 1e-3));
        }
    }

    #[test]
    fn the_start_has_the_noise_of_the_first_level() {
        let ve = levels(Process::Ve, false);
        let prior = ve.prior(2).unwrap();
        assert_eq!(prior.mean(), [1.0, 2.0]);
        assert!((prior.cov()[(0, 0)].sqrt() - 20.0).abs() < 1e-9, "ten diameters of four standard deviations");
        assert!((levels(Process::Vp, false).prior(2).unwrap().cov()[(1, 1)] - 1.0).abs() < 1e-3);
    }
}
