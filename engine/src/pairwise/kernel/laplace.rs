//! The Laplace kernel.

use super::lanes::{exp_root, negative_root, over_positive, root};
use super::{Part, RadialKernel};
use crate::simd::Real;
use pulp::Simd;
use std::f64::consts::LOG2_E;

/// The kernel `exp(-d / h)`: in scaled coordinates `2^-a`, `a = sqrt t`. Its gradient has a kink at
/// `d = 0`.
pub struct Laplace {
    pub h: f64,
}

impl RadialKernel for Laplace {
    fn value(&self, d2: f64) -> f64 {
        (-d2.sqrt() / self.h).exp()
    }

    fn slope(&self, d2: f64) -> f64 {
        if d2 > 0.0 { -self.value(d2) / (self.h * d2.sqrt()) } else { 0.0 }
    }

    fn log(&self, d2: f64) -> Option<[f64; 2]> {
        let d = d2.sqrt();
        Some([-d / self.h, if d2 == 0.0 { 0.0 } else { -1.0 / (self.h * d) }])
    }

    fn units(&self, part: Part, _: f64) -> (f64, f64) {
        let factor = match part {
            Part::Value => 1.0,
            Part::Slope => -LOG2_E / (self.h * self.h),
        };
        (LOG2_E / self.h, factor)
    }

    #[inline(always)]
    fn value_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
        exp_root::<T, S>(simd, root::<T, S>(simd, score))
    }

    #[inline(always)]
    fn softmax_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> (T::Lanes<S>, Option<T::Lanes<S>>) {
        (negative_root::<T, S>(simd, score), None)
    }

    /// `2^-a / a`, and 0 at 0.
    #[inline(always)]
    fn slope_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
        let a = root::<T, S>(simd, score);
        over_positive::<T, S>(simd, exp_root::<T, S>(simd, a), a)
    }
}
