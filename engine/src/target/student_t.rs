//! Multivariate Student t targets, whose tails are heavier than those of any Gaussian.

use super::distribution::check_no_smoothing;
use super::gaussian_components::BLOCK;
use super::{Density, Gaussian, Moments, Target};
use crate::number::counted;
use crate::rng::Stream;
use crate::{Error, Points, Result};
use libm::lgamma;
use rayon::prelude::*;

/// The multivariate t distribution: `x = m + z sqrt(dof / g)` with `z ~ N(0, S)` and `g`
/// chi-squared with `dof` degrees of freedom.
///
/// With `q = (x - m)^T S^-1 (x - m)`, `log p = const - (dof + d)/2 log(1 + q/dof)`. The score is
/// `-(dof + d)/(dof + q) S^-1 (x - m)`, which falls like `1/|x|`. Smoothed by a Gaussian, the
/// distribution has no closed form.
#[derive(Debug, Clone)]
pub struct StudentT {
    shape: Gaussian,
    dof: f64,
    log_peak: f64,
}

impl StudentT {
    /// Creates the t distribution of location `shape.mean()` and scale matrix `shape.cov()`. Its
    /// covariance is `dof / (dof - 2)` times the scale matrix. `dof` lies between 0.1 and 1e6: 1 is
    /// the Cauchy distribution, and large values approach a Gaussian.
    ///
    /// # Errors
    /// `dof` is out of range.
    pub fn new(shape: Gaussian, dof: f64) -> Result<StudentT> {
        if !(0.1..=1e6).contains(&dof) {
            return Err(Error::argument("dof", dof, "it must be between 0.1 and 1e6 (above, use a Gaussian)"));
        }
        let dim = shape.dim() as f64;
        let log_det: f64 = shape.variances().iter().map(|v| v.ln()).sum();
        let normaliser = lgamma(0.5 * (dof + dim)) - lgamma(0.5 * dof) - 0.5 * dim * (dof * std::f64::consts::PI).ln();
        Ok(StudentT { shape, dof, log_peak: normaliser - 0.5 * log_det })
    }

    /// Returns the degrees of freedom.
    pub fn dof(&self) -> f64 {
        self.dof
    }
}

impl Target for StudentT {
    fn name(&self) -> String {
        format!("a Student t with {} degrees of freedom in {}", self.dof, counted(self.dim(), "dimension"))
    }

    fn dim(&self) -> usize {
        self.shape.dim()
    }

    fn sample(&self, n: usize, stream: Stream) -> Result<Points> {
        let dim = self.dim();
        let mut points = Points::zeros(n, dim);
        let blocks = points.data_mut().par_chunks_mut(BLOCK * dim).enumerate();
        blocks.for_each_init(Vec::new, |normal, (block, rows)| {
            let mut rng = stream.at(block as u64).rng();
            self.shape.draw(&mut rng, rows, normal);
            for row in rows.chunks_exact_mut(dim) {
                let stretch = (0.5 * self.dof / rng.gamma(0.5 * self.dof)).sqrt();
                row.iter_mut().zip(self.shape.mean()).for_each(|(x, m)| *x = m + (*x - m) * stretch);
            }
        });
        Ok(points)
    }

    fn density(&self) -> Option<&dyn Density> {
        Some(self)
    }

    /// The moments exist for more than 2 degrees of freedom; below, the covariance is infinite.
    fn moments(&self) -> Option<Moments> {
        let cov = self.shape.cov() * faer::Scale(self.dof / (self.dof - 2.0));
        (self.dof > 2.0).then(|| Moments { mean: self.shape.mean().to_vec(), cov })
    }
}

impl Density for StudentT {
    fn log_density(&self, points: &Points, sigma: f64, out: &mut Vec<f64>) -> Result<()> {
        check_no_smoothing(self, sigma)?;
        self.shape.mahalanobis2(points, out)?;
        let power = 0.5 * (self.dof + self.dim() as f64);
        out.iter_mut().for_each(|q| *q = self.log_peak - power * (*q / self.dof).ln_1p());
        Ok(())
    }

    fn score(&self, points: &Points, sigma: f64, out: &mut Points) -> Result<()> {
        check_no_smoothing(self, sigma)?;
        let mut squares = Vec::new();
        self.shape.mahalanobis2(points, &mut squares)?;
        self.shape.score(points, 0.0, out)?;
        for (i, q) in squares.into_iter().enumerate() {
            let pull = (self.dof + self.dim() as f64) / (self.dof + q);
            out.row_mut(i).iter_mut().for_each(|s| *s *= pull);
        }
        Ok(())
    }

    fn smooths(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard(dim: usize, dof: f64) -> StudentT {
        StudentT::new(Gaussian::isotropic(vec![0.0; dim], 1.0).unwrap(), dof).unwrap()
    }

    #[test]
    fn one_degree_of_freedom_is_the_cauchy_distribution() {
        let x = Points::from_rows(&[[0.0], [1.0], [-30.0]]).unwrap();
        let (mut log_density, mut score) = (vec![], Points::default());
        standard(1, 1.0).log_density(&x, 0.0, &mut log_density).unwrap();
        standard(1, 1.0).score(&x, 0.0, &mut score).unwrap();
        for (i, x) in x.data().iter().enumerate() {
            assert!((log_density[i].exp() - 1.0 / (std::f64::consts::PI * (1.0 + x * x))).abs() < 1e-15);
            assert!((score.data()[i] + 2.0 * x / (1.0 + x * x)).abs() < 1e-15);
        }
        // Quartiles of the Cauchy distribution are at -1 and 1.
        let n = 20_000;
        let sample = standard(1, 1.0).sample(n, Stream::new(1)).unwrap();
        let inside = sample.data().iter().filter(|x| x.abs() < 1.0).count() as f64 / n as f64;
        assert!((inside - 0.5).abs() < 5.0 * 0.5 / (n as f64).sqrt());
    }

    #[test]
    fn many_degrees_of_freedom_are_a_gaussian() {
        let gaussian = Gaussian::ar1(4, 0.5).unwrap();
        let x = gaussian.sample(50, Stream::new(2)).unwrap();
        let (mut near, mut limit) = (vec![], vec![]);
        StudentT::new(gaussian.clone(), 1e6).unwrap().log_density(&x, 0.0, &mut near).unwrap();
        gaussian.log_density(&x, 0.0, &mut limit).unwrap();
        assert!(near.iter().zip(&limit).all(|(a, b)| (a - b).abs() < 1e-4));
    }

    #[test]
    fn moments_exist_where_they_are_finite() {
        assert!(standard(2, 2.0).moments().is_none());
        assert_eq!(standard(2, 4.0).moments().unwrap().cov[(1, 1)], 2.0);
        for dof in [0.0, -1.0, f64::NAN, 1e7] {
            assert!(StudentT::new(Gaussian::ar1(2, 0.1).unwrap(), dof).is_err());
        }
    }
}
