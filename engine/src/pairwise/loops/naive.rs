//! The reference: one query at a time, f64, distances by differences, two passes. Every other path is compared with it.

use super::output_row::nearest;
use crate::pairwise::{KernelSum, KernelSums, Part, Softmax, SoftmaxMean};
use crate::{Points, points::squared_distance};
use rayon::prelude::*;

pub fn softmax_mean(queries: &Points, sources: &Points, values: &Points, softmax: &Softmax, out: &mut SoftmaxMean) {
    let (n, dim) = (queries.n(), values.dim());
    out.mean.reshape(n, dim);
    out.log_sum.resize(n, 0.0);
    out.ess.resize(n, 0.0);
    let scale = -0.5 / (softmax.sigma * softmax.sigma);
    let logit = |i: usize, j: usize| {
        if softmax.leave_out_self && i == j && sources.n() > 1 {
            return f64::NEG_INFINITY;
        }
        softmax.log_weights.map_or(0.0, |l| l[j]) + scale * squared_distance(queries.row(i), sources.row(j))
    };
    let rows = out.mean.data_mut().par_chunks_mut(dim).zip(&mut out.log_sum).zip(&mut out.ess);
    rows.enumerate().for_each(|(i, ((mean, log_sum), ess))| {
        let max = (0..sources.n()).map(|j| logit(i, j)).fold(f64::NEG_INFINITY, f64::max);
        if max == f64::NEG_INFINITY {
            let left_out = (softmax.leave_out_self && sources.n() > 1).then_some(i);
            let nearest = nearest(queries.row(i), sources, left_out);
            mean.copy_from_slice(values.row(nearest));
            (*log_sum, *ess) = (f64::NEG_INFINITY, 1.0);
            return;
        }
        let (mut total, mut squares) = (0.0, 0.0);
        mean.fill(0.0);
        for j in 0..sources.n() {
            let weight = (logit(i, j) - max).exp();
            total += weight;
            squares += weight * weight;
            mean.iter_mut().zip(values.row(j)).for_each(|(m, v)| *m += weight * v);
        }
        mean.iter_mut().for_each(|m| *m /= total);
        *log_sum = max + total.ln();
        *ess = total * total / squares;
    });
}

pub fn kernel_sum(queries: &Points, sources: &Points, sum: &KernelSum, out: &mut KernelSums) {
    let (n, dim) = (queries.n(), sum.values.map_or(0, Points::dim));
    out.mass.resize(n, 0.0);
    out.moment.reshape(n, dim);
    let row = |i: usize, mass: &mut f64, moment: &mut [f64]| {
        *mass = 0.0;
        moment.fill(0.0);
        for j in (0..sources.n()).filter(|&j| !(sum.leave_out_self && i == j)) {
            let d2 = squared_distance(queries.row(i), sources.row(j));
            let k = match sum.part {
                Part::Value => sum.kernel.value(d2),
                Part::Slope => sum.kernel.slope(d2),
            };
            let weight = sum.weights.map_or(1.0, |w| w[j]) * k;
            *mass += weight;
            if let Some(values) = sum.values {
                moment.iter_mut().zip(values.row(j)).for_each(|(m, v)| *m += weight * v);
            }
        }
    };
    if dim == 0 {
        out.mass.par_iter_mut().enumerate().for_each(|(i, mass)| row(i, mass, &mut []));
    } else {
        let moments = out.moment.data_mut().par_chunks_mut(dim);
        out.mass.par_iter_mut().zip(moments).enumerate().for_each(|(i, (mass, moment))| row(i, mass, moment));
    }
}
