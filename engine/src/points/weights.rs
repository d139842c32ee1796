//! Weights of points.

use super::{AffineMap, Points};
use crate::number::counted;
use crate::rng::Stream;
use crate::{Error, Result, Rule, Subject, matrix::multiply};
use faer::{Accum, Mat};

/// Checks that `weights` are valid for `n` points. Errors call the weights `what`.
///
/// # Errors
/// The number of weights is not `n`, a weight is negative or not finite, or none is positive.
pub fn check_weights(weights: &[f64], n: usize, what: &str) -> Result<()> {
    if weights.len() != n {
        return Err(Error::shape(
            Subject::option(what),
            counted(weights.len(), "value"),
            format!("there are {}", counted(n, "point")),
        ));
    }
    if let Some((i, w)) = weights.iter().enumerate().find(|(_, w)| !(w.is_finite() && **w >= 0.0)) {
        return Err(Error::argument(&format!("{what}[{i}]"), w, "it must be finite and not negative"));
    }
    if !weights.iter().any(|w| *w > 0.0) {
        return Err(Error::argument(what, "all 0", Rule::Positive.worded("at least one must be positive")));
    }
    Ok(())
}

/// Returns the weights of `n` points divided by their sum. Errors call the weights `what`.
///
/// # Errors
/// A weight is negative or not finite, none is positive, or the number of weights is not `n`.
pub fn shares(weights: &[f64], n: usize, what: &str) -> Result<Vec<f64>> {
    check_weights(weights, n, what)?;
    // The weights are first divided by the largest, so that the sum of huge weights does not
    // overflow.
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let sum: f64 = weights.iter().map(|w| w / largest).sum();
    Ok(weights.iter().map(|w| w / largest / sum).collect())
}

/// Returns `k` row indices in ascending order. Row `i` occurs `k shares[i]` times except for
/// rounding. The rows are those at the values `(j + offset) / k` of the cumulative shares, for an
/// offset in `[0, 1)` (systematic resampling). A row without a share never occurs.
pub(crate) fn systematic(shares: &[f64], k: usize, offset: f64) -> Vec<usize> {
    let total: f64 = shares.iter().sum();
    let last = shares.iter().rposition(|share| *share > 0.0).unwrap_or(0);
    let (mut row, mut end) = (0, shares[0]);
    let at_level = |j: usize| {
        let level = (j as f64 + offset) / k as f64 * total;
        while level >= end && row < last {
            row += 1;
            end += shares[row];
        }
        row
    };
    (0..k).map(at_level).collect()
}

/// Returns `k` equally weighted points that represent points with these shares: row `i` occurs `k
/// shares[i]` times, up to rounding.
pub(crate) fn equal_points(points: &Points, shares: &[f64], k: usize) -> Points {
    points.select(&systematic(shares, k, 0.5))
}

/// Returns `batch` different rows out of `n`, or all if there are fewer, in random order. With
/// log-weights, only rows with a positive weight are drawn, because a batch without weight has no
/// mean.
pub(crate) fn draw_rows(n: usize, log_weights: Option<&[f64]>, batch: usize, stream: Stream) -> Vec<usize> {
    let mut rng = stream.rng();
    let Some(logs) = log_weights else { return rng.choose(n, batch) };
    let weighty: Vec<usize> = (0..n).filter(|&j| logs[j] > f64::NEG_INFINITY).collect();
    rng.choose(weighty.len(), batch).into_iter().map(|k| weighty[k]).collect()
}

/// Returns the mean `sum_i w_i x_i` of rows with these shares. Without shares, all rows have equal
/// weight.
pub(crate) fn weighted_mean(points: &Points, shares: Option<&[f64]>) -> Vec<f64> {
    let Some(shares) = shares else { return points.mean() };
    let mut mean = vec![0.0; points.dim()];
    for (row, w) in points.iter().zip(shares) {
        mean.iter_mut().zip(row).for_each(|(m, x)| *m += w * x);
    }
    mean
}

/// Returns the maximum-likelihood covariance `sum_i w_i (x_i - mean)(x_i - mean)^T`, `dim` x `dim`,
/// of rows with these shares. Without shares, all rows have equal weight.
pub(crate) fn weighted_covariance(points: &Points, shares: Option<&[f64]>) -> Mat<f64> {
    let Some(shares) = shares else { return points.covariance() };
    let mean = weighted_mean(points, Some(shares));
    let root = Mat::from_fn(points.n(), points.dim(), |i, j| shares[i].sqrt() * (points.row(i)[j] - mean[j]));
    let mut cov = Mat::zeros(points.dim(), points.dim());
    multiply(cov.as_mut(), Accum::Replace, root.transpose(), root.as_ref(), 1.0);
    cov
}

/// Returns the map from standard units to those of rows with these shares, as [`AffineMap::of`]
/// does. Without shares, all rows have equal weight.
pub(crate) fn weighted_units(points: &Points, shares: Option<&[f64]>) -> AffineMap {
    let Some(shares) = shares else { return AffineMap::of(points) };
    let mean = weighted_mean(points, Some(shares));
    let mut variance = vec![0.0; points.dim()];
    for (row, w) in points.iter().zip(shares) {
        variance.iter_mut().zip(row).zip(&mean).for_each(|((v, x), m)| *v += w * (x - m) * (x - m));
    }
    AffineMap::of_variances(&variance, mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A weight that is a whole number acts as that many equal rows.
    #[test]
    fn weights_count_rows() {
        let distinct = Points::from_rows(&[[1e6, 2.0], [1e6 + 1.0, -1.0], [1e6 + 5.0, 0.5]]).unwrap();
        let rows = [0, 0, 0, 1, 2, 2];
        let repeated = distinct.select(&rows);
        let weights = shares(&[3.0, 1.0, 2.0], 3, "w").unwrap();
        assert_eq!(systematic(&weights, 6, 0.5), rows);
        assert_eq!(systematic(&weights, 2, 0.5), [0, 2]);
        // The offset decides where the rounding goes; a row without a share never occurs.
        assert_eq!(systematic(&weights, 4, 0.1), [0, 0, 1, 2]);
        assert_eq!(systematic(&[0.0, 0.5, 0.0, 0.5, 0.0], 3, 0.9999), [1, 3, 3]);
        assert_eq!(systematic(&[0.0, 0.5, 0.0, 0.5, 0.0], 3, 0.0), [1, 1, 3]);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9 * (1.0 + b.abs()), "{a} {b}");
        let (found, want) = (weighted_units(&distinct, Some(&weights)), AffineMap::of(&repeated));
        found.scale().iter().zip(want.scale()).for_each(|(a, b)| close(*a, *b));
        found.shift().iter().zip(want.shift()).for_each(|(a, b)| close(*a, *b));
        let (found, want) = (weighted_covariance(&distinct, Some(&weights)), repeated.covariance());
        (0..4).for_each(|at| close(found[(at / 2, at % 2)], want[(at / 2, at % 2)]));
        assert_eq!(weighted_mean(&repeated, None), repeated.mean());
    }

    #[test]
    fn shares_sum_to_one_whatever_the_size_of_the_weights() {
        assert_eq!(shares(&[1.0, 0.0, 3.0], 3, "w").unwrap(), [0.25, 0.0, 0.75]);
        assert_eq!(shares(&[1e308, 1e308], 2, "w").unwrap(), [0.5, 0.5]);
    }

    #[test]
    fn what_is_no_weight_is_named() {
        let said = |weights: &[f64]| shares(weights, 2, "masses").unwrap_err().to_string();
        assert!(said(&[1.0]).contains("`masses` has 1 value") && said(&[1.0]).contains("there are 2 points"));
        assert_eq!(said(&[1.0, -1.0]), "`masses[1]` is -1, but it must be finite and not negative");
        assert!(said(&[f64::NAN, 1.0]).contains("`masses[0]` is NaN"));
        assert_eq!(said(&[0.0, 0.0]), "`masses` is all 0, but at least one must be positive");
    }
}
