//! The kernels as functions of one dimensionless number, on lanes.
//!
//! The coordinates are scaled so that `t = |q - x|^2` is what the profile takes; a factor outside the sums restores
//! the kernel's units. Exponentials are in base 2.

use crate::pairwise::{Kernel, Part};
use crate::simd::Real;
use pulp::Simd;
use std::f64::consts::{LN_2, LOG2_E};

/// `f(t)` at the score `e = -t <= 0`.
pub trait Profile: Copy {
    fn at<T: Real, S: Simd>(simd: S, e: T::Lanes<S>) -> T::Lanes<S>;
}

macro_rules! profiles {
    ($($(#[doc = $doc:literal])* $name:ident = |$simd:ident, $t:ident, $e:ident| $body:expr;)*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Clone, Copy)]
            pub struct $name;

            impl Profile for $name {
                #[inline(always)]
                fn at<$t: Real, S: Simd>($simd: S, $e: $t::Lanes<S>) -> $t::Lanes<S> {
                    $body
                }
            }
        )*
    };
}

profiles! {
    /// `2^-t`
    Exp = |simd, T, e| T::exp2(simd, e);
    /// `2^-a`, `a = sqrt t`
    ExpRoot = |simd, T, e| exp_root::<T, S>(simd, root::<T, S>(simd, e));
    /// `2^-a / a`, 0 at 0
    ExpRootOverRoot = |simd, T, e| {
        let a = root::<T, S>(simd, e);
        over_positive::<T, S>(simd, exp_root::<T, S>(simd, a), a)
    };
    /// `(1 + t)^(-1/2)`
    InverseRoot = |simd, T, e| {
        let one = constant::<T, S>(simd, 1.0);
        T::div(simd, one, T::sqrt(simd, T::sub(simd, one, e)))
    };
    /// `(1 + t)^(-3/2)`
    InverseRootCubed = |simd, T, e| {
        let one = constant::<T, S>(simd, 1.0);
        let t = T::sub(simd, one, e);
        T::div(simd, one, T::mul(simd, t, T::sqrt(simd, t)))
    };
    /// `(1 + b) e^-b`, `b = a ln 2`
    LinearExp = |simd, T, e| {
        let a = root::<T, S>(simd, e);
        let p = T::mul_add(simd, constant::<T, S>(simd, LN_2), a, constant::<T, S>(simd, 1.0));
        T::mul(simd, p, exp_root::<T, S>(simd, a))
    };
    /// `(1 + b + b^2 / 3) e^-b`, `b = a ln 2`
    QuadraticExp = |simd, T, e| {
        let a = root::<T, S>(simd, e);
        let p = T::mul_add(simd, constant::<T, S>(simd, LN_2 * LN_2 / 3.0), a, constant::<T, S>(simd, LN_2));
        let p = T::mul_add(simd, p, a, constant::<T, S>(simd, 1.0));
        T::mul(simd, p, exp_root::<T, S>(simd, a))
    };
    /// `a`
    Root = |simd, T, e| root::<T, S>(simd, e);
    /// `1 / a`, 0 at 0
    OverRoot = |simd, T, e| over_positive::<T, S>(simd, constant::<T, S>(simd, 1.0), root::<T, S>(simd, e));
}

#[inline(always)]
fn constant<T: Real, S: Simd>(simd: S, x: f64) -> T::Lanes<S> {
    T::splat(simd, T::from_f64(x))
}

/// `a = sqrt(-e)`
#[inline(always)]
fn root<T: Real, S: Simd>(simd: S, e: T::Lanes<S>) -> T::Lanes<S> {
    let zero = T::splat(simd, T::default());
    T::sqrt(simd, T::max(simd, T::sub(simd, zero, e), zero))
}

#[inline(always)]
fn exp_root<T: Real, S: Simd>(simd: S, a: T::Lanes<S>) -> T::Lanes<S> {
    T::exp2(simd, T::sub(simd, T::splat(simd, T::default()), a))
}

#[inline(always)]
fn over_positive<T: Real, S: Simd>(simd: S, x: T::Lanes<S>, a: T::Lanes<S>) -> T::Lanes<S> {
    T::where_greater(simd, a, T::splat(simd, T::default()), T::div(simd, x, a))
}

/// Which profile a kernel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    Exp,
    ExpRoot,
    ExpRootOverRoot,
    InverseRoot,
    InverseRootCubed,
    LinearExp,
    QuadraticExp,
    Root,
    OverRoot,
}

/// A kernel in the profile's units: `k(d^2) = factor f(scale^2 d^2)`.
#[derive(Debug, Clone, Copy)]
pub struct Scaled {
    pub name: Name,
    pub scale: f64,
    pub factor: f64,
}

impl Scaled {
    /// The kernel's value or slope; `spread` is the data's scale, the unit of a kernel that has no bandwidth.
    pub fn of(kernel: Kernel, part: Part, spread: f64) -> Scaled {
        let unit = if spread > 0.0 { 1.0 / spread } else { 1.0 };
        let (name, scale, factor) = match (kernel, part) {
            (Kernel::Gaussian { h }, Part::Value) => (Name::Exp, (0.5 * LOG2_E).sqrt() / h, 1.0),
            (Kernel::Gaussian { h }, Part::Slope) => (Name::Exp, (0.5 * LOG2_E).sqrt() / h, -1.0 / (h * h)),
            (Kernel::Laplace { h }, Part::Value) => (Name::ExpRoot, LOG2_E / h, 1.0),
            (Kernel::Laplace { h }, Part::Slope) => (Name::ExpRootOverRoot, LOG2_E / h, -LOG2_E / (h * h)),
            (Kernel::Imq { h }, Part::Value) => (Name::InverseRoot, 1.0 / h, 1.0),
            (Kernel::Imq { h }, Part::Slope) => (Name::InverseRootCubed, 1.0 / h, -1.0 / (h * h)),
            (Kernel::Matern32 { h }, Part::Value) => (Name::LinearExp, 3f64.sqrt() * LOG2_E / h, 1.0),
            (Kernel::Matern32 { h }, Part::Slope) => (Name::ExpRoot, 3f64.sqrt() * LOG2_E / h, -3.0 / (h * h)),
            (Kernel::Matern52 { h }, Part::Value) => (Name::QuadraticExp, 5f64.sqrt() * LOG2_E / h, 1.0),
            (Kernel::Matern52 { h }, Part::Slope) => (Name::LinearExp, 5f64.sqrt() * LOG2_E / h, -5.0 / (3.0 * h * h)),
            (Kernel::Energy, Part::Value) => (Name::Root, unit, -1.0 / unit),
            (Kernel::Energy, Part::Slope) => (Name::OverRoot, unit, -unit),
        };
        Scaled { name, scale, factor }
    }
}
