//! What a run would cost, found from a few points that stand for many.
//!
//! The few points are real points: the flow is prepared, takes one step and is measured, so that whatever a run would refuse
//! is refused by the same lines of code. Numbers of pairs follow from the sizes that the points stand for; times are measured
//! at two small sizes and carried along a line to the size of the run.

use super::driver::{Driver, RunResult};
use super::{Dynamics, RunOptions};
use crate::flow::{Clock, FieldAt, FlowPairs};
use crate::metric::{self, Metric, PAIRS, Reference};
use crate::ode::directions;
use crate::pairwise::{Pairwise, Precision};
use crate::process::{Stats, Unobserved};
use crate::run::Snapshot;
use crate::{Points, Result, rng::Stream};
use std::time::{Duration, Instant};

/// Work that lies ahead.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Forecast {
    /// Steps, all of them.
    pub steps: u64,
    /// Evaluations of the velocity.
    pub nfe: u64,
    /// Pairs of the flow's steps.
    pub flow_pairs: u64,
    /// Pairs, measurements and noise floors included; blocks of pairs that a run finds to have no weight count here only.
    pub pairs: u64,
    /// Seconds on this machine.
    pub seconds: f64,
    /// Bytes held at most besides the start and the reference: clouds, velocities, packed copies, samples of noise floors.
    pub bytes: u64,
    /// Do the numbers hang on what the run finds (`stop_when`, a step that adapts)?
    pub varies: bool,
}

/// What a run would do with the same arguments, and a result of the same shape: `start` itself as the end, two rows of
/// history, metrics whose values mean nothing. Cost: some milliseconds for each metric and the flow.
///
/// # Errors
/// As [`super::Run::go`].
pub fn forecast(
    dynamics: Dynamics,
    start: Points,
    reference: Option<&Reference>,
    options: &RunOptions,
    pairwise: &Pairwise,
    stream: Stream,
) -> Result<(RunResult, Forecast)> {
    let mut driver = Driver::new(dynamics, start.clone(), reference, options, pairwise, stream)?;
    driver.measure(0, &mut Unobserved)?;
    driver.step(0)?;
    driver.cloud = start;
    driver.measure(options.steps, &mut Unobserved)?;
    let ahead = driver.ahead()?;
    driver.finals()?;
    let mut result = driver.result;
    let kept = options.snapshots.min(options.steps.saturating_add(1));
    result.snapshots = (0..kept).map(|step| Snapshot { step, points: driver.cloud.clone() }).collect();
    let Forecast { steps, nfe, pairs, flow_pairs, .. } = ahead;
    result.stats = Stats { steps, nfe, pairs, flow_pairs, ..Stats::default() };
    result.carried = options.carry.clone();
    let followed = options.carry.as_ref().filter(|_| options.log_det);
    result.log_det = followed.map(|carried| vec![0.0; carried.count()]);
    result.points = driver.cloud;
    Ok((result, ahead))
}

impl Driver<'_, '_> {
    fn ahead(&mut self) -> Result<Forecast> {
        let (n, steps) = (self.cloud.count(), self.options.steps);
        let (nfe, stages, adaptive) = self.evaluations(steps);
        let (pairs, first_evaluation) = self.declared(n);
        // Every so many steps from the first on, and at the end.
        let rounds = steps.div_ceil(self.options.every()) as u64 + 1;
        let flow_pairs = nfe.saturating_mul(pairs.velocity);
        let velocity_seconds = self.velocity_seconds(pairs.velocity, self.pairwise)?;
        let mut ahead = Forecast {
            steps: steps as u64,
            nfe,
            flow_pairs,
            pairs: flow_pairs.saturating_add(rounds.saturating_mul(pairs.readings)),
            seconds: (nfe as f64 + first_evaluation - 1.0) * velocity_seconds,
            bytes: self.bytes(stages),
            varies: adaptive || !self.options.stop_when.is_empty(),
        };
        let (followers, sides) = self.followers();
        let following = (flow_pairs as f64 * followers * (1 + sides) as f64) as u64;
        ahead.flow_pairs = ahead.flow_pairs.saturating_add(following);
        ahead.pairs = ahead.pairs.saturating_add(following);
        ahead.seconds += followers * ahead.seconds;
        if sides > 0 {
            let exact = self.pairwise.at_precision(Some(Precision::F64));
            let seconds = self.velocity_seconds(pairs.velocity, exact.as_ref().unwrap_or(self.pairwise))?;
            ahead.seconds += nfe as f64 * followers * sides as f64 * seconds;
        }
        ahead.seconds += rounds as f64 * self.reading_seconds(pairs.readings)?;
        for metric in &self.measures.metrics {
            let Some(reference) = self.measures.reference else { continue };
            let stream = self.stream.label("forecast");
            let cost = forecast_metric(metric.as_ref(), &self.cloud, reference, self.pairwise, stream)?;
            let pairs = (rounds + 1).saturating_mul(cost.pairs).saturating_add(cost.floor_pairs);
            ahead.pairs = ahead.pairs.saturating_add(pairs);
            ahead.seconds += (rounds + 1) as f64 * cost.seconds + cost.floor_seconds;
        }
        Ok(ahead)
    }

    /// Evaluations in all, in a step, and whether steps adapt.
    fn evaluations(&self, steps: usize) -> (u64, usize, bool) {
        match &self.dynamics {
            Dynamics::Field(_, stepping) if stepping.is_adaptive() => (2 * steps as u64, 2, true),
            Dynamics::Field(_, stepping) => {
                let stages = stepping.integrator.stages().len();
                (steps.saturating_mul(stages) as u64, stages, false)
            }
            Dynamics::Sampler(sampler) => (sampler.evaluations(steps) as u64, 2, false),
        }
    }

    fn declared(&self, n: usize) -> (FlowPairs, f64) {
        match &self.dynamics {
            Dynamics::Field(field, _) => (field.pairs(n), field.first_evaluation()),
            Dynamics::Sampler(sampler) => (sampler.pairs(n), sampler.first_evaluation()),
        }
    }

    /// Carried points as a share of the cloud, and the fields beside each of them that its divergence takes.
    fn followers(&self) -> (f64, usize) {
        let Some(carried) = &self.options.carry else { return (0.0, 0) };
        let sides = if self.options.log_det { 2 * directions(carried.dim(), None) } else { 0 };
        (carried.count() as f64 / self.cloud.count().max(1) as f64, sides)
    }

    /// Seconds of one velocity that takes `pairs` pairs.
    fn velocity_seconds(&mut self, pairs: u64, pairwise: &Pairwise) -> Result<f64> {
        let clock = Clock::at(0, self.options.steps, self.stream);
        let mut out = Points::default();
        let mut found = [(0.0, 0.0); 2];
        for (place, rows) in found.iter_mut().zip(two_sizes(self.cloud.n())) {
            let cloud = self.cloud.rows(0..rows);
            let before = pairwise.work().pairs();
            self.dynamics.velocity(&FieldAt::cloud(&cloud, &clock, pairwise), &mut out)?;
            let counted = pairwise.work().pairs() - before;
            let size = if pairs > 0 { counted as f64 } else { rows as f64 };
            *place = (size, timed(|| self.dynamics.velocity(&FieldAt::cloud(&cloud, &clock, pairwise), &mut out))?);
        }
        Ok(carried(found, if pairs > 0 { pairs as f64 } else { self.cloud.count() as f64 }))
    }

    /// Seconds of one round of readings that takes `pairs` pairs.
    fn reading_seconds(&mut self, pairs: u64) -> Result<f64> {
        let clock = Clock::at(0, self.options.steps, self.stream);
        let before = self.pairwise.work().pairs();
        self.dynamics.readings(&FieldAt::cloud(&self.cloud, &clock, self.pairwise))?;
        let counted = self.pairwise.work().pairs() - before;
        let seconds = timed(|| self.dynamics.readings(&FieldAt::cloud(&self.cloud, &clock, self.pairwise)))?;
        Ok(if counted > 0 { seconds * pairs as f64 / counted as f64 } else { seconds })
    }

    /// The metrics at the end, with a floor in its place.
    fn finals(&mut self) -> Result<()> {
        let Some(reference) = self.measures.reference else { return Ok(()) };
        for metric in &self.measures.metrics {
            if reference.points().count() < 4 {
                // Quickly made, or refused with the reason.
                metric::floor(metric.as_ref(), reference, self.cloud.n(), self.pairwise, self.stream)?;
            }
        }
        let found = self.measures.estimates(&self.cloud, self.pairwise)?.into_iter();
        self.result.metrics = found.map(|(name, e)| (name, e.clone().with_floor(e.value))).collect();
        Ok(())
    }

    /// The clouds of the stepper and of the flow, kept snapshots, one packed copy of the largest set; for the floors the
    /// samples, their union and a packed copy on every thread.
    fn bytes(&self, stages: usize) -> u64 {
        let (n, row) = (self.cloud.count() as u64, 8 * (self.cloud.dim() as u64 + 1));
        let m = self.measures.reference.map_or(0, |r| r.points().count() as u64);
        let clouds = stages as u64 + 5 + self.options.snapshots as u64;
        let threads = if self.measures.metrics.is_empty() { 0 } else { rayon::current_num_threads() as u64 };
        row * (clouds * n + n.max(m) + threads * 3 * (n + m))
    }
}

/// What one metric would cost: once, and its noise floor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricForecast {
    /// Pairs of one evaluation.
    pub pairs: u64,
    /// Seconds of one evaluation.
    pub seconds: f64,
    /// Pairs of the floor.
    pub floor_pairs: u64,
    /// Seconds of the floor.
    pub floor_seconds: f64,
}

/// What `metric` of `points` against `reference` would cost, by the sizes that they stand for.
///
/// # Errors
/// As [`Metric::estimate`].
pub fn forecast_metric(
    metric: &dyn Metric,
    points: &Points,
    reference: &Reference,
    pairwise: &Pairwise,
    stream: Stream,
) -> Result<MetricForecast> {
    let mut found = [(0.0, 0.0); 2];
    for (place, rows) in found.iter_mut().zip(two_sizes(points.n())) {
        let part = points.rows(0..rows);
        let seconds = timed(|| metric.estimate(&part, reference, pairwise, stream))?;
        *place = (metric.growth(rows, reference.points().n()), seconds);
    }
    let (n, m) = (points.count(), reference.points().count());
    let floor = metric::floor_sizes(reference.law().is_some(), n, m);
    Ok(MetricForecast {
        pairs: metric.pairs(n, m),
        seconds: carried(found, metric.growth(n, m)),
        floor_pairs: PAIRS as u64 * metric.pairs(floor.0, floor.1),
        floor_seconds: PAIRS as f64 * carried(found, metric.growth(floor.0, floor.1)),
    })
}

/// The sizes at which times are taken of at most `n` points: a quarter and all.
fn two_sizes(n: usize) -> [usize; 2] {
    [n.div_ceil(4), n]
}

/// Seconds at `size` on the line through two measured `(size, seconds)`, which neither falls nor starts below 0.
fn carried([small, large]: [(f64, f64); 2], size: f64) -> f64 {
    let slope = if large.0 > small.0 { (large.1 - small.1) / (large.0 - small.0) } else { large.1 / large.0 };
    large.1 + slope.clamp(0.0, large.1 / large.0) * (size - large.0)
}

/// Seconds of the quickest of a few calls of `act`.
///
/// # Errors
/// Those of `act`.
pub fn timed<T>(mut act: impl FnMut() -> Result<T>) -> Result<f64> {
    const ENOUGH: Duration = Duration::from_millis(4);
    let (begun, mut quickest) = (Instant::now(), Duration::MAX);
    for _ in 0..8 {
        let before = Instant::now();
        act()?;
        quickest = quickest.min(before.elapsed());
        if begun.elapsed() > ENOUGH {
            break;
        }
    }
    Ok(quickest.as_secs_f64())
}

#[cfg(test)]
mod tests;
