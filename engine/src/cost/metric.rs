//! The cost of a metric: one value of it, and its noise floor.

use super::gauge::{Asked, Gauge, Measured};
use super::growing_size::{Climb, Ladder};
use super::known::MetricCost;
use super::{Cost, extrapolate};
use crate::metric::{self, Estimate, METRICS, Metric, Reference};
use crate::run::MetricChoice;
use crate::{Points, Result, rng::Stream};
use serde_json::Value;
use std::sync::Arc;

/// The noise floor is measured at the largest size at which one value takes less than this many
/// seconds. A floor takes tens of values. The time of much quicker values would mostly be the time
/// in which threads start.
const SHORT: f64 = 4e-3;

/// A metric whose cost is known is called with this many points. If that call fails, the metric is
/// measured again, which reports its error.
const FEW: usize = 64;

/// Returns the cost of the metric called `name` with these options (a map, or null) for `points`
/// and `reference`.
///
/// # Errors
/// Those of [`Metric::estimate`].
pub fn metric(
    name: &str,
    options: &Value,
    points: &Points,
    reference: &Reference,
    gauge: &Gauge,
    stream: Stream,
) -> Result<MetricCost> {
    let metric = metric::by_name(name, options.clone())?;
    let (n, m) = (points.n(), reference.points().n());
    // The values of a floor have other sizes, for which the metric may use another method.
    let quicker = metric.for_sizes(points.dim(), n, m);
    let of_floor = Trial { metric: metric.as_ref(), points, reference, gauge, stream: stream.label(name) };
    let of_value = quicker.as_deref().map(|metric| Trial { metric, ..of_floor });
    let trial = of_value.as_ref().unwrap_or(&of_floor);
    let key = format!("{name} {options} {:?}", trial.shape());
    if let Some(known) = gauge.known().and_then(|known| known.find(&key))
        && trial.measure(n.min(FEW), m.min(FEW)).is_ok()
    {
        return Ok(known);
    }
    let most = most_points(name, options);
    if gauge.asked() == Asked::Errors {
        let (_, estimate) = trial.climb((n.min(most), m.min(most)))?;
        return Ok(MetricCost { name: metric.name(), estimate, once: Cost::default(), floor: Cost::default() });
    }
    let size = |(n, m): (usize, usize)| (n.min(most), m.min(most));
    let (once, floored) =
        (size((n, m)), size(metric::floor_sizes(metric.as_ref(), reference.distribution().is_some(), n, m)));
    let (found, floor, ladder, estimate) = if quicker.is_some() {
        let ([found], _, estimate) = trial.costs([once])?;
        let ([floor], ladder, _) = of_floor.costs([floored])?;
        (found, floor, ladder, estimate)
    } else {
        let ([found, floor], ladder, estimate) = trial.costs([once, floored])?;
        (found, floor, ladder, estimate)
    };
    let floor = match metric.known_floor(n, m) {
        Some(_) => Measured::default(),
        None => {
            let (slowing, copies) = of_floor.floor(&ladder)?;
            let count = metric::floor_pairs(metric.as_ref()) as f64;
            Measured {
                pairs: count * floor.pairs,
                seconds: count * slowing * floor.seconds,
                bytes: copies * floor.bytes,
                ..floor
            }
        }
    };
    let varies = metric.properties(points.dim()).iterates;
    let [once, floor] = [found, floor].map(|found| Cost { varies, ..Cost::of(&found, gauge) });
    let cost = MetricCost { name: metric.name(), estimate, once, floor };
    gauge.known().iter().for_each(|known| known.keep(key.clone(), &cost));
    Ok(cost)
}

/// Does the same as [`metric`], for a metric of a run.
pub(super) fn choice_cost(
    choice: &MetricChoice,
    points: &Points,
    reference: &Reference,
    gauge: &Gauge,
    stream: Stream,
) -> Result<MetricCost> {
    if reference.points().n() < 4 {
        // With so few points, a floor is quick, or it is impossible and a run reports an error. It
        // is measured here so that this error is found.
        let built = choice.build()?;
        metric::floor(built.as_ref(), reference, points.n().min(64), gauge.pairwise())?;
    }
    match choice {
        MetricChoice::Name(name) => metric(name, &Value::Null, points, reference, gauge, stream),
        MetricChoice::Map { metric: name, options } => {
            metric(name, &options.clone().into(), points, reference, gauge, stream)
        }
    }
}

/// Returns the largest number of points of each set that the metric uses, from its option
/// `max_points`.
fn most_points(name: &str, options: &Value) -> usize {
    const OPTION: &str = "max_points";
    let given = options.get(OPTION).and_then(Value::as_u64);
    let keys = METRICS.iter().find(|entry| entry.name == name).map_or(&[][..], |entry| entry.keys);
    let default = || (keys.iter().find(|key| key.name == OPTION)?.default)().as_u64();
    given.or_else(default).map_or(usize::MAX, |most| (most as usize).max(1))
}

/// Returns the first `m` points of a reference, with its target.
pub(super) fn part(reference: &Reference, m: usize) -> Result<Reference> {
    let points = reference.points().rows(0..m);
    match reference.target() {
        Some(target) => Reference::with_target(points, target.clone()),
        None => Reference::new(points),
    }
}

/// A metric on parts of its points.
#[derive(Clone, Copy)]
struct Trial<'a> {
    metric: &'a dyn Metric,
    points: &'a Points,
    reference: &'a Reference,
    gauge: &'a Gauge<'a>,
    stream: Stream,
}

impl Trial<'_> {
    /// Returns the facts on which the cost depends, besides the metric itself.
    fn shape(&self) -> (usize, usize, usize, bool, bool) {
        let reference = self.reference;
        let (is_known, is_weighted) = (reference.distribution().is_some(), reference.weights().is_some());
        (self.points.n(), self.points.dim(), reference.points().n(), is_known, is_weighted)
    }

    fn measure(&self, n: usize, m: usize) -> Result<(Measured, Estimate)> {
        let (points, reference) = (self.points.rows(0..n), part(self.reference, m)?);
        let every = self.gauge.every_pair();
        self.gauge.quickest(&every, || self.metric.estimate(&points, &reference, &every, self.stream))
    }

    /// Returns the costs for these sizes, the measurements from which the costs are known, and the
    /// value for the most points. The first size must be the largest.
    fn costs<const N: usize>(&self, sizes: [(usize, usize); N]) -> Result<([Measured; N], Ladder, Estimate)> {
        let (ladder, estimate) = self.climb(sizes[0])?;
        let mut costs = sizes.map(|(n, m)| ladder.at(n.max(m))[0]);
        if costs[0].pairs > 0.0 && self.metric.properties(self.points.dim()).iterates {
            // The number of iterations hardly depends on the sizes, but it is not a polynomial in
            // them.
            let (size, reached) = ladder.rungs.last().map_or((1, 0.0), |(size, found)| (*size, found[0].pairs));
            for (cost, (n, m)) in costs.iter_mut().zip(sizes) {
                cost.pairs = reached * (n.max(m) as f64 / size as f64).powi(2);
            }
        } else if costs[0].pairs > 0.0 {
            let counts = self.counts(sizes[0])?;
            costs.iter_mut().zip(sizes).for_each(|(cost, size)| cost.pairs = counts.at(size));
        }
        Ok((costs, ladder, estimate))
    }

    /// Measures with growing numbers of points and reference points, in the ratio of their real
    /// numbers. The size is the larger of the two numbers.
    fn climb(&self, (n, m): (usize, usize)) -> Result<(Ladder, Estimate)> {
        let climb = Climb { quadratic: false, ..Climb::of(self.gauge) };
        let most = n.max(m);
        let of = |count: usize, size: usize| (count as f64 * size as f64 / most as f64).round().max(1.0) as usize;
        Ladder::climb(most, climb, |size| {
            let (found, estimate) = self.measure(of(n, size).min(n), of(m, size).min(m))?;
            Ok((vec![found], estimate))
        })
    }

    /// Counts pairs at six small sizes, from which any sizes can be extrapolated.
    fn counts(&self, (n, m): (usize, usize)) -> Result<Counts> {
        let mut first = 64;
        loop {
            let nodes = [nodes(n, first), nodes(m, first)];
            match self.count(nodes) {
                Err(error) if first >= n.max(m) => return Err(error),
                Err(_) => first *= 2,
                counts => return counts,
            }
        }
    }

    fn count(&self, nodes: [Vec<f64>; 2]) -> Result<Counts> {
        let mut pairs = [[0.0; 3]; 3];
        for (i, n) in nodes[0].iter().enumerate() {
            for (j, m) in nodes[1].iter().enumerate().filter(|(j, _)| i + j <= 2) {
                let (points, reference) = (self.points.rows(0..*n as usize), part(self.reference, *m as usize)?);
                let every = self.gauge.every_pair();
                let act = || self.metric.estimate(&points, &reference, &every, self.stream);
                pairs[i][j] = self.gauge.measure(&every, act)?.0.pairs;
            }
        }
        Ok(Counts { nodes, pairs })
    }

    /// Returns the ratio of the time of one value of the floor to that of one value of the metric,
    /// and the ratio of the bytes. The ratios differ from 1, because the values of the floor are
    /// computed in parallel from points that are drawn first. They are measured for a floor of few
    /// points, which is quick.
    fn floor(&self, ladder: &Ladder) -> Result<(f64, f64)> {
        let quick = ladder.rungs.iter().rfind(|(_, found)| found[0].seconds < SHORT);
        let Some((size, _)) = quick.or(ladder.rungs.first()) else { return Ok((1.0, 1.0)) };
        let most = self.points.n().max(self.reference.points().n()) as f64;
        let of = |count: usize| (((*size as f64 / most).min(1.0) * count as f64).round() as usize).clamp(1, count);
        let n = of(self.points.n());
        let m = of(self.reference.points().n());
        let few = part(self.reference, m)?;
        let every = self.gauge.every_pair();
        // A reference keeps its floors, so every measurement gets a reference without floors.
        let anew = || few.clone().with_known_floors(Arc::default());
        let floored = self.gauge.quickest(&every, || metric::floor(self.metric, &anew(), n, &every));
        // If there are too few points here for a floor, a floor of all points may still exist, but
        // a part of the points says nothing about it.
        let Ok((floor, _)) = floored else { return Ok((1.0, 1.0)) };
        let (n, m) = metric::floor_sizes(self.metric, few.distribution().is_some(), n, m);
        let (one, _) = self.measure(n.min(self.points.n()), m)?;
        let slowing = floor.seconds / (metric::floor_pairs(self.metric) as f64 * one.seconds);
        let copies = if one.bytes > 0.0 { floor.bytes / one.bytes } else { 1.0 };
        Ok((slowing.clamp(0.05, 20.0), copies.clamp(0.5, rayon::current_num_threads() as f64 + 1.0)))
    }
}

/// Returns three sizes up to `n` that start near `first`; one size if there are not three.
fn nodes(n: usize, first: usize) -> Vec<f64> {
    let step = (n / 4).clamp(1, 32);
    match (first.min(n), n) {
        (_, 0..3) => vec![n as f64],
        (first, n) if first + 2 * step <= n => (0..3).map(|i| (first + i * step) as f64).collect(),
        (_, n) => (0..3).map(|i| (n - (2 - i) * step) as f64).collect(),
    }
}

/// Pairs at three sizes of each set.
struct Counts {
    nodes: [Vec<f64>; 2],
    pairs: [[f64; 3]; 3],
}

impl Counts {
    fn at(&self, (n, m): (usize, usize)) -> f64 {
        let [rows, columns] = &self.nodes;
        extrapolate::quadratic([rows, columns], |i, j| self.pairs[i][j], (n as f64, m as f64)).round().max(0.0)
    }
}

/// Returns the cost of [`metric::memorisation`], and its value and standard error for fewer points.
///
/// # Errors
/// Those of the metric.
pub fn memorisation(points: &Points, train: &Points, held_out: &Points, gauge: &Gauge) -> Result<((f64, f64), Cost)> {
    super::along(points.n(), gauge, |rows| {
        metric::memorisation(&points.rows(0..rows), train, held_out, gauge.pairwise().interrupt())
    })
}
