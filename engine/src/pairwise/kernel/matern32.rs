//! The Matern kernel of smoothness 3/2.

use super::lanes::{exp_root, linear, linear_exp, negative_root, root};
use super::{FAR, Part, RadialKernel};
use crate::simd::Real;
use pulp::Simd;
use std::f64::consts::LOG2_E;

/// The kernel `(1 + a) exp(-a)`, `a = sqrt(3) d / h`: in scaled coordinates `(1 + b) e^-b`, `b =
/// sqrt(t) ln 2`.
pub struct Matern32 {
    pub h: f64,
}

impl RadialKernel for Matern32 {
    fn value(&self, d2: f64) -> f64 {
        let a = (3.0 * d2).sqrt() / self.h;
        (1.0 + a) * (-a).exp()
    }

    fn slope(&self, d2: f64) -> f64 {
        -3.0 * (-(3.0 * d2).sqrt() / self.h).exp() / (self.h * self.h)
    }

    fn log(&self, d2: f64) -> Option<[f64; 2]> {
        let a = (3.0 * d2).sqrt() / self.h;
        Some([a.ln_1p() - a, -3.0 / (self.h * self.h * (1.0 + a))])
    }

    fn units(&self, part: Part, _: f64) -> (f64, f64) {
        let factor = match part {
            Part::Value => 1.0,
            Part::Slope => -3.0 / (self.h * self.h),
        };
        (3f64.sqrt() * LOG2_E / self.h, factor)
    }

    fn vanishing_score(_: Part) -> f64 {
        FAR
    }

    #[inline(always)]
    fn value_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
        linear_exp::<T, S>(simd, score)
    }

    /// The prefactor is `1 + b`.
    #[inline(always)]
    fn softmax_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> (T::Lanes<S>, Option<T::Lanes<S>>) {
        (negative_root::<T, S>(simd, score), Some(linear::<T, S>(simd, root::<T, S>(simd, score))))
    }

    /// `2^-sqrt(t)`
    #[inline(always)]
    fn slope_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
        exp_root::<T, S>(simd, root::<T, S>(simd, score))
    }
}
