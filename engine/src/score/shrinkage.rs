//! Covariances shrunk towards a multiple of the identity.

use faer::Mat;

/// Weighted sums over a sample with mean 0, from which the error of its covariance is estimated.
/// The weights `w_i` sum to 1; without weights they are `1 / n`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tails {
    /// `sum_i w_i^2 |x_i|^4`.
    pub quartic: f64,
    /// `sum_i w_i^2`.
    pub weight: f64,
}

impl Tails {
    /// Adds a point with this weight and this squared distance from the mean.
    pub fn add(&mut self, weight: f64, square: f64) {
        self.quartic += (weight * square).powi(2);
        self.weight += weight * weight;
    }
}

/// Shrinks the covariance `S` of a sample to `(1 - r) S + r m I` and returns `r`
/// \[ledoit2004well\]. Here `m = tr S / d` is the mean variance.
///
/// Let `|A|^2` be the sum of the squared entries of `A`. The factor is `r = b / |S - m I|^2`, but
/// at most 1. Here `b = sum_i w_i^2 |x_i|^4 - |S|^2 sum_i w_i^2` is an estimate of the squared
/// error of `S`. As `n` and `d` grow together, no other combination of `S` and the identity has a
/// smaller expected squared error. The cost is `d^2`.
pub(crate) fn shrink(cov: &mut Mat<f64>, tails: Tails) -> f64 {
    let dim = cov.nrows();
    let variance = (0..dim).map(|j| cov[(j, j)]).sum::<f64>() / dim as f64;
    let entries = || (0..dim).flat_map(|j| (0..dim).map(move |i| (i, j)));
    let size: f64 = entries().map(|(i, j)| cov[(i, j)].powi(2)).sum();
    let away: f64 = entries().map(|(i, j)| (cov[(i, j)] - if i == j { variance } else { 0.0 }).powi(2)).sum();
    let error = (tails.quartic - size * tails.weight).max(0.0);
    let share = if error < away { error / away } else { 1.0 };
    entries().for_each(|(i, j)| cov[(i, j)] *= 1.0 - share);
    (0..dim).for_each(|j| cov[(j, j)] += share * variance);
    share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Points;
    use crate::points::squared_distance;

    fn shrunk(rows: &[&[f64]]) -> (Mat<f64>, f64) {
        let points = Points::from_rows(rows).unwrap();
        let (mut cov, mean, mut tails) = (points.covariance(), points.mean(), Tails::default());
        points.iter().for_each(|x| tails.add(1.0 / points.n() as f64, squared_distance(x, &mean)));
        let share = shrink(&mut cov, tails);
        (cov, share)
    }

    #[test]
    fn the_factor_is_that_of_another_implementation() {
        // The expected values are those of ledoit_wolf in scikit-learn 1.9.1 for the same rows.
        let (cov, share) = shrunk(&[
            &[1.0, 2.0, 0.0],
            &[0.0, -1.0, 1.0],
            &[2.0, 3.5, -1.0],
            &[-1.0, 0.0, 0.5],
            &[3.0, 1.0, 2.0],
            &[0.5, -2.0, 1.0],
        ]);
        assert!((share - 0.461_000_865_578_815_9).abs() < 1e-14);
        let want = faer::mat![
            [1.829_444_684_883_004_2, 0.699_950_264_838_621, 0.071_117_941_347_239_57],
            [0.699_950_264_838_621, 2.727_776_575_584_977_4, -0.587_658_778_500_874_3],
            [0.071_117_941_347_239_57, -0.587_658_778_500_874_3, 1.380_278_739_532_017_5]
        ];
        assert!((cov - want).norm_max() < 1e-14);
        // Fewer points than coordinates: the sample covariance is singular, the shrunk one is not.
        let (cov, share) = shrunk(&[&[1.0, 2.0, 0.0, 4.0], &[0.0, -1.0, 1.0, 2.0], &[3.0, 0.0, 2.0, 1.0]]);
        assert!((share - 0.547_008_547_008_546_7).abs() < 1e-14);
        assert!((cov[(0, 1)] - 0.100_664_767_331_434_04).abs() < 1e-14);
        assert!((cov[(2, 2)] - 1.031_339_031_339_031_2).abs() < 1e-14);
    }

    #[test]
    fn without_directions_to_tell_apart_the_result_is_isotropic() {
        // In one dimension the covariance is the mean variance, and the covariance of a single
        // point is 0.
        assert_eq!(shrunk(&[&[0.0], &[2.0]]).0[(0, 0)], 1.0);
        assert_eq!(shrunk(&[&[3.0, 4.0]]).0, Mat::<f64>::zeros(2, 2));
    }
}
