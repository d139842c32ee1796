//! The energy distance.

use super::two_sample::discrepancy;
use super::{Estimate, Metric, Properties, Reference};
use crate::pairwise::{Kernel, Pairwise};
use crate::{Points, Result, rng::Stream};

crate::options! {
    /// The energy distance.
    pub struct EnergyOptions {
        /// Leave out the pairs of a point with itself: the unbiased U-statistic, which can be
        /// negative.
        unbiased: bool = false,
    }
}

/// Energy distance `2 E|x - y| - E|x - x'| - E|y - y'|` \[szekely2013energy\], in the units of the
/// data. It is zero only for equal distributions, and needs no bandwidth. Two samples of one
/// distribution have the V-statistic `(1/n + 1/m) E|x - x'|` on average. Cost `(n + m)^2` distances
/// in f64.
#[derive(Debug, Clone, Default)]
pub struct Energy {
    options: EnergyOptions,
}

impl Energy {
    /// Creates the metric with these options.
    pub fn new(options: EnergyOptions) -> Energy {
        Energy { options }
    }
}

impl Metric for Energy {
    fn name(&self) -> &'static str {
        "energy"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties { uses_weights: true, rate: 1.0, sees_units: true, counts_pairs: true, ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, _: Stream) -> Result<Estimate> {
        discrepancy(points, reference, &[Kernel::Energy], self.options.unbiased, pairwise)
    }
}
