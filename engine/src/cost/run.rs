//! The cost of a run of a flow, and of one velocity.

mod on_grid;

use super::Cost;
use super::extrapolate::whole;
use super::gauge::{Asked, Gauge, Measured};
use super::growing_size::{Climb, Ladder};
use super::metric::{self, part};
use crate::flow::{Clock, FieldAt};
use crate::metric::{Floor, Reference};
use crate::process::{Stats, Unobserved};
use crate::run::{Driver, Motion, RunOptions, RunResult, Snapshot};
use crate::{Error, Points, Result, rng::Stream};

/// The smallest number of rows for measuring readings, which use a fixed number of probes.
const PROBED: usize = 512;

/// The number of rows with which the errors of a run are found.
const FEW: usize = 128;

/// Builds the same flow again. Neither what a flow has learned nor its first evaluation may
/// influence the next measurement.
pub type Maker<'a> = &'a dyn Fn() -> Result<Motion>;

/// Returns the cost of [`crate::run::Run`] with the same arguments. Also returns a result of the
/// same form: the final points are `start` itself, the history has two rows, and the metrics are
/// meaningless. It takes some tenths of a second.
///
/// # Errors
/// Those of [`crate::run::Run::go`].
pub fn run(
    make: Maker,
    start: Points,
    reference: Option<&Reference>,
    options: &RunOptions,
    gauge: &Gauge,
    stream: Stream,
) -> Result<(RunResult, Cost)> {
    let mut result = shape(make, &start, reference, options, gauge, stream)?;
    let rehearsal = Rehearsal { make, start: &start, options, gauge, stream };
    // The shape of the result has shown the errors of the steps.
    let counts = gauge.asked() != Asked::Errors;
    let mut cost = if counts { rehearsal.steps()? } else { rehearsal.plausible() };
    cost.varies = make()?.dynamics().is_adaptive() || !options.stop_when.is_empty();
    // Measurements are made at the first step, then in intervals of `every` steps, and at the end.
    let rounds = options.steps.div_ceil(options.every()) as u64 + 1;
    let readings = if counts { rehearsal.readings()? } else { Measured::default() };
    cost.pairs = cost.flow_pairs.saturating_add(rounds.saturating_mul(whole(readings.pairs)));
    cost.seconds += rounds as f64 * readings.seconds;
    let kept = options.snapshots.min(options.steps.saturating_add(1));
    let (mut measuring, mut floor_pairs) = (0, 0);
    for (choice, reference) in options.metrics.iter().filter_map(|choice| Some((choice, reference?))) {
        let found = metric::choice_cost(choice, &start, reference, gauge, stream.label("metrics"))?;
        cost.pairs = cost.pairs.saturating_add((rounds + 1).saturating_mul(found.once.pairs));
        cost.seconds += (rounds + 1) as f64 * found.once.seconds;
        measuring = measuring.max(found.once.bytes.unwrap_or(0));
        let (metric, floor) = (choice.build()?, Floor { value: found.estimate.value, se: 1.0 });
        if crate::metric::is_first_estimate(&*metric, reference, start.n()) {
            floor_pairs += found.floor.pairs;
            cost.seconds += found.floor.seconds;
            measuring = measuring.max(found.floor.bytes.unwrap_or(0));
        }
        result.metrics.insert(found.name.to_string(), found.estimate.with_floor(floor));
    }
    cost.bytes = cost.bytes.map(|held| held + measuring + (8 * kept * start.data().len()) as u64);
    result.snapshots = (0..kept).map(|step| Snapshot { step, points: start.clone() }).collect();
    let Cost { steps, nfe, pairs, flow_pairs, .. } = cost;
    result.stats = Stats { steps, nfe, pairs, flow_pairs, ..Stats::default() };
    cost.pairs = cost.pairs.saturating_add(floor_pairs);
    result.carried = options.carry.clone();
    let followed = options.carry.as_ref().filter(|_| options.log_det);
    result.log_det = followed.map(|carried| vec![0.0; carried.n()]);
    result.points = start;
    Ok((result, cost))
}

/// Finds the errors of a run by running the code of a run. The flow is prepared with all starting
/// points. Then a few points are measured, moved and measured again.
fn shape(
    make: Maker,
    start: &Points,
    reference: Option<&Reference>,
    options: &RunOptions,
    gauge: &Gauge,
    stream: Stream,
) -> Result<RunResult> {
    options.check(start)?;
    let few = reference.map(|reference| part(reference, reference.points().n().min(PROBED))).transpose()?;
    let mut flow = make()?;
    let whole = RunOptions { snapshots: 0, carry: None, log_det: false, ..options.clone() };
    let notes =
        Driver::new(flow.dynamics(), start.clone(), few.as_ref(), &whole, gauge.pairwise(), stream)?.result.notes;
    let mut result = fewest(start.n(), |rows| {
        let (mut flow, few_rows) = (make()?, RunOptions { snapshots: 0, ..options.clone() });
        let (cloud, pairwise) = (start.rows(0..rows), gauge.pairwise());
        let mut driver = Driver::new(flow.dynamics(), cloud.clone(), few.as_ref(), &few_rows, pairwise, stream)?;
        driver.measure(0, &mut Unobserved)?;
        driver.step(0)?;
        driver.cloud = cloud;
        driver.measure(options.steps, &mut Unobserved)?;
        Ok(driver.result)
    })?;
    result.notes = notes;
    Ok(result)
}

/// Calls `act` with few rows, or with more rows if it returns an error for few rows.
fn fewest<T>(n: usize, mut act: impl FnMut(usize) -> Result<T>) -> Result<T> {
    let mut rows = FEW.min(n);
    loop {
        match act(rows) {
            Err(error) if rows < n && error != Error::Interrupted => rows = (2 * rows).min(n),
            result => return result,
        }
    }
}

/// A run in which a part of the points takes a few steps.
struct Rehearsal<'a> {
    make: Maker<'a>,
    start: &'a Points,
    options: &'a RunOptions,
    gauge: &'a Gauge<'a>,
    stream: Stream,
}

/// The measurements of the steps of a part of the points.
struct Taken {
    first: Measured,
    middle: Measured,
    last: Measured,
}

impl Rehearsal<'_> {
    /// Returns the cost of all steps. The first step may build an estimate that later steps update,
    /// and the last step may lack a part. One middle step represents all steps between them.
    fn steps(&self) -> Result<Cost> {
        let (ladder, ()) = Ladder::climb(self.start.n(), Climb::of(self.gauge), |rows| {
            let Taken { first, middle, last } = self.taken(rows, true, 1)?;
            Ok((vec![first, middle, last], ()))
        })?;
        let parts = ladder.at(self.start.n());
        let [first, middle, last] = [parts[0], parts[1], parts[2]];
        let steps = self.options.steps;
        let others = steps.saturating_sub(2) as f64;
        let of = |part: fn(&Measured) -> f64| match steps {
            1 => part(&first),
            _ => part(&first) + others * part(&middle) + part(&last),
        };
        let flow_pairs = whole(of(|part| part.pairs));
        let mut bytes = first.bytes.max(middle.bytes).max(last.bytes);
        let seconds = if let Some(on_grid) = self.on_grid(&ladder, middle.pairs)? {
            bytes = bytes.max(on_grid.bytes);
            on_grid.seconds
        } else {
            // The additional cost of the first step is not a sum over pairs, so skipping blocks
            // does not reduce it.
            let beyond = (first.seconds - middle.seconds).max(0.0);
            beyond + self.share_evaluated(&ladder)? * (of(|part| part.seconds) - beyond)
        };
        let (bytes, nfe) = (self.gauge.known_bytes(bytes), whole(of(|part| part.evaluations)));
        Ok(Cost { steps: steps as u64, nfe, flow_pairs, pairs: flow_pairs, seconds, bytes, varies: false })
    }

    /// Returns a cost that was not measured, with counts of a plausible size: a script may divide
    /// by them.
    fn plausible(&self) -> Cost {
        let (steps, n) = (self.options.steps as u64, self.start.n() as u64);
        let pairs = steps.saturating_mul(n).saturating_mul(n);
        Cost { steps, nfe: steps, flow_pairs: pairs, pairs, ..Cost::default() }
    }

    /// Returns the options of the run with `rows` points, without measurements.
    fn bare(&self, rows: usize) -> RunOptions {
        let RunOptions { steps, log_det, .. } = *self.options;
        RunOptions { steps, carry: self.carried(rows), log_det, ..RunOptions::default() }
    }

    /// Measures three steps of `rows` points: the first step, step `middle` and the last step. With
    /// `all`, every pair is evaluated.
    fn taken(&self, rows: usize, all: bool, middle: usize) -> Result<Taken> {
        let (steps, options) = (self.options.steps, self.bare(rows));
        let held = self.gauge.bytes_in_use();
        let engine = if all { self.gauge.every_pair() } else { self.gauge.engine() };
        let mut flow = (self.make)()?;
        let start = self.start.rows(0..rows);
        let mut driver = Driver::new(flow.dynamics(), start, None, &options, &engine, self.stream)?;
        let mut step = |step: usize| {
            let before = driver.evaluations();
            let (found, ()) = self.gauge.measure_since(held, &engine, || driver.step(step.min(steps - 1)))?;
            Ok(Measured { evaluations: (driver.evaluations() - before) as f64, ..found })
        };
        let first = step(0)?;
        let (one, other) = (step(middle)?, step(middle.saturating_add(1))?);
        let seconds = one.seconds.min(other.seconds);
        let last = step(steps - 1)?;
        Ok(Taken { first, middle: Measured { seconds, ..one }, last })
    }

    /// Returns the tracers that belong to `rows` points of the cloud: the same share of all
    /// tracers.
    fn carried(&self, rows: usize) -> Option<Points> {
        let carried = self.options.carry.as_ref()?;
        let share = rows as f64 / self.start.n() as f64;
        Some(carried.rows(0..((carried.n() as f64 * share).ceil() as usize).clamp(1, carried.n())))
    }

    /// Returns the share of the time of a step that remains if blocks of negligible weight are
    /// skipped, measured half-way through the schedules.
    fn share_evaluated(&self, ladder: &Ladder) -> Result<f64> {
        let rows = ladder.reached();
        let full = ladder.at(rows)[1];
        if !self.gauge.pairwise().options().skip || full.pairs == 0.0 {
            return Ok(1.0);
        }
        let found = self.taken(rows, false, self.options.steps / 2)?.middle;
        Ok((found.seconds / full.seconds).min(1.0))
    }

    /// Measures one evaluation of the readings of the flow itself.
    fn readings(&self) -> Result<Measured> {
        let options = RunOptions { steps: self.options.steps, ..RunOptions::default() };
        let climb = Climb { first: PROBED, ..Climb::of(self.gauge) };
        let (ladder, ()) = Ladder::climb(self.start.n(), climb, |rows| {
            let (mut flow, every) = ((self.make)()?, self.gauge.every_pair());
            let start = self.start.rows(0..rows);
            let mut driver = Driver::new(flow.dynamics(), start, None, &options, &every, self.stream)?;
            // A net is trained at its first evaluation. The cost of this evaluation must not count
            // here.
            driver.measure(0, &mut Unobserved)?;
            let (found, _) = self.gauge.measure(&every, || driver.measure(0, &mut Unobserved))?;
            Ok((vec![found], ()))
        })?;
        Ok(ladder.at(self.start.n())[0])
    }
}

/// Returns the cost of one velocity of `cloud` at `clock`, and points with the shape of the
/// velocity.
///
/// # Errors
/// Those of the field or the sampler.
pub fn velocity(make: Maker, cloud: &Points, clock: &Clock, gauge: &Gauge) -> Result<(Points, Cost)> {
    make()?.dynamics().prepare(cloud, clock)?;
    let (ladder, out) = Ladder::climb(cloud.n(), Climb::of(gauge), |rows| {
        let (mut flow, mut out, every) = (make()?, Points::default(), gauge.every_pair());
        let part = cloud.rows(0..rows);
        let mut dynamics = flow.dynamics();
        dynamics.prepare(&part, clock)?;
        let at = FieldAt::cloud(&part, clock, &every);
        let (found, ()) = gauge.measure(&every, || dynamics.velocity(&at, &mut out))?;
        Ok((vec![found], out))
    })?;
    let rows: Vec<usize> = (0..cloud.n()).map(|i| i % out.n()).collect();
    Ok((out.select(&rows), Cost { nfe: 1, ..Cost::of(&ladder.at(cloud.n())[0], gauge) }))
}
