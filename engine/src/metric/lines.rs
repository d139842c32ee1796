//! Comparisons of two sets by their projections onto random lines, averaged over the lines.

use super::estimate::{mean, variance_of_mean, variance_of_weighted_mean};
use crate::points::dot;
use crate::{Error, Interrupt, Result, rng::Stream};
use rayon::prelude::*;

/// The largest number of directions computed at a time.
const BLOCK: usize = 16;
/// The largest number of values that the directions computed at a time have together: 512 MiB.
const BLOCK_VALUES: usize = 1 << 26;

/// The largest number of directions. For this number, the standard error over directions is a few
/// thousandths of the value.
const MOST: usize = 100_000;

/// The comparison of two sets on a line.
pub struct Line {
    /// The value.
    pub value: f64,
    /// The contribution of each point `x` to the value, up to a constant: its first-order
    /// projection.
    pub of_x: Vec<f64>,
    /// The contribution of each point `y`.
    pub of_y: Vec<f64>,
}

/// Random directions along which two sets of points are compared. The second set may have weights.
pub struct Lines<'a> {
    pub directions: usize,
    pub dim: usize,
    pub sizes: (usize, usize),
    pub weights: Option<&'a [f64]>,
    pub stream: Stream,
}

impl Lines<'_> {
    /// Returns the mean of the values and its variance over samples and over directions. In one
    /// dimension there is one direction.
    ///
    /// # Errors
    /// The number of directions is 0 or too large, or an interrupt.
    pub fn average(&self, interrupt: &Interrupt, along: impl Fn(&[f64]) -> Line + Sync) -> Result<(f64, f64)> {
        if self.directions == 0 {
            return Err(Error::argument("directions", 0, "at least one direction is needed"));
        }
        if self.directions > MOST {
            return Err(Error::argument("directions", self.directions, format!("it must be at most {MOST}")));
        }
        let count = self.count();
        let mut values = Vec::with_capacity(count);
        let (mut of_x, mut of_y) = (vec![0.0; self.sizes.0], vec![0.0; self.sizes.1]);
        let together = (BLOCK_VALUES / (self.sizes.0 + self.sizes.1)).clamp(1, BLOCK);
        for first in (0..count).step_by(together) {
            interrupt.check()?;
            let block = (first..count.min(first + together)).into_par_iter();
            let lines: Vec<Line> = block.map(|k| along(&self.direction(k))).collect();
            for line in lines {
                values.push(line.value);
                of_x.iter_mut().zip(&line.of_x).for_each(|(sum, p)| *sum += p / count as f64);
                of_y.iter_mut().zip(&line.of_y).for_each(|(sum, p)| *sum += p / count as f64);
            }
        }
        // From a single direction in several dimensions, the error over directions is NaN: it is
        // unknown.
        let over_directions = if self.dim == 1 { 0.0 } else { variance_of_mean(&values) };
        let over_samples = variance_of_mean(&of_x) + variance_of_weighted_mean(&of_y, self.weights);
        Ok((mean(&values), over_samples + over_directions))
    }

    /// The number of directions that are computed.
    pub fn count(&self) -> usize {
        if self.dim == 1 { 1 } else { self.directions }
    }

    /// Returns direction `k`, uniform on the sphere.
    fn direction(&self, k: usize) -> Vec<f64> {
        if self.dim == 1 {
            return vec![1.0];
        }
        let mut rng = self.stream.label("direction").at(k as u64).rng();
        let normal: Vec<f64> = (0..self.dim).map(|_| rng.normal()).collect();
        let length = dot(&normal, &normal).sqrt();
        normal.iter().map(|v| v / length).collect()
    }
}
