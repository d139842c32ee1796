//! The Gaussian kernel.

use super::{Part, RadialKernel};
use crate::simd::Real;
use pulp::Simd;
use std::f64::consts::LOG2_E;

/// The kernel `exp(-d^2 / (2 h^2))`: in scaled coordinates `2^-t`.
pub struct Gaussian {
    pub h: f64,
}

impl RadialKernel for Gaussian {
    fn value(&self, d2: f64) -> f64 {
        (-0.5 * d2 / (self.h * self.h)).exp()
    }

    fn slope(&self, d2: f64) -> f64 {
        -self.value(d2) / (self.h * self.h)
    }

    fn log(&self, d2: f64) -> Option<[f64; 2]> {
        Some([-0.5 * d2 / (self.h * self.h), -1.0 / (self.h * self.h)])
    }

    fn units(&self, part: Part, _: f64) -> (f64, f64) {
        let factor = match part {
            Part::Value => 1.0,
            Part::Slope => -1.0 / (self.h * self.h),
        };
        ((0.5 * LOG2_E).sqrt() / self.h, factor)
    }

    /// The spectrum is a Gaussian.
    fn cells_per_bandwidth(&self, _: Part, tolerance: f64) -> Option<f64> {
        Some(if tolerance < 1e-4 { 3.0 } else { 2.0 })
    }

    #[inline(always)]
    fn value_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
        T::exp2(simd, score)
    }

    #[inline(always)]
    fn softmax_lanes<T: Real, S: Simd>(_: S, score: T::Lanes<S>) -> (T::Lanes<S>, Option<T::Lanes<S>>) {
        (score, None)
    }

    #[inline(always)]
    fn slope_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
        T::exp2(simd, score)
    }
}
