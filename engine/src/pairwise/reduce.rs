//! The loop: tasks of query panels over the threads, blocks of sources in a fixed order inside each.
//!
//! A block of sources stays in the cache while all panels of a task pass over it: scores, weights, sums. What a task
//! computes depends on its queries only, so the bytes do not depend on the number of threads.

use super::buffer::{Buffer, Pool};
use super::pack::Packed;
use super::plan::Plan;
use super::profile::{self, Name};
use super::real::Real;
use super::tile::{self, Form, Row, WIDTH};
use super::weigh::Totals;
use crate::{Interrupt, Points, Result};
use pulp::{Simd, WithSimd, bytemuck};
use rayon::prelude::*;
use std::f64::consts::LN_2;

/// Most panels per task.
const PANELS: usize = 4;

/// One call.
pub struct Job<'a, T> {
    pub plan: Plan,
    pub queries: &'a Points,
    pub sources: &'a Packed<T>,
    pub leave_out_self: bool,
    pub weights: Weights<'a, T>,
}

/// How scores become weights.
#[derive(Clone, Copy)]
pub enum Weights<'a, T> {
    /// Softmax over the sources.
    Softmax,
    /// `factor w_j f(t)`
    Kernel { name: Name, factor: f64, weights: &'a [T] },
}

/// Where the results of some consecutive queries go; empty slices are not wanted.
pub struct Rows<'a> {
    /// rows x `value_dim`: softmax means, or moments.
    pub values: &'a mut [f64],
    /// rows: log normalisers, or masses.
    pub mass: &'a mut [f64],
    /// rows: effective sample sizes.
    pub ess: &'a mut [f64],
}

/// Scratch of one task.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    queries: Buffer<T>,
    squares: Vec<f64>,
    scores: Buffer<T>,
    sums: Buffer<T>,
}

impl<T: Real> Job<'_, T> {
    /// Runs all tasks.
    ///
    /// # Errors
    /// An interrupt, which is looked at before every task.
    pub fn run(&self, out: Rows, pool: &Pool<Scratch<T>>, interrupt: &Interrupt) -> Result<()> {
        let tasks: Vec<Rows> = out.divide(self.plan.rows(), self.sources.value_dim);
        tasks.into_par_iter().enumerate().try_for_each(|(t, rows)| {
            interrupt.check()?;
            pool.with(|scratch| {
                self.plan.isa.run(Task { job: self, first: t * self.plan.rows(), rows, scratch });
            });
            Ok(())
        })
    }
}

impl<'a> Rows<'a> {
    fn divide(self, rows: usize, dim: usize) -> Vec<Rows<'a>> {
        let mut ess = self.ess.chunks_mut(rows);
        let mut values = self.values.chunks_mut((rows * dim).max(1));
        self.mass
            .chunks_mut(rows)
            .map(|mass| Rows { mass, values: values.next().unwrap_or_default(), ess: ess.next().unwrap_or_default() })
            .collect()
    }
}

struct Task<'a, T> {
    job: &'a Job<'a, T>,
    first: usize,
    rows: Rows<'a>,
    scratch: &'a mut Scratch<T>,
}

impl<T: Real> WithSimd for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Job { plan, sources, .. } = *self.job;
        let panels = self.rows.mass.len().div_ceil(plan.width);
        let (dim, value_dim) = (sources.dim, sources.value_dim);
        self.pack_queries(panels);
        let mut totals = [Totals::<T, S>::new(simd); PANELS];
        let sums = tile::rows_mut::<T, S>(self.scratch.sums.take(panels * value_dim * plan.width));
        sums.fill([T::splat(simd, T::default()); WIDTH]);
        let queries = tile::rows::<T, S>(self.scratch.queries.slice(panels * dim * plan.width));
        let scores = self.scratch.scores.take(plan.block * plan.width);
        for from in (0..sources.m).step_by(plan.block) {
            let count = plan.block.min(sources.m - from);
            for (p, totals) in totals[..panels].iter_mut().enumerate() {
                let (x, bias) = (sources.x(from, count), sources.bias(from, count));
                let q = &queries[p * dim..(p + 1) * dim];
                tile::scores::<T, S>(simd, plan.form, q, x, bias, tile::rows_mut::<T, S>(scores));
                self.job.leave_out(self.first + p * plan.width, from, count, scores);
                let s = &mut tile::rows_mut::<T, S>(scores)[..count];
                let o = &mut sums[p * value_dim..(p + 1) * value_dim];
                absorb(simd, self.job.weights, totals, s, (sources.values(from, count), from), o);
            }
        }
        self.finish(&totals[..panels]);
    }
}

/// Takes one block's scores into the totals and sums of a panel.
#[inline(always)]
fn absorb<T: Real, S: Simd>(
    simd: S,
    weights: Weights<T>,
    totals: &mut Totals<T, S>,
    s: &mut [Row<T, S>],
    (v, from): (&[T], usize),
    o: &mut [Row<T, S>],
) {
    match weights {
        Weights::Softmax => {
            let scale = totals.raise(simd, s);
            match o.len() {
                1 => totals.softmax_direct::<1>(simd, s, v, o, &scale),
                2 => totals.softmax_direct::<2>(simd, s, v, o, &scale),
                3 => totals.softmax_direct::<3>(simd, s, v, o, &scale),
                4 => totals.softmax_direct::<4>(simd, s, v, o, &scale),
                _ => {
                    totals.softmax(simd, s);
                    tile::accumulate::<T, S>(simd, s, v, o, &scale);
                }
            }
        }
        Weights::Kernel { name, weights, .. } => {
            let w = &weights[from..from + s.len()];
            match name {
                Name::Exp => totals.kernel(simd, profile::Exp, w, s),
                Name::ExpRoot => totals.kernel(simd, profile::ExpRoot, w, s),
                Name::ExpRootOverRoot => totals.kernel(simd, profile::ExpRootOverRoot, w, s),
                Name::InverseRoot => totals.kernel(simd, profile::InverseRoot, w, s),
                Name::InverseRootCubed => totals.kernel(simd, profile::InverseRootCubed, w, s),
                Name::LinearExp => totals.kernel(simd, profile::LinearExp, w, s),
                Name::QuadraticExp => totals.kernel(simd, profile::QuadraticExp, w, s),
                Name::Root => totals.kernel(simd, profile::Root, w, s),
                Name::OverRoot => totals.kernel(simd, profile::OverRoot, w, s),
            }
            let one = [T::splat(simd, T::from_f64(1.0)); WIDTH];
            tile::accumulate::<T, S>(simd, s, v, o, &one);
        }
    }
}

impl<T: Real> Job<'_, T> {
    /// Gives the pairs of a query with itself a score whose weight is 0.
    fn leave_out(&self, first: usize, from: usize, count: usize, scores: &mut [T]) {
        let score = match self.weights {
            _ if !self.leave_out_self => return,
            Weights::Softmax => f64::NEG_INFINITY,
            Weights::Kernel { name, .. } => match name {
                // These multiply a growing factor by a vanishing one: no infinity, please.
                Name::LinearExp | Name::QuadraticExp => -1e30,
                // The distance of a point to itself is 0, and so is its weight.
                Name::Root => return,
                _ => f64::NEG_INFINITY,
            },
        };
        let width = self.plan.width;
        for i in first.max(from)..(first + width).min(from + count) {
            scores[(i - from) * width + (i - first)] = T::from_f64(score);
        }
    }
}

impl<T: Real> Task<'_, T> {
    fn pack_queries(&mut self, panels: usize) {
        let Job { plan, sources, queries, .. } = *self.job;
        let (dim, width) = (sources.dim, plan.width);
        let q = self.scratch.queries.take(panels * dim * width);
        q.fill(T::default());
        self.scratch.squares.clear();
        for i in 0..self.rows.mass.len() {
            let panel = &mut q[i / width * dim * width..];
            let square = sources.pack_query(queries.row(self.first + i), plan.form, panel, i % width, width);
            self.scratch.squares.push(if plan.form == Form::Product { square } else { 0.0 });
        }
    }

    fn finish<S: Simd>(&mut self, totals: &[Totals<T, S>]) {
        let Job { plan, sources, weights, .. } = *self.job;
        let dim = sources.value_dim;
        let sums = self.scratch.sums.slice(totals.len() * dim * plan.width);
        for i in 0..self.rows.mass.len() {
            let (p, lane) = (i / plan.width, i % plan.width);
            let [max, sum, squares] = [totals[p].max, totals[p].sum, totals[p].squares]
                .map(|row| bytemuck::cast_slice::<Row<T, S>, T>(&[row])[lane].to_f64());
            let values = if dim == 0 { &mut [] } else { &mut self.rows.values[i * dim..(i + 1) * dim] };
            let summed = |c: usize| sources.value_scale() * sums[(p * dim + c) * plan.width + lane].to_f64();
            match weights {
                Weights::Softmax if sum > 0.0 => {
                    self.rows.mass[i] = LN_2 * (max + sum.log2() - self.scratch.squares[i]);
                    for (c, v) in values.iter_mut().enumerate() {
                        *v = sources.value_centre[c] + summed(c) / sum;
                    }
                }
                Weights::Softmax => {
                    self.rows.mass[i] = f64::NEG_INFINITY;
                    let left_out = self.job.leave_out_self.then_some(self.first + i);
                    sources.nearest_value(self.job.queries.row(self.first + i), left_out, values);
                }
                Weights::Kernel { factor, .. } => {
                    self.rows.mass[i] = factor * sum;
                    for (c, v) in values.iter_mut().enumerate() {
                        *v = factor * (sources.value_centre[c] * sum + summed(c));
                    }
                }
            }
            if let Some(ess) = self.rows.ess.get_mut(i) {
                *ess = if sum > 0.0 { sum * sum / squares } else { 1.0 };
            }
        }
    }
}
