//! What every target can be asked for.

use super::density::{Density, check_sigma};
use super::mixture::Mixture;
use crate::error::MissingPart;
use crate::points::{AffineMap, Standardiser};
use crate::{Error, Points, Result, rng::Stream};
use faer::Mat;
use std::fmt;
use std::sync::Arc;

/// A probability distribution on `R^dim`.
///
/// What only some distributions can do is asked for and may be absent; [`Target::sample`] alone may
/// refuse.
pub trait Target: Send + Sync + fmt::Debug {
    /// Name for messages and reports: "ar1(0.9) in 64 dimensions".
    fn name(&self) -> String;

    /// Number of coordinates.
    fn dim(&self) -> usize;

    /// `n` independent points, determined by the stream. For a finite sample: drawn from it,
    /// without replacement while it lasts.
    ///
    /// # Errors
    /// None for most; a finite sample cannot give more rows than it has, and a
    /// [`super::CustomDensity`] none.
    fn sample(&self, n: usize, stream: Stream) -> Result<Points>;

    /// Log density and score, where they have a closed form.
    fn density(&self) -> Option<&dyn Density> {
        None
    }

    /// Exact mean and covariance, where they exist; of a finite sample its own.
    fn moments(&self) -> Option<Moments> {
        None
    }

    /// The modes of a mixture, for counting what was reached.
    fn modes(&self) -> Option<&Mixture> {
        None
    }

    /// The finite sample that the distribution is, when it is one.
    fn data(&self) -> Option<DataView<'_>> {
        None
    }
}

/// What must be there, or the error that says what is missing.
impl dyn Target + '_ {
    /// The closed form.
    ///
    /// # Errors
    /// [`Error::Missing`] with `part` where there is none.
    pub fn expect_density(&self, part: MissingPart) -> Result<&dyn Density> {
        self.density().ok_or_else(|| Error::missing(self.name(), part))
    }

    /// The exact mean and covariance.
    ///
    /// # Errors
    /// [`Error::Missing`] where they are not known or do not exist.
    pub fn expect_moments(&self) -> Result<Moments> {
        self.moments().ok_or_else(|| Error::missing(self.name(), MissingPart::Moments))
    }

    /// The modes.
    ///
    /// # Errors
    /// [`Error::Missing`] for what is no mixture.
    pub fn expect_modes(&self) -> Result<&Mixture> {
        self.modes().ok_or_else(|| Error::missing(self.name(), MissingPart::Modes))
    }
}

/// A finite sample: its points, what each counts, and the units in which a flow towards it is to
/// work.
#[derive(Debug, Clone, Copy)]
pub struct DataView<'a> {
    /// The points, shared.
    pub points: &'a Arc<Points>,
    /// One weight per point, summing to one; None where they are equal.
    pub weights: Option<&'a [f64]>,
    /// Standard units, when a flow is not to work in those of the points.
    pub standardiser: Option<&'a Standardiser>,
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
    /// Those of the same distribution in units from which this map leads to the present ones.
    pub(crate) fn in_units(&self, units: &AffineMap) -> Moments {
        let (scale, shift) = (units.scale(), units.shift());
        let mean = self.mean.iter().zip(scale.iter().zip(shift)).map(|(m, (s, b))| (m - b) / s).collect();
        let cov = Mat::from_fn(self.cov.nrows(), self.cov.ncols(), |i, j| self.cov[(i, j)] / (scale[i] * scale[j]));
        Moments { mean, cov }
    }
}

/// # Errors
/// As [`check_sigma`], or `sigma` is positive where only the unsmoothed distribution has a closed
/// form.
pub(super) fn check_no_smoothing(target: &impl Target, sigma: f64) -> Result<()> {
    check_sigma(sigma)?;
    if sigma == 0.0 { Ok(()) } else { Err(Error::missing(target.name(), MissingPart::SmoothedForm(sigma))) }
}
