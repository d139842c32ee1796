//! The softmax means of a set at its own points, with every pair of points evaluated once: `K =
//! K^T`.
//!
//! No score exceeds the score of a point with itself, which is 0. All weights therefore have the
//! same reference, and a weight counts for both points of its pair. Points are divided into chunks.
//! In each round of a tournament every chunk is paired with at most one other chunk, so the pairs
//! of a round run in parallel. The sums of each chunk are added in the order of the rounds,
//! whichever thread adds them.

use super::symmetric_direct::{Scratch, direct};
use super::tile::{self, Form, Row, WIDTH};
use super::tournament::{pairs, rounds};
use super::turned_tile::turn;
use crate::pairwise::Work;
use crate::pairwise::pack::Packed;
use crate::pairwise::plan::Plan;
use crate::simd::Pool;
use crate::simd::Real;
use crate::{Interrupt, Points, Result};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Bytes of the coordinates of one chunk. Two chunks and their sums fit a second-level cache.
const CHUNK_BYTES: usize = 10 << 16;

/// The largest number of panels of a chunk, and the smallest number that must fit: with fewer
/// panels, chunks are packed and their sums added more often.
const PANELS: usize = 16;
const FEWEST: usize = 8;

/// The smallest number of chunks: with fewer, threads wait for each other.
const CHUNKS: usize = 5;

/// The cost of a round is estimated for this number of threads, as if its number of pairs were
/// rounded up to a multiple of it.
const EVEN: usize = 4;

/// From this number of coordinates on, the weights of both directions are summed by products in
/// registers. Up to [`DIRECT`] coordinates, they are summed in one pass with the exponential.
/// Between the two numbers, transposing the weights costs as much as it saves.
const WIDE: usize = 16;
const DIRECT: usize = 4;

/// A coordinate so large that its point has no weight, but whose square is finite.
const NOWHERE: f64 = 1e17;

/// The data of one call.
pub struct Job<'a, T> {
    plan: Plan,
    points: &'a Packed<T>,
    /// Points of a chunk.
    rows: usize,
}

/// The sums of the points of one chunk: `[point][dim]` and `[point]`.
struct Sums<'a> {
    values: &'a mut [f64],
    mass: &'a mut [f64],
}

/// Returns the number of points of a chunk for `n` points of `dim` coordinates, if evaluating each
/// pair once is faster.
pub fn chunk<T: Real>(plan: &Plan, n: usize, dim: usize) -> Option<usize> {
    let direct = plan.form == Form::Difference && dim <= DIRECT;
    let most = CHUNK_BYTES / (dim * plan.width * size_of::<T>());
    if plan.skip || plan.gemm || !(direct || dim >= WIDE) || most < FEWEST {
        return None;
    }
    // The cost of all rounds includes the waiting of threads at the end of each round. The cost of
    // packing and adding grows with the number of panels of a chunk.
    let cost = |panels: usize| {
        let chunks = n.div_ceil(panels * plan.width);
        rounds(chunks) * (chunks / 2).next_multiple_of(EVEN) * panels * (panels + 2)
    };
    let several = (1..=most.min(PANELS)).filter(|panels| n.div_ceil(panels * plan.width) >= CHUNKS);
    several.min_by_key(|panels| cost(*panels)).map(|panels| panels * plan.width)
}

impl<'a, T: Real> Job<'a, T> {
    /// Creates the job for packed points in chunks of `rows`; the values are the points themselves.
    pub fn new(plan: Plan, points: &'a Packed<T>, rows: usize) -> Job<'a, T> {
        Job { plan, points, rows }
    }

    /// Returns the number of chunks.
    pub fn chunks(&self) -> usize {
        self.points.m.div_ceil(self.rows)
    }

    /// Returns the points of these chunks.
    pub fn points(&self, chunks: Range<usize>) -> Range<usize> {
        let at = |chunk: usize| self.points.m.min(chunk * self.rows);
        at(chunks.start)..at(chunks.end)
    }

    /// Writes the softmax mean at point `i` of `given` into row `i` of `out`, for the points of the
    /// chunks `own`; the other rows are undefined. The pairs of a chunk in `own` and another chunk
    /// are evaluated as if `own` contained all chunks, so the means do not depend on `own`.
    ///
    /// # Errors
    /// An interrupt, which is checked before every pair of chunks.
    pub fn run(
        &self,
        given: &Points,
        out: &mut Points,
        own: Range<usize>,
        pool: &Pool<Scratch<T>>,
        (work, interrupt): (&Work, &Interrupt),
    ) -> Result<()> {
        let (n, dim) = (self.points.m, self.points.dim);
        let mut mass = vec![0.0; n];
        out.data_mut().fill(0.0);
        let sums: Vec<Mutex<Sums>> = (out.data_mut().chunks_mut(self.rows * dim).zip(mass.chunks_mut(self.rows)))
            .map(|(values, mass)| Mutex::new(Sums { values, mass }))
            .collect();
        let meet = |a: usize, b: usize| {
            interrupt.check()?;
            pool.with(|scratch| {
                let met = |k: usize| k * self.rows..n.min((k + 1) * self.rows);
                let pair = Pair { job: self, a: met(a), b: met(b), scratch: &mut *scratch };
                self.plan.isa.run(pair);
                if own.contains(&a) {
                    self.add_first(a, met(a), scratch, &sums);
                }
                if a != b && own.contains(&b) {
                    self.add_second(b, met(b), scratch, &sums);
                }
            });
            Ok(())
        };
        own.clone().into_par_iter().try_for_each(|k| meet(k, k))?;
        for round in 0..rounds(sums.len()) {
            let meets_own = |(a, b): &(usize, usize)| own.contains(a) || own.contains(b);
            let pairs: Vec<_> = pairs(sums.len(), round).filter(meets_own).collect();
            pairs.into_par_iter().try_for_each(|(a, b)| meet(a, b))?;
        }
        drop(sums);
        let own = self.points(own);
        let (from, mass) = (&given.data()[own.start * dim..own.end * dim], &mass[own.clone()]);
        let rows = out.data_mut()[own.start * dim..own.end * dim].par_chunks_mut(dim);
        rows.zip(mass).zip(from.par_chunks(dim)).for_each(|((row, mass), own)| {
            if *mass == 0.0 {
                // A point so far away that rounding removed even its own weight has no other points
                // near it.
                return row.copy_from_slice(own);
            }
            let factor = self.points.value_scale() / mass;
            row.iter_mut().zip(&self.points.value_centre).for_each(|(v, centre)| *v = centre + factor * *v);
        });
        work.add(own.len() * n, 2 * dim);
        Ok(())
    }

    fn add_first(&self, chunk: usize, rows: Range<usize>, scratch: &Scratch<T>, sums: &[Mutex<Sums>]) {
        let (dim, width) = (self.points.dim, self.plan.width);
        let panels = rows.len().div_ceil(width);
        let made = scratch.sums.slice(panels * (dim + 1) * width);
        let mut sums = sums[chunk].lock().unwrap_or_else(PoisonError::into_inner);
        let Sums { values, mass } = &mut *sums;
        for (i, (values, mass)) in values.chunks_exact_mut(dim).zip(mass.iter_mut()).enumerate() {
            let made = &made[i / width * (dim + 1) * width + i % width..];
            *mass += made[0].to_f64();
            for (c, v) in values.iter_mut().enumerate() {
                *v += made[(c + 1) * width].to_f64();
            }
        }
    }

    fn add_second(&self, chunk: usize, rows: Range<usize>, scratch: &Scratch<T>, sums: &[Mutex<Sums>]) {
        let (dim, lanes) = (self.points.dim, self.plan.width / WIDTH);
        let stride = dim.next_multiple_of(lanes);
        let (turned, masses) = (scratch.turned.slice(rows.len() * stride), scratch.masses.slice(rows.len() * lanes));
        let mut sums = sums[chunk].lock().unwrap_or_else(PoisonError::into_inner);
        let Sums { values, mass } = &mut *sums;
        let made = turned.chunks_exact(stride).zip(masses.chunks_exact(lanes));
        for ((values, mass), (made, masses)) in values.chunks_exact_mut(dim).zip(mass.iter_mut()).zip(made) {
            *mass += masses.iter().map(|m| m.to_f64()).sum::<f64>();
            values.iter_mut().zip(made).for_each(|(v, made)| *v += made.to_f64());
        }
    }
}

/// A pair of chunks, or a chunk paired with itself.
struct Pair<'a, T> {
    job: &'a Job<'a, T>,
    a: Range<usize>,
    b: Range<usize>,
    scratch: &'a mut Scratch<T>,
}

impl<T: Real> WithSimd for Pair<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Pair { job: Job { plan, points, .. }, a, b, scratch } = self;
        let (dim, width, lanes) = (points.dim, plan.width, T::lanes::<S>());
        let panels = a.len().div_ceil(width);
        turn_queries(points, plan, a.clone(), scratch);
        scratch.sums.take(panels * (dim + 1) * width).fill(T::default());
        scratch.turned.take(b.len() * dim.next_multiple_of(lanes)).fill(T::default());
        scratch.masses.take(b.len() * lanes).fill(T::default());
        let both = a != b;
        if plan.form == Form::Difference && dim <= DIRECT {
            let (x, scratch) = (points.x(b.start, b.len()), scratch);
            match (dim, both) {
                (1, true) => direct::<T, S, 1, 4, true>(simd, panels, x, scratch),
                (2, true) => direct::<T, S, 2, 4, true>(simd, panels, x, scratch),
                (3, true) => direct::<T, S, 3, 2, true>(simd, panels, x, scratch),
                (_, true) => direct::<T, S, 4, 2, true>(simd, panels, x, scratch),
                (1, false) => direct::<T, S, 1, 4, false>(simd, panels, x, scratch),
                (2, false) => direct::<T, S, 2, 4, false>(simd, panels, x, scratch),
                (3, false) => direct::<T, S, 3, 2, false>(simd, panels, x, scratch),
                (_, false) => direct::<T, S, 4, 2, false>(simd, panels, x, scratch),
            }
            return;
        }
        for from in b.clone().step_by(plan.block) {
            let count = plan.block.min(b.end - from);
            for p in 0..panels {
                let first = a.start + p * width;
                let live = width.min(a.end - first);
                let Scratch { queries, squares, scores, sums, turned, masses } = &mut *scratch;
                let s = scores.take(plan.block * width);
                let rows = &mut tile::rows_mut::<T, S>(s)[..count];
                let q = tile::rows::<T, S>(&queries.slice(panels * dim * width)[p * dim * width..][..dim * width]);
                tile::scores::<T, S>(simd, plan.form, q, points.x(from, count), points.bias(from, count), rows);
                let square = &tile::rows::<T, S>(squares.slice(panels * width))[p];
                let (mass, sums) = sums.take(panels * (dim + 1) * width)[p * (dim + 1) * width..][..(dim + 1) * width]
                    .split_at_mut(width);
                let masses = &mut masses.take(b.len() * lanes)[(from - b.start) * lanes..][..count * lanes];
                weigh::<T, S>(simd, rows, square, &mut tile::rows_mut::<T, S>(mass)[0], masses);
                let one = [T::splat(simd, T::from_f64(1.0)); WIDTH];
                tile::accumulate::<T, S>(simd, rows, points.x(from, count), tile::rows_mut::<T, S>(sums), &one);
                if both {
                    let stride = dim.next_multiple_of(lanes);
                    let turned = &mut turned.take(b.len() * stride)[(from - b.start) * stride..][..count * stride];
                    turn::<T, S>(simd, &s[..count * width], points.from(first), (live, dim), turned);
                }
            }
        }
    }
}

/// Packs the points of a chunk as panels of queries, from the packed points. Lanes beyond the last
/// point have no weight.
#[inline(always)]
fn turn_queries<T: Real>(points: &Packed<T>, plan: &Plan, rows: Range<usize>, scratch: &mut Scratch<T>) {
    let (dim, width) = (points.dim, plan.width);
    let panels = rows.len().div_ceil(width);
    let factor = if plan.form == Form::Product { 2.0 } else { 1.0 };
    let queries = scratch.queries.take(panels * dim * width);
    let squares = scratch.squares.take(panels * width);
    squares.fill(T::from_f64(f64::INFINITY));
    for (p, panel) in queries.chunks_exact_mut(dim * width).enumerate() {
        let first = rows.start + p * width;
        let live = width.min(rows.end - first);
        if live < width {
            panel.fill(T::from_f64(if plan.form == Form::Product { 0.0 } else { NOWHERE }));
        }
        for (lane, point) in points.x(first, live).chunks_exact(dim).enumerate() {
            for (k, x) in point.iter().enumerate() {
                panel[k * width + lane] = T::from_f64(x.to_f64() * factor);
            }
        }
        for (square, bias) in squares[p * width..].iter_mut().zip(points.bias(first, live)) {
            // The bias of a point is the negative of its squared norm in product form, and
            // otherwise 0.
            *square = T::from_f64(-bias.to_f64());
        }
    }
}

/// Replaces scores by weights `2^(s - square)`, and adds the weights to the sums of both
/// directions.
#[inline(always)]
fn weigh<T: Real, S: Simd>(simd: S, rows: &mut [Row<T, S>], square: &Row<T, S>, mass: &mut Row<T, S>, other: &mut [T]) {
    let (mut sum, zero) = (*mass, T::splat(simd, T::default()));
    for (row, other) in rows.iter_mut().zip(T::registers_mut::<S>(other)) {
        for v in 0..WIDTH {
            // A squared distance that rounding made negative counts as 0.
            row[v] = T::exp2(simd, T::min(simd, T::sub(simd, row[v], square[v]), zero));
            sum[v] = T::add(simd, sum[v], row[v]);
            *other = T::add(simd, *other, row[v]);
        }
    }
    *mass = sum;
}
