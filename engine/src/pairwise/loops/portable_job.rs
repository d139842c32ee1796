//! One call of the portable backend: the data that all of its tasks share.

use super::output_row::RowOut;
use super::weights::Weights;
use crate::Points;
use crate::pairwise::pack::Packed;
use crate::pairwise::plan::Plan;
use crate::pairwise::pruning::Bounds;
use crate::pairwise::rounding::Rounding;
use crate::points::kd_order::Order;
use crate::simd::Real;

/// The data of one call.
pub struct Job<'a, T> {
    pub plan: Plan,
    pub queries: &'a Points,
    pub sources: &'a Packed<T>,
    /// The order in which sources were packed.
    pub source_order: Option<&'a Order>,
    /// The bounds by which blocks are skipped.
    pub bounds: Option<&'a Bounds>,
    /// Sources and values as given by the caller.
    pub original: (&'a Points, Option<&'a Points>),
    pub leave_out_self: bool,
    pub weights: Weights<'a, T>,
    /// True if the previous contents of the output rows are subtracted from the values.
    pub subtract: bool,
    /// The bound of the rounding error. Queries beyond the bound are returned to the caller. None
    /// for no bound.
    pub rounding: Option<Rounding>,
}

impl<T: Real> Job<'_, T> {
    /// Returns the packed position of the source that is the same point as this query.
    pub fn twin(&self, query: usize) -> usize {
        self.source_order.map_or(query, |o| o.position.get(query).map_or(usize::MAX, |p| *p as usize))
    }

    /// Sets the scores of the pairs of a query with itself, if the sources are the queries.
    pub fn set_twins(&self, rows: &[RowOut], (from, count): (usize, usize), score: T, scores: &mut [T]) {
        if !(self.leave_out_self || std::ptr::eq(self.queries, self.original.0)) {
            return;
        }
        for (lane, row) in rows.iter().enumerate() {
            let twin = self.twin(row.query);
            if (from..from + count).contains(&twin) {
                scores[(twin - from) * self.plan.width + lane] = score;
            }
        }
    }
}
