//! The squared maximum mean discrepancy.

use super::two_sample::discrepancy;
use super::{Estimate, Metric, Properties, Reference};
use crate::pairwise::{Kernels, Pairwise};
use crate::{Points, Result, rng::Stream};

crate::options! {
    /// Options of `mmd`.
    pub struct MmdOptions {
        /// "median" (a Gaussian kernel whose bandwidth is the median distance within the
        /// reference), a kernel such as `imq(0.5)`, or a list. The items of a list are kernels or
        /// bandwidths of Gaussian kernels, and the metric averages over them.
        kernel: Kernels = Kernels::Median,
        /// Leave out the pairs of a point with itself: the unbiased U-statistic, which can be
        /// negative.
        unbiased: bool = false,
    }
}

/// `MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y)` \[gretton2012kernel\], the mean over the
/// kernels. The part `mmd` is its square root, and the parts `h` are the bandwidths. Cost `(n +
/// m)^2` kernel values in f64 per kernel.
#[derive(Debug, Clone, Default)]
pub struct Mmd {
    options: MmdOptions,
}

impl Mmd {
    /// Creates the metric with these options.
    pub fn new(options: MmdOptions) -> Mmd {
        Mmd { options }
    }
}

impl Metric for Mmd {
    fn name(&self) -> &'static str {
        "mmd"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties { uses_weights: true, rate: 1.0, sees_units: true, counts_pairs: true, ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, _: Stream) -> Result<Estimate> {
        let kernels = self.options.kernel.resolve(&reference.equal_points(reference.points().n()))?;
        let found = discrepancy(points, reference, &kernels, self.options.unbiased, pairwise)?;
        let root = found.value.max(0.0).sqrt();
        let found = found.with_part("mmd", root);
        Ok(kernels.iter().fold(found, |e, k| e.with_part("h", k.bandwidth())))
    }
}
