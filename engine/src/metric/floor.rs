//! The noise floor: the 95 % quantile (5 % if larger is better) of a metric between two fresh
//! samples of the reference distribution.

mod quantile;

use self::quantile::{quantile, quantile_of_moments};
use super::estimate::Floor;
use super::{Better, Metric, Reference};
use crate::number::counted;
use crate::pairwise::Pairwise;
use crate::rng::Stream;
use crate::{Error, Points, Result, Subject};
use rayon::prelude::*;

/// The number of pairs of fresh samples from which a floor is computed.
const PAIRS: usize = 200;

/// The number of pairs of fresh samples for a slow metric
/// ([`Properties::is_slow`](super::Properties::is_slow)).
const FEW_PAIRS: usize = 40;

/// Returns the noise floor for `n` points: the 95 % quantile (5 % if larger is better) of `metric`
/// over pairs of independent samples. The samples have the sizes of the points and of the
/// reference, and their random numbers come from the reference
/// ([`Reference::with_floor_stream`]).
///
/// - If the reference has a target, both samples of each pair are drawn from it.
/// - If the reference consists of data (or its target is a finite sample), each pair is a random
///   split of its `m` points into disjoint parts in the ratio `n : m`. The parts have sizes `n'`
///   and `m'`, smaller than the required sizes, so the quantile is multiplied by `((1/n + 1/m) /
///   (1/n' + 1/m'))^rate` with [`Properties::rate`](super::Properties::rate). With weights, `m`,
///   `n'` and `m'` are effective sizes, `1 / sum w^2`.
///
/// The floor of a metric whose cost grows with the number of pairs of points (`energy`, `mmd`,
/// `kl_knn`, `precision_recall`, `sinkhorn_divergence`) is computed from at most 2,000 points, both
/// samples together, and scaled to the full sizes, which adds a few per cent to its random error.
/// The floor of `sliced_w2` is computed from at most 40,000 points, and scaled by the rate at which
/// the metric falls between 10,000 and 40,000 points.
///
/// There are 200 pairs of samples. The quantile uses the plotting position `k / 201`: averaged over
/// repetitions of the floor, a fresh value then lies below it with probability .95
/// \[hyndman1996quantiles\]. Its standard error is about 8 % for a metric like `energy`. For a slow
/// metric (`w2`, `sinkhorn_divergence`) there are 40 pairs, and the quantile is computed from the
/// mean, standard deviation and skewness of the values \[cornish1938moments\].
///
/// A floor with a closed form ([`Metric::known_floor`]) is not simulated.
///
/// The cost is one evaluation of the metric for each pair of samples, and 200 more where a rate is
/// measured; the evaluations run in parallel. The reference remembers the floor: the next call with
/// the same metric and sizes takes no time.
///
/// # Errors
/// Those of [`Metric::estimate`]; `n` = 0; the reference consists of fewer than 4 data points.
pub fn floor(metric: &dyn Metric, reference: &Reference, n: usize, pairwise: &Pairwise) -> Result<Floor> {
    floor_observed(metric, reference, n, pairwise, &mut |_, _| {})
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
    tell: &mut dyn FnMut(usize, usize),
) -> Result<Floor> {
    if n == 0 {
        return Err(Error::argument("n", n, "a noise floor needs at least one point"));
    }
    if let Some(value) = metric.known_floor(n, reference.points().n()) {
        return Ok(Floor { value, se: 0.0 });
    }
    let key = key(metric, reference, n);
    reference.known_floors().find_or(&key, || {
        let stream = reference.floor_stream().label(metric.name());
        let properties = metric.properties(1);
        // Of the signed values, smaller ones are better.
        let sign = if properties.better == Better::Higher { -1.0 } else { 1.0 };
        let rate = rate_of(metric, reference, n, pairwise)?;
        let value = |k: u64| {
            let key = stream.at(k);
            let (points, fresh, factor) = pair(metric, reference, n, rate, key)?;
            let found = metric.estimate(&points, &fresh, pairwise, key.label("metric"))?;
            Ok(sign * factor * found.value)
        };
        // Each group has several pairs of samples per thread, so that few threads wait for the
        // slowest pair of the group.
        let (group, all) = (4 * rayon::current_num_threads(), floor_pairs(metric));
        let mut values = Vec::with_capacity(all);
        for first in (0..all).step_by(group) {
            tell(first, all);
            let group = first as u64..all.min(first + group) as u64;
            values.extend(group.into_par_iter().map(value).collect::<Result<Vec<f64>>>()?);
        }
        tell(all, all);
        let found = if properties.is_slow { quantile_of_moments(&values) } else { quantile(values) };
        Ok(Floor { value: sign * found.value, se: found.se })
    })
}

/// The key under which a floor is kept. The debug output of a metric contains its options, so that
/// the same metric with other options has another key.
fn key(metric: &dyn Metric, reference: &Reference, n: usize) -> String {
    format!("{} {metric:?} {n} {}", metric.name(), reference.points().n())
}

/// Returns the noise floor of `metric` for `n` points, if it was computed before.
pub fn known_floor(metric: &dyn Metric, reference: &Reference, n: usize) -> Option<Floor> {
    reference.known_floors().find(&key(metric, reference, n))
}

/// Keeps the noise floor of `metric` for `n` points.
pub fn keep_floor(metric: &dyn Metric, reference: &Reference, n: usize, floor: Floor) {
    reference.known_floors().keep(&key(metric, reference, n), floor);
}

/// True the first time that a dry run estimates the cost of this floor. A run remembers the floor,
/// so that every later use costs nothing.
pub fn is_first_estimate(metric: &dyn Metric, reference: &Reference, n: usize) -> bool {
    reference.known_floors().is_first_estimate(&key(metric, reference, n))
}

/// Returns the exponent with which the metric falls with the number of points. The exponent is
/// measured if it depends on the distribution and the floor of many points is computed from fewer.
/// The metric is then evaluated at these fewer points and at a quarter of them, and the exponent
/// follows from the ratio of the two values.
fn rate_of(metric: &dyn Metric, reference: &Reference, n: usize, pairwise: &Pairwise) -> Result<f64> {
    let (properties, m) = (metric.properties(reference.points().dim()), reference.points().n());
    let available = if reference.distribution().is_some() { n + m } else { m };
    if !properties.rate_varies || available <= properties.floor_points {
        return Ok(properties.rate);
    }
    let stream = reference.floor_stream().label(metric.name()).label("rate");
    let value = |k: u64| {
        let key = stream.at(k);
        let (points, fresh, _) = pair(metric, reference, n, 0.0, key)?;
        let quarter: Vec<usize> = (0..fresh.points().n().div_ceil(4)).collect();
        let (few, few_fresh) = (points.rows(0..points.n().div_ceil(4)), fresh.part(&quarter)?);
        let of = |points: &Points, fresh: &Reference| metric.estimate(points, fresh, pairwise, key.label("metric"));
        Ok([of(&points, &fresh)?.value, of(&few, &few_fresh)?.value])
    };
    let values = (0..RATE_PAIRS).into_par_iter().map(value).collect::<Result<Vec<[f64; 2]>>>()?;
    let [all, quarter] = [0, 1].map(|k| values.iter().map(|pair| pair[k]).sum::<f64>());
    let rate = ((quarter / all).ln() / 4f64.ln()).clamp(0.0, properties.rate);
    Ok(if rate.is_nan() { properties.rate } else { rate })
}

/// The number of pairs of samples from which a rate is found.
const RATE_PAIRS: u64 = 100;

/// Returns the number of evaluations of the metric for a floor that is simulated.
pub fn floor_pairs(metric: &dyn Metric) -> usize {
    if metric.properties(1).is_slow { FEW_PAIRS } else { PAIRS }
}

/// Returns the sizes of the two samples from which each value of the floor is computed, for `n`
/// points and a reference of `m` points. They are `n` and `m` if fresh samples can be drawn
/// (`fresh`), and otherwise the sizes of two disjoint parts of the reference. If the two samples
/// together have more than [`Properties::floor_points`](super::Properties::floor_points) points,
/// both are reduced by the same factor to this total.
pub fn floor_sizes(metric: &dyn Metric, fresh: bool, n: usize, m: usize) -> (usize, usize) {
    let (n, m) = match fresh || m < 4 {
        true => (n, m),
        false => {
            let part = (m as f64 * n as f64 / (n + m) as f64).round() as usize;
            let part = part.clamp(2, m - 2);
            (part, m - part)
        }
    };
    let share = metric.properties(1).floor_points as f64 / (n + m) as f64;
    if share >= 1.0 {
        return (n, m);
    }
    let fewer = |count: usize| ((count as f64 * share) as usize).clamp(count.min(4), count);
    (fewer(n), fewer(m))
}

/// Returns points, a reference for them, and a factor. The factor scales the metric between the two
/// to the required sizes, for a metric that falls with this `rate`.
fn pair(
    metric: &dyn Metric,
    reference: &Reference,
    n: usize,
    rate: f64,
    stream: Stream,
) -> Result<(Points, Reference, f64)> {
    let m = reference.points().n();
    let noise = |n: f64, m: f64| 1.0 / n + 1.0 / m;
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
        assert_eq!((n, m), (800, 1_200));
        let found = floor(metric.as_ref(), &reference, 8_000, &pairwise).unwrap().value;
        let values: Vec<f64> = (0..FEW_PAIRS as u64)
            .map(|k| {
                let points = reference.distribution().unwrap().sample(8_000, Stream::new(3).at(k)).unwrap();
                let fresh = Reference::sample(reference.distribution().unwrap().clone(), 12_000, Stream::new(4).at(k));
                metric.estimate(&points, &fresh.unwrap(), &pairwise, Stream::new(5)).unwrap().value
            })
            .collect();
        let want = quantile(values).value;
        assert!((0.6..1.6).contains(&(found / want)), "{found} {want}");
        let cheap = by_name("sliced_w2", serde_json::Value::Null).unwrap();
        assert_eq!(floor_sizes(cheap.as_ref(), true, 19_000, 21_000), (19_000, 21_000));
        assert_eq!(floor_sizes(cheap.as_ref(), true, 200_000, 200_000), (20_000, 20_000));
    }

    /// A metric whose floor is computed from few points.
    #[derive(Debug)]
    struct Few(crate::metric::SlicedW2);

    impl Metric for Few {
        fn name(&self) -> &'static str {
            self.0.name()
        }

        fn properties(&self, dim: usize) -> crate::metric::Properties {
            crate::metric::Properties { floor_points: 1_000, ..self.0.properties(dim) }
        }

        fn measure(
            &self,
            points: &Points,
            reference: &Reference,
            pairwise: &Pairwise,
            stream: Stream,
        ) -> Result<crate::metric::Estimate> {
            self.0.measure(points, reference, pairwise, stream)
        }
    }

    /// The floor of sliced W2 falls as `n^(-1/2)` for a Gaussian. For two distant modes it falls
    /// more slowly, as `n^(-1/4)`: it is proportional to the square root of the difference between
    /// the shares of a mode in the two samples.
    #[test]
    fn the_floor_of_few_points_is_scaled_by_the_rate_of_the_distribution() {
        use crate::target::{Gaussian, Mixture, Target};
        use std::sync::Arc;
        let at = |mean: f64| Gaussian::isotropic(vec![mean], 1.0).unwrap();
        let modes = Mixture::new(vec![0.5, 0.5], vec![at(-50.0), at(50.0)]).unwrap();
        let targets: [Arc<dyn Target>; 2] = [Arc::new(at(0.0)), Arc::new(modes)];
        for target in targets {
            let data = target.sample(32_000, Stream::new(8)).unwrap();
            let fresh = Reference::sample(target, 16_000, Stream::new(1)).unwrap();
            let of = |metric: &dyn Metric, reference: &Reference| {
                floor(metric, reference, 16_000, &Pairwise::default()).unwrap().value
            };
            let want = of(&crate::metric::SlicedW2::default(), &fresh);
            for reference in [fresh, Reference::new(data).unwrap()] {
                let found = of(&Few(crate::metric::SlicedW2::default()), &reference);
                assert!((0.6..1.6).contains(&(found / want)), "{found} {want}");
            }
        }
    }
}
