//! Gaussian distributions.

mod as_target;

use super::covariance::Covariance;
use super::density::{Density, check_sigma};
use super::gaussian_components::{self, Component};
use crate::matrix::multiply;
use crate::number::counted;
use crate::rng::Rng;
use crate::{Error, Points, Result, Rule, Subject};
use faer::{Accum, Mat, MatMut, MatRef};

/// The largest number of coordinates with a full covariance. The covariance then takes 2 GiB.
const MOST_DIM: usize = 1 << 14;

/// `N(mean, cov)`.
///
/// Smoothed by `N(0, sigma^2 I)` it is `N(mean, cov + sigma^2 I)`. The covariance is decomposed
/// only once, and not again for each sigma. For a diagonal covariance, log density and score cost
/// `O(n d)`. For a full covariance, a log density costs one `n x d x d` product and a score costs
/// two. Both stay finite up to about 1e150 standard deviations from the mean.
///
/// ```
/// use sdflow::{Points, target::{Density, Gaussian}};
/// let p = Gaussian::isotropic(vec![1.0, 0.0], 2.0)?;
/// let mut score = Points::default();
/// p.score(&Points::from_rows(&[[6.0, 0.0]])?, 1.0, &mut score)?;
/// assert_eq!(score.row(0), [-1.0, 0.0]); // -(6 - 1) / (2^2 + 1^2)
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gaussian {
    name: String,
    mean: Vec<f64>,
    cov: Covariance,
}

impl Gaussian {
    /// Creates `N(mean, cov)`. The cost is `O(d^3)` unless `cov` is diagonal.
    ///
    /// # Errors
    /// `cov` is not symmetric up to rounding, not positive definite, or of another size than
    /// `mean`; a value is not finite.
    pub fn new(mean: Vec<f64>, cov: Mat<f64>) -> Result<Gaussian> {
        Gaussian::with(mean, Covariance::new(cov)?)
    }

    /// Creates `N(mean, std^2 I)`, `std > 0`.
    ///
    /// # Errors
    /// The mean is empty, a value is not finite, or `std` is not positive.
    pub fn isotropic(mean: Vec<f64>, std: f64) -> Result<Gaussian> {
        let std = vec![std; mean.len()];
        Gaussian::diagonal(mean, &std)
    }

    /// Creates a Gaussian of independent coordinates with standard deviations `std`, all positive.
    ///
    /// # Errors
    /// Those of [`Gaussian::isotropic`], or the number of standard deviations is not that of the
    /// means.
    pub fn diagonal(mean: Vec<f64>, std: &[f64]) -> Result<Gaussian> {
        match std.iter().find(|s| !(**s > 0.0 && s.is_finite())) {
            Some(s) => Err(Error::argument(
                "std",
                s,
                Rule::Positive.worded("every standard deviation must be positive and finite"),
            )),
            None => Gaussian::with(mean, Covariance::diagonal(std.iter().map(|s| s * s).collect())?),
        }
    }

    /// Creates the distribution of `dim` values of the stationary autoregressive process `x_i = rho
    /// x_{i-1} + noise` of unit variance: mean 0 and `cov_ij = rho^|i-j|`.
    ///
    /// # Errors
    /// `dim` is 0 or `rho` is not strictly between -1 and 1.
    pub fn ar1(dim: usize, rho: f64) -> Result<Gaussian> {
        if dim == 0 {
            return Err(Error::argument("dim", dim, "it must be at least 1"));
        }
        if rho.is_nan() || rho.abs() >= 1.0 {
            return Err(Error::argument("rho", rho, "it must be strictly between -1 and 1"));
        }
        if dim > MOST_DIM {
            let want = format!("a full covariance is stored for at most {MOST_DIM} coordinates");
            return Err(Error::argument("dim", dim, want));
        }
        let powers: Vec<f64> = std::iter::successors(Some(1.0), |p| Some(p * rho)).take(dim).collect();
        let gaussian = Gaussian::new(vec![0.0; dim], Mat::from_fn(dim, dim, |i, j| powers[i.abs_diff(j)]))?;
        Ok(Gaussian { name: format!("ar1({rho}) in {}", counted(dim, "dimension")), ..gaussian })
    }

    /// Returns the Gaussian with this covariance at another mean, without decomposing the
    /// covariance again.
    pub(crate) fn moved_to(&self, mean: Vec<f64>) -> Result<Gaussian> {
        Gaussian::with(mean, self.cov.clone())
    }

    fn with(mean: Vec<f64>, cov: Covariance) -> Result<Gaussian> {
        let dim = mean.len();
        Points::new(mean.clone(), dim, "the mean")?;
        if dim != cov.dim() {
            let want = format!("the mean has {dim}");
            return Err(Error::shape("the covariance", counted(cov.dim(), "dimension"), want));
        }
        Ok(Gaussian { name: format!("a Gaussian in {}", counted(dim, "dimension")), mean, cov })
    }

    /// Returns the mean, `dim`.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Returns the covariance, `dim` x `dim`.
    pub fn cov(&self) -> Mat<f64> {
        self.cov.matrix()
    }

    /// Returns the variances along the principal axes; these are the coordinate axes for a diagonal
    /// covariance.
    pub fn variances(&self) -> &[f64] {
        self.cov.variances()
    }

    /// Computes `out[i] = (x_i - mean)^T cov^-1 (x_i - mean)`. For samples of this Gaussian, these
    /// values are chi-squared with `dim` degrees of freedom.
    ///
    /// # Errors
    /// The points have another dimension.
    pub fn mahalanobis2(&self, points: &Points, out: &mut Vec<f64>) -> Result<()> {
        points.check_dim(Subject::points(), self.mean.len(), &self.name)?;
        gaussian_components::mahalanobis2(&self.component(1.0, 0.0), points, out);
        Ok(())
    }

    /// Returns `weight N(mean, cov + sigma^2 I)`, prepared for evaluation.
    pub(super) fn component(&self, weight: f64, sigma: f64) -> Component<'_> {
        Component::new(weight, &self.mean, &self.cov, sigma)
    }

    /// Fills `rows` with independent points; `normal` is a buffer.
    pub(super) fn draw(&self, rng: &mut Rng, rows: &mut [f64], normal: &mut Vec<f64>) {
        let dim = self.mean.len();
        rows.iter_mut().for_each(|z| *z = rng.normal());
        for row in rows.chunks_exact_mut(dim) {
            row.iter_mut().zip(self.cov.variances()).for_each(|(z, v)| *z *= v.sqrt());
        }
        if let Some(basis) = self.cov.basis() {
            normal.clear();
            normal.extend_from_slice(rows);
            let n = rows.len() / dim;
            let z = MatRef::from_column_major_slice(normal.as_slice(), dim, n);
            let x = MatMut::from_column_major_slice_mut(&mut *rows, dim, n);
            multiply(x, Accum::Replace, basis.as_ref(), z, 1.0);
        }
        for row in rows.chunks_exact_mut(dim) {
            row.iter_mut().zip(&self.mean).for_each(|(x, m)| *x += m);
        }
    }
}

impl Density for Gaussian {
    fn log_density(&self, points: &Points, sigma: f64, out: &mut Vec<f64>) -> Result<()> {
        check_sigma(sigma)?;
        points.check_dim(Subject::points(), self.mean.len(), &self.name)?;
        gaussian_components::log_density(&[self.component(1.0, sigma)], points, out);
        Ok(())
    }

    fn score(&self, points: &Points, sigma: f64, out: &mut Points) -> Result<()> {
        check_sigma(sigma)?;
        points.check_dim(Subject::points(), self.mean.len(), &self.name)?;
        gaussian_components::score(&[self.component(1.0, sigma)], points, out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;
    use crate::target::Target;

    fn full() -> Gaussian {
        let cov = faer::mat![[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 0.5]];
        Gaussian::new(vec![1.0, -2.0, 0.5], cov).unwrap()
    }

    #[test]
    fn the_precision_of_ar1_is_tridiagonal() {
        // cov^-1 has [1, 1 + rho^2, .., 1] on the diagonal and -rho beside it, divided by 1 -
        // rho^2; det cov = (1 - rho^2)^(d-1).
        let (dim, rho) = (6, -0.7f64);
        let p = Gaussian::ar1(dim, rho).unwrap();
        let x = Stream::new(1).normal(5, dim);
        let (mut score, mut log_density) = (Points::default(), vec![]);
        p.score(&x, 0.0, &mut score).unwrap();
        p.log_density(&x, 0.0, &mut log_density).unwrap();
        let scale = 1.0 - rho * rho;
        for (i, row) in x.iter().enumerate() {
            let mut quadratic = 0.0;
            for j in 0..dim {
                let ends = j == 0 || j == dim - 1;
                let own = if ends { 1.0 } else { 1.0 + rho * rho };
                let beside = row.get(j.wrapping_sub(1)).unwrap_or(&0.0) + row.get(j + 1).unwrap_or(&0.0);
                let want = -(own * row[j] - rho * beside) / scale;
                assert!((score.row(i)[j] - want).abs() < 1e-12);
                quadratic -= row[j] * want;
            }
            let log_det = (dim - 1) as f64 * scale.ln();
            let want = -0.5 * (quadratic + log_det + dim as f64 * std::f64::consts::TAU.ln());
            assert!((log_density[i] - want).abs() < 1e-12);
        }
    }

    #[test]
    fn the_denoiser_is_the_linear_regression_on_the_noised_point() {
        // The denoiser is E[x | z] = m + S (S + sigma^2 I)^-1 (z - m), and by Tweedie's formula
        // also z + sigma^2 score.
        let (p, sigma) = (full(), 0.8);
        let z = Stream::new(2).normal(4, 3);
        let mut score = Points::default();
        p.score(&z, sigma, &mut score).unwrap();
        let gain = p.cov() * crate::matrix::Spectrum::of(&p.cov(), "S").unwrap().map(|v| 1.0 / (v + sigma * sigma));
        for i in 0..z.n() {
            for j in 0..3 {
                let want: f64 = (0..3).map(|k| gain[(j, k)] * (z.row(i)[k] - p.mean()[k])).sum::<f64>() + p.mean()[j];
                assert!((z.row(i)[j] + sigma * sigma * score.row(i)[j] - want).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_diagonal_and_a_full_matrix_agree() {
        let diagonal = Gaussian::diagonal(vec![1.0, 2.0], &[0.5, 3.0]).unwrap();
        let turned = Gaussian::new(vec![1.0, 2.0], faer::mat![[0.25, 1e-13], [1e-13, 9.0]]).unwrap();
        assert!(diagonal.cov.basis().is_none() && turned.cov.basis().is_some());
        let x = Stream::new(4).normal(70, 2);
        let (mut a, mut b, mut s, mut t) = (vec![], vec![], Points::default(), Points::default());
        diagonal.log_density(&x, 0.1, &mut a).unwrap();
        turned.log_density(&x, 0.1, &mut b).unwrap();
        diagonal.score(&x, 0.1, &mut s).unwrap();
        turned.score(&x, 0.1, &mut t).unwrap();
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-10));
        assert!(s.data().iter().zip(t.data()).all(|(s, t)| (s - t).abs() < 1e-10));
        assert_eq!(diagonal.cov(), faer::mat![[0.25, 0.0], [0.0, 9.0]]);
    }

    #[test]
    fn squared_mahalanobis_distances_are_chi_squared() {
        let (p, n) = (full(), 20_000);
        let mut squares = vec![];
        p.mahalanobis2(&p.sample(n, Stream::new(5)).unwrap(), &mut squares).unwrap();
        // Chi-squared with 3 degrees of freedom has mean 3, variance 6 and median 2.3660.
        let mean = squares.iter().sum::<f64>() / n as f64;
        assert!((mean - 3.0).abs() < 5.0 * (6.0 / n as f64).sqrt());
        let below = squares.iter().filter(|q| **q < 2.365_974).count() as f64 / n as f64;
        assert!((below - 0.5).abs() < 5.0 * 0.5 / (n as f64).sqrt());
    }

    #[test]
    fn what_is_no_gaussian_is_refused() {
        assert!(Gaussian::isotropic(vec![], 1.0).is_err());
        assert!(Gaussian::isotropic(vec![0.0], 0.0).unwrap_err().to_string().contains("standard deviation"));
        assert!(Gaussian::isotropic(vec![f64::INFINITY], 1.0).unwrap_err().to_string().contains("the mean"));
        assert!(Gaussian::diagonal(vec![0.0; 2], &[1.0; 3]).unwrap_err().to_string().contains("the mean has 2"));
        assert!(Gaussian::new(vec![0.0; 3], Mat::identity(2, 2)).unwrap_err().to_string().contains("the mean has 3"));
        assert!(
            Gaussian::ar1(3, 1.0).is_err() && Gaussian::ar1(3, f64::NAN).is_err() && Gaussian::ar1(0, 0.5).is_err()
        );
    }
}
