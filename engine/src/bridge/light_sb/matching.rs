//! The bridge matching loss of a learned potential, and the gradient of this loss.

use super::parameters::Parameters;
use crate::bridge::potential::Shapes;
use crate::bridge::quadratics::{Curvature, ShareMoments};
use crate::matrix::product;
use crate::rng::Stream;
use crate::{Points, Result};
use faer::Mat;
use rayon::prelude::*;

/// The number of different times `t` in one optimiser step.
const TIMES: usize = 16;

/// Positions between pairs of ends at one time, and the rates at which they approach the end.
#[derive(Debug)]
pub struct Moment {
    t: f64,
    /// The weight of this time in the loss, per row.
    weight: f64,
    points: Points,
    wanted: Points,
}

/// Returns positions between the pairs of ends `(x_i, y_i)`; if one sample is shorter, its rows
/// repeat. Every pair has one time and two positions with opposite noise `z`: `x_t = (1 - t) x + t
/// y +- sqrt(epsilon t (1 - t)) z`, which approach the end at the rate `(y - x_t) / (1 - t)`.
///
/// The variance of the rate is `epsilon t / (1 - t)`. The times have the density `1 / (2 sqrt(1 -
/// t))` and the weight `2 sqrt(1 - t)`, so that the loss has the same mean as with uniform times,
/// but a finite variance. This distribution is divided into [`TIMES`] equal parts, and each part
/// contains one time.
pub fn moments([start, end]: [&Points; 2], epsilon: f64, stream: Stream) -> Vec<Moment> {
    let (pairs, dim) = (start.n().max(end.n()), start.dim());
    let groups = TIMES.min(pairs);
    let mut rng = stream.label("times").rng();
    let noise = stream.label("noise").normal(pairs, dim);
    let of = |group: usize, uniform: f64| {
        let (first, last) = (group * pairs / groups, (group + 1) * pairs / groups);
        // The share of the distribution that belongs to this group is the group's share of the
        // pairs. The root of 1 - t is never 0.
        let root = (last as f64 - (last - first) as f64 * uniform) / pairs as f64;
        let t = 1.0 - root * root;
        let (spread, rate) = ((epsilon * t).sqrt() * root, (epsilon * t).sqrt() / root);
        let (mut points, mut wanted) = (Points::zeros(2 * (last - first), dim), Points::zeros(2 * (last - first), dim));
        for pair in first..last {
            let (x, y, z) = (start.row(pair % start.n()), end.row(pair % end.n()), noise.row(pair));
            for (row, sign) in [(2 * (pair - first), 1.0), (2 * (pair - first) + 1, -1.0)] {
                let to = points.row_mut(row).iter_mut().zip(wanted.row_mut(row));
                for ((at, rise), ((x, y), z)) in to.zip(x.iter().zip(y).zip(z)) {
                    *at = (1.0 - t) * x + t * y + sign * spread * z;
                    *rise = y - x - sign * rate * z;
                }
            }
        }
        Moment { t, weight: 2.0 * root / (2 * pairs) as f64, points, wanted }
    };
    (0..groups).map(|group| of(group, rng.uniform())).collect()
}

impl Parameters {
    /// Returns the mean of `(|u|^2 / 2 - u . w) / epsilon` over positions `x_t` with the rates `w`,
    /// where `u(t, x_t)` is the drift of the bridge, and writes its gradient with respect to the
    /// parameters. Both are NaN if a parameter is not finite.
    ///
    /// The function `log w_k(t, x)` of [`PotentialBridge`] has a constant, a linear part and a
    /// curvature. Let `p_0` and `p_1` be the derivatives with respect to the constant and the
    /// linear part, and `p_2` twice the derivative with respect to the curvature. Let `N = (t S +
    /// (1 - t) I)^-1` and `v = N r`. Then the derivatives are
    ///
    /// ```text
    /// log a_k:  p_0
    /// r_k:      N (p_1 - t p_0 r) / epsilon
    /// S_k:      the symmetric part of
    ///           (N p_2 N - 2 t N p_1 v^T + t^2 p_0 v v^T) / (2 epsilon) - t p_0 N / 2
    /// ```
    ///
    /// [`PotentialBridge`]: crate::bridge::PotentialBridge
    ///
    /// # Errors
    /// A full shape is numerically singular.
    pub fn matching(&self, moments: &[Moment], gradient: &mut [f64]) -> Result<f64> {
        if self.values.iter().any(|v| !v.is_finite()) {
            return Ok(f64::NAN);
        }
        let bridge = self.in_training_units()?;
        let of = |moment: &Moment| {
            let functions = bridge.weights_at(moment.t);
            let sums = functions.regression(&moment.points, &moment.wanted, self.epsilon);
            self.derivatives(bridge.shapes(), moment, &sums)
        };
        let parts: Vec<Derivatives> = moments.par_iter().map(of).collect();
        gradient.fill(0.0);
        let (mut value, mut by_shape) = (0.0, vec![Mat::zeros(0, 0); self.components]);
        for part in parts {
            value += part.value;
            gradient.iter_mut().zip(&part.by_values).for_each(|(g, v)| *g += v);
            for (sum, twice) in by_shape.iter_mut().zip(part.by_shape) {
                *sum = if sum.nrows() == 0 { twice } else { &*sum + twice };
            }
        }
        by_shape.iter().enumerate().for_each(|(k, twice)| self.write_shape_gradient(k, twice, gradient));
        Ok(value)
    }

    /// Returns the derivatives of the part of the loss that belongs to one time.
    fn derivatives(&self, shapes: &Shapes, moment: &Moment, sums: &ShareMoments) -> Derivatives {
        let (t, dim) = (moment.t, self.dim);
        let scale = moment.weight / self.epsilon;
        let inverse = |s: f64| 1.0 / (t * s + (1.0 - t));
        let mut by_values = vec![0.0; self.components * (1 + dim)];
        let mut by_shape = Vec::with_capacity(self.components);
        for k in 0..self.components {
            let (mass, r) = (sums.mass[k], &self.values[self.centre(k)]);
            by_values[k] = self.gain * scale * mass;
            let first: Vec<f64> = (0..dim).map(|j| sums.first[(j, k)]).collect();
            let off: Vec<f64> = first.iter().zip(r).map(|(p, r)| p - t * mass * r).collect();
            let by_centre = shapes.apply(k, inverse, &off);
            by_values[self.centre(k)].iter_mut().zip(&by_centre).for_each(|(g, v)| *g = scale / self.epsilon * v);
            let (v, pulled) = (shapes.apply(k, inverse, r), shapes.apply(k, inverse, &first));
            let outer = |i: usize, j: usize| {
                let crossed = pulled[i] * v[j] + v[i] * pulled[j];
                (t * t * mass * v[i] * v[j] - t * crossed) / self.epsilon
            };
            by_shape.push(match (shapes, &sums.second) {
                (Shapes::Diagonal(all), Curvature::Diagonal(second)) => Mat::from_fn(dim, 1, |j, _| {
                    let n = inverse(all.row(k)[j]);
                    scale * (n * n * second[(j, k)] / self.epsilon + outer(j, j) - t * mass * n)
                }),
                (Shapes::Full(all), Curvature::Full(second)) => {
                    let n = all[k].map(inverse);
                    let inner = product(product(n.as_ref(), second[k].as_ref()).as_ref(), n.as_ref());
                    Mat::from_fn(dim, dim, |i, j| {
                        scale * (inner[(i, j)] / self.epsilon + outer(i, j) - t * mass * n[(i, j)])
                    })
                }
                // This cannot happen: the sums are diagonal if the shapes are, and full if the
                // shapes are.
                _ => Mat::from_fn(dim, dim, |_, _| f64::NAN),
            });
        }
        Derivatives { value: scale * sums.value, by_values, by_shape }
    }
}

/// The part of the loss that belongs to one time, and its derivatives. `by_values` has those with
/// respect to the parameters of the weights and to the centres. `by_shape` has twice those with
/// respect to the shapes `S_k`; each is a column if the shape is diagonal.
struct Derivatives {
    value: f64,
    by_values: Vec<f64>,
    by_shape: Vec<Mat<f64>>,
}
