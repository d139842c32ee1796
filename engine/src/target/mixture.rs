//! Mixtures of Gaussians.

mod as_target;

use super::density::{Density, check_sigma};
use super::gaussian::Gaussian;
use super::gaussian_components::{self, BLOCK, Component};
use crate::archive::{Archive, Archived};
use crate::number::counted;
use crate::{Error, Points, Result, Rule, Subject};
use faer::Mat;
use rayon::prelude::*;
use std::f64::consts::TAU;

/// The mixture `sum_k w_k N(m_k, S_k)`.
///
/// Smoothed by `N(0, sigma^2 I)`, its components have covariances `S_k + sigma^2 I`. Then `score =
/// sum_k r_k(x) (S_k + sigma^2 I)^-1 (m_k - x)` with the responsibilities `r_k`. In addition to the
/// cost of the components, log density and score cost one exponential per point and component. Both
/// stay finite far from all components.
#[derive(Debug, Clone)]
pub struct Mixture {
    weights: Vec<f64>,
    components: Vec<Gaussian>,
}

/// A mixture is restored to the last bit: its weights are not divided by their sum again.
impl Archived for Mixture {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("weights", &mut self.weights)?;
        let entries =
            |c: &Gaussian| c.cov().col_iter().flat_map(|col| col.iter().copied().collect::<Vec<_>>()).collect();
        let mut moments: Vec<(Vec<f64>, Vec<f64>)> =
            self.components.iter().map(|c| (c.mean().to_vec(), entries(c))).collect();
        archive.part("components", &mut moments)?;
        if archive.is_reader() {
            let of = |(mean, cov): (Vec<f64>, Vec<f64>)| {
                let dim = mean.len();
                archive.expect_length(cov.len(), dim * dim)?;
                Gaussian::new(mean, Mat::from_fn(dim, dim, |i, j| cov[i + j * dim]))
            };
            let components = moments.into_iter().map(of).collect::<Result<_>>()?;
            self.components = Mixture::new(self.weights.clone(), components)?.components;
        }
        Ok(())
    }
}

impl Mixture {
    /// Creates a mixture; the weights are divided by their sum.
    ///
    /// # Errors
    /// There are no components, components differ in dimension, the number of weights is not that
    /// of the components, or a weight is not positive.
    pub fn new(weights: Vec<f64>, components: Vec<Gaussian>) -> Result<Mixture> {
        if weights.len() != components.len() || components.is_empty() {
            let got = format!("{} weights and {} components", weights.len(), components.len());
            return Err(Error::shape("the mixture", got, "at least one component is needed, each with a weight"));
        }
        if let Some(w) = weights.iter().find(|w| !(**w > 0.0 && w.is_finite())) {
            return Err(Error::argument(
                "weights",
                w,
                Rule::Positive.worded("every weight must be positive and finite"),
            ));
        }
        let dim = components[0].mean().len();
        if let Some((k, c)) = components.iter().enumerate().find(|(_, c)| c.mean().len() != dim) {
            let got = counted(c.mean().len(), "dimension");
            return Err(Error::shape(format!("component {k} of the mixture"), got, format!("component 0 has {dim}")));
        }
        let total: f64 = weights.iter().sum();
        Ok(Mixture { weights: weights.iter().map(|w| w / total).collect(), components })
    }

    /// Creates the 5 x 5 grid in the plane: means in `{-4, -2, 0, 2, 4}^2`, standard deviation 0.1,
    /// equal weights.
    ///
    /// # Errors
    /// It never fails.
    pub fn grid25() -> Result<Mixture> {
        let place = |i: usize| 2.0 * i as f64 - 4.0;
        Mixture::equal((0..25).map(|i| vec![place(i / 5), place(i % 5)]), 0.1)
    }

    /// Creates `k` modes with equal weights, evenly spaced on a circle around the origin. The first
    /// lies on the positive first axis.
    ///
    /// # Errors
    /// `k` is 0, `radius` is negative or not finite, or `std` is not positive.
    pub fn ring(k: usize, radius: f64, std: f64) -> Result<Mixture> {
        if !(radius >= 0.0 && radius.is_finite()) {
            return Err(Error::argument("radius", radius, "it must not be negative"));
        }
        let mode = |i: usize| {
            let angle = TAU * i as f64 / k as f64;
            vec![radius * angle.cos(), radius * angle.sin()]
        };
        Mixture::equal((0..k).map(mode), std)
    }

    fn equal(means: impl Iterator<Item = Vec<f64>>, std: f64) -> Result<Mixture> {
        let components: Vec<Gaussian> = means.map(|m| Gaussian::isotropic(m, std)).collect::<Result<_>>()?;
        Mixture::new(vec![1.0; components.len()], components)
    }

    /// Returns the weights `w_k`, which sum to one.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Returns the components `N(m_k, S_k)`.
    pub fn components(&self) -> &[Gaussian] {
        &self.components
    }

    /// Writes the posterior probabilities of the components given `x_i` into row `i` of `out`, one
    /// column per component. The mixture is smoothed by `N(0, sigma^2 I)`. Rows sum to one.
    ///
    /// # Errors
    /// `sigma` is negative, or the points have another dimension.
    pub fn responsibilities(&self, points: &Points, sigma: f64, out: &mut Points) -> Result<()> {
        gaussian_components::log_terms(&self.smoothed(points, sigma)?, points, out);
        out.data_mut().par_chunks_mut(self.components.len()).with_min_len(BLOCK).for_each(|row| {
            let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            row.iter_mut().for_each(|l| *l = (*l - max).exp());
            let total: f64 = row.iter().sum();
            row.iter_mut().for_each(|r| *r /= total);
        });
        Ok(())
    }

    /// Returns the component that most probably generated each point. Of equally probable
    /// components, the one with the fewest points so far is chosen, so that coinciding components
    /// get equal shares.
    ///
    /// # Errors
    /// The points have another dimension.
    pub fn assign(&self, points: &Points) -> Result<Vec<usize>> {
        let mut terms = Points::default();
        gaussian_components::log_terms(&self.smoothed(points, 0.0)?, points, &mut terms);
        let mut counts = vec![0_usize; self.components.len()];
        let best = |row: &[f64]| {
            let before =
                |k: usize, best: usize| row[k].total_cmp(&row[best]).then(counts[best].cmp(&counts[k])).is_gt();
            let best = (1..row.len()).fold(0, |best, k| if before(k, best) { k } else { best });
            counts[best] += 1;
            best
        };
        Ok(terms.iter().map(best).collect())
    }

    /// Returns the name for messages.
    fn label(&self) -> String {
        let dim = self.components[0].mean().len();
        format!("a mixture of {} in {}", counted(self.components.len(), "Gaussian"), counted(dim, "dimension"))
    }

    fn smoothed(&self, points: &Points, sigma: f64) -> Result<Vec<Component<'_>>> {
        check_sigma(sigma)?;
        points.check_dim(Subject::points(), self.components[0].mean().len(), &self.label())?;
        Ok(self.weights.iter().zip(&self.components).map(|(w, c)| c.component(*w, sigma)).collect())
    }
}

impl Density for Mixture {
    fn log_density(&self, points: &Points, sigma: f64, out: &mut Vec<f64>) -> Result<()> {
        gaussian_components::log_density(&self.smoothed(points, sigma)?, points, out);
        Ok(())
    }

    fn score(&self, points: &Points, sigma: f64, out: &mut Points) -> Result<()> {
        gaussian_components::score(&self.smoothed(points, sigma)?, points, out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;
    use crate::target::{Moments, Target};

    fn uneven() -> Mixture {
        let wide = Gaussian::new(vec![3.0, 0.0], faer::mat![[2.0, 0.5], [0.5, 1.0]]).unwrap();
        Mixture::new(vec![1.0, 3.0], vec![Gaussian::isotropic(vec![-1.0, 4.0], 1.0).unwrap(), wide]).unwrap()
    }

    #[test]
    fn moments_add_the_spread_within_and_between() {
        let Moments { mean, cov } = uneven().moments().unwrap();
        assert_eq!(mean, [2.0, 1.0]);
        // .25 I + .75 S + .25 (-3, 3)(-3, 3)^T + .75 (1, -1)(1, -1)^T
        let want = faer::mat![[0.25 + 1.5 + 3.0, 0.375 - 3.0], [0.375 - 3.0, 0.25 + 0.75 + 3.0]];
        assert!((cov - want).norm_max() < 1e-14);
    }

    #[test]
    fn the_grid_has_the_moments_of_its_axes() {
        let grid = Mixture::grid25().unwrap();
        let Moments { mean, cov } = grid.moments().unwrap();
        assert!(mean.iter().all(|m| m.abs() < 1e-14));
        assert!((cov[(0, 0)] - 8.01).abs() < 1e-12 && cov[(0, 1)].abs() < 1e-12);
        assert_eq!(grid.components()[7].mean(), [-2.0, 0.0]);
        let ring = Mixture::ring(8, 2.0, 0.1).unwrap();
        assert!((ring.moments().unwrap().cov[(1, 1)] - 2.01).abs() < 1e-12);
        assert!((ring.components()[2].mean()[1] - 2.0).abs() < 1e-15);
    }

    #[test]
    fn two_equal_modes_have_a_hyperbolic_tangent_between_them() {
        // .5 N(-a, 1) + .5 N(a, 1): score = a tanh(a x / v) / v - x / v with v = 1 + sigma^2.
        let at = |m: f64| Gaussian::isotropic(vec![m], 1.0).unwrap();
        let pair = Mixture::new(vec![0.5, 0.5], vec![at(-1.5), at(1.5)]).unwrap();
        let x = Points::from_rows(&[[-4.0], [-0.3], [0.0], [0.2], [2.0]]).unwrap();
        let mut score = Points::default();
        for sigma in [0.0, 0.7] {
            let v = 1.0 + sigma * sigma;
            pair.score(&x, sigma, &mut score).unwrap();
            for (s, x) in score.data().iter().zip(x.data()) {
                assert!((s - (1.5 * (1.5 * x / v).tanh() - x) / v).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn responsibilities_are_a_logistic_function_of_the_log_odds() {
        let (mixture, x) =
            (uneven(), Points::from_rows(&[[0.5, 2.0], [-1.0, 4.0], [4.0, -1.0], [900.0, 9.0]]).unwrap());
        let (mut r, mut a, mut b) = (Points::default(), vec![], vec![]);
        mixture.responsibilities(&x, 0.3, &mut r).unwrap();
        mixture.components()[0].log_density(&x, 0.3, &mut a).unwrap();
        mixture.components()[1].log_density(&x, 0.3, &mut b).unwrap();
        for i in 0..x.n() {
            let odds = b[i] - a[i] + 3f64.ln();
            assert!((r.row(i)[0] - 1.0 / (1.0 + odds.exp())).abs() < 1e-12);
            assert!((r.row(i).iter().sum::<f64>() - 1.0).abs() < 1e-15);
        }
        assert_eq!(mixture.assign(&x).unwrap(), [0, 0, 1, 1]);
    }

    #[test]
    fn points_are_assigned_to_the_mode_that_made_them() {
        let grid = Mixture::grid25().unwrap();
        let x = grid.sample(2500, Stream::new(3)).unwrap();
        let mut counts = [0; 25];
        for (i, k) in grid.assign(&x).unwrap().into_iter().enumerate() {
            counts[k] += 1;
            let mean = grid.components()[k].mean();
            assert!(crate::points::squared_distance(x.row(i), mean) < 0.5);
        }
        // 100 points are expected, with standard deviation sqrt(2500 / 25 * 24 / 25) = 9.8.
        assert!(counts.iter().all(|c| (51..=149).contains(c)), "{counts:?}");
    }

    #[test]
    fn what_is_no_mixture_is_refused() {
        let unit = |dim| Gaussian::isotropic(vec![0.0; dim], 1.0).unwrap();
        let message = |w: Vec<f64>, c: Vec<Gaussian>| Mixture::new(w, c).unwrap_err().to_string();
        assert!(message(vec![], vec![]).contains("0 weights and 0 components"));
        assert!(message(vec![1.0], vec![unit(1), unit(1)]).contains("1 weights and 2 components"));
        assert!(message(vec![1.0, 0.0], vec![unit(1), unit(1)]).contains("must be positive"));
        assert!(message(vec![1.0, 1.0], vec![unit(1), unit(2)]).contains("component 1"));
        assert!(Mixture::ring(0, 1.0, 0.1).is_err());
        assert!(Mixture::ring(3, -1.0, 0.1).is_err());
    }
}
