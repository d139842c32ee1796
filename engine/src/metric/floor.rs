//! The noise floor: what a fresh sample of the reference itself would score.

use super::{Better, Metric, Reference};
use crate::pairwise::Pairwise;
use crate::{Error, Points, Result, Subject, rng::Stream};
use rayon::prelude::*;

/// Pairs of fresh samples behind a floor.
pub const PAIRS: usize = 40;

/// The value that a fresh sample of `n` points stays within 19 times out of 20: the 95 % quantile
/// (5 % where larger is better) of `metric` over 40 pairs of independent samples with the sizes of
/// the points and of the reference.
///
/// - A reference with a target: both samples of each pair are drawn anew.
/// - Data alone (or a target that is a finite sample): each pair is a random split of the
///   reference's `m` points into disjoint parts in the ratio `n : m`. The parts are smaller than
///   the sizes asked for, so the quantile is multiplied by `((1/n + 1/m) / (1/n' + 1/m'))^rate`
///   with [`Metric::rate`]. With weights, `m`, `n'` and `m'` are effective sizes, `1 / sum w^2`.
///
/// With 40 values and the plotting position `k / 41` the quantile lies just below the second
/// largest: a fresh value stays below it with probability .95 on average over floors
/// \[hyndman1996quantiles\].
///
/// Cost: 40 evaluations of the metric, in parallel; at 2,000 points in the plane about a second for
/// `energy`, a tenth for the moments, four for `w2`. Keep the result as long as the sizes stay.
///
/// # Errors
/// As [`Metric::estimate`]; `n` = 0; a reference of data with fewer than 4 points.
pub fn floor(metric: &dyn Metric, reference: &Reference, n: usize, pairwise: &Pairwise, stream: Stream) -> Result<f64> {
    floor_observed(metric, reference, n, pairwise, stream, &mut |_, _| {})
}

/// [`floor`], which tells how many pairs of how many are measured, from 0 to all.
///
/// # Errors
/// As [`floor`].
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
    let value = |k: u64| {
        let key = stream.at(k);
        let (points, fresh, factor) = pair(metric, reference, n, key)?;
        let found = metric.estimate(&points, &fresh, pairwise, key.label("metric"))?;
        Ok(factor * found.value)
    };
    // Several pairs for each thread, so that few wait for the slowest of a group.
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

/// The sizes of the two samples whose metric is evaluated [`PAIRS`] times for the floor of `n`
/// points against a reference of `m`: the same where fresh samples can be drawn without end,
/// disjoint parts of the reference otherwise.
pub fn floor_sizes(fresh: bool, n: usize, m: usize) -> (usize, usize) {
    if fresh || m < 4 {
        return (n, m);
    }
    let part = (m as f64 * n as f64 / (n + m) as f64).round() as usize;
    let part = part.clamp(2, m - 2);
    (part, m - part)
}

/// The stream on which the floors of the metric called `name` are drawn everywhere: a floor belongs
/// to a distribution and two sizes, so it must not change with the seed of a run or from one run of
/// a script to the next.
pub fn floor_stream(name: &str) -> Stream {
    Stream::new(0).label("noise floor").label(name)
}

/// Points, a reference to hold them against, and the factor that carries their metric to the sizes
/// asked for.
fn pair(metric: &dyn Metric, reference: &Reference, n: usize, stream: Stream) -> Result<(Points, Reference, f64)> {
    let m = reference.points().n();
    if let Some(law) = reference.law() {
        let points = law.sample(n, stream.label("points"))?;
        return Ok((points, Reference::sample(law.clone(), m, stream.label("reference"))?, 1.0));
    }
    if m < 4 {
        return Err(Error::shape(
            Subject::argument("reference"),
            format!("{m} points"),
            "a noise floor from data needs at least 4",
        ));
    }
    let (part, _) = floor_sizes(reference.law().is_some(), n, m);
    let order = stream.label("split").rng().choose(m, m);
    let (points, rest) = (reference.part(&order[..part])?, reference.part(&order[part..])?);
    let rate = metric.properties(points.points().dim()).rate;
    let noise = |n: f64, m: f64| 1.0 / n + 1.0 / m;
    let asked = noise(n as f64, reference.effective_n());
    let found = noise(points.effective_n(), rest.effective_n());
    // Equal points stand for the first part, of which a metric knows no weights.
    let points = points.equal_points(part).into_owned();
    Ok((points, rest, (asked / found).powf(rate)))
}

/// The 95 % quantile of sorted values at plotting positions `k / (len + 1)`.
fn quantile_95(sorted: &[f64]) -> f64 {
    let at = 0.95 * (sorted.len() + 1) as f64;
    let k = (at as usize).clamp(1, sorted.len() - 1);
    let (below, above) = (sorted[k - 1], sorted[k]);
    below + (at - k as f64).clamp(0.0, 1.0) * (above - below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_of_twenty_lies_at_the_top() {
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        assert!((quantile_95(&values) - 19.95).abs() < 1e-12);
    }
}
