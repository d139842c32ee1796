//! The sums on rank 0: its own rows, and those of the other ranks.

use super::deal::Deal;
use super::leader::{Arrays, Call};
use super::message::{Given, Request, Sum, Wanted};
use crate::pairwise::call::{KernelCall, SoftmaxCall, Values};
use crate::pairwise::engine::Pairwise;
use crate::pairwise::loops::RowByRow;
use crate::pairwise::loops::output_row::RowOut;
use crate::pairwise::measure::Measure;
use crate::pairwise::plan::Arithmetic;
use crate::{Points, Result};
use std::ops::Range;

/// The distinct sets of points of a call.
#[derive(Default)]
struct Sets<'p>(Vec<&'p Points>);

impl<'p> Sets<'p> {
    /// Returns the place of this set.
    fn place(&mut self, set: &'p Points) -> usize {
        self.0.iter().position(|known| std::ptr::eq(*known, set)).unwrap_or_else(|| {
            self.0.push(set);
            self.0.len() - 1
        })
    }

    fn given(&mut self, values: Option<Values<'p>>) -> Option<Given> {
        values.map(|values| match values {
            Values::Own => Given::Own,
            Values::Of(points) => Given::Of(self.place(points)),
        })
    }
}

impl Pairwise {
    /// Reserves the other ranks for a call of `rows` rows; None if that does not pay.
    pub(in crate::pairwise) fn share(&self, rows: usize, measure: &Measure) -> Option<Call<'_>> {
        let (m, dims) = (measure.shape.m, measure.shape.dim + measure.shape.value_dim);
        self.ranks.as_ref()?.call(rows as f64 * m as f64, dims)
    }

    /// Computes a softmax by this backend, on all ranks if it is large. Returns the rows that lost
    /// precision.
    pub(in crate::pairwise) fn softmax_by<'b>(
        &self,
        (arithmetic, backend): (Arithmetic, &dyn RowByRow),
        call: &SoftmaxCall,
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        let Some(shared) = self.share(rows.len(), measure) else {
            let rows = backend.ordered(self, call, measure, rows);
            return backend.softmax(self, call, measure, rows);
        };
        let mut sets = Sets::default();
        let (places, values) = ((sets.place(call.queries), sets.place(call.sources)), sets.given(call.values));
        let request = Request {
            values,
            weights: call.softmax.log_weights.is_some(),
            leave_out_self: call.softmax.leave_out_self,
            planned: measure.shape.n,
            ..self.request(arithmetic, Sum::Softmax { sigma: call.softmax.sigma }, places, wanted(&rows))
        };
        let some = some_of(&rows, call.queries.n());
        let divided = Divided { shared, request, sets: &sets.0, weights: call.softmax.log_weights, some };
        let deal = Deal::of(backend.unit(self, measure));
        let order = |rows| backend.ordered(self, call, measure, rows);
        divided.compute(self, (rows, call.subtract), (deal, order), |own| backend.softmax(self, call, measure, own))
    }

    /// Computes a kernel sum by this backend, on all ranks if it is large. Returns the rows that
    /// lost precision.
    pub(in crate::pairwise) fn kernel_by<'b>(
        &self,
        (arithmetic, backend): (Arithmetic, &dyn RowByRow),
        call: &KernelCall,
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        let Some(shared) = self.share(rows.len(), measure) else { return backend.kernel(self, call, measure, rows) };
        let KernelCall { queries, sources, sum, is_softmax } = *call;
        let mut sets = Sets::default();
        let (places, values) = ((sets.place(queries), sets.place(sources)), sets.given(sum.values));
        let kind = Sum::Kernel { kernel: sum.kernel, part: sum.part, is_softmax };
        let request = Request {
            values,
            weights: sum.weights.is_some(),
            leave_out_self: sum.leave_out_self,
            planned: measure.shape.n,
            ..self.request(arithmetic, kind, places, wanted(&rows))
        };
        let some = some_of(&rows, queries.n());
        let divided = Divided { shared, request, sets: &sets.0, weights: sum.weights, some };
        let deal = Deal::of(backend.unit(self, measure));
        divided.compute(self, (rows, false), (deal, |rows| rows), |own| backend.kernel(self, call, measure, own))
    }

    /// Begins the softmax means of a set at its own points, evaluating every pair once, on all
    /// ranks; None if rank 0 computes them alone.
    pub(in crate::pairwise) fn start_own_means(
        &self,
        arithmetic: Arithmetic,
        points: &Points,
        sigma: f64,
        measure: &Measure,
    ) -> Option<Call<'_>> {
        let mut shared = self.share(points.n(), measure)?;
        let wanted = Wanted { values: points.dim(), mass: false, ess: false };
        let request = self.request(arithmetic, Sum::Own { sigma }, (0, 0), wanted);
        shared.start(request, &[points], &Arrays::default());
        Some(shared)
    }

    /// Begins log-sum-exps between two sets that do not move, on all ranks; None if rank 0 computes
    /// them alone.
    pub(in crate::pairwise) fn start_log_sums(
        &self,
        arithmetic: Arithmetic,
        (queries, sources): (&Points, &Points),
        sigma: f64,
        (log_weights, expected): (&[f64], Option<&[f64]>),
    ) -> Option<Call<'_>> {
        let pairs = queries.n() as f64 * sources.n() as f64;
        let mut shared = self.ranks.as_ref()?.call(pairs, queries.dim())?;
        let wanted = Wanted { values: 0, mass: true, ess: false };
        let sum = Sum::Fixed { sigma, is_guided: expected.is_some() };
        let mut sets = Sets::default();
        let places = (sets.place(queries), sets.place(sources));
        let request = Request { weights: true, ..self.request(arithmetic, sum, places, wanted) };
        shared.start(request, &sets.0, &Arrays { weights: Some(log_weights), rows: None, expected });
        Some(shared)
    }

    /// Returns a request without weights and values, for all rows.
    fn request(&self, arithmetic: Arithmetic, sum: Sum, places: (usize, usize), wanted: Wanted) -> Request {
        Request {
            options: self.options.clone(),
            arithmetic,
            sum,
            sets: Vec::new(),
            queries: places.0,
            sources: places.1,
            values: None,
            weights: false,
            leave_out_self: false,
            rows: None,
            planned: 0,
            wanted,
        }
    }
}

/// Returns which results the rows ask for.
fn wanted(rows: &[RowOut]) -> Wanted {
    let row = rows.first();
    Wanted {
        values: row.map_or(0, |row| row.values.len()),
        mass: row.is_some_and(|row| row.mass.is_some()),
        ess: row.is_some_and(|row| row.ess.is_some()),
    }
}

/// Returns the queries of the rows; None if they are all queries.
fn some_of(rows: &[RowOut], all: usize) -> Option<Vec<u64>> {
    (rows.len() < all).then(|| rows.iter().map(|row| row.query as u64).collect())
}

/// A call whose rows are divided among ranks.
struct Divided<'a> {
    shared: Call<'a>,
    request: Request,
    sets: &'a [&'a Points],
    weights: Option<&'a [f64]>,
    some: Option<Vec<u64>>,
}

impl Divided<'_> {
    /// Computes the rows of rank 0 by `compute`, and writes the results of the other ranks into
    /// their rows. Returns the rows that lost precision, sorted by query.
    fn compute<'b>(
        mut self,
        engine: &Pairwise,
        (rows, subtract): (Vec<RowOut<'b>>, bool),
        (deal, order): (Deal, impl FnOnce(Vec<RowOut<'b>>) -> Vec<RowOut<'b>>),
        compute: impl FnOnce(Vec<RowOut<'b>>) -> Result<Vec<RowOut<'b>>>,
    ) -> Result<Vec<RowOut<'b>>> {
        let (width, some) = (self.request.wanted.width(), self.some.take());
        let request = Request { rows: some.as_ref().map(Vec::len), ..self.request };
        let arrays = Arrays { weights: self.weights, rows: some.as_deref(), expected: None };
        self.shared.start(request, self.sets, &arrays);
        let mut dealt = deal.all(order(rows), self.shared.size()).into_iter();
        let own = dealt.next().unwrap_or_default();
        let mut undone = compute(own)?;
        self.shared.replies((&engine.work, &engine.interrupt), |_, reply, results| {
            let mut rows = dealt.next().unwrap_or_default();
            rows.iter_mut().zip(results.chunks_exact(width)).enumerate().for_each(|(i, (row, results))| {
                // The places are sorted.
                if reply.undone.binary_search(&i).is_err() {
                    row.put_all(subtract, results);
                }
            });
            undone.extend(reply.undone.iter().map(|i| std::mem::take(&mut rows[*i])));
        })?;
        undone.sort_unstable_by_key(|row| row.query);
        Ok(undone)
    }
}

/// Waits for the results of the other ranks, whose rows begin and end at `rows(rank)`, and writes
/// them into `out`, with `width` results per row.
pub fn collect(
    (shared, engine): (&mut Call, &Pairwise),
    rows: impl Fn(usize) -> Range<usize>,
    (width, out): (usize, &mut [f64]),
) -> Result<()> {
    shared.replies((&engine.work, &engine.interrupt), |rank, _, results| {
        let rows = rows(rank);
        out[rows.start * width..rows.end * width].copy_from_slice(results);
    })
}
