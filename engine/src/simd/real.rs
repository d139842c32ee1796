//! Common operations of vector arithmetic for f32 and f64, over the instruction sets of pulp.

use crate::archive::Archived;
use crate::matrix::multiply;
use faer::{Accum, MatMut, MatRef};
use pulp::{Simd, bytemuck};

/// A floating-point type with lanes on every instruction set.
pub trait Real: Default + PartialOrd + Send + Sync + std::fmt::Debug + bytemuck::Pod + Archived {
    /// A register of lanes.
    type Lanes<S: Simd>: Copy + Send + Sync + bytemuck::Pod;

    /// Half the distance from 1 to the next number, which is the relative rounding error.
    const EPSILON: f64;

    /// Returns the number of lanes per register.
    fn lanes<S: Simd>() -> usize {
        size_of::<Self::Lanes<S>>() / size_of::<Self>()
    }

    /// Returns the nearest value of this type.
    fn from_f64(x: f64) -> Self;
    /// Returns the exact value.
    fn to_f64(self) -> f64;

    /// Returns the rounded sum.
    fn plus(self, other: Self) -> Self;

    /// Computes `out = a b`, or `out += a b`, by faer.
    fn multiply(out: MatMut<Self>, accum: Accum, a: MatRef<Self>, b: MatRef<Self>);

    /// Returns the leading whole registers of a slice.
    fn registers<S: Simd>(x: &[Self]) -> &[Self::Lanes<S>];
    /// Returns the leading whole registers of a slice, mutable.
    fn registers_mut<S: Simd>(x: &mut [Self]) -> &mut [Self::Lanes<S>];

    /// `x` in every lane.
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Lanes<S>;
    /// `a + b`
    fn add<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>) -> Self::Lanes<S>;
    /// `a - b`
    fn sub<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>) -> Self::Lanes<S>;
    /// `a b`
    fn mul<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>) -> Self::Lanes<S>;
    /// `a / b`
    fn div<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>) -> Self::Lanes<S>;
    /// The larger of `a` and `b`.
    fn max<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>) -> Self::Lanes<S>;
    /// The smaller of `a` and `b`.
    fn min<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>) -> Self::Lanes<S>;
    /// The square root.
    fn sqrt<S: Simd>(simd: S, a: Self::Lanes<S>) -> Self::Lanes<S>;

    /// `a b + c`, fused if the hardware supports it.
    fn mul_add<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>, c: Self::Lanes<S>) -> Self::Lanes<S>;

    /// `c - a b`, fused if the hardware supports it.
    fn negate_mul_add<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>, c: Self::Lanes<S>) -> Self::Lanes<S>;

    /// `if a > b { x } else { 0 }`
    fn where_greater<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>, x: Self::Lanes<S>) -> Self::Lanes<S>;

    /// `2^s`, to 2 ulp; 0 if the result is below the smallest normal number. `s` must not exceed
    /// 127 for f32 or 1023 for f64.
    fn exp2<S: Simd>(simd: S, s: Self::Lanes<S>) -> Self::Lanes<S>;
}

/// The methods that differ between the two types only in the suffix of the names in pulp.
macro_rules! forward {
    ($($name:ident($($arg:ident),*) = $pulp:ident;)*) => {
        $(
            #[inline(always)]
            fn $name<S: Simd>(simd: S, $($arg: Self::Lanes<S>),*) -> Self::Lanes<S> {
                simd.$pulp($($arg),*)
            }
        )*
    };
}

impl Real for f32 {
    type Lanes<S: Simd> = S::f32s;

    const EPSILON: f64 = f32::EPSILON as f64 / 2.0;

    #[inline(always)]
    fn from_f64(x: f64) -> f32 {
        x as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn plus(self, other: f32) -> f32 {
        self + other
    }
    fn multiply(out: MatMut<f32>, accum: Accum, a: MatRef<f32>, b: MatRef<f32>) {
        multiply(out, accum, a, b, 1.0);
    }
    #[inline(always)]
    fn registers<S: Simd>(x: &[f32]) -> &[S::f32s] {
        S::as_simd_f32s(x).0
    }
    #[inline(always)]
    fn registers_mut<S: Simd>(x: &mut [f32]) -> &mut [S::f32s] {
        S::as_mut_simd_f32s(x).0
    }
    #[inline(always)]
    fn splat<S: Simd>(simd: S, x: f32) -> S::f32s {
        simd.splat_f32s(x)
    }
    #[inline(always)]
    fn where_greater<S: Simd>(simd: S, a: S::f32s, b: S::f32s, x: S::f32s) -> S::f32s {
        simd.select_f32s(simd.greater_than_f32s(a, b), x, simd.splat_f32s(0.0))
    }
    forward! {
        add(a, b) = add_f32s;
        sub(a, b) = sub_f32s;
        mul(a, b) = mul_f32s;
        div(a, b) = div_f32s;
        max(a, b) = max_f32s;
        min(a, b) = min_f32s;
        sqrt(a) = sqrt_f32s;
        mul_add(a, b, c) = mul_add_e_f32s;
        negate_mul_add(a, b, c) = negate_mul_add_e_f32s;
    }
    #[inline(always)]
    fn exp2<S: Simd>(simd: S, s: S::f32s) -> S::f32s {
        super::exp::exp2_f32(simd, s)
    }
}

impl Real for f64 {
    type Lanes<S: Simd> = S::f64s;

    const EPSILON: f64 = f64::EPSILON / 2.0;

    #[inline(always)]
    fn from_f64(x: f64) -> f64 {
        x
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn plus(self, other: f64) -> f64 {
        self + other
    }
    fn multiply(out: MatMut<f64>, accum: Accum, a: MatRef<f64>, b: MatRef<f64>) {
        multiply(out, accum, a, b, 1.0);
    }
    #[inline(always)]
    fn registers<S: Simd>(x: &[f64]) -> &[S::f64s] {
        S::as_simd_f64s(x).0
    }
    #[inline(always)]
    fn registers_mut<S: Simd>(x: &mut [f64]) -> &mut [S::f64s] {
        S::as_mut_simd_f64s(x).0
    }
    #[inline(always)]
    fn splat<S: Simd>(simd: S, x: f64) -> S::f64s {
        simd.splat_f64s(x)
    }
    #[inline(always)]
    fn where_greater<S: Simd>(simd: S, a: S::f64s, b: S::f64s, x: S::f64s) -> S::f64s {
        simd.select_f64s(simd.greater_than_f64s(a, b), x, simd.splat_f64s(0.0))
    }
    forward! {
        add(a, b) = add_f64s;
        sub(a, b) = sub_f64s;
        mul(a, b) = mul_f64s;
        div(a, b) = div_f64s;
        max(a, b) = max_f64s;
        min(a, b) = min_f64s;
        sqrt(a) = sqrt_f64s;
        mul_add(a, b, c) = mul_add_e_f64s;
        negate_mul_add(a, b, c) = negate_mul_add_e_f64s;
    }
    #[inline(always)]
    fn exp2<S: Simd>(simd: S, s: S::f64s) -> S::f64s {
        super::exp::exp2_f64(simd, s)
    }
}
