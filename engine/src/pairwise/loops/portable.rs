//! The backend for registers of any width: the threads run tasks of query panels, each with the
//! blocks of sources in a fixed order.
//!
//! A block of sources stays in the cache while all panels of a task use it for scores, weights and
//! sums. The result of a task depends on its queries only, so the bytes do not depend on the number
//! of threads.

use super::output_row::RowOut;
use super::portable_job::Job;
use super::portable_task::{Scratch, Task};
use super::tile::{Form, near_ratio, near_square};
use super::weights::Weights;
use super::{Loops, RowByRow};
use crate::pairwise::call::{KernelCall, SoftmaxCall};
use crate::pairwise::measure::Measure;
use crate::pairwise::pack::Packed;
use crate::pairwise::plan::{DIRECT_DIM, Plan, Shape};
use crate::pairwise::pruning::Bounds;
use crate::pairwise::rounding::Rounding;
use crate::pairwise::{Backend, KernelSum, Pairwise, PairwiseOptions, Work};
use crate::points::kd_order::permute;
use crate::points::squared_distance;
use crate::simd::{Pool, Real};
use crate::{Interrupt, Points, Result};
use rayon::prelude::*;
use std::f64::consts::LOG2_E;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

/// With at least this many pairs, it is worth while to find out whether products are accurate.
const ENOUGH_PAIRS: usize = 1 << 18;

/// The number of queries and of sources from whose pairs the share of near pairs is estimated, and
/// the largest share for which products are used.
const SAMPLE: usize = 32;
const NEAR_SHARE: f64 = 1e-3;

/// Products are used only if the square of the distance below which pairs are near is at most this
/// share of the extent of the points.
const NEAR_EXTENT: f64 = 0.1;

/// The backend in one working type.
#[derive(Default)]
pub struct Portable<T>(PhantomData<T>);

impl<T: Real> Loops for Portable<T> {
    fn softmax<'b>(
        &self,
        engine: &Pairwise,
        call: &SoftmaxCall,
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        let SoftmaxCall { queries, sources, softmax, subtract, .. } = *call;
        let plan = Plan::new::<T>(&engine.options, &measure.shape);
        let order = plan.skip.then(|| call.orders.of(sources, plan.block, plan.leaf(plan.block)));
        let order = order.as_deref();
        let scratch = engine.memory.pool();
        engine.memory.pool::<Packed<T>>().with(|packed| {
            let how = (plan.form, plan.centres);
            packed.pack(sources, call.values, measure.place(), how, softmax.log_weights, order);
            let bounds = plan.skip.then(|| Bounds::of(packed, &plan));
            let job = Job {
                plan,
                queries,
                sources: packed,
                source_order: order,
                bounds: bounds.as_ref(),
                original: (sources, call.points()),
                leave_out_self: call.leave_out_self(),
                weights: Weights::Softmax,
                subtract,
                rounding: keeping::<T>(Rounding::of::<T>(plan.form, LOG2_E * call.top(), measure.unit)),
            };
            job.run(rows, &scratch, (&engine.work, &engine.interrupt))
        })
    }

    fn kernel<'b>(
        &self,
        engine: &Pairwise,
        call: &KernelCall,
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        let KernelCall { queries, sources, sum, is_softmax } = *call;
        let shape = Shape { far: false, ..measure.shape };
        let form = kernel_form::<T>(&engine.options, call, measure);
        let plan = Plan { form, gemm: false, ..Plan::new::<T>(&engine.options, &shape) };
        let (unit, equal) = if is_softmax { (LOG2_E, 0.0) } else { (1.0, 1.0) };
        let weights: Vec<T> = match sum.weights {
            Some(weights) => weights.iter().map(|w| T::from_f64(unit * w)).collect(),
            None => vec![T::from_f64(equal); sources.n()],
        };
        let scratch = engine.memory.pool();
        engine.memory.pool::<Packed<T>>().with(|packed| {
            packed.pack(sources, sum.values, measure.place(), (plan.form, plan.centres), None, None);
            let KernelSum { kernel, part, .. } = sum;
            let job = Job {
                plan,
                queries,
                sources: packed,
                source_order: None,
                bounds: None,
                original: (sources, call.points()),
                leave_out_self: call.leave_out_self(),
                weights: match is_softmax {
                    true => Weights::KernelSoftmax { kernel, log_weights: &weights },
                    false => Weights::Kernel { kernel, part, factor: measure.factor, weights: &weights },
                },
                subtract: false,
                rounding: keeping::<T>(Rounding::of::<T>(plan.form, LOG2_E * call.top(), measure.unit)),
            };
            job.run(rows, &scratch, (&engine.work, &engine.interrupt))
        })
    }
}

impl<T: Real> RowByRow for Portable<T> {
    fn unit(&self, engine: &Pairwise, measure: &Measure) -> (usize, bool) {
        let plan = Plan::new::<T>(&engine.options, &measure.shape);
        // With skipping, the panels of a task share a limited number of splits, so tasks stay
        // whole.
        if plan.skip { (plan.rows(), true) } else { (plan.width, false) }
    }

    fn ordered<'b>(
        &self,
        engine: &Pairwise,
        call: &SoftmaxCall,
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Vec<RowOut<'b>> {
        let plan = Plan::new::<T>(&engine.options, &measure.shape);
        if plan.skip { in_space_order(rows, call, &plan) } else { rows }
    }
}

/// Returns the form of the distances for a kernel. A root magnifies the rounding error of a small
/// squared distance. Products are therefore used only if few pairs are so near that they must be
/// computed again, and if there are enough pairs to find that out.
fn kernel_form<T: Real>(options: &PairwiseOptions, call: &KernelCall, measure: &Measure) -> Form {
    let Shape { n, m, dim, .. } = measure.shape;
    let few = options.backend == Backend::Auto && n.saturating_mul(m) < ENOUGH_PAIRS;
    if options.backend == Backend::Direct || dim <= DIRECT_DIM || few {
        return Form::Difference;
    }
    let wide = near_ratio::<T>().powi(2) * measure.extent > NEAR_EXTENT;
    match wide || near_share::<T>(call, measure) > NEAR_SHARE {
        true => Form::Difference,
        false => Form::Corrected,
    }
}

/// Returns the share of near pairs among some pairs of a query and a source.
fn near_share<T: Real>(call: &KernelCall, measure: &Measure) -> f64 {
    let KernelCall { queries, sources, .. } = *call;
    let square = |x: &[f64]| measure.scale.powi(2) * squared_distance(x, &measure.centre);
    let some = |points: &Points| {
        let rows = (0..points.n()).step_by(points.n().div_ceil(SAMPLE));
        rows.map(|i| (i, square(points.row(i)))).collect::<Vec<(usize, f64)>>()
    };
    let own = std::ptr::eq(queries, sources);
    let (sources_shown, mut near, mut all) = (some(sources), 0_u32, 0_u32);
    for (i, of_query) in some(queries) {
        for (j, of_source) in sources_shown.iter().filter(|(j, _)| !(own && i == *j)) {
            let distance = measure.scale.powi(2) * squared_distance(queries.row(i), sources.row(*j));
            near += u32::from(distance < near_square::<T>(of_query + of_source));
            all += 1;
        }
    }
    f64::from(near) / f64::from(all.max(1))
}

/// Returns the rounding bound; None for f64, whose rows are never computed again.
fn keeping<T: Real>(rounding: Rounding) -> Option<Rounding> {
    (size_of::<T>() == 4).then_some(rounding)
}

/// Sorts rows so that queries that are close in space are close in the order.
fn in_space_order<'b>(mut rows: Vec<RowOut<'b>>, call: &SoftmaxCall, plan: &Plan) -> Vec<RowOut<'b>> {
    // If panels divide the blocks of sources evenly, queries take the same order as sources, so
    // that a set that is both queries and sources is sorted once.
    let block = if plan.block.is_multiple_of(plan.width) { plan.block } else { plan.width };
    let order = call.orders.of(call.queries, block, plan.leaf(block));
    if rows.len() == order.index.len() {
        return permute(rows, &order.index);
    }
    rows.sort_unstable_by_key(|row| order.position[row.query]);
    rows
}

impl<T: Real> Job<'_, T> {
    /// Runs all tasks on the rows in this order. Returns the rows whose queries lost precision,
    /// unchanged and sorted by query.
    ///
    /// # Errors
    /// An interrupt, which is checked before every task.
    pub fn run<'b>(
        &self,
        mut rows: Vec<RowOut<'b>>,
        pool: &Pool<Scratch<T>>,
        (work, interrupt): (&Work, &Interrupt),
    ) -> Result<Vec<RowOut<'b>>> {
        let undone = Mutex::new(Vec::new());
        rows.par_chunks_mut(self.plan.rows()).try_for_each(|rows| {
            interrupt.check()?;
            // Squares of weights cost time, so they are summed only if requested.
            let squares = rows.iter().any(|r| r.ess.is_some());
            let (pairs, left) = pool.with(|scratch| self.plan.isa.run(Task { job: self, rows, scratch, squares }));
            work.add(pairs, self.sources.dim + self.sources.value_dim);
            if !left.is_empty() {
                undone.lock().unwrap_or_else(PoisonError::into_inner).extend(left);
            }
            Ok(())
        })?;
        let mut undone = undone.into_inner().unwrap_or_else(PoisonError::into_inner);
        undone.sort_unstable_by_key(|row: &RowOut| row.query);
        Ok(undone)
    }
}
