//! The reference backend: one query at a time, f64, distances by differences, two passes. All other
//! backends are compared with it.

use super::output_row::{RowOut, nearest};
use super::{Loops, RowByRow};
use crate::pairwise::call::{KernelCall, SoftmaxCall};
use crate::pairwise::measure::Measure;
use crate::pairwise::{Pairwise, Part};
use crate::points::squared_distance;
use crate::{Points, Result};
use rayon::prelude::*;

/// The reference backend.
pub struct Naive;

impl Loops for Naive {
    fn softmax<'b>(
        &self,
        engine: &Pairwise,
        call: &SoftmaxCall,
        _: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        engine.work.add(rows.len() * call.sources.n(), call.sources.dim() + call.value_dim());
        rows.into_par_iter().for_each(|row| softmax_row(call, row));
        engine.interrupt.check().map(|()| Vec::new())
    }

    fn kernel<'b>(
        &self,
        engine: &Pairwise,
        call: &KernelCall,
        _: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>> {
        engine.work.add(rows.len() * call.sources.n(), call.sources.dim() + call.value_dim());
        let one = if call.is_softmax { kernel_softmax_row } else { kernel_row };
        rows.into_par_iter().for_each(|row| one(call, row));
        engine.interrupt.check().map(|()| Vec::new())
    }
}

impl RowByRow for Naive {
    fn unit(&self, _: &Pairwise, _: &Measure) -> (usize, bool) {
        (1, false)
    }
}

fn softmax_row(call: &SoftmaxCall, row: RowOut) {
    let SoftmaxCall { queries, sources, softmax, subtract, .. } = *call;
    let query = queries.row(row.query);
    let left_out = call.leave_out_self().then_some(row.query);
    let scale = -0.5 / (softmax.sigma * softmax.sigma);
    let logit = |j: usize| {
        if Some(j) == left_out {
            return f64::NEG_INFINITY;
        }
        softmax.log_weights.map_or(0.0, |l| l[j]) + scale * squared_distance(query, sources.row(j))
    };
    put_softmax(query, (sources, call.points()), left_out, logit, (row, subtract));
}

fn kernel_softmax_row(call: &KernelCall, row: RowOut) {
    let KernelCall { queries, sources, sum, .. } = *call;
    let query = queries.row(row.query);
    let left_out = call.leave_out_self().then_some(row.query);
    let logit = |j: usize| {
        if Some(j) == left_out {
            return f64::NEG_INFINITY;
        }
        sum.weights.map_or(0.0, |l| l[j]) + sum.kernel.log_value(squared_distance(query, sources.row(j)))
    };
    put_softmax(query, (sources, call.points()), left_out, logit, (row, false));
}

/// Writes the softmax mean of the values with these logits.
fn put_softmax(
    query: &[f64],
    (sources, values): (&Points, Option<&Points>),
    left_out: Option<usize>,
    logit: impl Fn(usize) -> f64,
    (mut row, subtract): (RowOut, bool),
) {
    let max = (0..sources.n()).map(&logit).fold(f64::NEG_INFINITY, f64::max);
    if max == f64::NEG_INFINITY {
        let nearest = nearest(query, sources, left_out);
        row.put_values(subtract, |c| values.map_or(0.0, |values| values.row(nearest)[c]));
        return row.put(f64::NEG_INFINITY, 1.0);
    }
    let (mut total, mut squares, mut mean) = (0.0, 0.0, vec![0.0; values.map_or(0, Points::dim)]);
    for j in 0..sources.n() {
        let weight = (logit(j) - max).exp();
        total += weight;
        squares += weight * weight;
        if let Some(values) = values {
            mean.iter_mut().zip(values.row(j)).for_each(|(m, v)| *m += weight * v);
        }
    }
    row.put_values(subtract, |c| mean[c] / total);
    row.put(max + total.ln(), total * total / squares);
}

fn kernel_row(call: &KernelCall, mut row: RowOut) {
    let KernelCall { queries, sources, sum, .. } = *call;
    let (mut mass, mut moment) = (0.0, vec![0.0; call.value_dim()]);
    for j in (0..sources.n()).filter(|&j| !(sum.leave_out_self && row.query == j)) {
        let d2 = squared_distance(queries.row(row.query), sources.row(j));
        let k = match sum.part {
            Part::Value => sum.kernel.value(d2),
            Part::Slope => sum.kernel.slope(d2),
        };
        let weight = sum.weights.map_or(1.0, |w| w[j]) * k;
        mass += weight;
        if let Some(values) = call.points() {
            moment.iter_mut().zip(values.row(j)).for_each(|(m, v)| *m += weight * v);
        }
    }
    row.put_values(false, |c| moment[c]);
    row.put(mass, 1.0);
}
