//! One task of the portable loop: a few panels of queries against every block of sources that may have weight for them.

use super::block_schedule::Walk;
use super::gemm;
use super::online_softmax::Totals;
use super::output_row::{RowOut, nearest};
use super::portable::Job;
use super::tile::{self, Form, Row, WIDTH};
use super::weights::Weights;
use crate::pairwise::pack::frame::{Moved, median};
use crate::pairwise::pruning::Ball;
use crate::pairwise::rounding::Seen;
use crate::simd::{Buffer, Real};
use pulp::{Simd, WithSimd, bytemuck};

/// Most panels per task.
const PANELS: usize = 4;

/// Scratch of one task.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    queries: Buffer<T>,
    /// Squared norms of the queries, and what of them scores lack.
    norms: Vec<f64>,
    squares: Vec<f64>,
    /// Centres of the panels, panels x dim, and how far from them blocks were moved.
    centres: Vec<f64>,
    axis: Vec<f64>,
    reach: Vec<f64>,
    best: Vec<f64>,
    moved: Moved<T>,
    scores: Buffer<T>,
    sums: Buffer<T>,
}

/// Some rows, whose queries make a few panels.
pub struct Task<'a, 'b, T> {
    pub job: &'a Job<'a, T>,
    pub rows: &'a mut [RowOut<'b>],
    pub scratch: &'a mut Scratch<T>,
}

/// A task that sums squares of weights or does not.
pub struct With<K, const SQUARES: bool>(pub K);

impl<'b, T: Real, const SQUARES: bool> WithSimd for With<Task<'_, 'b, T>, SQUARES> {
    /// Pairs that were not skipped, and queries that were not done.
    type Output = (usize, Vec<RowOut<'b>>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (usize, Vec<RowOut<'b>>) {
        let With(mut task) = self;
        task.pack_queries();
        let (job, scratch) = (task.job, &mut *task.scratch);
        let Job { plan, sources, .. } = *job;
        let panels = task.rows.len().div_ceil(plan.width);
        let (dim, value_dim) = (sources.dim, sources.value_dim);
        let mut totals = [Totals::<T, S>::new(simd); PANELS];
        let sums = tile::rows_mut::<T, S>(scratch.sums.take(panels * value_dim * plan.width));
        sums.fill([T::splat(simd, T::default()); WIDTH]);
        let queries = scratch.queries.slice(panels * dim * plan.width);
        let scores = scratch.scores.take(plan.block * plan.width);
        let blocks = sources.m.div_ceil(plan.block);
        let panel = |p: usize| p * dim * plan.width..(p + 1) * dim * plan.width;
        let mut walk = match job.bounds {
            None => Walk::Full { met: 0, panels, blocks },
            Some(bounds) => Walk::Bounded {
                bounds,
                panels: (0..panels)
                    .map(|p| job.panel_ball(&queries[panel(p)], &scratch.centres[p * dim..(p + 1) * dim]))
                    .collect(),
                at: None,
                best: &mut scratch.best,
            },
        };
        let mut pairs = 0;
        while let Some((p, block)) = walk.next(|p| lowest_maximum(&totals[p], &scratch.squares[p * plan.width..])) {
            let from = block * plan.block;
            let count = plan.block.min(sources.m - from);
            let live = plan.width.min(task.rows.len() - p * plan.width);
            let (x, bias) = if sources.by_blocks() {
                let centre = &scratch.centres[p * dim..(p + 1) * dim];
                let (x, bias, moved) = scratch.moved.block(sources, (from, count), centre, plan.form);
                scratch.reach[p] = scratch.reach[p].max(moved);
                (x, bias)
            } else {
                (sources.x(from, count), sources.bias(from, count))
            };
            let q = &queries[panel(p)];
            if plan.gemm {
                gemm::scores(q, x, bias, &mut scores[..count * plan.width]);
            } else {
                let s = &mut tile::rows_mut::<T, S>(scores)[..count];
                tile::scores::<T, S>(simd, plan.form, tile::rows::<T, S>(q), x, bias, s);
            }
            job.leave_out(&task.rows[p * plan.width..][..live], from, count, scores);
            let s = &mut tile::rows_mut::<T, S>(scores)[..count];
            let o = &mut sums[p * value_dim..(p + 1) * value_dim];
            let v = if sources.values_are_sources() { x } else { sources.values(from, count) };
            job.weights.absorb::<S, SQUARES>(simd, plan.gemm, &mut totals[p], s, (v, from), o);
            pairs += count * live;
        }
        (pairs, task.finish(&totals[..panels]))
    }
}

/// The smallest of the queries' largest scores, with `|q|^2` taken off where the form lacks it.
fn lowest_maximum<T: Real, S: Simd>(totals: &Totals<T, S>, squares: &[f64]) -> f64 {
    let max: &[T] = bytemuck::cast_slice(std::slice::from_ref(&totals.max));
    max.iter().zip(squares).map(|(m, s)| m.to_f64() - s).fold(f64::INFINITY, f64::min)
}

impl<T: Real> Job<'_, T> {
    /// The ball of a packed panel, around the common centre.
    fn panel_ball(&self, q: &[T], centre: &[f64]) -> Ball {
        let (dim, width, sources) = (self.sources.dim, self.plan.width, self.sources);
        let factor = if self.plan.form == Form::Product { 0.5 } else { 1.0 };
        let moved = || centre.iter().zip(&sources.centre).map(|(panel, all)| (panel - all) * sources.scale);
        let ball = Ball::of(width, dim, |lane| {
            q.iter().skip(lane).step_by(width).zip(moved()).map(move |(x, moved)| factor * x.to_f64() + moved)
        });
        ball.with_room(T::EPSILON, sources.by_blocks())
    }
}

impl<'b, T: Real> Task<'_, 'b, T> {
    /// Packs the task's queries into panels; what is left of the last panel repeats the last query.
    fn pack_queries(&mut self) {
        let Job { plan, sources, queries, .. } = *self.job;
        let (dim, width, count) = (sources.dim, plan.width, self.rows.len());
        let panels = count.div_ceil(width);
        let scratch = &mut *self.scratch;
        let q = scratch.queries.take(panels * dim * width);
        scratch.norms.resize(panels * width, 0.0);
        scratch.squares.resize(panels * width, 0.0);
        scratch.centres.resize(panels * dim, 0.0);
        scratch.reach.clear();
        scratch.reach.resize(panels, 0.0);
        let query = |i: usize| queries.row(self.rows[i.min(count - 1)].query);
        for (p, centre) in scratch.centres.chunks_exact_mut(dim).enumerate() {
            if sources.by_blocks() {
                median(width, |lane| query(p * width + lane), dim, &mut scratch.axis, centre);
            } else {
                centre.copy_from_slice(&sources.centre);
            }
            let panel = &mut q[p * dim * width..(p + 1) * dim * width];
            for lane in 0..width {
                let query = query(p * width + lane);
                let square = sources.pack_query((query, centre), plan.form, panel, lane, width);
                scratch.norms[p * width + lane] = square;
                scratch.squares[p * width + lane] = if plan.form == Form::Product { square } else { 0.0 };
            }
        }
    }

    /// Writes the rows, but for those whose digits were lost.
    fn finish<S: Simd>(&mut self, totals: &[Totals<T, S>]) -> Vec<RowOut<'b>> {
        let Job { plan, sources, weights, subtract, .. } = *self.job;
        let (job, scratch, dim) = (self.job, &*self.scratch, sources.value_dim);
        let sums = scratch.sums.slice(totals.len() * dim * plan.width);
        let mut undone = Vec::new();
        for (i, row) in self.rows.iter_mut().enumerate() {
            let (p, lane) = (i / plan.width, i % plan.width);
            let [max, sum, squares] = [totals[p].max, totals[p].sum, totals[p].squares]
                .map(|row| bytemuck::cast_slice::<Row<T, S>, T>(&[row])[lane].to_f64());
            let max = max - scratch.squares[i];
            let query = row.query;
            if let Some(rounding) = &job.rounding {
                let seen = Seen { square: scratch.norms[i], reach: scratch.reach[p], max, sum };
                if !rounding.keeps(&weights, &seen) {
                    undone.push(std::mem::take(row));
                    continue;
                }
            }
            let centre = if sources.by_blocks() && sources.values_are_sources() {
                &scratch.centres[p * dim..(p + 1) * dim]
            } else {
                &sources.value_centre[..]
            };
            let summed = |c: usize| sources.value_scale() * sums[(p * dim + c) * plan.width + lane].to_f64();
            match weights {
                Weights::Softmax => {
                    if sum > 0.0 {
                        row.put_values(subtract, |c| centre[c] + summed(c) / sum);
                    } else {
                        let left_out = job.leave_out_self.then_some(query);
                        let nearest = nearest(job.queries.row(query), job.original.0, left_out);
                        row.put_values(subtract, |c| job.original.1.map_or(0.0, |v| v.row(nearest)[c]));
                    }
                    row.put_softmax(max, sum, squares);
                }
                Weights::Kernel { factor, .. } => {
                    row.put_values(subtract, |c| factor * (centre[c] * sum + summed(c)));
                    row.put(factor * sum, 1.0);
                }
            }
        }
        undone
    }
}
