//! Upper bounds of the weights of a block of sources, by which blocks of negligible weight are
//! skipped.
//!
//! Let a block lie in the ball `(c, r)` and a panel of queries in the ball `(z, t)`. No query is
//! nearer to a source than `max(0, |z - c| - r - t)`, nor than the distance between the bounding
//! boxes of queries and sources. The first bound is tight for round clouds, the second for a block
//! that extends over several clouds. Let `D` be the larger of the two bounds, and `top` the block's
//! largest log-weight. No exponent of a weight between the block and the panel then exceeds `top -
//! D^2`. Let `m` be the number of sources and `2^-bits` the relative rounding error. If `top - D^2`
//! is below every query's running maximum by `depth = bits + log2 m + 1`, each weight is below
//! `2^-bits / 2m` of the largest. The weights of all skipped sources together are then below half
//! the rounding error of the sum. The running maximum only rises, so a block that is skipped early
//! would also be skipped later.

use super::pack::Packed;
use super::plan::Plan;
use crate::simd::Real;
use rayon::prelude::*;

/// A ball and a box around some points.
#[derive(Debug, Clone, Default)]
pub struct Ball {
    /// Smallest and largest coordinate on every axis.
    low: Vec<f64>,
    high: Vec<f64>,
    /// Mean of the points.
    pub centre: Vec<f64>,
    /// Largest distance from the mean.
    pub radius: f64,
}

/// Blocks whose bounds are computed together, in registers.
const LANES: usize = 8;

/// Bounds of all blocks. Every list is padded to a multiple of [`LANES`] blocks by blocks without
/// weight. The lists of coordinates are stored axis by axis.
#[derive(Debug)]
pub struct Bounds {
    /// The number of blocks, without the padding.
    count: usize,
    centres: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    radii: Vec<f64>,
    /// The largest log-weight of every block.
    tops: Vec<f64>,
    /// The number of bits below the maximum at which the weight of a block is negligible.
    pub depth: f64,
}

impl Ball {
    /// Returns the ball of these points, each of `dim` coordinates.
    pub fn of(points: &[f64], dim: usize) -> Ball {
        let (mut low, mut high) = (vec![f64::INFINITY; dim], vec![f64::NEG_INFINITY; dim]);
        let mut centre = vec![0.0; dim];
        for point in points.chunks_exact(dim) {
            for ((c, x), (low, high)) in centre.iter_mut().zip(point).zip(low.iter_mut().zip(&mut high)) {
                *c += x;
                (*low, *high) = (smaller(*low, *x), larger(*high, *x));
            }
        }
        let count = (points.len() / dim) as f64;
        centre.iter_mut().for_each(|c| *c /= count);
        let square = |point: &[f64]| point.iter().zip(&centre).map(|(x, c)| (x - c).powi(2)).sum::<f64>();
        let radius = points.chunks_exact(dim).map(square).fold(0.0, f64::max).sqrt();
        Ball { low, high, centre, radius }
    }

    /// Enlarges the ball by the rounding error of its points. `in_parts` is true if their
    /// coordinates were packed in two parts. Without this margin, a block that spans two distant
    /// clusters could be skipped although it contains the nearest source of a query.
    pub fn with_room(mut self, epsilon: f64, in_parts: bool) -> Ball {
        let from = self.centre.iter().map(|c| c * c).sum::<f64>().sqrt();
        let room = 4.0 * epsilon * (self.radius + if in_parts { epsilon * from } else { from });
        self.low.iter_mut().for_each(|low| *low -= room);
        self.high.iter_mut().for_each(|high| *high += room);
        self.radius += room;
        self
    }

    /// Returns the axis with the largest extent of the points, and that extent.
    pub fn widest(&self) -> (usize, f64) {
        let extents = self.low.iter().zip(&self.high).map(|(low, high)| high - low).enumerate();
        extents.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default()
    }
}

impl Bounds {
    /// Computes the bounds of the packed sources in the blocks of the plan.
    pub fn of<T: Real>(sources: &Packed<T>, plan: &Plan) -> Bounds {
        let dim = sources.dim;
        let blocks: Vec<(Ball, f64)> = (0..sources.m.div_ceil(plan.block))
            .into_par_iter()
            .map_init(Vec::new, |points, b| {
                let (from, count) = (b * plan.block, plan.block.min(sources.m - b * plan.block));
                points.clear();
                (from..from + count).for_each(|j| points.extend(sources.around_all(j)));
                let ball = Ball::of(points, dim).with_room(T::EPSILON, sources.in_parts());
                (ball, sources.top(from, count, plan.form))
            })
            .collect();
        let padded = blocks.len().next_multiple_of(LANES);
        let list = |of: &dyn Fn(&(Ball, f64)) -> f64, padding: f64| {
            let padding = std::iter::repeat_n(padding, padded - blocks.len());
            blocks.iter().map(of).chain(padding).collect::<Vec<f64>>()
        };
        let axes = |of: &dyn Fn(&Ball) -> &Vec<f64>| (0..dim).flat_map(|k| list(&|b| of(&b.0)[k], 0.0)).collect();
        Bounds {
            count: blocks.len(),
            centres: axes(&|ball| &ball.centre),
            low: axes(&|ball| &ball.low),
            high: axes(&|ball| &ball.high),
            radii: list(&|block| block.0.radius, 0.0),
            tops: list(&|block| block.1, f64::NEG_INFINITY),
            depth: 1.0 - T::EPSILON.log2() + (sources.m as f64).log2(),
        }
    }

    /// Writes the largest possible exponent of a weight between every block and the queries of
    /// `panel` into `best`. Returns the block whose centre is nearest, by squared distance minus
    /// the block's largest log-weight.
    pub fn against(&self, panel: &Ball, best: &mut Vec<f64>) -> usize {
        best.clear();
        let padded = self.tops.len();
        let mut nearest = (f64::INFINITY, 0);
        for from in (0..padded).step_by(LANES) {
            let lanes = |list: &[f64], axis: usize| -> [f64; LANES] {
                let mut lanes = [0.0; LANES];
                lanes.copy_from_slice(&list[axis * padded + from..][..LANES]);
                lanes
            };
            // The squared distances of the centres, and of the boxes.
            let (mut squares, mut apart) = ([0.0; LANES], [0.0; LANES]);
            for (k, (c, (l, h))) in panel.centre.iter().zip(panel.low.iter().zip(&panel.high)).enumerate() {
                let (centres, low, high) = (lanes(&self.centres, k), lanes(&self.low, k), lanes(&self.high, k));
                for i in 0..LANES {
                    let offset = centres[i] - c;
                    squares[i] += offset * offset;
                    let gap = larger(larger(l - high[i], low[i] - h), 0.0);
                    apart[i] += gap * gap;
                }
            }
            let (radii, tops) = (lanes(&self.radii, 0), lanes(&self.tops, 0));
            for i in 0..LANES {
                // The bounds are rounded, too. The margin of a part in a million is far more than
                // their rounding error.
                let balls = squares[i].sqrt() * (1.0 - 1e-6) - (radii[i] + panel.radius) * (1.0 + 1e-6);
                let balls = larger(balls, 0.0);
                apart[i] = tops[i] - larger(balls * balls, apart[i] * (1.0 - 1e-6));
            }
            best.extend_from_slice(&apart);
            // The nearest block is chosen by its centre and not by its bound, because bounds are
            // equal where balls overlap.
            for i in 0..LANES {
                if squares[i] - tops[i] < nearest.0 {
                    nearest = (squares[i] - tops[i], from + i);
                }
            }
        }
        best.truncate(self.count);
        nearest.1
    }
}

/// Returns the larger number, in one instruction, and `b` if `a` is NaN.
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// Returns the smaller number, and `b` if `a` is NaN.
fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}
