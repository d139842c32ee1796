//! The squared maximum mean discrepancy.

use super::properties::FEW_POINTS;
use super::two_sample::{MANY, Sums, discrepancy};
use super::{Estimate, Metric, Properties, Reference};
use crate::pairwise::{GRID_DIM, Kernels, Pairwise, Part};
use crate::{Points, Result, rng::Stream};

crate::options! {
    /// Options of `mmd`.
    pub struct MmdOptions {
        /// "median" (a Gaussian kernel whose bandwidth is the median distance within the
        /// reference), a kernel such as `imq(0.5)`, or a list. The items of a list are kernels or
        /// bandwidths of Gaussian kernels, and the metric averages over them.
        kernel: Kernels = Kernels::Median,
        /// Whether the pairs of a point with itself are left out. The value is then the unbiased
        /// U-statistic, which can be negative.
        unbiased: bool = false,
    }
}

/// `MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y)` \[gretton2012kernel\], the mean over the
/// kernels. The part `mmd` is its square root, and the parts `h` are the bandwidths. Cost `(n +
/// m)^2` kernel values in f64 per kernel. For Gaussian and other smooth kernels and more than
/// 262,144 points in up to three dimensions, the sums are computed on a grid, in time proportional
/// to `n + m`. The kernel is then replaced by another kernel, whose values differ from it by a few
/// ten-millionths of its value at distance 0.
#[derive(Debug, Clone, Default)]
pub struct Mmd {
    options: MmdOptions,
    sums: Sums,
}

impl Mmd {
    /// Creates the metric with these options.
    pub fn new(options: MmdOptions) -> Mmd {
        Mmd { options, sums: Sums::Pairs }
    }
}

impl Metric for Mmd {
    fn name(&self) -> &'static str {
        "mmd"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties {
            uses_weights: true,
            rate: 1.0,
            sees_units: true,
            floor_points: FEW_POINTS,
            ..Properties::default()
        }
    }

    fn for_sizes(&self, dim: usize, n: usize, m: usize) -> Option<Box<dyn Metric>> {
        let are_smooth = match &self.options.kernel {
            Kernels::Median => true,
            Kernels::Given(kernels) => kernels.iter().all(|kernel| kernel.has_grid(Part::Value)),
        };
        let is_quicker = are_smooth && dim <= GRID_DIM && n.saturating_add(m) > MANY;
        is_quicker.then(|| Box::new(Mmd { sums: Sums::Grid, ..self.clone() }) as Box<dyn Metric>)
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, _: Stream) -> Result<Estimate> {
        let kernels = self.options.kernel.resolve(&reference.equal_points(reference.points().n()))?;
        let found = discrepancy(points, reference, &kernels, self.options.unbiased, self.sums, pairwise)?;
        let root = found.value.max(0.0).sqrt();
        let found = found.with_part("mmd", root);
        Ok(kernels.iter().fold(found, |e, k| e.with_part("h", k.bandwidth())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a grid, the value, its error and the unbiased value are those of all pairs. This holds
    /// between different distributions and between equal ones, where the value is a small
    /// difference of larger numbers.
    #[test]
    fn a_grid_gives_what_all_pairs_give() {
        for (dim, shift) in [(1, 0.0), (2, 0.5), (2, 0.0), (3, 0.0)] {
            let (x, mut y) = (Stream::new(1).normal(2_000, dim), Stream::new(2).normal(1_500, dim));
            y.data_mut().iter_mut().for_each(|y| *y += shift);
            let reference = Reference::new(y).unwrap();
            for unbiased in [false, true] {
                let options = MmdOptions { unbiased, ..MmdOptions::default() };
                let of = |sums| {
                    let mmd = Mmd { options: options.clone(), sums };
                    mmd.estimate(&x, &reference, &Pairwise::default(), Stream::new(1)).unwrap()
                };
                let (found, want) = (of(Sums::Grid), of(Sums::Pairs));
                assert!((found.value - want.value).abs() < 1e-5 * want.se, "{dim}: {found:?} {want:?}");
                assert!((found.se - want.se).abs() < 1e-5 * want.se, "{dim}: {found:?} {want:?}");
                assert_ne!(found.value, want.value);
            }
        }
    }

    #[test]
    fn many_points_are_summed_on_a_grid() {
        let (x, y) = (Stream::new(1).normal(MANY, 2), Stream::new(2).normal(1_000, 2));
        let (mmd, pairwise) = (Mmd::default(), Pairwise::default());
        let found = mmd.estimate(&x, &Reference::new(y).unwrap(), &pairwise, Stream::new(1)).unwrap();
        assert!(pairwise.work().on_grid() >= (MANY + 1_000) as u64, "{found:?}");
    }
}
