//! The inverse multiquadric kernel.

use super::lanes::constant;
use super::{Part, RadialKernel};
use crate::simd::Real;
use pulp::Simd;

/// The kernel `(1 + d^2 / h^2)^(-1/2)`: in scaled coordinates `(1 + t)^(-1/2)`.
pub struct Imq {
    pub h: f64,
}

impl RadialKernel for Imq {
    fn value(&self, d2: f64) -> f64 {
        1.0 / (1.0 + d2 / (self.h * self.h)).sqrt()
    }

    fn slope(&self, d2: f64) -> f64 {
        -self.value(d2).powi(3) / (self.h * self.h)
    }

    fn log(&self, d2: f64) -> Option<[f64; 2]> {
        let h2 = self.h * self.h;
        Some([-0.5 * (d2 / h2).ln_1p(), -1.0 / (h2 + d2)])
    }

    fn units(&self, part: Part, _: f64) -> (f64, f64) {
        let factor = match part {
            Part::Value => 1.0,
            Part::Slope => -1.0 / (self.h * self.h),
        };
        (1.0 / self.h, factor)
    }

    /// The kernel is analytic up to a distance of `h` from the real line, so that its spectrum
    /// falls like `exp(-h w)`.
    fn cells_per_bandwidth(&self, part: Part, tolerance: f64) -> Option<f64> {
        Some(match (part, tolerance < 1e-4) {
            (Part::Value, true) => 7.0,
            (Part::Value, false) => 4.5,
            (Part::Slope, true) => 9.0,
            (Part::Slope, false) => 6.5,
        })
    }

    #[inline(always)]
    fn value_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
        let one = constant::<T, S>(simd, 1.0);
        T::div(simd, one, T::sqrt(simd, T::sub(simd, one, score)))
    }

    /// `(1 + t)^(-3/2)`
    #[inline(always)]
    fn slope_lanes<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
        let one = constant::<T, S>(simd, 1.0);
        let t = T::sub(simd, one, score);
        T::div(simd, one, T::mul(simd, t, T::sqrt(simd, t)))
    }
}
