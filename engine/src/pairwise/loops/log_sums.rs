//! Log-sum-exps of queries and sources that were packed once.
//!
//! The caller gives the expected result of every query. It is subtracted from the scores of the
//! query in place of a running maximum, so that exponentials need no second pass over the scores.
//! With up to 4 coordinates, scores stay in registers. A panel with a sum that is too large or too
//! small for the working type is computed again with a running maximum.

// An index shows clearly that several arrays of registers are traversed together.
#![allow(clippy::needless_range_loop)]

use super::online_softmax::Totals;
use super::tile::{self, Form, Row, WIDTH};
use crate::pairwise::Work;
use crate::pairwise::pack::FixedSide;
use crate::pairwise::plan::Plan;
use crate::simd::{Buffer, Pool, Real};
use crate::{Interrupt, Result};
use pulp::{Simd, WithSimd, bytemuck};
use rayon::prelude::*;
use std::f64::consts::LN_2;

/// The data of one call.
pub struct Job<'a, T> {
    pub plan: Plan,
    pub queries: &'a FixedSide<T>,
    pub sources: &'a FixedSide<T>,
    /// The biases of the scores, one per source: log-weights in bits, minus the squared norms in
    /// product form.
    pub bias: &'a [T],
}

/// Buffers of one task.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    scores: Buffer<T>,
    shifts: Buffer<T>,
    sums: Buffer<T>,
}

/// A few panels of queries; the first is panel `first`. The results are written to `out`, which at
/// first contains the expected results if `is_guided`.
struct Task<'a, T> {
    job: &'a Job<'a, T>,
    first: usize,
    is_guided: bool,
    out: &'a mut [f64],
    scratch: &'a mut Scratch<T>,
}

/// Returns the range, in bits, of sums whose terms are all represented precisely enough.
fn range<T: Real>() -> (f64, f64) {
    if size_of::<T>() == 8 { (-900.0, 900.0) } else { (-80.0, 100.0) }
}

/// Returns the limit of a score minus the expected result, in bits. A larger difference is replaced
/// by the limit, so that exponentials do not overflow.
fn largest<T: Real>() -> f64 {
    if size_of::<T>() == 8 { 1020.0 } else { 124.0 }
}

impl<T: Real> Job<'_, T> {
    /// Replaces the expected results in `out` by the log-sum-exps. The first result is that of the
    /// first query of panel `from`.
    ///
    /// # Errors
    /// An interrupt, which is checked before every task.
    pub fn run(
        &self,
        (from, out): (usize, &mut [f64]),
        is_guided: bool,
        pool: &Pool<Scratch<T>>,
        (work, interrupt): (&Work, &Interrupt),
    ) -> Result<()> {
        out.par_chunks_mut(self.plan.rows()).enumerate().try_for_each(|(chunk, out)| {
            interrupt.check()?;
            work.add(out.len() * self.sources.n, self.sources.dim);
            let first = from + chunk * self.plan.panels;
            pool.with(|scratch| self.plan.isa.run(Task { job: self, first, is_guided, out, scratch }));
            Ok(())
        })
    }
}

impl<T: Real> WithSimd for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Plan { width, .. } = self.job.plan;
        let panels = self.out.len().div_ceil(width);
        if self.is_guided {
            self.set_shifts(panels);
            self.guided::<S>(simd, panels);
        }
        for p in 0..panels {
            if !(self.is_guided && self.keep_sums(p)) {
                self.with_maximum::<S>(simd, p);
            }
        }
    }
}

impl<T: Real> Task<'_, T> {
    /// Returns the rows of panel `p` of this task.
    fn rows(&self, p: usize) -> std::ops::Range<usize> {
        let width = self.job.plan.width;
        p * width..self.out.len().min((p + 1) * width)
    }

    /// Converts the expected results to the scores that are subtracted.
    fn set_shifts(&mut self, panels: usize) {
        let (Plan { width, form, .. }, queries) = (self.job.plan, self.job.queries);
        let from = self.first * width;
        let last = self.out.len() - 1;
        for (lane, shift) in self.scratch.shifts.take(panels * width).iter_mut().enumerate() {
            let i = lane.min(last);
            *shift = T::from_f64(self.out[i] / LN_2 + queries.missing(from + i, form));
        }
    }

    /// Sums the exponentials of all panels, each relative to the expected result.
    #[inline(always)]
    fn guided<S: Simd>(&mut self, simd: S, panels: usize) {
        let Job { plan: Plan { width, block, form, .. }, queries, sources, bias } = *self.job;
        let shifts = tile::rows::<T, S>(self.scratch.shifts.slice(panels * width));
        let sums = tile::rows_mut::<T, S>(self.scratch.sums.take(panels * width));
        sums.fill([T::splat(simd, T::default()); WIDTH]);
        let scores = tile::rows_mut::<T, S>(self.scratch.scores.take(block * width));
        for from in (0..sources.n).step_by(block) {
            let count = block.min(sources.n - from);
            let (x, bias) = (sources.rows(from, count), &bias[from..from + count]);
            for p in 0..panels {
                let q = tile::rows::<T, S>(queries.panel(self.first + p));
                let (shift, sum) = (&shifts[p], &mut sums[p]);
                match (q.len(), form) {
                    (1, Form::Difference) => direct::<T, S, 1>(simd, q, x, bias, shift, sum),
                    (2, Form::Difference) => direct::<T, S, 2>(simd, q, x, bias, shift, sum),
                    (3, Form::Difference) => direct::<T, S, 3>(simd, q, x, bias, shift, sum),
                    (4, Form::Difference) => direct::<T, S, 4>(simd, q, x, bias, shift, sum),
                    _ => {
                        let s = &mut scores[..count];
                        tile::scores::<T, S>(simd, form, q, x, bias, s);
                        add_exponentials::<T, S>(simd, s, shift, sum);
                    }
                }
            }
        }
    }

    /// Writes the results of panel `p` from its sums. Returns false and writes nothing if a sum is
    /// out of range.
    fn keep_sums(&mut self, p: usize) -> bool {
        let (Plan { width, form, .. }, queries) = (self.job.plan, self.job.queries);
        let sums = &self.scratch.sums.slice((p + 1) * width)[p * width..];
        let shifts = &self.scratch.shifts.slice((p + 1) * width)[p * width..];
        let (low, high) = range::<T>();
        let rows = self.rows(p);
        let bits = |lane: usize| sums[lane].to_f64().log2();
        if !(0..rows.len()).all(|lane| (low..=high).contains(&bits(lane))) {
            return false;
        }
        for (lane, i) in rows.enumerate() {
            let missing = queries.missing(self.first * width + i, form);
            self.out[i] = LN_2 * (shifts[lane].to_f64() + bits(lane) - missing);
        }
        true
    }

    /// Computes panel `p` with a running maximum.
    #[inline(always)]
    fn with_maximum<S: Simd>(&mut self, simd: S, p: usize) {
        let Job { plan: Plan { width, block, form, .. }, queries, sources, bias } = *self.job;
        let q = tile::rows::<T, S>(queries.panel(self.first + p));
        let scores = tile::rows_mut::<T, S>(self.scratch.scores.take(block * width));
        let mut totals = Totals::<T, S>::new(simd);
        for from in (0..sources.n).step_by(block) {
            let count = block.min(sources.n - from);
            let s = &mut scores[..count];
            tile::scores::<T, S>(simd, form, q, sources.rows(from, count), &bias[from..from + count], s);
            totals.raise(simd, s);
            totals.softmax::<false>(simd, s);
        }
        let max: &[T] = bytemuck::cast_slice(std::slice::from_ref(&totals.max));
        let sum: &[T] = bytemuck::cast_slice(std::slice::from_ref(&totals.sum));
        for (lane, i) in self.rows(p).enumerate() {
            let missing = queries.missing(self.first * width + i, form);
            self.out[i] = match sum[lane].to_f64() {
                sum if sum > 0.0 => LN_2 * (max[lane].to_f64() + sum.log2() - missing),
                _ => f64::NEG_INFINITY,
            };
        }
    }
}

/// Adds the exponentials of a block of `D` coordinates, with the scores in registers.
#[inline(always)]
fn direct<T: Real, S: Simd, const D: usize>(
    simd: S,
    q: &[Row<T, S>],
    x: &[T],
    bias: &[T],
    shift: &Row<T, S>,
    sum: &mut Row<T, S>,
) {
    let most = T::splat(simd, T::from_f64(largest::<T>()));
    let mut acc = [T::splat(simd, T::default()); WIDTH];
    let mut y = [[most; WIDTH]; D];
    y.copy_from_slice(q);
    for (x, bias) in x.as_chunks::<D>().0.iter().zip(bias) {
        let bias = T::splat(simd, *bias);
        for v in 0..WIDTH {
            let mut s = T::sub(simd, bias, shift[v]);
            for c in 0..D {
                let t = T::sub(simd, y[c][v], T::splat(simd, x[c]));
                s = T::negate_mul_add(simd, t, t, s);
            }
            acc[v] = T::add(simd, acc[v], T::exp2(simd, T::min(simd, s, most)));
        }
    }
    for v in 0..WIDTH {
        sum[v] = T::add(simd, sum[v], acc[v]);
    }
}

/// Adds the exponentials of these scores.
#[inline(always)]
fn add_exponentials<T: Real, S: Simd>(simd: S, s: &[Row<T, S>], shift: &Row<T, S>, sum: &mut Row<T, S>) {
    let most = T::splat(simd, T::from_f64(largest::<T>()));
    let mut acc = [T::splat(simd, T::default()); WIDTH];
    for row in s {
        for v in 0..WIDTH {
            let s = T::min(simd, T::sub(simd, row[v], shift[v]), most);
            acc[v] = T::add(simd, acc[v], T::exp2(simd, s));
        }
    }
    for v in 0..WIDTH {
        sum[v] = T::add(simd, sum[v], acc[v]);
    }
}
