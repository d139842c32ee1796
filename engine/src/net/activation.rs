//! Activation functions after a linear layer. Value and derivative are computed in one pass over
//! the registers.

use crate::simd::{Isa, Real};
use pulp::{Scalar, Simd, WithSimd};
use serde::{Deserialize, Serialize};

/// A function applied to every unit of a hidden layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// `x / (1 + exp(-x))`
    #[default]
    Silu,
    /// `(exp(x) - exp(-x)) / (exp(x) + exp(-x))`
    Tanh,
    /// `log(1 + exp(x))`
    Softplus,
}

crate::choices!(Activation);

impl Activation {
    /// Replaces every row `z` of `slope`, as wide as `bias`, by `f'(z + bias)`, and writes `f(z +
    /// bias)` to `value`. Errors are a few ulp of the result or of 1, whichever is larger.
    pub(super) fn apply<T: Real>(self, bias: &[T], value: &mut [T], slope: &mut [T]) {
        Isa::Auto.run(Apply { activation: self, bias, value, slope });
    }

    /// Returns mean and variance of `f(z)` for `z` from N(0, 1), if the mean is so large that
    /// initial parameters must take it into account. Values of `softplus` are positive, and every
    /// layer adds to their mean; the values of the other functions are near 0 on average.
    pub(super) fn moments(self) -> Option<[f64; 2]> {
        match self {
            Activation::Silu | Activation::Tanh => None,
            // Integrals of log(1 + exp(z))^k exp(-z^2 / 2) / sqrt(2 pi) by the trapezoidal rule.
            Activation::Softplus => Some([0.806_059_183_347, 0.271_514_501_801]),
        }
    }

    /// True if `f(x) - f(-x) = x` for all `x`.
    pub(crate) fn is_paired(self) -> bool {
        match self {
            Activation::Silu | Activation::Softplus => true,
            Activation::Tanh => false,
        }
    }

    #[inline(always)]
    fn of<T: Real, S: Simd>(self, simd: S, x: T::Lanes<S>) -> [T::Lanes<S>; 2] {
        let one = T::splat(simd, T::from_f64(1.0));
        match self {
            Activation::Silu => {
                let s = sigmoid::<T, S>(simd, x);
                let value = T::mul(simd, x, s);
                [value, T::mul_add(simd, value, T::sub(simd, one, s), s)]
            }
            Activation::Tanh => {
                let s = sigmoid::<T, S>(simd, T::add(simd, x, x));
                let value = T::sub(simd, T::add(simd, s, s), one);
                [value, T::negate_mul_add(simd, value, value, one)]
            }
            Activation::Softplus => {
                let zero = T::splat(simd, T::default());
                let positive = T::max(simd, x, zero);
                // log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
                let size = T::sub(simd, T::add(simd, positive, positive), x);
                let e = exp_of_negative::<T, S>(simd, size);
                [T::add(simd, positive, log_1p::<T, S>(simd, e)), sigmoid::<T, S>(simd, x)]
            }
        }
    }
}

/// `1 / (1 + exp(-x))`
#[inline(always)]
fn sigmoid<T: Real, S: Simd>(simd: S, x: T::Lanes<S>) -> T::Lanes<S> {
    let one = T::splat(simd, T::from_f64(1.0));
    T::div(simd, one, T::add(simd, one, exp_of_negative::<T, S>(simd, x)))
}

/// `exp(-x)`, limited to avoid overflow.
#[inline(always)]
fn exp_of_negative<T: Real, S: Simd>(simd: S, x: T::Lanes<S>) -> T::Lanes<S> {
    let exponent = T::mul(simd, x, T::splat(simd, T::from_f64(-std::f64::consts::LOG2_E)));
    T::exp2(simd, T::min(simd, exponent, T::splat(simd, T::from_f64(120.0))))
}

/// `log(1 + y)` for `y` in `[0, 1]`: twice the series of the inverse hyperbolic tangent at
/// `y / (2 + y)`, which is at most 1/3.
#[inline(always)]
fn log_1p<T: Real, S: Simd>(simd: S, y: T::Lanes<S>) -> T::Lanes<S> {
    let t = T::div(simd, y, T::add(simd, T::splat(simd, T::from_f64(2.0)), y));
    let square = T::mul(simd, t, t);
    let terms = if size_of::<T>() == 4 { 8 } else { 17 };
    let mut sum = T::splat(simd, T::default());
    for k in (0..terms).rev() {
        sum = T::mul_add(simd, sum, square, T::splat(simd, T::from_f64(2.0 / f64::from(2 * k + 1))));
    }
    T::mul(simd, sum, t)
}

struct Apply<'a, T> {
    activation: Activation,
    bias: &'a [T],
    value: &'a mut [T],
    slope: &'a mut [T],
}

impl<T: Real> WithSimd for Apply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Each function has a loop of its own, so that the function is not chosen for every
        // register.
        match self.activation {
            Activation::Silu => self.rows(simd, Activation::Silu),
            Activation::Tanh => self.rows(simd, Activation::Tanh),
            Activation::Softplus => self.rows(simd, Activation::Softplus),
        }
    }
}

impl<T: Real> Apply<'_, T> {
    #[inline(always)]
    fn rows<S: Simd>(self, simd: S, activation: Activation) {
        let width = self.bias.len();
        let whole = width - width % T::lanes::<S>();
        let (bias, bias_rest) = self.bias.split_at(whole);
        for (value, slope) in self.value.chunks_exact_mut(width).zip(self.slope.chunks_exact_mut(width)) {
            let ((value, value_rest), (slope, slope_rest)) = (value.split_at_mut(whole), slope.split_at_mut(whole));
            row(simd, activation, bias, value, slope);
            row(Scalar, activation, bias_rest, value_rest, slope_rest);
        }
    }
}

#[inline(always)]
fn row<T: Real, S: Simd>(simd: S, activation: Activation, bias: &[T], value: &mut [T], slope: &mut [T]) {
    let out = T::registers_mut::<S>(value).iter_mut().zip(T::registers_mut::<S>(slope));
    for ((value, slope), bias) in out.zip(T::registers::<S>(bias)) {
        [*value, *slope] = activation.of::<T, S>(simd, T::add(simd, *slope, *bias));
    }
}

/// Adds `other` to `out`, element by element.
pub(super) fn add<T: Real>(out: &mut [T], other: &[T]) {
    Isa::Auto.run(Map { out, other, op: Op::Add });
}

/// Multiplies `out` by `other`, element by element.
pub(super) fn multiply<T: Real>(out: &mut [T], other: &[T]) {
    Isa::Auto.run(Map { out, other, op: Op::Multiply });
}

/// Adds all `rows` to `sum`, in order.
pub(super) fn add_rows<T: Real>(sum: &mut [T], rows: &[T]) {
    let width = sum.len();
    for row in rows.chunks_exact(width) {
        add(sum, row);
    }
}

/// Adds `bias` to every row.
pub(super) fn add_to_rows<T: Real>(rows: &mut [T], bias: &[T]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        add(row, bias);
    }
}

#[derive(Clone, Copy)]
enum Op {
    Add,
    Multiply,
}

struct Map<'a, T> {
    out: &'a mut [T],
    other: &'a [T],
    op: Op,
}

impl<T: Real> WithSimd for Map<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let whole = self.out.len() - self.out.len() % T::lanes::<S>();
        let ((out, out_rest), (other, other_rest)) = (self.out.split_at_mut(whole), self.other.split_at(whole));
        map(simd, self.op, out, other);
        map(Scalar, self.op, out_rest, other_rest);
    }
}

#[inline(always)]
fn map<T: Real, S: Simd>(simd: S, op: Op, out: &mut [T], other: &[T]) {
    for (out, other) in T::registers_mut::<S>(out).iter_mut().zip(T::registers::<S>(other)) {
        *out = match op {
            Op::Add => T::add(simd, *out, *other),
            Op::Multiply => T::mul(simd, *out, *other),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Activation; 3] = [Activation::Silu, Activation::Tanh, Activation::Softplus];

    fn exact(activation: Activation, x: f64) -> [f64; 2] {
        let s = 1.0 / (1.0 + (-x).exp());
        match activation {
            Activation::Silu => [x * s, s * (1.0 + x * (1.0 - s))],
            Activation::Tanh => [x.tanh(), 1.0 - x.tanh().powi(2)],
            Activation::Softplus => [if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }, s],
        }
    }

    fn worst<T: Real>(activation: Activation) -> f64 {
        // 37 columns are whole registers and a remainder on every instruction set.
        let inputs: Vec<f64> = (0..370).map(|i| 0.25 * (f64::from(i) - 185.0)).chain([0.0; 37]).collect();
        let bias: Vec<T> = (0..37).map(|j| T::from_f64(f64::from(j) / 64.0)).collect();
        let mut slope: Vec<T> = inputs.iter().map(|x| T::from_f64(*x)).collect();
        let mut value = vec![T::default(); slope.len()];
        activation.apply(&bias, &mut value, &mut slope);
        let mut worst = 0.0f64;
        for (i, x) in inputs.iter().enumerate() {
            let want = exact(activation, x + f64::from(i as i32 % 37) / 64.0);
            for (got, want) in [value[i], slope[i]].iter().zip(want) {
                worst = worst.max((got.to_f64() - want).abs() / want.abs().max(1.0) / T::EPSILON);
            }
        }
        worst
    }

    #[test]
    fn values_and_slopes_are_exact_to_rounding() {
        for activation in ALL {
            let (single, double) = (worst::<f32>(activation), worst::<f64>(activation));
            assert!(single < 16.0 && double < 16.0, "{activation:?}: {single} {double}");
        }
    }

    #[test]
    fn far_out_they_stay_finite() {
        for activation in ALL {
            let (mut value, mut slope) = ([0f32; 4], [1e30, -1e30, 200.0, -200.0]);
            activation.apply(&[0.0], &mut value, &mut slope);
            assert!(value.iter().chain(&slope).all(|x| x.is_finite()), "{activation:?} {value:?} {slope:?}");
            assert!((value[2] - if activation == Activation::Tanh { 1.0 } else { 200.0 }).abs() < 1e-4);
            assert!((value[3] + if activation == Activation::Tanh { 1.0 } else { 0.0 }).abs() < 1e-6);
        }
    }
}
