//! Curved targets on which samplers are compared: a funnel and a banana. The closed forms of both
//! hold at sigma = 0 only.

use super::distribution::check_no_smoothing;
use super::gaussian_components::BLOCK;
use super::{Density, Moments, Target};
use crate::rng::{Rng, Stream};
use crate::{Error, Points, Result, Rule, Subject};
use faer::Mat;
use rayon::prelude::*;
use std::f64::consts::TAU;

/// Neal's funnel \[neal2003slice\]: `x_0 ~ N(0, std^2)`, and given `x_0` every other `x_i ~ N(0,
/// exp(x_0))`.
///
/// Within two standard deviations of `x_0`, the width of the funnel varies from `exp(-std)` to
/// `exp(std)`, so that no single step size is suitable.
#[derive(Debug, Clone, PartialEq)]
pub struct Funnel {
    dim: usize,
    std: f64,
}

impl Funnel {
    /// Creates the funnel in `dim >= 2` dimensions. Neal's funnel has `dim` 10 and `std` 3. Here
    /// `std` must be positive and at most 10.
    ///
    /// # Errors
    /// An argument is out of range.
    pub fn new(dim: usize, std: f64) -> Result<Funnel> {
        check_dim(dim)?;
        if !(std > 0.0 && std <= 10.0) {
            return Err(Error::argument("std", std, Rule::Positive.worded("it must be positive and at most 10")));
        }
        Ok(Funnel { dim, std })
    }

    /// Returns `exp(-x_0)`, limited so that nothing overflows and the score keeps its direction.
    fn precision(row: &[f64]) -> f64 {
        (-row[0]).min(600.0).exp()
    }
}

impl Target for Funnel {
    fn name(&self) -> String {
        format!("a funnel in {} dimensions", self.dim)
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn sample(&self, n: usize, stream: Stream) -> Result<Points> {
        Ok(sampled(n, self.dim, stream, |rng, row| {
            row[0] = self.std * rng.normal();
            let width = (0.5 * row[0]).exp();
            row[1..].iter_mut().for_each(|x| *x = width * rng.normal());
        }))
    }

    fn density(&self) -> Option<&dyn Density> {
        Some(self)
    }

    /// The mean is 0; the variances are `std^2` for `x_0` and `E exp(x_0) = exp(std^2 / 2)` for all
    /// other coordinates.
    fn moments(&self) -> Option<Moments> {
        let variance = |i: usize| if i == 0 { self.std * self.std } else { (0.5 * self.std * self.std).exp() };
        Some(uncorrelated(self.dim, variance))
    }
}

impl Density for Funnel {
    fn log_density(&self, points: &Points, sigma: f64, out: &mut Vec<f64>) -> Result<()> {
        check_points(self, points, sigma)?;
        fill(points, out, |row| {
            let rest = (self.dim - 1) as f64;
            let neck = (row[0] / self.std).powi(2) + (TAU * self.std * self.std).ln();
            let mouth = squares(&row[1..]) * Funnel::precision(row) + rest * (TAU.ln() + row[0]);
            -0.5 * (neck + mouth)
        });
        Ok(())
    }

    fn score(&self, points: &Points, sigma: f64, out: &mut Points) -> Result<()> {
        check_points(self, points, sigma)?;
        fill_rows(points, out, |row, score| {
            let precision = Funnel::precision(row);
            let rest = (self.dim - 1) as f64;
            score[0] = -row[0] / (self.std * self.std) + 0.5 * (squares(&row[1..]) * precision - rest);
            score[1..].iter_mut().zip(&row[1..]).for_each(|(s, x)| *s = -x * precision);
        });
        Ok(())
    }

    fn smooths(&self) -> bool {
        false
    }
}

/// A Gaussian bent along a parabola \[haario1999adaptive\]: `x_0 = std z_0`,
/// `x_1 = z_1 + bend (x_0^2 - std^2)`, all other `x_i = z_i`, with `z ~ N(0, I)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Banana {
    dim: usize,
    std: f64,
    bend: f64,
}

impl Banana {
    /// Creates the banana in `dim >= 2` dimensions. `std > 0` is half its length; `bend` is its
    /// curvature in inverse units of the data, and 0 gives a Gaussian. Haario's banana has `std` 10
    /// and `bend` 0.03 to 0.1.
    ///
    /// # Errors
    /// An argument is out of range.
    pub fn new(dim: usize, std: f64, bend: f64) -> Result<Banana> {
        check_dim(dim)?;
        if !(std > 0.0 && std.is_finite()) {
            return Err(Error::argument("std", std, Rule::Positive.worded("it must be positive and finite")));
        }
        if !bend.is_finite() {
            return Err(Error::argument("bend", bend, "it must be finite"));
        }
        Ok(Banana { dim, std, bend })
    }

    /// Returns `z_1` of a point.
    fn unbent(&self, row: &[f64]) -> f64 {
        row[1] - self.bend * (row[0] * row[0] - self.std * self.std)
    }
}

impl Target for Banana {
    fn name(&self) -> String {
        format!("a banana in {} dimensions", self.dim)
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn sample(&self, n: usize, stream: Stream) -> Result<Points> {
        Ok(sampled(n, self.dim, stream, |rng, row| {
            row.iter_mut().for_each(|z| *z = rng.normal());
            row[0] *= self.std;
            row[1] += self.bend * (row[0] * row[0] - self.std * self.std);
        }))
    }

    fn density(&self) -> Option<&dyn Density> {
        Some(self)
    }

    /// The mean is 0 and the coordinates are uncorrelated, with variances `std^2`, `1 + 2 bend^2
    /// std^4`, and 1 for all others.
    fn moments(&self) -> Option<Moments> {
        let (square, bend) = (self.std * self.std, self.bend);
        let variance = |i: usize| match i {
            0 => square,
            1 => 1.0 + 2.0 * (bend * square).powi(2),
            _ => 1.0,
        };
        Some(uncorrelated(self.dim, variance))
    }
}

impl Density for Banana {
    fn log_density(&self, points: &Points, sigma: f64, out: &mut Vec<f64>) -> Result<()> {
        check_points(self, points, sigma)?;
        let log_peak = -0.5 * self.dim as f64 * TAU.ln() - self.std.ln();
        fill(points, out, |row| {
            let along = row[0] / self.std;
            log_peak - 0.5 * (along * along + self.unbent(row).powi(2) + squares(&row[2..]))
        });
        Ok(())
    }

    fn score(&self, points: &Points, sigma: f64, out: &mut Points) -> Result<()> {
        check_points(self, points, sigma)?;
        fill_rows(points, out, |row, score| {
            score.iter_mut().zip(row).for_each(|(s, x)| *s = -x);
            score[1] = -self.unbent(row);
            score[0] = -row[0] / (self.std * self.std) - 2.0 * self.bend * row[0] * score[1];
        });
        Ok(())
    }

    fn smooths(&self) -> bool {
        false
    }
}

fn check_dim(dim: usize) -> Result<()> {
    if dim >= 2 { Ok(()) } else { Err(Error::argument("dim", dim, "it must be at least 2")) }
}

fn check_points(target: &impl Target, points: &Points, sigma: f64) -> Result<()> {
    check_no_smoothing(target, sigma)?;
    points.check_dim(Subject::points(), target.dim(), &target.name())
}

fn squares(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum()
}

fn uncorrelated(dim: usize, variance: impl Fn(usize) -> f64) -> Moments {
    Moments { mean: vec![0.0; dim], cov: Mat::from_fn(dim, dim, |i, j| if i == j { variance(i) } else { 0.0 }) }
}

fn sampled(n: usize, dim: usize, stream: Stream, draw: impl Fn(&mut Rng, &mut [f64]) + Sync) -> Points {
    let mut points = Points::zeros(n, dim);
    points.data_mut().par_chunks_mut(BLOCK * dim).enumerate().for_each(|(block, rows)| {
        let mut rng = stream.at(block as u64).rng();
        rows.chunks_exact_mut(dim).for_each(|row| draw(&mut rng, row));
    });
    points
}

fn fill(points: &Points, out: &mut Vec<f64>, value: impl Fn(&[f64]) -> f64 + Sync) {
    out.resize(points.n(), 0.0);
    let rows = points.data().par_chunks(points.dim());
    out.par_iter_mut().zip(rows).with_min_len(BLOCK).for_each(|(out, row)| *out = value(row));
}

fn fill_rows(points: &Points, out: &mut Points, value: impl Fn(&[f64], &mut [f64]) + Sync) {
    out.reshape(points.n(), points.dim());
    let rows = points.data().par_chunks(points.dim());
    let outs = out.data_mut().par_chunks_mut(points.dim());
    outs.zip(rows).with_min_len(BLOCK).for_each(|(out, row)| value(row, out));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Gaussian;

    #[test]
    fn the_funnel_is_gaussian_at_every_height() {
        let funnel = Funnel::new(4, 3.0).unwrap();
        let x = funnel.sample(200, Stream::new(1)).unwrap();
        let mut joint = vec![];
        funnel.log_density(&x, 0.0, &mut joint).unwrap();
        let height = Gaussian::isotropic(vec![0.0], 3.0).unwrap();
        for (i, row) in x.iter().enumerate() {
            let across = Gaussian::isotropic(vec![0.0; 3], (0.5 * row[0]).exp()).unwrap();
            let (mut a, mut b) = (vec![], vec![]);
            height.log_density(&Points::from_rows(&[[row[0]]]).unwrap(), 0.0, &mut a).unwrap();
            across.log_density(&Points::from_rows(&[&row[1..]]).unwrap(), 0.0, &mut b).unwrap();
            assert!((joint[i] - a[0] - b[0]).abs() < 1e-11, "{joint:?}");
        }
    }

    #[test]
    fn funnel_samples_are_normal_once_unfolded() {
        let n = 40_000;
        let x = Funnel::new(2, 3.0).unwrap().sample(n, Stream::new(2)).unwrap();
        let unfolded: Vec<f64> = x.iter().flat_map(|r| [r[0] / 3.0, r[1] * (-0.5 * r[0]).exp()]).collect();
        let z = Points::new(unfolded, 2, "z").unwrap();
        let (mean, cov, error) = (z.mean(), z.covariance(), 1.0 / (n as f64).sqrt());
        assert!(mean.iter().all(|m| m.abs() < 5.0 * error));
        assert!((cov - Mat::<f64>::identity(2, 2)).norm_max() < 5.0 * 2f64.sqrt() * error);
    }

    #[test]
    fn an_unbent_banana_is_a_gaussian() {
        let gaussian = Gaussian::diagonal(vec![0.0; 3], &[2.0, 1.0, 1.0]).unwrap();
        let x = gaussian.sample(50, Stream::new(3)).unwrap();
        let (mut straight, mut exact) = (vec![], vec![]);
        Banana::new(3, 2.0, 0.0).unwrap().log_density(&x, 0.0, &mut straight).unwrap();
        gaussian.log_density(&x, 0.0, &mut exact).unwrap();
        assert!(straight.iter().zip(&exact).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    #[test]
    fn arguments_out_of_range_are_refused() {
        assert!(Funnel::new(1, 3.0).is_err() && Funnel::new(2, 0.0).is_err() && Funnel::new(2, f64::NAN).is_err());
        assert!(Banana::new(1, 1.0, 0.1).is_err() && Banana::new(2, -1.0, 0.1).is_err());
        assert!(Banana::new(2, 1.0, f64::INFINITY).is_err());
    }
}
