//! The noise levels of a diffusion, and the coordinates of its processes.

use crate::number::number;
use crate::score::{Extent, Score};
use crate::target::Gaussian;
use crate::{Error, Result, Rule};
use serde::{Deserialize, Serialize};

/// The form of a noised point: `y = a (x + sigma e)`. In the variance-exploding coordinates `z = y
/// / a` every process is the same diffusion; only the coordinates and the usual levels differ
/// \[karras2022elucidating\].
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

/// The options of the noise levels, which all diffusion samplers share.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LevelOptions {
    pub process: Process,
    pub sigma_max: Option<f64>,
    pub sigma_min: Option<f64>,
    pub rho: f64,
    pub beta_min: f64,
    pub beta_max: f64,
    pub denoise: bool,
}

/// Noise levels from `sigma_max` down to `sigma_min`. With "ve" they are, at the fraction `t` of
/// the steps, `(max^(1/rho) + t (min^(1/rho) - max^(1/rho)))^rho` \[karras2022elucidating\]. With
/// "vp" and "subvp" they are the noise levels at evenly spaced times under the rate
/// `beta_min + time (beta_max - beta_min)` \[song2021score\].
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    options: LevelOptions,
    sigma_max: f64,
    sigma_min: f64,
    centre: Option<Vec<f64>>,
    /// The spread of the data, 0 if it is unknown.
    data_spread: f64,
    /// The range of sigma that the score has learned.
    range: Option<(f64, f64)>,
}

/// The largest noise level: beyond it, particles count as diverged and squares overflow.
const WIDEST: f64 = 1e60;
const TOO_WIDE: &str = "it must be at most 1e60: squares of larger numbers leave the range of numbers";

impl Levels {
    /// Returns the requested noise levels. Those that are left out are chosen from the extent of
    /// the score.
    pub(super) fn new(options: LevelOptions, score: &dyn Score) -> Result<Levels> {
        let positive = |name: &str, value: f64| match value > 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(Error::argument(name, value, Rule::Positive)),
        };
        positive("rho", options.rho)?;
        positive("beta_max", options.beta_max)?;
        if !(0.0..=options.beta_max).contains(&options.beta_min) {
            return Err(Error::argument("beta_min", options.beta_min, "it must lie between 0 and beta_max"));
        }
        let extent = score.extent();
        let open = |name: &str| {
            let want = format!("{} has no known scale: give a number", score.name());
            Error::argument(name, "left out", want)
        };
        let on_points = score.properties().is_of_points;
        // At a large first noise level, the spread of the data does not matter. At the last noise
        // level, the noise moves a point by about the finest detail of the points, or less.
        let fine = |extent: &Extent| if on_points { extent.last_noise() } else { 0.01 * extent.detail };
        let learned = score.sigma_range().learned;
        // The chosen noise levels stay within the range that a score has learned.
        let range = learned.unwrap_or((0.0, f64::INFINITY));
        let within = |sigma: f64| sigma.min(range.1).max(range.0);
        let detail = extent.as_ref().map(|e| within(fine(e)));
        let sigma_min = options.sigma_min.or(detail).ok_or_else(|| open("sigma_min"))?;
        if options.sigma_min.is_none() && sigma_min <= 0.0 {
            let cause = if on_points { "its points coincide" } else { "its smallest standard deviation is 0" };
            let want = format!("{} has no finest detail, as {cause}: give a number", score.name());
            return Err(Error::argument("sigma_min", "left out", want));
        }
        let mut levels = Levels { options, sigma_max: 0.0, sigma_min, centre: None, data_spread: 0.0, range: learned };
        let wide = extent.as_ref().map(|e| 10.0 * e.diameter.max(e.detail));
        let usual = match levels.options.process {
            Process::Ve => wide,
            _ => Some(levels.sigma_at(1.0)),
        };
        levels.sigma_max = levels.options.sigma_max.or(usual.map(within)).ok_or_else(|| open("sigma_max"))?;
        positive("sigma_min", levels.sigma_min)?;
        if !(levels.sigma_max > levels.sigma_min && levels.sigma_max.is_finite()) {
            let want = format!("it must be above sigma_min, {}", number(levels.sigma_min));
            return Err(Error::argument("sigma_max", levels.sigma_max, want));
        }
        if levels.sigma_max > WIDEST {
            return Err(Error::argument("sigma_max", format!("{:e}", levels.sigma_max), TOO_WIDE));
        }
        if let Some(extent) = extent {
            levels.data_spread = extent.std.iter().map(|s| s * s).sum::<f64>().sqrt();
            levels.centre = Some(extent.centre);
        }
        Ok(levels)
    }

    /// Returns the noise level before step `step` of `steps`. For `step = steps` it is the last
    /// noise level: 0 if `denoise` is set, otherwise `sigma_min`.
    pub fn sigma(&self, step: usize, steps: usize) -> f64 {
        let (last, to_zero) = (steps.max(1), self.options.denoise);
        match (step >= last, to_zero) {
            (true, true) => 0.0,
            (true, false) => self.sigma_min,
            (false, true) if last == 1 => self.sigma_max,
            (false, true) => self.between(step as f64 / (last - 1) as f64),
            (false, false) => self.between(step as f64 / last as f64),
        }
    }

    /// Returns the noise level before step `step` of `steps`, without a last step to 0.
    pub(super) fn level(&self, step: usize, steps: usize) -> f64 {
        self.between(step as f64 / steps.max(1) as f64)
    }

    fn between(&self, t: f64) -> f64 {
        match (t, self.options.process) {
            (t, _) if t <= 0.0 => self.sigma_max,
            (t, _) if t >= 1.0 => self.sigma_min,
            (t, Process::Ve) => {
                let root = |s: f64| s.powf(1.0 / self.options.rho);
                (root(self.sigma_max) + t * (root(self.sigma_min) - root(self.sigma_max))).powf(self.options.rho)
            }
            (t, _) => {
                let (from, to) = (self.time_of(self.sigma_max), self.time_of(self.sigma_min));
                self.sigma_at(from + t * (to - from))
            }
        }
    }

    /// Returns the noise level at a time of the process. The variable `b` is the integral of the
    /// rate.
    fn sigma_at(&self, time: f64) -> f64 {
        let LevelOptions { beta_min, beta_max, .. } = self.options;
        let b = time * (beta_min + 0.5 * time * (beta_max - beta_min));
        match self.options.process {
            Process::SubVp => -(-b).exp_m1() * (0.5 * b).exp(),
            _ => b.exp_m1().sqrt(),
        }
    }

    fn time_of(&self, sigma: f64) -> f64 {
        let LevelOptions { beta_min, beta_max, .. } = self.options;
        let b = match self.options.process {
            Process::SubVp => -2.0 * self.scale(sigma).ln(),
            _ => (sigma * sigma).ln_1p(),
        };
        2.0 * b / (beta_min + (beta_min * beta_min + 2.0 * (beta_max - beta_min) * b).sqrt())
    }

    /// Returns `a` at a noise level.
    pub fn scale(&self, sigma: f64) -> f64 {
        match self.options.process {
            Process::Ve => 1.0,
            Process::Vp => 1.0 / (1.0 + sigma * sigma).sqrt(),
            Process::SubVp => 2.0 / (sigma + (sigma * sigma + 4.0).sqrt()),
        }
    }

    /// Returns `da / dsigma`.
    pub(super) fn scale_slope(&self, sigma: f64) -> f64 {
        let a = self.scale(sigma);
        match self.options.process {
            Process::Ve => 0.0,
            Process::Vp => -sigma * a.powi(3),
            Process::SubVp => -a / (sigma * sigma + 4.0).sqrt(),
        }
    }

    /// Returns `N(a m, a^2 sigma_max^2 I)`, the distribution of the start, with the mean `m` of the
    /// data if it is known.
    pub(super) fn prior(&self, dim: usize) -> Result<Gaussian> {
        let a = self.scale(self.sigma_max);
        let centre = self.centre.clone().unwrap_or_else(|| vec![0.0; dim]);
        Gaussian::isotropic(centre.iter().map(|m| a * m).collect(), a * self.sigma_max)
    }

    /// Returns a description of the noise levels; None if the options give both the first and the
    /// last.
    pub(super) fn note(&self) -> Option<String> {
        let open = self.options.sigma_max.is_none() || self.options.sigma_min.is_none();
        let learned = if self.range.is_some() { ", within the range that the score has learned" } else { "" };
        open.then(|| format!("sigma: from {} down to {}{learned}", number(self.sigma_max), number(self.sigma_min)))
    }

    pub(super) fn sigma_min(&self) -> f64 {
        self.sigma_min
    }

    /// Returns the root of the sum of the variances of the data, 0 if it is unknown.
    pub(super) fn data_spread(&self) -> f64 {
        self.data_spread
    }

    pub(super) fn denoises(&self) -> bool {
        self.options.denoise
    }
}

#[cfg(test)]
mod tests;
