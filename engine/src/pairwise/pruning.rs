//! Upper bounds of the weights of a block of sources, by which blocks of negligible weight are
//! skipped.
//!
//! Let a block lie in the ball `(c, r)` and a panel of queries in the ball `(z, t)`. No query is
//! nearer to a source than `max(0, |z - c| - r - t)`, nor than the distance between the bounding
//! boxes of queries and sources. The first bound is tight for round clouds, the second for a
//! block that extends over several clouds. With `D` the larger of the two, no score of the pair
//! exceeds `top - D^2`, where `top` is the block's largest log-weight. If that is below every
//! query's running maximum by `depth = bits + log2 m + 1`, each weight is below `2^-bits / 2m` of
//! the largest. The weights of all skipped sources together are then below half a unit of the sum's
//! rounding. The maximum only rises, so a block that is skipped early would also be skipped later.

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

/// Bounds of all blocks.
#[derive(Debug)]
pub struct Bounds {
    blocks: Vec<(Ball, f64)>,
    /// The number of bits below the maximum at which the weight of a block is negligible.
    pub depth: f64,
}

impl Ball {
    /// Returns the ball of points that can be traversed several times.
    pub fn of<P: Iterator<Item = f64>>(count: usize, dim: usize, point: impl Fn(usize) -> P) -> Ball {
        let mut centre = vec![0.0; dim];
        for i in 0..count {
            centre.iter_mut().zip(point(i)).for_each(|(c, x)| *c += x);
        }
        centre.iter_mut().for_each(|c| *c /= count as f64);
        let square = |i| point(i).zip(&centre).map(|(x, c)| (x - c).powi(2)).sum::<f64>();
        let radius = (0..count).map(square).fold(0.0, f64::max).sqrt();
        let (mut low, mut high) = (vec![f64::INFINITY; dim], vec![f64::NEG_INFINITY; dim]);
        for i in 0..count {
            for ((low, high), x) in low.iter_mut().zip(&mut high).zip(point(i)) {
                (*low, *high) = (low.min(x), high.max(x));
            }
        }
        Ball { low, high, centre, radius }
    }

    /// Enlarges the ball by the rounding error of its points. `in_parts` is true if their
    /// coordinates were packed in two parts. Otherwise a block that spans two distant clusters
    /// could be skipped although it contains the nearest source of a query.
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

    /// Returns a lower bound of the distance between points of these balls, whose centres are
    /// `distance` apart.
    fn gap(&self, other: &Ball, distance: f64) -> f64 {
        // The balls are rounded too; a part in a million is far more than that.
        (distance * (1.0 - 1e-6) - (self.radius + other.radius) * (1.0 + 1e-6)).max(0.0)
    }

    /// Returns the squared distance of the boxes, rounded down.
    fn apart(&self, other: &Ball) -> f64 {
        let intervals = self.low.iter().zip(&self.high).zip(other.low.iter().zip(&other.high));
        let gap = |((a, b), (c, d)): ((&f64, &f64), (&f64, &f64))| (a - d).max(c - b).max(0.0).powi(2);
        intervals.map(gap).sum::<f64>() * (1.0 - 1e-6)
    }
}

impl Bounds {
    /// Computes the bounds of the packed sources in the blocks of the plan.
    pub fn of<T: Real>(sources: &Packed<T>, plan: &Plan) -> Bounds {
        let blocks = (0..sources.m.div_ceil(plan.block))
            .into_par_iter()
            .map(|b| {
                let (from, count) = (b * plan.block, plan.block.min(sources.m - b * plan.block));
                let ball = Ball::of(count, sources.dim, |j| sources.around_all(from + j));
                let ball = ball.with_room(T::EPSILON, sources.in_parts());
                (ball, sources.top(from, count, plan.form))
            })
            .collect();
        Bounds { blocks, depth: 1.0 - T::EPSILON.log2() + (sources.m as f64).log2() }
    }

    /// Writes the largest possible score of every block with the queries of `panel` into `best`;
    /// returns the block with the nearest centre.
    pub fn against(&self, panel: &Ball, best: &mut Vec<f64>) -> usize {
        best.clear();
        let mut nearest = (f64::INFINITY, 0);
        for (b, (ball, top)) in self.blocks.iter().enumerate() {
            let square = crate::points::squared_distance(&ball.centre, &panel.centre);
            best.push(top - ball.gap(panel, square.sqrt()).powi(2).max(ball.apart(panel)));
            // By the nearest centre and not the largest bound, because bounds are equal where balls
            // overlap.
            if square - top < nearest.0 {
                nearest = (square - top, b);
            }
        }
        nearest.1
    }
}
