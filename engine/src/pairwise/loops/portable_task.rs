//! One task of the portable backend. It combines a few panels of queries with every block of
//! sources that may have weight for them.

use super::block_schedule::Walk;
use super::gemm;
use super::online_softmax::Totals;
use super::output_row::{RowOut, nearest};
use super::panels::{MOST, Panels};
use super::portable_job::Job;
use super::tile::{self, Form, Row, WIDTH};
use super::weights::Weights;
use crate::pairwise::pack::frame::Moved;
use crate::pairwise::rounding::Seen;
use crate::simd::{Buffer, Real};
use pulp::{Simd, WithSimd, bytemuck};

/// The score of two points so far apart that their pair does not count as near.
const FAR: f64 = -1e30;

/// Buffers of one task.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    panels: Panels<T>,
    best: Vec<f64>,
    moved: Moved<T>,
    scores: Buffer<T>,
    sums: Buffer<T>,
}

/// Rows whose queries form a few panels.
pub struct Task<'a, 'b, T> {
    pub job: &'a Job<'a, T>,
    pub rows: &'a mut [RowOut<'b>],
    pub scratch: &'a mut Scratch<T>,
    /// True if squared weights are summed.
    pub squares: bool,
}

impl<'b, T: Real> WithSimd for Task<'_, 'b, T> {
    /// The number of pairs that were not skipped, and the rows that were not computed.
    type Output = (usize, Vec<RowOut<'b>>);

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> (usize, Vec<RowOut<'b>>) {
        let (job, scratch) = (self.job, &mut *self.scratch);
        scratch.panels.pack(job, self.rows, T::lanes::<S>());
        let Job { plan, sources, .. } = *job;
        let panels = scratch.panels.count();
        let (dim, value_dim) = (sources.dim, sources.value_dim);
        let mut totals = [Totals::<T, S>::new(simd); MOST];
        let sums = tile::rows_mut::<T, S>(scratch.sums.take(panels * value_dim * plan.width));
        sums.fill([T::splat(simd, T::default()); WIDTH]);
        let scores = scratch.scores.take(plan.block * plan.width);
        let blocks = sources.m.div_ceil(plan.block);
        let mut walk = match job.bounds {
            None => Walk::Full { met: 0, panels, blocks },
            Some(bounds) => Walk::Bounded { bounds, panels: &scratch.panels.balls, at: None, best: &mut scratch.best },
        };
        let mut pairs = 0;
        while let Some((p, block)) =
            walk.next(|p| lowest_maximum(&totals[p], &scratch.panels.squares[p * plan.width..]))
        {
            let from = block * plan.block;
            let count = plan.block.min(sources.m - from);
            let live = &self.rows[scratch.panels.rows(p)];
            let (x, bias) = if sources.in_parts() {
                let shift = scratch.panels.shift(p, dim * T::lanes::<S>());
                scratch.moved.block(simd, sources, (from, count), shift, plan.form)
            } else {
                (sources.x(from, count), sources.bias(from, count))
            };
            let q = scratch.panels.panel(p, dim * plan.width);
            if plan.gemm {
                gemm::scores(q, x, bias, &mut scores[..count * plan.width]);
            } else {
                let s = &mut tile::rows_mut::<T, S>(scores)[..count];
                tile::scores::<T, S>(simd, plan.form, tile::rows::<T, S>(q), x, bias, s);
                if plan.form == Form::Corrected {
                    let lengths = &tile::rows::<T, S>(scratch.panels.lengths(p, plan.width))[0];
                    // The distance of a query from itself is 0 and need not be computed again.
                    job.set_twins(live, (from, count), T::from_f64(FAR), scores);
                    let s = &mut tile::rows_mut::<T, S>(scores)[..count];
                    tile::correct::<T, S>(simd, (tile::rows::<T, S>(q), lengths), x, bias, s);
                    job.set_twins(live, (from, count), T::default(), scores);
                }
            }
            if job.leave_out_self {
                job.set_twins(live, (from, count), T::from_f64(job.weights.vanishing_score()), scores);
            }
            let s = &mut tile::rows_mut::<T, S>(scores)[..count];
            let o = &mut sums[p * value_dim..(p + 1) * value_dim];
            let v = if sources.values_are_sources() { x } else { sources.values(from, count) };
            job.weights.absorb(simd, (plan.gemm, self.squares), &mut totals[p], s, (v, from), o);
            pairs += count * live.len();
        }
        (pairs, self.finish(&totals[..panels]))
    }
}

/// Returns the smallest running maximum of the queries. If the form lacks `|q|^2`, each query's
/// `|q|^2` is subtracted first.
fn lowest_maximum<T: Real, S: Simd>(totals: &Totals<T, S>, squares: &[f64]) -> f64 {
    let max: &[T] = bytemuck::cast_slice(std::slice::from_ref(&totals.max));
    max.iter().zip(squares).map(|(m, s)| m.to_f64() - s).fold(f64::INFINITY, f64::min)
}

impl<'b, T: Real> Task<'_, 'b, T> {
    /// Writes the rows, except those that lost precision, which are returned.
    fn finish<S: Simd>(&mut self, totals: &[Totals<T, S>]) -> Vec<RowOut<'b>> {
        let Job { plan, sources, weights, subtract, .. } = *self.job;
        let (job, scratch, dim) = (self.job, &*self.scratch, sources.value_dim);
        let sums = scratch.sums.slice(totals.len() * dim * plan.width);
        let mut undone = Vec::new();
        let panels = (0..totals.len()).flat_map(|p| (0..scratch.panels.rows(p).len()).map(move |lane| (p, lane)));
        for ((p, lane), row) in panels.zip(self.rows.iter_mut()) {
            let i = p * plan.width + lane;
            let [max, sum, squares] = [totals[p].max, totals[p].sum, totals[p].squares]
                .map(|row| bytemuck::cast_slice::<Row<T, S>, T>(&[row])[lane].to_f64());
            let max = max - scratch.panels.squares[i];
            let query = row.query;
            if let Some(rounding) = &job.rounding {
                let seen = Seen { square: scratch.panels.norms[i], reach: scratch.panels.reach[p], max, sum };
                if !rounding.keeps(&weights, &seen) {
                    undone.push(std::mem::take(row));
                    continue;
                }
            }
            let centre = if sources.in_parts() && sources.values_are_sources() {
                scratch.panels.origin(p, dim)
            } else {
                &sources.value_centre[..]
            };
            let summed = |c: usize| sources.value_scale() * sums[(p * dim + c) * plan.width + lane].to_f64();
            match weights {
                Weights::Softmax | Weights::KernelSoftmax { .. } => {
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
