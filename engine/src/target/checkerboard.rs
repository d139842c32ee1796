//! The checkerboard of eight squares, with the closed form of its density under Gaussian smoothing.

use super::density::check_sigma;
use super::{Density, Moments, Target, shape};
use crate::{Error, Points, Result, Rule, Subject, rng::Stream};
use faer::mat;
use rayon::prelude::*;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Points per task.
const CHUNK: usize = 256;

/// The uniform distribution on the squares `(i, j)` with even `i + j` of a 4 x 4 board around the
/// origin, with Gaussian noise.
#[derive(Debug, Clone)]
pub struct Checkerboard {
    side: f64,
    noise: f64,
}

impl Checkerboard {
    pub(super) fn new(side: f64, noise: f64) -> Checkerboard {
        Checkerboard { side, noise }
    }

    /// Returns the lower edge of strip `i` of 4, on either axis.
    fn edge(&self, i: usize) -> f64 {
        (i as f64 - 2.0) * self.side
    }

    /// Returns the log density and its gradient at `x` if the squares are smoothed by `N(0, s^2
    /// I)`, `s > 0`.
    fn smoothed(&self, x: &[f64], s: f64) -> (f64, [f64; 2]) {
        let strips = |x: f64| [0, 1, 2, 3].map(|i| strip(x, self.edge(i), self.edge(i + 1), s));
        let (across, along) = (strips(x[0]), strips(x[1]));
        let squares = || (0..16).map(|k| (k / 4, k % 4)).filter(|(i, j)| (i + j) % 2 == 0);
        let log_mass = |(i, j): (usize, usize)| across[i].log_mass + along[j].log_mass;
        let top = squares().map(log_mass).fold(f64::NEG_INFINITY, f64::max);
        let (mut sum, mut gradient) = (0.0, [0.0; 2]);
        for (i, j) in squares() {
            let weight = (log_mass((i, j)) - top).exp();
            sum += weight;
            gradient[0] += weight * across[i].slope;
            gradient[1] += weight * along[j].slope;
        }
        (top + sum.ln() - self.log_area(), gradient.map(|g| g / sum))
    }

    fn log_area(&self) -> f64 {
        (8.0 * self.side * self.side).ln()
    }

    /// True if `x` is on one of the squares.
    fn holds(&self, x: &[f64]) -> bool {
        let strip = |x: f64| (x / self.side + 2.0).floor();
        let (i, j) = (strip(x[0]), strip(x[1]));
        (0.0..4.0).contains(&i) && (0.0..4.0).contains(&j) && (i + j) % 2.0 == 0.0
    }

    fn check(&self, points: &Points, sigma: f64) -> Result<f64> {
        check_sigma(sigma)?;
        points.check_dim(Subject::points(), 2, "the checkerboard")?;
        Ok(sigma.hypot(self.noise))
    }
}

impl Target for Checkerboard {
    fn name(&self) -> String {
        "the data set `checkerboard`".into()
    }

    fn dim(&self) -> usize {
        2
    }

    fn sample(&self, n: usize, stream: Stream) -> Result<Points> {
        Ok(shape::rows(n, 2, stream, |rng, row| {
            let i = rng.below(4);
            let j = 2 * rng.below(2) + i % 2;
            row.copy_from_slice(&[self.edge(i) + self.side * rng.uniform(), self.edge(j) + self.side * rng.uniform()]);
            shape::blur(rng, self.noise, row);
        }))
    }

    fn density(&self) -> Option<&dyn Density> {
        Some(self)
    }

    fn moments(&self) -> Option<Moments> {
        let variance = 4.0 / 3.0 * self.side * self.side + self.noise * self.noise;
        let shared = 0.25 * self.side * self.side;
        Some(Moments { mean: vec![0.0; 2], cov: mat![[variance, shared], [shared, variance]] })
    }
}

impl Density for Checkerboard {
    /// Without smoothing and noise, the log density is minus infinity outside the squares.
    fn log_density(&self, points: &Points, sigma: f64, out: &mut Vec<f64>) -> Result<()> {
        let s = self.check(points, sigma)?;
        let bare = |x: &[f64]| if self.holds(x) { -self.log_area() } else { f64::NEG_INFINITY };
        out.clear();
        out.resize(points.n(), 0.0);
        out.par_chunks_mut(CHUNK).zip(points.data().par_chunks(2 * CHUNK)).for_each(|(out, rows)| {
            for (value, x) in out.iter_mut().zip(rows.chunks_exact(2)) {
                *value = if s > 0.0 { self.smoothed(x, s).0 } else { bare(x) };
            }
        });
        Ok(())
    }

    /// If there is no noise, `sigma` must be positive, because the bare density has no gradient.
    fn score(&self, points: &Points, sigma: f64, out: &mut Points) -> Result<()> {
        let s = self.check(points, sigma)?;
        if s == 0.0 {
            return Err(Error::argument(
                "sigma",
                sigma,
                Rule::Positive.worded("the checkerboard has edges: its score needs a positive sigma"),
            ));
        }
        out.reshape(points.n(), 2);
        out.data_mut().par_chunks_mut(2 * CHUNK).zip(points.data().par_chunks(2 * CHUNK)).for_each(|(out, rows)| {
            for (gradient, x) in out.chunks_exact_mut(2).zip(rows.chunks_exact(2)) {
                gradient.copy_from_slice(&self.smoothed(x, s).1);
            }
        });
        Ok(())
    }
}

/// The logarithm of the mass of `N(x, s^2)` on a strip, and its derivative with respect to `x`.
#[derive(Debug, Clone, Copy)]
struct Strip {
    log_mass: f64,
    slope: f64,
}

fn strip(x: f64, lower: f64, upper: f64, s: f64) -> Strip {
    let (l, u) = ((lower - x) / s, (upper - x) / s);
    if u - l < 1e-5 {
        // The strip is so narrow that the density is linear on it. The difference of two tails
        // would lose digits by cancellation.
        let middle = 0.5 * (l + u);
        return Strip { log_mass: normal_log_density(middle) + (u - l).ln(), slope: middle / s };
    }
    if l <= 0.0 && u >= 0.0 {
        let mass = 0.5 * (libm::erf(u * FRAC_1_SQRT_2) - libm::erf(l * FRAC_1_SQRT_2));
        let rise = normal_log_density(l).exp() - normal_log_density(u).exp();
        return Strip { log_mass: mass.ln(), slope: rise / (s * mass) };
    }
    // If the strip lies on one side, its mass is computed relative to the density at the nearer
    // edge, so that nothing underflows at any distance.
    let (near, far, sign) = if l > 0.0 { (l, u, 1.0) } else { (-u, -l, -1.0) };
    let drop = 0.5 * (near - far) * (near + far);
    let mass = tail(near) - tail(far) * drop.exp();
    let log_mass = normal_log_density(near) + mass.ln();
    Strip { log_mass, slope: -sign * drop.exp_m1() / (s * mass) }
}

fn normal_log_density(z: f64) -> f64 {
    -0.5 * (z * z + (2.0 * PI).ln())
}

/// Returns Mills' ratio of the normal distribution, `P(Z > z) / density(z)`, for `z >= 0`.
fn tail(z: f64) -> f64 {
    if z < 35.0 {
        0.5 * libm::erfc(z * FRAC_1_SQRT_2) / normal_log_density(z).exp()
    } else {
        let r = 1.0 / (z * z);
        (1.0 - r * (1.0 - 3.0 * r * (1.0 - 5.0 * r * (1.0 - 7.0 * r)))) / z
    }
}

#[cfg(test)]
mod tests;
