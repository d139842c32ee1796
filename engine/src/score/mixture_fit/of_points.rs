//! A mixture fitted once to points, as a distribution that can be sampled.

use super::choice::POINTS_PER_COMPONENT;
use super::moments::mixture_of;
use super::option::MixtureFitOptions;
use super::shares::cold_fit;
use crate::options::at_least;
use crate::points::check_matrix;
use crate::rng::Stream;
use crate::score::covariance_shape::Shape;
use crate::target::{Density, Mixture};
use crate::{Interrupt, Points, Result};

crate::options! {
    /// Options of `fitted_mixture`.
    pub struct FittedMixtureOptions {
        /// Number of components, at least 1; components without a point are left out. Left out:
        /// the number from 1 to `most` with the smallest Bayesian information criterion.
        k: Option<usize> = None,
        /// The largest number of components that is tried, at least 1. Numbers that leave fewer
        /// than ten points per component are not tried.
        most: usize = 12,
        /// The covariances of the components: "full" or "diagonal".
        covariance: Shape = Shape::Full,
        /// True if covariances are shrunk towards a multiple of the identity, by the estimate of
        /// Ledoit and Wolf.
        shrinkage: bool = true,
        /// Iterations of expectation maximisation, at least 1.
        rounds: usize = 100,
    }
}

/// Returns a mixture of Gaussians fitted to points by expectation maximisation
/// \[dempster1977maximum\], from the likeliest of several starts. As in `MixtureFit`, the
/// components are told apart in the ten leading principal coordinates and in the discriminant
/// directions.
///
/// If `k` is left out, it has the smallest Bayesian information criterion
/// \[schwarz1978estimating\]: `p ln n - 2 L` for `n` points with log likelihood `L`, where a
/// mixture of `k` components in `d` dimensions has `p = k - 1 + k d + k d (d + 1) / 2` parameters,
/// and with diagonal covariances `p = k - 1 + 2 k d`. The cost is `rounds n k c^2` for each number
/// of components and each start, with `c <= 10 + k` coordinates, and `k n d^2 + k d^3`.
///
/// # Errors
/// An option is out of range, there are fewer points than components, or the fit was interrupted.
pub fn fitted_mixture(
    points: &Points,
    options: &FittedMixtureOptions,
    stream: Stream,
    interrupt: &Interrupt,
) -> Result<Mixture> {
    let FittedMixtureOptions { k, most, covariance, shrinkage, rounds } = *options;
    at_least(&[("k", k.unwrap_or(1), 1), ("most", most, 1), ("rounds", rounds, 1)])?;
    check_matrix(points.dim())?;
    let own = MixtureFitOptions { covariance, shrinkage, first_rounds: rounds, ..MixtureFitOptions::default() };
    let of = |k: usize| {
        let shares = cold_fit(points, k, &own, stream.at(k as u64), interrupt)?;
        mixture_of(points, &shares, false, &own)
    };
    if let Some(k) = k {
        return of(k);
    }
    let mut best = of(1)?;
    let mut least = information_criterion(&best, points, covariance)?;
    for k in 2..=most.min(points.n() / POINTS_PER_COMPONENT) {
        interrupt.check()?;
        let found = of(k)?;
        let criterion = information_criterion(&found, points, covariance)?;
        if criterion < least {
            (best, least) = (found, criterion);
        }
    }
    Ok(best)
}

/// Returns the Bayesian information criterion of a mixture for points.
fn information_criterion(mixture: &Mixture, points: &Points, covariance: Shape) -> Result<f64> {
    let mut logs = Vec::new();
    mixture.log_density(points, 0.0, &mut logs)?;
    let (k, d) = (mixture.components().len() as f64, points.dim() as f64);
    let of_covariance = match covariance {
        Shape::Full => 0.5 * d * (d + 1.0),
        Shape::Diagonal => d,
    };
    let parameters = k - 1.0 + k * (d + of_covariance);
    Ok(parameters * (points.n() as f64).ln() - 2.0 * logs.iter().sum::<f64>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Gaussian, Target, dataset};

    fn fitted(points: &Points, options: FittedMixtureOptions) -> Mixture {
        fitted_mixture(points, &options, Stream::new(1), &Interrupt::default()).unwrap()
    }

    /// Four points at the corners of a square of side 2: mean 0, covariance I, so that `L = -4 (ln
    /// 2 pi + 1)`, and 5 parameters, or 4 with diagonal covariances.
    #[test]
    fn the_criterion_of_one_gaussian_is_known() {
        let corners = Points::from_rows(&[[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]).unwrap();
        let normal = Mixture::new(vec![1.0], vec![Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap()]).unwrap();
        let twice = 8.0 * ((2.0 * std::f64::consts::PI).ln() + 1.0);
        for (shape, parameters) in [(Shape::Full, 5.0), (Shape::Diagonal, 4.0)] {
            let found = information_criterion(&normal, &corners, shape).unwrap();
            assert!((found - (parameters * 4f64.ln() + twice)).abs() < 1e-12, "{shape:?} {found}");
        }
    }

    #[test]
    fn the_number_of_separate_modes_is_found() {
        let means = [[0.0; 5], [6.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 7.0, 0.0, 0.0]];
        let components = means.iter().map(|mean| Gaussian::isotropic(mean.to_vec(), 1.0).unwrap()).collect();
        let truth = Mixture::new(vec![0.5, 0.3, 0.2], components).unwrap();
        let found = fitted(&truth.sample(900, Stream::new(2)).unwrap(), FittedMixtureOptions::default());
        assert_eq!(found.components().len(), 3);
        for mean in means {
            let off = found.components().iter().map(|c| crate::points::squared_distance(c.mean(), &mean));
            assert!(off.fold(f64::INFINITY, f64::min) < 0.15);
        }
        let fresh = truth.sample(4000, Stream::new(3)).unwrap();
        let (mut of_truth, mut of_found) = (Vec::new(), Vec::new());
        truth.log_density(&fresh, 0.0, &mut of_truth).unwrap();
        found.log_density(&fresh, 0.0, &mut of_found).unwrap();
        let lost = of_truth.iter().zip(&of_found).map(|(a, b)| a - b).sum::<f64>() / 4000.0;
        assert!((0.0..0.1).contains(&lost), "{lost}");
        let grid = dataset("25gaussians", &Default::default()).unwrap().sample(2000, Stream::new(4)).unwrap();
        let found = fitted(&grid, FittedMixtureOptions { most: 30, ..FittedMixtureOptions::default() });
        assert!((23..=30).contains(&found.components().len()), "{}", found.components().len());
    }

    /// Far from the origin, coordinates have fewer digits, but the mixture is the same.
    #[test]
    fn the_distance_from_the_origin_does_not_matter() {
        let points = dataset("8gaussians", &Default::default()).unwrap().sample(800, Stream::new(4)).unwrap();
        let moved = |away: f64| {
            let mut points = points.clone();
            points.data_mut().iter_mut().for_each(|x| *x += away);
            let found = fitted(&points, FittedMixtureOptions { k: Some(8), ..Default::default() });
            found.components().iter().map(|c| c.moments().unwrap().cov[(0, 0)]).collect::<Vec<_>>()
        };
        let want = moved(0.0);
        for away in [1e6, 1e8, 1e10] {
            let seen = moved(away);
            let is_same = seen.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-3 * b);
            assert!(is_same, "{away:e}: {seen:?}, but {want:?}");
        }
    }

    #[test]
    fn one_gaussian_is_one_component() {
        for (n, dim) in [(400, 2), (200, 30), (12, 2), (1, 3)] {
            let points = Stream::new(5).normal(n, dim);
            let found = fitted(&points, FittedMixtureOptions::default());
            assert_eq!(found.components().len(), 1, "{n} x {dim}");
            let off = crate::points::squared_distance(found.components()[0].mean(), &points.mean());
            assert!(off < 1e-20, "{off}");
        }
        let diagonal = FittedMixtureOptions { covariance: Shape::Diagonal, k: Some(2), ..Default::default() };
        let found = fitted(&Stream::new(5).normal(400, 3), diagonal);
        assert!(found.components().iter().all(|c| c.cov()[(0, 1)] == 0.0) && found.components().len() == 2);
    }

    #[test]
    fn options_out_of_range_are_refused() {
        let refused = |options: FittedMixtureOptions| {
            let points = Stream::new(5).normal(5, 2);
            fitted_mixture(&points, &options, Stream::new(1), &Interrupt::default()).unwrap_err().to_string()
        };
        assert!(refused(FittedMixtureOptions { k: Some(0), ..Default::default() }).contains("`k`"));
        assert!(refused(FittedMixtureOptions { most: 0, ..Default::default() }).contains("`most`"));
        assert!(refused(FittedMixtureOptions { k: Some(6), ..Default::default() }).contains("5 points"));
    }
}
