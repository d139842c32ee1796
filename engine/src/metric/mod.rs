//! Metrics: how far points are from a reference, with a standard error and a noise floor.
//!
//! A [`Metric`] compares points with a [`Reference`] and returns an [`Estimate`]. [`by_name`]
//! creates a metric from its name and its options. A value alone says little. Compare the value
//! with its [`floor`]: in 95 % of cases, the value of a fresh sample of the target stays below the
//! floor.

mod algebra;
mod bw_uvp;
mod c2st;
mod chain_summary;
mod coverage;
mod energy;
mod estimate;
mod fisher;
mod floor;
mod gaussian;
mod kl_coordinates;
mod kl_knn;
mod known_floors;
mod lines;
mod log_density;
mod memorisation;
mod mmd;
mod mode_weights;
mod moment_errors;
mod moments;
mod precision_recall;
mod properties;
mod reference;
mod registry;
mod relative_error;
mod sinkhorn_divergence;
mod sliced;
mod transport;
mod two_sample;
mod units;
mod wasserstein;

pub(crate) use bw_uvp::{BwUvp, bures_wasserstein};
pub(crate) use c2st::{C2st, C2stOptions};
pub use chain_summary::{ChainSummary, chain_summary};
pub(crate) use coverage::{Coverage, CoverageOptions};
pub(crate) use energy::{Energy, EnergyOptions};
pub use estimate::{Estimate, Floor};
#[doc(hidden)]
pub use fisher::Fisher;
pub use floor::floor;
#[doc(hidden)]
pub use floor::{floor_observed, is_first_estimate, keep_floor, known_floor};
pub(crate) use floor::{floor_pairs, floor_sizes};
pub(crate) use gaussian::{Frechet, KlGauss, W2Gauss};
pub(crate) use kl_coordinates::KlCoordinates;
pub(crate) use kl_knn::{KlKnn, KlKnnOptions};
#[doc(hidden)]
pub use known_floors::KnownFloors;
pub(crate) use log_density::LogDensity;
pub use memorisation::memorisation;
pub(crate) use mmd::{Mmd, MmdOptions};
pub(crate) use mode_weights::ModeWeights;
pub(crate) use moment_errors::{CovarianceError, MeanError};
pub(crate) use precision_recall::{PrecisionRecall, PrecisionRecallOptions};
pub use properties::{Better, Properties};
pub use reference::Reference;
#[doc(hidden)]
pub use registry::METRICS;
pub use registry::by_name;
#[doc(hidden)]
pub use registry::{Entry, better};
pub use relative_error::relative_error;
pub(crate) use sinkhorn_divergence::{SinkhornDivergence, SinkhornDivergenceOptions};
pub(crate) use sliced::{SlicedW2, SlicedW2Options};
#[doc(hidden)]
pub use units::units_warning;
pub(crate) use wasserstein::{W2, W2Options};

use crate::Subject;
use crate::pairwise::Pairwise;
use crate::{Error, MissingPart, Points, Result, rng::Stream};
use std::borrow::Cow;

/// A comparison of points with a reference. Its debug output contains all of its options, because
/// this output is part of the key under which a reference remembers a noise floor.
pub trait Metric: Send + Sync + std::fmt::Debug {
    /// Returns the name in scripts and tables, such as "energy".
    fn name(&self) -> &'static str;

    /// Returns how the values of the metric are interpreted in `dim` dimensions.
    fn properties(&self, _dim: usize) -> Properties {
        Properties::default()
    }

    /// Returns the noise floor for `n` points and a reference of `m` points, if it has a closed
    /// form.
    fn known_floor(&self, _n: usize, _m: usize) -> Option<f64> {
        None
    }

    /// Returns the quicker metric that replaces this one for `n` points and a reference of `m`
    /// points in `dim` dimensions, if there is one for so many points.
    fn for_sizes(&self, _dim: usize, _n: usize, _m: usize) -> Option<Box<dyn Metric>> {
        None
    }

    /// Returns the value for points that [`Metric::estimate`] has checked.
    ///
    /// # Errors
    /// Those of [`Metric::estimate`].
    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, stream: Stream) -> Result<Estimate>;

    /// Returns the value and its standard error. `pairwise` provides the threads, the count of work
    /// and the interrupt; metrics sum in f64 at every precision of `pairwise`. `stream` provides
    /// the random numbers of directions and subsamples.
    ///
    /// # Errors
    /// There are no points, values are not finite, dimensions do not match, the reference lacks a
    /// part ([`Error::Missing`]), or an interrupt.
    fn estimate(
        &self,
        points: &Points,
        reference: &Reference,
        pairwise: &Pairwise,
        stream: Stream,
    ) -> Result<Estimate> {
        if points.n() == 0 {
            return Err(Error::shape(Subject::points(), "no rows", format!("`{}` needs at least one", self.name())));
        }
        points.check_dim(Subject::points(), reference.points().dim(), "the reference")?;
        points.check_squares("the set of points")?;
        if reference.weights().is_some() && !self.properties(points.dim()).uses_weights {
            return Err(Error::missing(format!("`{}`", self.name()), MissingPart::Weights));
        }
        pairwise.interrupt().check()?;
        let points = reference.units().map_or(Cow::Borrowed(points), |units| Cow::Owned(units.apply(points)));
        match self.for_sizes(points.dim(), points.n(), reference.points().n()) {
            Some(quicker) => quicker.measure(&points, reference, pairwise, stream),
            None => self.measure(&points, reference, pairwise, stream),
        }
    }
}

#[cfg(test)]
mod tests;
