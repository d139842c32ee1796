//! Numbers on a line: the median, sorted projections, and the quantiles that they cover.

use super::kd_order::{of_sort_key, sort_key};
use super::{Points, dot};

/// Returns the upper median; 0 without values.
pub(crate) fn median(values: Vec<f64>) -> f64 {
    quantile(values, (1, 2))
}

/// Returns the value that is above the share `part / of` of the values, with `part < of`; 0 without
/// values.
pub(crate) fn quantile(mut values: Vec<f64>, (part, of): (usize, usize)) -> f64 {
    let at = part * values.len() / of;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(at, f64::total_cmp).1 }
}

/// Returns the projections in rising order, each with the index of its point. Equal projections
/// keep the order of their points.
pub(crate) fn sort_projections(direction: &[f64], points: &Points) -> Vec<(f64, usize)> {
    sorted(points.iter().map(|p| dot(direction, p)))
}

/// Does the same for two sets together; the indices of `y` follow those of `x`.
pub(crate) fn sort_pooled(direction: &[f64], x: &Points, y: &Points) -> Vec<(f64, usize)> {
    sorted(x.iter().chain(y.iter()).map(|p| dot(direction, p)))
}

/// Returns numbers in rising order, each with its index. Equal numbers keep their order.
fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<(f64, usize)> {
    // Whole numbers are sorted more quickly than pairs.
    let pack = |(t, i): (f64, u64)| (u128::from(sort_key(t)) << 64) | u128::from(i);
    let mut packed: Vec<u128> = numbers.zip(0..).map(pack).collect();
    packed.sort_unstable();
    packed.into_iter().map(|item| (of_sort_key((item >> 64) as u64), item as u64 as usize)).collect()
}

/// Returns the upper end of the interval of each point on a line. The unit is `1 / n` of the
/// interval of a point that has the mean weight.
pub(crate) fn ends(line: &[(f64, usize)], n: f64, weights: Option<&[f64]>) -> Vec<f64> {
    let m = line.len();
    let Some(weights) = weights else { return (1..=m).map(|j| j as f64 * n).collect() };
    let total = n * m as f64;
    let mut sum = 0.0;
    let mut ends: Vec<f64> = line
        .iter()
        .map(|(_, j)| {
            sum += weights[*j];
            (sum * total).min(total)
        })
        .collect();
    // The shares sum to 1 except for rounding, so the last interval ends at the total.
    ends[m - 1] = total;
    ends
}
