//! Distributions to reach or to start from.
//!
//! A [`Target`] can be sampled, but for a caller's own [`Density`]; what else it knows (log density, score, moments,
//! modes) it offers as options, so that exact answers are used wherever they exist.

mod checkerboard;
mod component;
mod covariance;
mod curved;
mod dataset;
mod density;
mod extent;
mod gaussian;
mod mixture;
mod option;
mod samples;
mod shape;
mod shape_plane;
mod shape_space;
mod student_t;
#[cfg(test)]
mod tests;

pub use curved::{Banana, Funnel};
pub use dataset::{DATASETS, DatasetOptions, Style, dataset};
pub use density::{Density, LogDensityOf, ScoreOf};
pub use extent::{diameter, spacing};
pub use gaussian::Gaussian;
pub use mixture::Mixture;
pub use option::{BananaOptions, FunnelOptions, GaussianOptions, MixtureOptions, Numbers, StudentTOptions};
pub use samples::{Samples, SamplesOptions, scale_warning};
pub use student_t::StudentT;

use crate::points::Standardiser;
use crate::{Error, Points, Result, rng::Stream};
use faer::Mat;

/// A probability distribution on `R^dim`, possibly convolved with `N(0, sigma^2 I)`.
pub trait Target: Send + Sync + std::fmt::Debug {
    /// Name for messages and reports: "ar1(0.9) in 64 dimensions".
    fn name(&self) -> String;

    /// Number of coordinates.
    fn dim(&self) -> usize;

    /// `n` independent points, determined by the stream. For a finite sample: drawn from it, without replacement
    /// while it lasts.
    ///
    /// # Errors
    /// None for most; a finite sample cannot give more rows than it has, and a [`Density`] none.
    fn sample(&self, n: usize, stream: Stream) -> Result<Points>;

    /// `out[i] = log p_sigma(x_i)` in nats, `p_sigma = p * N(0, sigma^2 I)`, `sigma >= 0`.
    ///
    /// # Errors
    /// [`Error::Missing`] where there is no closed form (the default), or a shape that does not fit.
    fn log_density(&self, _points: &Points, _sigma: f64, _out: &mut Vec<f64>) -> Result<()> {
        Err(self.missing("closed-form log density"))
    }

    /// Row `i` of `out` becomes `grad log p_sigma(x_i)`.
    ///
    /// # Errors
    /// As [`Target::log_density`].
    fn score(&self, _points: &Points, _sigma: f64, _out: &mut Points) -> Result<()> {
        Err(self.missing("closed-form score"))
    }

    /// Does [`Target::score`] have a closed form?
    fn has_score(&self) -> bool {
        false
    }

    /// Do [`Target::log_density`] and [`Target::score`] have a closed form for positive sigma too?
    fn smooths(&self) -> bool {
        true
    }

    /// Exact mean and covariance, where they exist.
    fn moments(&self) -> Option<Moments> {
        None
    }

    /// The modes of a mixture, for counting what was reached.
    fn modes(&self) -> Option<&Mixture> {
        None
    }

    /// The finite sample behind it, when the distribution is one.
    fn data(&self) -> Option<&Points> {
        None
    }

    /// The weights of that sample, summing to one; `None` when they are equal.
    fn weights(&self) -> Option<&[f64]> {
        None
    }

    /// The units in which a flow towards this target is to work, when they are not the caller's.
    fn standardiser(&self) -> Option<&Standardiser> {
        None
    }

    /// The error for a part that this target lacks.
    fn missing(&self, part: &str) -> Error {
        Error::Missing {
            what: self.name(),
            part: part.into(),
            hint: "use a target that has one (`gaussian`, `ar1`, `mixture`, `student_t`), or an estimate from samples"
                .into(),
        }
    }
}

/// Mean and covariance of a distribution.
#[derive(Debug, Clone)]
pub struct Moments {
    /// Mean, `dim`.
    pub mean: Vec<f64>,
    /// Covariance, `dim` x `dim`.
    pub cov: Mat<f64>,
}

/// # Errors
/// `sigma`, the standard deviation of a smoothing noise, is negative or not finite.
fn check_sigma(sigma: f64) -> Result<()> {
    if sigma >= 0.0 && sigma.is_finite() {
        return Ok(());
    }
    Err(Error::argument("sigma", sigma, "it must be finite and not negative"))
}

/// # Errors
/// As [`check_sigma`], or `sigma` is positive where only the unsmoothed law has a closed form.
fn check_no_smoothing(target: &impl Target, sigma: f64) -> Result<()> {
    check_sigma(sigma)?;
    if sigma == 0.0 {
        return Ok(());
    }
    let hint = "use `smoothed(target)`, which smooths by Monte Carlo, or sigma = 0 with `scaling: \"raw\"`".into();
    Err(Error::Missing { what: target.name(), part: format!("closed form at sigma = {sigma}"), hint })
}
