//! The divergence of a field by central differences.

use crate::rng::Stream;
use crate::{Points, Result};

/// The number of random directions if there are too many coordinates.
const PROBES: usize = 16;

/// The largest number of groups of random directions whose means are told apart.
const GROUPS: usize = 16;

/// The largest dimension in which all coordinates are used.
pub const MOST_COORDINATES: usize = 8;

/// Returns the number of directions along which a divergence is evaluated in `dim` dimensions;
/// `probes` is the requested number.
pub fn directions(dim: usize, probes: Option<usize>) -> usize {
    probes.unwrap_or(if dim <= MOST_COORDINATES { dim } else { PROBES })
}

/// Returns the mean of the terms of groups that have these shares of all directions, and its
/// standard error `sqrt(sum_g w_g (t_g - t)^2 / (groups - 1))`; NaN for one term. The terms are
/// independent, and a group with the share `w` has a variance in proportion to `1 / w`.
pub fn mean_and_error(terms: &[f64], shares: &[f64]) -> (f64, f64) {
    let mean: f64 = terms.iter().zip(shares).map(|(term, share)| term * share).sum();
    let sum: f64 = terms.iter().zip(shares).map(|(term, share)| share * (term - mean).powi(2)).sum();
    (mean, (sum / (terms.len() as f64 - 1.0)).sqrt())
}

/// The divergence `div v = sum_e e . (dv e)`. The sum is over all coordinate directions `e`. It can
/// be estimated by the mean over random sign vectors `e`, which are fixed during the integration
/// \[hutchinson1989stochastic\]. Groups of these vectors give estimates of their own, whose
/// differences show the error.
#[derive(Debug, Default)]
pub struct Divergence {
    directions: Vec<Points>,
    /// The part of the divergence that a direction of each group contributes to its mean.
    weights: Vec<f64>,
    shares: Vec<f64>,
    probe: Points,
    sides: [Points; 2],
    values: Points,
}

impl Divergence {
    /// Creates the estimator for `dim` dimensions. If `probes` is left out, it uses all coordinates
    /// in up to 8 dimensions, which is exact, and 16 random directions in more dimensions.
    pub fn new(dim: usize, probes: Option<usize>, stream: Stream) -> Divergence {
        let count = directions(dim, probes);
        let exact = probes.is_none() && dim <= MOST_COORDINATES;
        let direction = |k: usize| {
            if exact {
                let mut e = Points::zeros(1, dim);
                e.data_mut()[k] = 1.0;
                return e;
            }
            let mut e = stream.at(k as u64).normal(1, dim);
            e.data_mut().iter_mut().for_each(|v| *v = v.signum());
            e
        };
        let groups = if exact { 1 } else { count.min(GROUPS) };
        // Direction k belongs to group k modulo the number of groups.
        let sizes: Vec<f64> = (0..groups).map(|g| (g..count).step_by(groups).len() as f64).collect();
        let weights = sizes.iter().map(|size| if exact { 1.0 } else { 1.0 / size }).collect();
        let shares = sizes.iter().map(|size| size / count as f64).collect();
        Divergence { directions: (0..count).map(direction).collect(), weights, shares, ..Divergence::default() }
    }

    /// The shares of the groups of random directions in all directions; a single share of 1 if the
    /// divergence is exact.
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// Evaluates the divergence at every row of `z`, by central differences of the field over a
    /// distance of `2 by`, in the `units` of each coordinate. A row of the result has one term per
    /// group; their mean, weighted by [`Divergence::shares`], is the divergence. The cost is two
    /// evaluations of the field per direction.
    ///
    /// # Errors
    /// Those of `field`.
    pub fn at(
        &mut self,
        z: &Points,
        (by, units): (f64, &[f64]),
        field: &mut dyn FnMut(&Points, &mut Points) -> Result<()>,
    ) -> Result<&Points> {
        let groups = self.shares.len();
        self.values.reshape(z.n(), groups);
        self.values.data_mut().fill(0.0);
        for (k, direction) in self.directions.iter().enumerate() {
            let e = direction.row(0);
            for (side, by) in self.sides.iter_mut().zip([by, -by]) {
                self.probe.copy_from(z);
                for row in self.probe.data_mut().chunks_exact_mut(z.dim()) {
                    row.iter_mut().zip(e.iter().zip(units)).for_each(|(z, (e, unit))| *z += by * unit * e);
                }
                field(&self.probe, side)?;
            }
            let share = self.weights[k % groups] / (2.0 * by);
            let values = self.values.data_mut().chunks_exact_mut(groups).map(|row| &mut row[k % groups]);
            for ((value, up), down) in values.zip(self.sides[0].iter()).zip(self.sides[1].iter()) {
                let e = e.iter().zip(units);
                let slope: f64 = up.iter().zip(down).zip(e).map(|((up, down), (e, unit))| (up - down) * e / unit).sum();
                *value += share * slope;
            }
        }
        Ok(&self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `v = (x y, y^2 + z, x z)` has the divergence `3 y + x`.
    fn field(z: &Points, v: &mut Points) -> Result<()> {
        v.copy_from(z);
        for (v, z) in v.data_mut().chunks_exact_mut(3).zip(z.iter()) {
            v.copy_from_slice(&[z[0] * z[1], z[1] * z[1] + z[2], z[0] * z[2]]);
        }
        Ok(())
    }

    #[test]
    fn coordinates_give_it_and_random_signs_do_in_the_mean() {
        let z = Stream::new(1).normal(20, 3);
        let mut exact = Divergence::new(3, None, Stream::new(2));
        for (value, z) in exact.at(&z, (1e-4, &[1.0, 0.3, 7.0]), &mut field).unwrap().iter().zip(z.iter()) {
            assert!((value[0] - (3.0 * z[1] + z[0])).abs() < 1e-9);
        }
        let mut random = Divergence::new(3, Some(4001), Stream::new(2));
        let shares = random.shares().to_vec();
        for (values, z) in random.at(&z, (1e-4, &[1.0; 3]), &mut field).unwrap().iter().zip(z.iter()) {
            let value = mean_and_error(values, &shares).0;
            // The off-diagonal derivatives give the variance for one sign vector.
            let se = (z[0].powi(2) + 1.0 + z[2].powi(2)).sqrt() / 4000f64.sqrt();
            assert!((value - (3.0 * z[1] + z[0])).abs() < 5.0 * se, "{value} {z:?}");
        }
    }
}
