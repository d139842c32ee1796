//! What a run would cost, found from a few points that stand for many.
//!
//! The few points are real points: the flow is prepared, takes one step and is measured, so that whatever a run would refuse
//! is refused by the same lines of code. Numbers of pairs follow from the sizes that the points stand for; times are measured
//! at two small sizes and carried along a line to the size of the run.

use super::RunOptions;
use super::driver::{Driver, RunResult};
use crate::flow::{Clock, Flow};
use crate::metric::{self, Metric, PAIRS, Reference};
use crate::process::{Stats, Unobserved};
use crate::run::Snapshot;
use crate::{Points, Result, pairwise::Pairwise, rng::Stream, schedule::Schedule};
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

/// What [`super::run`] would do with the same arguments, and a result of the same shape: `start` itself as the end, two rows of
/// history, metrics whose values mean nothing. Cost: some milliseconds for each metric and the flow.
///
/// # Errors
/// As [`super::run`].
pub fn forecast(
    flow: &mut dyn Flow,
    start: Points,
    reference: Option<&Reference>,
    options: &RunOptions,
    pairwise: &Pairwise,
    stream: Stream,
) -> Result<(RunResult, Forecast)> {
    let mut driver = Driver::new(flow, start.clone(), reference, options, pairwise, stream)?;
    driver.measure(0, &mut Unobserved)?;
    driver.step(0)?;
    driver.cloud = start;
    driver.measure(options.steps, &mut Unobserved)?;
    let ahead = driver.ahead()?;
    driver.finals()?;
    let mut result = driver.result;
    let kept = options.snapshots.min(options.steps + 1);
    result.snapshots = (0..kept).map(|step| Snapshot { step, points: driver.cloud.clone() }).collect();
    let Forecast { steps, nfe, pairs, flow_pairs, .. } = ahead;
    result.stats = Stats { steps, nfe, pairs, flow_pairs, ..Stats::default() };
    result.points = driver.cloud;
    Ok((result, ahead))
}

impl Driver<'_> {
    fn ahead(&mut self) -> Result<Forecast> {
        let (n, steps) = (self.cloud.count(), self.options.steps);
        let adaptive = matches!(self.flow.step_size(), Schedule::Adaptive { .. });
        let stages = if adaptive { 2 } else { self.flow.integrator().evaluations() };
        let (nfe, pairs) = ((steps * stages) as u64, self.flow.pairs(n));
        let rounds = (0..steps).filter(|step| self.measured_at(*step)).count() as u64 + 1;
        let mut ahead = Forecast {
            steps: steps as u64,
            nfe,
            flow_pairs: nfe * pairs.velocity,
            pairs: nfe * pairs.velocity + rounds * pairs.readings,
            seconds: nfe as f64 * self.velocity_seconds(pairs.velocity)?,
            bytes: self.bytes(stages),
            varies: adaptive || !self.options.stop_when.is_empty(),
        };
        ahead.seconds += rounds as f64 * self.reading_seconds(pairs.readings)?;
        for metric in &self.measures.metrics {
            let Some(reference) = self.measures.reference else { continue };
            let stream = self.stream.label("forecast");
            let cost = forecast_metric(metric.as_ref(), &self.cloud, reference, self.pairwise, stream)?;
            ahead.pairs += (rounds + 1) * cost.pairs + cost.floor_pairs;
            ahead.seconds += (rounds + 1) as f64 * cost.seconds + cost.floor_seconds;
        }
        Ok(ahead)
    }

    /// Seconds of one velocity that takes `pairs` pairs.
    fn velocity_seconds(&mut self, pairs: u64) -> Result<f64> {
        let clock = Clock::at(0, self.options.steps, self.stream);
        let mut out = Points::default();
        let mut found = [(0.0, 0.0); 2];
        for (place, rows) in found.iter_mut().zip(two_sizes(self.cloud.n())) {
            let cloud = self.cloud.rows(0..rows);
            let before = self.pairwise.work().pairs();
            self.flow.velocity(&cloud, &clock, self.pairwise, &mut out)?;
            let counted = self.pairwise.work().pairs() - before;
            let size = if pairs > 0 { counted as f64 } else { rows as f64 };
            *place = (size, timed(|| self.flow.velocity(&cloud, &clock, self.pairwise, &mut out))?);
        }
        Ok(carried(found, if pairs > 0 { pairs as f64 } else { self.cloud.count() as f64 }))
    }

    /// Seconds of one round of readings that takes `pairs` pairs.
    fn reading_seconds(&mut self, pairs: u64) -> Result<f64> {
        let clock = Clock::at(0, self.options.steps, self.stream);
        let before = self.pairwise.work().pairs();
        self.flow.readings(&self.cloud, &clock, self.pairwise)?;
        let counted = self.pairwise.work().pairs() - before;
        let seconds = timed(|| self.flow.readings(&self.cloud, &clock, self.pairwise))?;
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
mod tests {
    use super::*;
    use crate::flow::{Estimate, Integrator, MmdFlow, MmdFlowOptions, SdFlow, SdFlowOptions};
    use crate::score::{Kde, SelfTerm};
    use crate::target::Gaussian;
    use std::sync::Arc;

    /// A run that counts, and its forecast.
    fn both(flow: impl Fn() -> Box<dyn Flow>, start: &Points, reference: &Reference, options: &RunOptions) -> [u64; 4] {
        let stream = Stream::new(5);
        let (ahead_of, engine) = (Pairwise::default(), Pairwise::default());
        let (shape, ahead) =
            forecast(flow().as_mut(), start.clone(), Some(reference), options, &ahead_of, stream).unwrap();
        let run = super::super::run(
            flow().as_mut(),
            start.clone(),
            Some(reference),
            options,
            &engine,
            stream,
            &mut Unobserved,
        );
        let run = run.unwrap();
        assert_eq!((shape.stats.steps, shape.stats.nfe), (run.stats.steps, run.stats.nfe));
        assert_eq!(shape.snapshots.len(), run.snapshots.len());
        assert_eq!(shape.metrics.keys().collect::<Vec<_>>(), run.metrics.keys().collect::<Vec<_>>());
        [ahead.flow_pairs, run.stats.flow_pairs, ahead.pairs, engine.work().pairs()]
    }

    #[test]
    fn pairs_are_those_of_the_run() {
        let set = |name: &str, n: usize| Stream::new(3).label(name).normal(n, 3);
        let (start, data) = (set("start", 70), set("data", 51));
        let reference = Reference::new(set("reference", 33)).unwrap();
        let kde = || Estimate::Kernel(Box::new(Kde::of(set("data", 51))));
        let cloud = || Estimate::Kernel(Box::new(Kde::of_cloud()));
        let metrics = serde_json::from_str(r#"["energy", {"metric": "mmd", "kernel": [0.5, 2]}, "w2"]"#).unwrap();
        let options = RunOptions { steps: 7, every: Some(3), snapshots: 3, metrics, ..RunOptions::default() };
        let of = |o: SdFlowOptions| move || Box::new(SdFlow::new(kde(), cloud(), o.clone()).unwrap()) as Box<dyn Flow>;
        let plain = SdFlowOptions::default();
        let heun = SdFlowOptions { integrator: Integrator::Heun, ..SdFlowOptions::default() };
        let batches = SdFlowOptions { batch_target: Some(20), batch_source: Some(90), ..SdFlowOptions::default() };
        let alone = SdFlowOptions { self_term: SelfTerm::Exclude, ..SdFlowOptions::default() };
        for options_of_flow in [plain, heun, batches, alone] {
            let [flow, flow_run, all, all_run] = both(of(options_of_flow), &start, &reference, &options);
            assert_eq!((flow, all), (flow_run, all_run));
        }
        let mmd = || Box::new(MmdFlow::new(data.clone(), MmdFlowOptions::default()).unwrap()) as Box<dyn Flow>;
        let [flow, flow_run, all, all_run] = both(mmd, &start, &reference, &options);
        assert_eq!((flow, all), (flow_run, all_run));
        // Fresh samples for the floors instead of parts of the reference.
        let law = Arc::new(Gaussian::isotropic(vec![0.0; 3], 1.0).unwrap());
        let reference = Reference::sample(law, 40, Stream::new(1)).unwrap();
        let [.., all, all_run] = both(mmd, &start, &reference, &options);
        assert_eq!(all, all_run);
    }

    #[test]
    fn few_points_in_place_of_many_cost_what_the_many_do() {
        let set = |name: &str, n: usize| Stream::new(3).label(name).normal(n, 2);
        let options = RunOptions { metrics: serde_json::from_str(r#"["energy"]"#).unwrap(), ..RunOptions::default() };
        let pairs = |held: usize, n: usize| {
            let target = Estimate::Kernel(Box::new(Kde::of(set("data", held).standing_for(n))));
            let mut flow =
                SdFlow::new(target, Estimate::Kernel(Box::new(Kde::of_cloud())), SdFlowOptions::default()).unwrap();
            let reference = Reference::new(set("reference", held).standing_for(n)).unwrap();
            let start = set("start", held).standing_for(n);
            let found =
                forecast(&mut flow, start, Some(&reference), &options, &Pairwise::default(), Stream::new(1)).unwrap();
            assert_eq!(found.0.points.count(), n);
            (found.1.pairs, found.1.bytes)
        };
        assert_eq!(pairs(64, 900), pairs(900, 900));
        assert!(pairs(64, 1_000_000).0 > 1_000_000_000_000);
    }

    #[test]
    fn times_are_carried_along_a_line() {
        let found = [(100.0, 3.0), (200.0, 4.0)];
        assert_eq!(carried(found, 1000.0), 12.0);
        // A larger size that took less was disturbed; one that took all too much more starts at 0.
        assert_eq!(carried([(100.0, 4.0), (200.0, 3.0)], 1000.0), 3.0);
        assert_eq!(carried([(100.0, 1.0), (200.0, 4.0)], 400.0), 8.0);
        assert_eq!(carried([(1.0, 2.0), (1.0, 2.0)], 3.0), 6.0);
    }
}
