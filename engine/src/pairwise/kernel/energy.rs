//! The energy (Riesz) kernel, whose squared maximum mean discrepancy is the energy distance.

use super::lanes::{constant, over_positive, root};
use super::{Part, RadialKernel};
use crate::simd::Real;
use pulp::Simd;

/// The kernel `-d`, conditionally positive definite \[sejdinovic2013equivalence\], without a
/// bandwidth and without a logarithm. Its gradient has a kink at `d = 0`.
pub struct Energy;

impl RadialKernel for Energy {
    fn value(&self, d2: f64) -> f64 {
        -d2.sqrt()
    }

    fn slope(&self, d2: f64) -> f64 {
        if d2 > 0.0 { -1.0 / d2.sqrt() } else { 0.0 }
    }

    fn units(&self, part: Part, spread: f64) -> (f64, f64) {
        let scale = if spread > 0.0 { 1.0 / spread } else { 1.0 };
        let factor = match part {
            Part::Value => -1.0 / scale,
            Part::Slope => -scale,
        };
        (scale, factor)
    }

    /// At distance 0 both value and slope are 0.
    fn vanishing_score(_: Part) -> f64 {
        0.0
    }

    #[inline(always)]
    fn value_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
        root::<T, S>(simd, score)
    }

    /// `1 / sqrt(t)`, and 0 at 0.
    #[inline(always)]
    fn slope_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
        over_positive::<T, S>(simd, constant::<T, S>(simd, 1.0), root::<T, S>(simd, score))
    }
}
