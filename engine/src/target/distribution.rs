//! The interface of all targets.

use super::density::{Density, check_sigma};
use super::mixture::Mixture;
use crate::error::MissingPart;
use crate::points::{AffineMap, RowSource, Standardiser};
use crate::{Error, Points, Result, rng::Stream};
use faer::Mat;
use std::fmt;
use std::sync::Arc;

/// A probability distribution on `R^dim`.
///
/// Abilities that only some distributions have are separate methods that return None by default;
/// only [`Target::sample`] may return an error instead.
pub trait Target: Send + Sync + fmt::Debug {
    /// Returns the name for messages and reports, such as "ar1(0.9) in 64 dimensions".
    fn name(&self) -> String;

    /// Returns the number of coordinates.
    fn dim(&self) -> usize;

    /// Returns `n` independent points, determined by the stream. A finite sample returns its own
    /// points, drawn without replacement if they have equal weights, and otherwise by weight with
    /// replacement.
    ///
    /// # Errors
    /// Most distributions return no error. A finite sample with equal weights cannot return more
    /// rows than it has, and a [`super::CustomDensity`] cannot be sampled.
    fn sample(&self, n: usize, stream: Stream) -> Result<Points>;

    /// Returns the names of the coordinates; empty if they have none.
    fn columns(&self) -> &[String] {
        &[]
    }

    /// Returns the number of labels, if the last columns of each point encode its label and the
    /// rows of each label are one block.
    fn labels(&self) -> Option<usize> {
        None
    }

    /// Returns log density and score, if they have a closed form.
    fn density(&self) -> Option<&dyn Density> {
        None
    }

    /// Returns the exact mean and covariance, if they exist. A finite sample returns its own mean
    /// and covariance.
    fn moments(&self) -> Option<Moments> {
        None
    }

    /// Returns the modes of a mixture, so that the modes that were reached can be counted.
    fn modes(&self) -> Option<&Mixture> {
        None
    }

    /// Returns the points of a finite sample, if the distribution is one.
    fn finite_sample(&self) -> Option<FiniteSample<'_>> {
        None
    }
}

/// The points of a finite sample.
#[derive(Debug, Clone, Copy)]
pub enum FiniteSample<'a> {
    /// Points in memory.
    InMemory(DataView<'a>),
    /// Rows that are read when they are needed.
    Stored(&'a Arc<dyn RowSource>),
}

impl FiniteSample<'_> {
    /// Returns the number of points.
    pub fn n(self) -> usize {
        match self {
            FiniteSample::InMemory(data) => data.points.n(),
            FiniteSample::Stored(rows) => rows.n(),
        }
    }
}

/// Methods that return a part, or an error that names the missing part.
impl dyn Target + '_ {
    /// Returns the points of a finite sample in memory, if the distribution is one.
    pub fn data(&self) -> Option<DataView<'_>> {
        match self.finite_sample() {
            Some(FiniteSample::InMemory(data)) => Some(data),
            _ => None,
        }
    }

    /// Returns the rows of a finite sample that is not in memory, if the distribution is one.
    pub fn rows(&self) -> Option<&Arc<dyn RowSource>> {
        match self.finite_sample() {
            Some(FiniteSample::Stored(rows)) => Some(rows),
            _ => None,
        }
    }

    /// Returns `n` points like [`Target::sample`]. A finite sample that is not in memory and has
    /// fewer than `n` rows returns all its rows.
    ///
    /// # Errors
    /// Those of [`Target::sample`].
    pub(crate) fn sample_up_to(&self, n: usize, stream: Stream) -> Result<Points> {
        self.sample(self.rows().map_or(n, |rows| n.min(rows.n())), stream)
    }

    /// Returns the closed form.
    ///
    /// # Errors
    /// [`Error::Missing`] with `part` if there is none.
    pub fn expect_density(&self, part: MissingPart) -> Result<&dyn Density> {
        self.density().ok_or_else(|| Error::missing(self.name(), part))
    }

    /// Returns the exact mean and covariance.
    ///
    /// # Errors
    /// [`Error::Missing`] if they are unknown or do not exist.
    pub fn expect_moments(&self) -> Result<Moments> {
        self.moments().ok_or_else(|| Error::missing(self.name(), MissingPart::Moments))
    }

    /// Returns the modes.
    ///
    /// # Errors
    /// [`Error::Missing`] if the target is not a mixture.
    pub fn expect_modes(&self) -> Result<&Mixture> {
        self.modes().ok_or_else(|| Error::missing(self.name(), MissingPart::Modes))
    }
}

/// A finite sample: its points, their weights, and the units in which a flow towards it works.
#[derive(Debug, Clone, Copy)]
pub struct DataView<'a> {
    /// The points, shared.
    pub points: &'a Arc<Points>,
    /// One weight per point, summing to one; None if they are equal.
    pub weights: Option<&'a [f64]>,
    /// The standard units; None if a flow works in the units of the points.
    pub standardiser: Option<&'a Standardiser>,
    /// All points as they were given, with their weights, if some of the weights are 0. Points of
    /// weight 0 are not among `points`.
    pub given: Option<(&'a Arc<Points>, &'a [f64])>,
}

/// Mean and covariance of a distribution.
#[derive(Debug, Clone)]
pub struct Moments {
    /// Mean, `dim`.
    pub mean: Vec<f64>,
    /// Covariance, `dim` x `dim`.
    pub cov: Mat<f64>,
}

impl Moments {
    /// Returns the moments in other units; `units` maps these to the present units.
    pub(crate) fn in_units(&self, units: &AffineMap) -> Moments {
        let (scale, shift) = (units.scale(), units.shift());
        let mean = self.mean.iter().zip(scale.iter().zip(shift)).map(|(m, (s, b))| (m - b) / s).collect();
        let cov = Mat::from_fn(self.cov.nrows(), self.cov.ncols(), |i, j| self.cov[(i, j)] / (scale[i] * scale[j]));
        Moments { mean, cov }
    }
}

/// Checks `sigma` for a distribution that has a closed form only without smoothing. A positive
/// `sigma` is an error, as is any `sigma` that [`check_sigma`] refuses.
///
/// # Errors
/// The check fails.
pub(super) fn check_no_smoothing(target: &impl Target, sigma: f64) -> Result<()> {
    check_sigma(sigma)?;
    if sigma == 0.0 { Ok(()) } else { Err(Error::missing(target.name(), MissingPart::SmoothedForm(sigma))) }
}
