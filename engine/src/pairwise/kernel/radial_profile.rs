//! Functions of a score, from which the lane profiles of the kernels are built.
//!
//! The coordinates are scaled so that the score is `-t = -|q - x|^2`; a factor outside the sums
//! restores the units of the kernel. Exponentials are in base 2.

use crate::simd::Real;
use pulp::Simd;
use std::f64::consts::LN_2;

/// `x` in every lane.
#[inline(always)]
pub fn constant<T: Real, S: Simd>(simd: S, x: f64) -> T::Lanes<S> {
    T::splat(simd, T::from_f64(x))
}

/// `a = sqrt(t)`
#[inline(always)]
pub fn root<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
    let zero = T::splat(simd, T::default());
    T::sqrt(simd, T::max(simd, T::sub(simd, zero, score), zero))
}

/// `-sqrt(t)`
#[inline(always)]
pub fn negative_root<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
    T::sub(simd, T::splat(simd, T::default()), root::<T, S>(simd, score))
}

/// `2^-a`
#[inline(always)]
pub fn exp_root<T: Real, S: Simd>(simd: S, a: T::Lanes<S>) -> T::Lanes<S> {
    T::exp2(simd, T::sub(simd, T::splat(simd, T::default()), a))
}

/// `x / a` if `a` is positive, otherwise 0.
#[inline(always)]
pub fn over_positive<T: Real, S: Simd>(simd: S, x: T::Lanes<S>, a: T::Lanes<S>) -> T::Lanes<S> {
    T::where_greater(simd, a, T::splat(simd, T::default()), T::div(simd, x, a))
}

/// `1 + b`, `b = a ln 2`.
#[inline(always)]
pub fn linear<T: Real, S: Simd>(simd: S, a: T::Lanes<S>) -> T::Lanes<S> {
    T::mul_add(simd, constant::<T, S>(simd, LN_2), a, constant::<T, S>(simd, 1.0))
}

/// `(1 + b) e^-b`, `b = sqrt(t) ln 2`.
#[inline(always)]
pub fn linear_exp<T: Real, S: Simd>(simd: S, score: T::Lanes<S>) -> T::Lanes<S> {
    let a = root::<T, S>(simd, score);
    T::mul(simd, linear::<T, S>(simd, a), exp_root::<T, S>(simd, a))
}
