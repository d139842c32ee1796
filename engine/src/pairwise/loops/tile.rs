//! The register tiles: the queries of a panel lie in the lanes of [`WIDTH`] registers, and sources
//! are broadcast.
//!
//! Both products of a block (scores from coordinates, sums from weights) have the same shape. `R`
//! rows of `WIDTH` registers stay in accumulators while one loop runs over the summed index, with
//! `WIDTH` loads and `R` broadcasts per `R WIDTH` multiply-adds. Maxima, normalisers and rescaling
//! are per lane, so no reduction across lanes is needed. Both products read the same row-major copy
//! of the sources.

// An index shows clearly that several arrays of registers are traversed together.
#![allow(clippy::needless_range_loop)]

use crate::simd::Real;
use pulp::{Simd, bytemuck};

/// Registers across a panel: with 8 rows, 24 of 32 registers are accumulators; with 4 rows, 12 of
/// 16.
pub const WIDTH: usize = 3;

/// Coordinates per pass over a block. This many coordinates of a panel of queries stay in the
/// first-level cache.
const DEPTH: usize = 128;

/// One row of a panel.
pub type Row<T, S> = [<T as Real>::Lanes<S>; WIDTH];

/// The formula of a squared distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `2 q.x - |x|^2`, without the term `-|q|^2`. It takes one operation per coordinate, and its
    /// error is `eps (|x|^2 + |q|^2)`.
    Product,
    /// `-|q - x|^2`. It takes two operations per coordinate, and its error is `eps |q - x|^2`.
    Difference,
    /// `-|q - x|^2` by products, and by differences for every pair that is so near that the error
    /// of the products would matter to a kernel (see [`correct`]).
    Corrected,
}

impl Form {
    /// True if scores are computed by products: queries are packed times 2, and biases include
    /// `-|x|^2`.
    pub fn has_products(self) -> bool {
        self != Form::Difference
    }
}

/// Returns the slice as rows of a panel.
#[inline(always)]
pub fn rows<T: Real, S: Simd>(x: &[T]) -> &[Row<T, S>] {
    T::registers::<S>(x).as_chunks().0
}

/// Returns the mutable slice as rows of a panel.
#[inline(always)]
pub fn rows_mut<T: Real, S: Simd>(x: &mut [T]) -> &mut [Row<T, S>] {
    T::registers_mut::<S>(x).as_chunks_mut().0
}

/// Computes `s[j] = bias_j - |q - x_j|^2`, in product form without `|q|^2`.
///
/// `q` is dim x panel (in product form `2 q`), and `x` is rows x dim. There is one bias per row; in
/// product form it includes `-|x_j|^2`.
#[inline(always)]
pub fn scores<T: Real, S: Simd>(simd: S, form: Form, q: &[Row<T, S>], x: &[T], bias: &[T], s: &mut [Row<T, S>]) {
    match form {
        Form::Product | Form::Corrected => score_all::<T, S, false>(simd, q, x, bias, s),
        Form::Difference => score_all::<T, S, true>(simd, q, x, bias, s),
    }
}

#[inline(always)]
fn score_all<T: Real, S: Simd, const DIFFERENCE: bool>(
    simd: S,
    q: &[Row<T, S>],
    x: &[T],
    bias: &[T],
    s: &mut [Row<T, S>],
) {
    let dim = q.len();
    for from in (0..dim).step_by(DEPTH) {
        let q = &q[from..dim.min(from + DEPTH)];
        let mut j = 0;
        while S::REGISTER_COUNT >= 32 && j + 8 <= bias.len() {
            score_rows::<T, S, 8, DIFFERENCE>(simd, q, (&x[j * dim..], dim, from), &bias[j..], &mut s[j..]);
            j += 8;
        }
        while j + 4 <= bias.len() {
            score_rows::<T, S, 4, DIFFERENCE>(simd, q, (&x[j * dim..], dim, from), &bias[j..], &mut s[j..]);
            j += 4;
        }
        while j < bias.len() {
            score_rows::<T, S, 1, DIFFERENCE>(simd, q, (&x[j * dim..], dim, from), &bias[j..], &mut s[j..]);
            j += 1;
        }
    }
}

/// Adds coordinates `from .. from + q.len()` for `R` sources.
#[inline(always)]
fn score_rows<T: Real, S: Simd, const R: usize, const DIFFERENCE: bool>(
    simd: S,
    q: &[Row<T, S>],
    (x, dim, from): (&[T], usize, usize),
    bias: &[T],
    s: &mut [Row<T, S>],
) {
    let mut source = [x; R];
    let mut acc = [[T::splat(simd, T::default()); WIDTH]; R];
    for r in 0..R {
        source[r] = &x[r * dim + from..][..q.len()];
        acc[r] = if from == 0 { [T::splat(simd, bias[r]); WIDTH] } else { s[r] };
    }
    for (k, b) in q.iter().enumerate() {
        for r in 0..R {
            let a = T::splat(simd, source[r][k]);
            for v in 0..WIDTH {
                acc[r][v] = if DIFFERENCE {
                    let t = T::sub(simd, b[v], a);
                    T::negate_mul_add(simd, t, t, acc[r][v])
                } else {
                    T::mul_add(simd, a, b[v], acc[r][v])
                };
            }
        }
    }
    s[..R].copy_from_slice(&acc);
}

/// Returns the error of a squared distance by products, relative to `|q|^2 + |x|^2`, divided by
/// 1e-5 in f32 and by 1e-11 in f64. The accepted error of a distance `d` is this divisor if `d` is
/// above 1, and the divisor times `d` below.
pub fn near_ratio<T: Real>() -> f64 {
    T::EPSILON / if size_of::<T>() == 8 { 1e-11 } else { 1e-5 }
}

/// Returns the square of the distance below which products are not accurate enough, for two points
/// whose squared norms have this sum.
pub fn near_square<T: Real>(squares: f64) -> f64 {
    let ratio = near_ratio::<T>() * squares;
    ratio.max(ratio * ratio)
}

/// Completes scores by products: subtracts `|q|^2`, and computes the scores of near pairs by
/// differences.
#[inline(always)]
pub fn correct<T: Real, S: Simd>(
    simd: S,
    (q, squares): (&[Row<T, S>], &Row<T, S>),
    x: &[T],
    bias: &[T],
    s: &mut [Row<T, S>],
) {
    let (zero, ratio) = (T::splat(simd, T::default()), T::splat(simd, T::from_f64(near_ratio::<T>())));
    for (j, s) in s.iter_mut().enumerate() {
        let bias = T::splat(simd, bias[j]);
        let mut excess = [zero; WIDTH];
        let mut most = zero;
        for v in 0..WIDTH {
            s[v] = T::sub(simd, s[v], squares[v]);
            let near = T::mul(simd, ratio, T::sub(simd, squares[v], bias));
            excess[v] = T::add(simd, s[v], T::max(simd, near, T::mul(simd, near, near)));
            most = T::max(simd, most, excess[v]);
        }
        let most: &[T] = bytemuck::cast_slice(std::slice::from_ref(&most));
        if most.iter().any(|most| *most > T::default()) {
            correct_row::<T, S>(simd, q, &x[j * q.len()..][..q.len()], &excess, s);
        }
    }
}

/// Computes the scores of one source by differences, in the lanes where `excess` is positive.
#[inline(always)]
fn correct_row<T: Real, S: Simd>(simd: S, q: &[Row<T, S>], x: &[T], excess: &Row<T, S>, s: &mut Row<T, S>) {
    let (zero, half) = (T::splat(simd, T::default()), T::splat(simd, T::from_f64(0.5)));
    let [mut a, mut b, mut c]: Row<T, S> = [zero; WIDTH];
    for (&[q_a, q_b, q_c], x) in q.iter().zip(x) {
        let x = T::splat(simd, *x);
        let off = |q| T::sub(simd, T::mul(simd, half, q), x);
        let (t_a, t_b, t_c) = (off(q_a), off(q_b), off(q_c));
        a = T::negate_mul_add(simd, t_a, t_a, a);
        b = T::negate_mul_add(simd, t_b, t_b, b);
        c = T::negate_mul_add(simd, t_c, t_c, c);
    }
    for (s, (exact, excess)) in s.iter_mut().zip([a, b, c].into_iter().zip(excess)) {
        let change = T::where_greater(simd, *excess, zero, T::sub(simd, exact, *s));
        *s = T::add(simd, *s, change);
    }
}

/// Computes `o[c] = scale o[c] + sum_j w[j] v[j][c]`: `w` is rows x panel, `v` rows x dim, `o` dim
/// x panel.
#[inline(always)]
pub fn accumulate<T: Real, S: Simd>(simd: S, w: &[Row<T, S>], v: &[T], o: &mut [Row<T, S>], scale: &Row<T, S>) {
    let dim = o.len();
    let mut c = 0;
    while S::REGISTER_COUNT >= 32 && c + 8 <= dim {
        accumulate_rows::<T, S, 8>(simd, w, v, o, scale, c);
        c += 8;
    }
    while c + 4 <= dim {
        accumulate_rows::<T, S, 4>(simd, w, v, o, scale, c);
        c += 4;
    }
    while c + 2 <= dim {
        accumulate_rows::<T, S, 2>(simd, w, v, o, scale, c);
        c += 2;
    }
    if c < dim {
        accumulate_rows::<T, S, 1>(simd, w, v, o, scale, c);
    }
}

#[inline(always)]
fn accumulate_rows<T: Real, S: Simd, const R: usize>(
    simd: S,
    w: &[Row<T, S>],
    v: &[T],
    o: &mut [Row<T, S>],
    scale: &Row<T, S>,
    c: usize,
) {
    let dim = o.len();
    let zero = T::splat(simd, T::default());
    // Starts from zero, not from o: the sum of a block is added to the total once, which keeps
    // rounding errors small.
    let mut acc = [[zero; WIDTH]; R];
    for (b, row) in w.iter().zip(v.chunks_exact(dim)) {
        let row = &row[c..c + R];
        for r in 0..R {
            let a = T::splat(simd, row[r]);
            for v in 0..WIDTH {
                acc[r][v] = T::mul_add(simd, a, b[v], acc[r][v]);
            }
        }
    }
    for (o, acc) in o[c..c + R].iter_mut().zip(&acc) {
        for v in 0..WIDTH {
            o[v] = T::mul_add(simd, o[v], scale[v], acc[v]);
        }
    }
}
