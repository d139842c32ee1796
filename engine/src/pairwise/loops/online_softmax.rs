//! The conversion of scores to weights, by the online softmax or by a kernel, for one panel of
//! queries at a time.

// An index shows clearly that several arrays of registers are traversed together.
#![allow(clippy::needless_range_loop)]

use super::tile::{Row, WIDTH};
use crate::pairwise::kernel::RadialKernel;
use crate::simd::Real;
use pulp::Simd;

/// The running results of a panel of queries, per lane.
#[derive(Clone, Copy)]
pub struct Totals<T: Real, S: Simd> {
    /// Largest score so far.
    pub max: Row<T, S>,
    /// Sum of weights.
    pub sum: Row<T, S>,
    /// Sum of squared weights.
    pub squares: Row<T, S>,
}

impl<T: Real, S: Simd> Totals<T, S> {
    /// The state before the first block.
    #[inline(always)]
    pub fn new(simd: S) -> Totals<T, S> {
        let zero = [T::splat(simd, T::default()); WIDTH];
        let lowest = T::splat(simd, T::from_f64(f64::NEG_INFINITY));
        Totals { max: [lowest; WIDTH], sum: zero, squares: zero }
    }

    /// Raises `max` to the largest of the scores and rescales the sums. Returns the factor by which
    /// the caller rescales everything else that was summed before. The new maximum may still be
    /// `-inf`.
    #[inline(always)]
    pub fn raise(&mut self, simd: S, s: &[Row<T, S>]) -> Row<T, S> {
        let old = self.max;
        // Two maxima are kept in registers and updated alternately, so that an update need not wait
        // for the one before it.
        let mut max = [old; 2];
        let (pairs, last) = s.as_chunks::<2>();
        for pair in pairs {
            for v in 0..WIDTH {
                max[0][v] = T::max(simd, max[0][v], pair[0][v]);
                max[1][v] = T::max(simd, max[1][v], pair[1][v]);
            }
        }
        for v in 0..WIDTH {
            self.max[v] =
                T::max(simd, max[0][v], last.first().map_or(max[1][v], |row| T::max(simd, max[1][v], row[v])));
        }
        self.rescale(simd, &old)
    }

    /// Rescales the sums after the maximum has changed from `old`, and returns the factor.
    #[inline(always)]
    fn rescale(&mut self, simd: S, old: &Row<T, S>) -> Row<T, S> {
        let shift = self.shift(simd);
        let mut scale = *old;
        for v in 0..WIDTH {
            scale[v] = T::exp2(simd, T::sub(simd, old[v], shift[v]));
            self.sum[v] = T::mul(simd, self.sum[v], scale[v]);
            self.squares[v] = T::mul(simd, self.squares[v], T::mul(simd, scale[v], scale[v]));
        }
        scale
    }

    /// Returns the maximum; 0 if no score is finite yet, because `-inf - 0` is `-inf`, while `-inf
    /// - -inf` is NaN.
    #[inline(always)]
    pub fn shift(&self, simd: S) -> Row<T, S> {
        let lowest = T::splat(simd, T::from_f64(f64::NEG_INFINITY));
        let mut shift = self.max;
        for m in &mut shift {
            *m = T::where_greater(simd, *m, lowest, *m);
        }
        shift
    }

    /// Replaces scores by softmax weights `2^(s - max)`, and sums the weights and, if requested,
    /// their squares.
    #[inline(always)]
    pub fn softmax<const SQUARES: bool>(&mut self, simd: S, s: &mut [Row<T, S>]) {
        let shift = self.shift(simd);
        let (mut sum, mut squares) = ([T::splat(simd, T::default()); WIDTH], [T::splat(simd, T::default()); WIDTH]);
        for row in s {
            for v in 0..WIDTH {
                let w = T::exp2(simd, T::sub(simd, row[v], shift[v]));
                row[v] = w;
                sum[v] = T::add(simd, sum[v], w);
                if SQUARES {
                    squares[v] = T::mul_add(simd, w, w, squares[v]);
                }
            }
        }
        self.add(simd, &sum, &squares);
    }

    /// Adds the weights of a block, and their squares.
    #[inline(always)]
    fn add(&mut self, simd: S, sum: &Row<T, S>, squares: &Row<T, S>) {
        for v in 0..WIDTH {
            self.sum[v] = T::add(simd, self.sum[v], sum[v]);
            self.squares[v] = T::add(simd, self.squares[v], squares[v]);
        }
    }

    /// Does the same as [`Totals::softmax`] for few coordinates, and computes `o[c] = scale o[c] +
    /// sum_j w_j v[j][c]` in the same pass, so that the weights stay in registers.
    #[inline(always)]
    pub fn softmax_direct<const D: usize, const SQUARES: bool>(
        &mut self,
        simd: S,
        s: &[Row<T, S>],
        v: &[T],
        o: &mut [Row<T, S>],
        scale: &Row<T, S>,
    ) {
        let shift = self.shift(simd);
        let zero = [T::splat(simd, T::default()); WIDTH];
        let (mut sum, mut squares, mut acc) = (zero, zero, [zero; D]);
        for (row, v) in s.iter().zip(v.as_chunks::<D>().0) {
            for i in 0..WIDTH {
                let w = T::exp2(simd, T::sub(simd, row[i], shift[i]));
                sum[i] = T::add(simd, sum[i], w);
                if SQUARES {
                    squares[i] = T::mul_add(simd, w, w, squares[i]);
                }
                for c in 0..D {
                    acc[c][i] = T::mul_add(simd, w, T::splat(simd, v[c]), acc[c][i]);
                }
            }
        }
        for i in 0..WIDTH {
            self.sum[i] = T::add(simd, self.sum[i], sum[i]);
            self.squares[i] = T::add(simd, self.squares[i], squares[i]);
            for c in 0..D {
                o[c][i] = T::mul_add(simd, o[c][i], scale[i], acc[c][i]);
            }
        }
    }

    /// Replaces scores `-t` by the logarithms `l_j + e(t)` of weights by a kernel without a
    /// prefactor, in bits.
    #[inline(always)]
    pub fn exponents<K: RadialKernel>(simd: S, log_weights: &[T], s: &mut [Row<T, S>]) {
        for (row, l) in s.iter_mut().zip(log_weights) {
            let l = T::splat(simd, *l);
            for v in 0..WIDTH {
                row[v] = T::add(simd, K::softmax_lanes::<T, S>(simd, row[v]).0, l);
            }
        }
    }

    /// Does the same as [`Totals::raise`] for the exponents `l_j + e(t)` of scores `-t`. The scores
    /// are not changed.
    #[inline(always)]
    pub fn raise_kernel<K: RadialKernel>(&mut self, simd: S, log_weights: &[T], s: &[Row<T, S>]) -> Row<T, S> {
        let old = self.max;
        for (row, l) in s.iter().zip(log_weights) {
            let l = T::splat(simd, *l);
            for v in 0..WIDTH {
                let exponent = T::add(simd, K::softmax_lanes::<T, S>(simd, row[v]).0, l);
                self.max[v] = T::max(simd, self.max[v], exponent);
            }
        }
        self.rescale(simd, &old)
    }

    /// Replaces scores `-t` by softmax weights `g(t) 2^(l_j + e(t) - max)` of a kernel, and sums
    /// the weights and, if requested, their squares.
    #[inline(always)]
    pub fn softmax_kernel<K: RadialKernel, const SQUARES: bool>(
        &mut self,
        simd: S,
        log_weights: &[T],
        s: &mut [Row<T, S>],
    ) {
        let shift = self.shift(simd);
        let (mut sum, mut squares) = ([T::splat(simd, T::default()); WIDTH], [T::splat(simd, T::default()); WIDTH]);
        for (row, l) in s.iter_mut().zip(log_weights) {
            let l = T::splat(simd, *l);
            for v in 0..WIDTH {
                let (exponent, prefactor) = K::softmax_lanes::<T, S>(simd, row[v]);
                let w = T::exp2(simd, T::sub(simd, T::add(simd, exponent, l), shift[v]));
                let w = prefactor.map_or(w, |g| T::mul(simd, w, g));
                row[v] = w;
                sum[v] = T::add(simd, sum[v], w);
                if SQUARES {
                    squares[v] = T::mul_add(simd, w, w, squares[v]);
                }
            }
        }
        self.add(simd, &sum, &squares);
    }

    /// Replaces scores `-t` by weights `w_j f(t)` and sums the weights.
    #[inline(always)]
    pub fn kernel<K: RadialKernel, const SLOPE: bool>(&mut self, simd: S, weights: &[T], s: &mut [Row<T, S>]) {
        let mut sum = [T::splat(simd, T::default()); WIDTH];
        for (row, w) in s.iter_mut().zip(weights) {
            let w = T::splat(simd, *w);
            for v in 0..WIDTH {
                let f = if SLOPE { K::slope_lanes::<T, S>(simd, row[v]) } else { K::value_lanes::<T, S>(simd, row[v]) };
                row[v] = T::mul(simd, w, f);
                sum[v] = T::add(simd, sum[v], row[v]);
            }
        }
        for v in 0..WIDTH {
            self.sum[v] = T::add(simd, self.sum[v], sum[v]);
        }
    }
}
