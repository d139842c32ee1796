//! The noise floor: the 95 % quantile of a metric over fresh samples of the reference itself.

use super::{Better, Metric, Reference};
use crate::number::counted;
use crate::pairwise::Pairwise;
use crate::{Error, Points, Result, Subject, rng::Stream};
use rayon::prelude::*;

/// The number of pairs of fresh samples from which a floor is computed.
pub const PAIRS: usize = 40;

/// Returns the noise floor for `n` points: the 95 % quantile (5 % if larger is better) of `metric`
/// over 40 pairs of independent samples. The samples have the sizes of the points and of the
/// reference.
///
/// - If the reference has a target, both samples of each pair are drawn from it.
/// - If the reference consists of data (or its target is a finite sample), each pair is a random
///   split of its `m` points into disjoint parts in the ratio `n : m`. The parts have sizes `n'`
///   and `m'`, smaller than the required sizes, so the quantile is multiplied by `((1/n + 1/m) /
///   (1/n' + 1/m'))^rate` with [`Metric::rate`]. With weights, `m`, `n'` and `m'` are effective
///   sizes, `1 / sum w^2`.
///
/// The floor of a metric over pairs of points (`energy`, `mmd`, `kl_knn`, `precision_recall`) is
/// computed from at most 10,000 points of both samples together, and scaled to the full sizes. The
/// scaling adds a few per cent to the random error of the floor, which is about 10 %.
///
/// With 40 values and the plotting position `k / 41`, the quantile lies just below the second
/// largest value. A fresh value stays below the quantile with probability .95 on average over
/// floors \[hyndman1996quantiles\].
///
/// A floor with a closed form ([`Metric::known_floor`]) is not simulated.
///
/// Otherwise the cost is 40 evaluations of the metric, in parallel. At 2,000 points in the plane,
/// `energy` takes about a second, the moments a tenth of a second, and `w2` four seconds. Reuse the
/// result as long as the sizes stay the same.
///
/// # Errors
/// Those of [`Metric::estimate`]; `n` = 0; the reference consists of fewer than 4 data points.
pub fn floor(metric: &dyn Metric, reference: &Reference, n: usize, pairwise: &Pairwise, stream: Stream) -> Result<f64> {
    floor_observed(metric, reference, n, pairwise, stream, &mut |_, _| {})
}

/// Computes [`floor`] and reports progress: the number of measured pairs of samples, from 0 on, and
/// their total.
///
/// # Errors
/// Those of [`floor`].
pub fn floor_observed(
    metric: &dyn Metric,
    reference: &Reference,
    n: usize,
    pairwise: &Pairwise,
    stream: Stream,
    tell: &mut dyn FnMut(usize, usize),
) -> Result<f64> {
    if n == 0 {
        return Err(Error::argument("n", n, "a noise floor needs at least one point"));
    }
    if let Some(known) = metric.known_floor(n, reference.points().n()) {
        return Ok(known);
    }
    let value = |k: u64| {
        let key = stream.at(k);
        let (points, fresh, factor) = pair(metric, reference, n, key)?;
        let found = metric.estimate(&points, &fresh, pairwise, key.label("metric"))?;
        Ok(factor * found.value)
    };
    // Each group has several pairs of samples per thread, so that few threads wait for the slowest
    // pair.
    let group = 4 * rayon::current_num_threads();
    let mut values = Vec::with_capacity(PAIRS);
    for first in (0..PAIRS).step_by(group) {
        tell(first, PAIRS);
        let group = first as u64..PAIRS.min(first + group) as u64;
        values.extend(group.into_par_iter().map(value).collect::<Result<Vec<f64>>>()?);
    }
    tell(PAIRS, PAIRS);
    values.sort_by(f64::total_cmp);
    if metric.properties(1).better == Better::Higher {
        values.reverse();
    }
    Ok(quantile_95(&values))
}

/// Largest number of points of both samples together from which the floor of a metric over pairs is
/// computed.
const MOST: usize = 10_000;

/// Returns the sizes of the two samples on which the metric is evaluated [`PAIRS`] times, for the
/// floor of `n` points and a reference of `m` points. They are `n` and `m` if fresh samples can be
/// drawn, and otherwise the sizes of disjoint parts of the reference. A metric over pairs of many
/// points uses smaller samples in the same ratio.
pub fn floor_sizes(metric: &dyn Metric, fresh: bool, n: usize, m: usize) -> (usize, usize) {
    let (n, m) = match fresh || m < 4 {
        true => (n, m),
        false => {
            let part = (m as f64 * n as f64 / (n + m) as f64).round() as usize;
            let part = part.clamp(2, m - 2);
            (part, m - part)
        }
    };
    let share = MOST as f64 / (n + m) as f64;
    if share >= 1.0 || !metric.properties(1).counts_pairs {
        return (n, m);
    }
    let fewer = |count: usize| ((count as f64 * share) as usize).clamp(count.min(4), count);
    (fewer(n), fewer(m))
}

/// Returns the random stream for the floors of the metric called `name`. A floor belongs to a
/// distribution and two sizes, so it must not change with the seed of a run or between runs of a
/// script.
pub fn floor_stream(name: &str) -> Stream {
    Stream::new(0).label("noise floor").label(name)
}

/// Returns points, a reference for them, and the factor that scales their metric to the required
/// sizes.
fn pair(metric: &dyn Metric, reference: &Reference, n: usize, stream: Stream) -> Result<(Points, Reference, f64)> {
    let m = reference.points().n();
    let (rate, noise) = (metric.properties(reference.points().dim()).rate, |n: f64, m: f64| 1.0 / n + 1.0 / m);
    let (part, rest) = floor_sizes(metric, reference.distribution().is_some(), n, m);
    if let Some(distribution) = reference.distribution() {
        let points = distribution.sample(part, stream.label("points"))?;
        let factor = match (part, rest) == (n, m) {
            true => 1.0,
            false => (noise(n as f64, m as f64) / noise(part as f64, rest as f64)).powf(rate),
        };
        return Ok((points, Reference::sample(distribution.clone(), rest, stream.label("reference"))?, factor));
    }
    if m < 4 {
        return Err(Error::shape(
            Subject::argument("reference"),
            counted(m, "point"),
            "a noise floor from data needs at least 4",
        ));
    }
    let order = stream.label("split").rng().choose(m, m);
    let (points, rest) = (reference.part(&order[..part])?, reference.part(&order[part..part + rest])?);
    let asked = noise(n as f64, reference.effective_n());
    let found = noise(points.effective_n(), rest.effective_n());
    // Equally weighted points represent the first part, because metrics accept no weights for
    // points.
    let points = points.equal_points(part).into_owned();
    Ok((points, rest, (asked / found).powf(rate)))
}

/// Returns the 95 % quantile of sorted values at plotting positions `k / (len + 1)`.
fn quantile_95(sorted: &[f64]) -> f64 {
    let at = 0.95 * (sorted.len() + 1) as f64;
    let k = (at as usize).clamp(1, sorted.len() - 1);
    let (below, above) = (sorted[k - 1], sorted[k]);
    below + (at - k as f64).clamp(0.0, 1.0) * (above - below)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The floor of many points is computed from fewer points and scaled. It agrees with the floor
    /// at full size.
    #[test]
    fn a_floor_of_many_points_is_that_of_fewer() {
        use crate::metric::by_name;
        use crate::target::Gaussian;
        use std::sync::Arc;
        let target = Arc::new(Gaussian::isotropic(vec![0.0, 1.0], 1.0).unwrap());
        let reference = Reference::sample(target, 12_000, Stream::new(1)).unwrap();
        let (metric, pairwise) = (by_name("energy", serde_json::Value::Null).unwrap(), Pairwise::default());
        let (n, m) = floor_sizes(metric.as_ref(), true, 8_000, 12_000);
        assert_eq!((n, m), (4_000, 6_000));
        let found = floor(metric.as_ref(), &reference, 8_000, &pairwise, Stream::new(2)).unwrap();
        let mut values: Vec<f64> = (0..PAIRS as u64)
            .map(|k| {
                let points = reference.distribution().unwrap().sample(8_000, Stream::new(3).at(k)).unwrap();
                let fresh = Reference::sample(reference.distribution().unwrap().clone(), 12_000, Stream::new(4).at(k));
                metric.estimate(&points, &fresh.unwrap(), &pairwise, Stream::new(5)).unwrap().value
            })
            .collect();
        values.sort_by(f64::total_cmp);
        let want = quantile_95(&values);
        assert!((0.6..1.6).contains(&(found / want)), "{found} {want}");
        let cheap = by_name("sliced_w2", serde_json::Value::Null).unwrap();
        assert_eq!(floor_sizes(cheap.as_ref(), true, 200_000, 200_000), (200_000, 200_000));
    }

    #[test]
    fn quantile_of_twenty_lies_at_the_top() {
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        assert!((quantile_95(&values) - 19.95).abs() < 1e-12);
    }
}
