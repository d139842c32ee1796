//! The Matern kernel of smoothness 5/2.

use super::lanes::{constant, exp_root, linear_exp, negative_root, root};
use super::{FAR, Part, RadialKernel};
use crate::simd::Real;
use pulp::Simd;
use std::f64::consts::{LN_2, LOG2_E};

/// The kernel `(1 + a + a^2 / 3) exp(-a)`, `a = sqrt(5) d / h`: in scaled coordinates `(1 + b + b^2
/// / 3) e^-b`, `b = sqrt(t) ln 2`.
pub struct Matern52 {
    pub h: f64,
}

impl RadialKernel for Matern52 {
    fn value(&self, d2: f64) -> f64 {
        let a = (5.0 * d2).sqrt() / self.h;
        (1.0 + a + a * a / 3.0) * (-a).exp()
    }

    fn slope(&self, d2: f64) -> f64 {
        let a = (5.0 * d2).sqrt() / self.h;
        -5.0 / 3.0 * (1.0 + a) * (-a).exp() / (self.h * self.h)
    }

    fn log(&self, d2: f64) -> Option<[f64; 2]> {
        let a = (5.0 * d2).sqrt() / self.h;
        let slope = -5.0 / 3.0 * (1.0 + a) / (self.h * self.h * (1.0 + a + a * a / 3.0));
        Some([(a + a * a / 3.0).ln_1p() - a, slope])
    }

    fn units(&self, part: Part, _: f64) -> (f64, f64) {
        let factor = match part {
            Part::Value => 1.0,
            Part::Slope => -5.0 / (3.0 * self.h * self.h),
        };
        (5f64.sqrt() * LOG2_E / self.h, factor)
    }

    fn vanishing_score(_: Part) -> f64 {
        FAR
    }

    /// The spectrum falls like a power of the frequency.
    fn cells_per_bandwidth(&self, part: Part, tolerance: f64) -> Option<f64> {
        Some(match (part, tolerance < 1e-4) {
            (Part::Value, true) => 26.0,
            (Part::Value, false) => 10.0,
            (Part::Slope, true) => 128.0,
            (Part::Slope, false) => 36.0,
        })
    }

    #[inline(always)]
    fn value_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
        let a = root::<T, S>(simd, score);
        T::mul(simd, quadratic::<T, S>(simd, a), exp_root::<T, S>(simd, a))
    }

    #[inline(always)]
    fn softmax_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> (T::Lanes<S>, Option<T::Lanes<S>>) {
        (negative_root::<T, S>(simd, score), Some(quadratic::<T, S>(simd, root::<T, S>(simd, score))))
    }

    /// `(1 + b) e^-b`
    #[inline(always)]
    fn slope_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
        linear_exp::<T, S>(simd, score)
    }
}

/// `1 + b + b^2 / 3`
#[inline(always)]
fn quadratic<T: Real, S: Simd>(simd: S, a: T::Lanes<S>) -> T::Lanes<S> {
    let p = T::mul_add(simd, constant::<T, S>(simd, LN_2 * LN_2 / 3.0), a, constant::<T, S>(simd, LN_2));
    T::mul_add(simd, p, a, constant::<T, S>(simd, 1.0))
}
