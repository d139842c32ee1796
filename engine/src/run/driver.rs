//! The loop: prepare, step, measure, stop.

use super::grid_check::GridCheck;
use super::metrics::Measures;
use super::result::{RunResult, Snapshot};
use super::start_units::{self, Start};
use super::stepper::{Stepper, Tracers};
use super::{Dynamics, RunOptions, tracer_checks};
use crate::flow::{Clock, FieldAt};
use crate::metric::Reference;
use crate::process::{Ending, Observer, Row, Stats};
use crate::{Error, Points, Result, Subject, pairwise::Pairwise, rng::Stream};
use std::collections::BTreeMap;
use std::time::Instant;

/// A coordinate that is NaN or beyond this means divergence: sums of squares of coordinates must
/// stay finite.
const BOUND: f64 = 1e145;

const SEEN: &str = "the reference is the sample that the flow itself uses as its target, so the metrics do not show how well new points are matched: use held-out points as the reference";

pub(crate) struct Driver<'d, 'a> {
    pub(super) dynamics: Dynamics<'d>,
    pub(super) options: &'a RunOptions,
    pub(super) pairwise: &'a Pairwise,
    measures: Measures<'a>,
    stream: Stream,
    pub(super) stepper: Stepper,
    /// The number of pairs that had been evaluated before the run began.
    pub(super) pairs_before: u64,
    /// Names of metrics that could not be measured, with the first reason for each.
    pub(super) unmeasured: BTreeMap<String, String>,
    /// True if the reference is the sample that the flow itself uses as its target.
    seen: bool,
    pub(super) grid: GridCheck,
    pub(crate) cloud: Points,
    pub(crate) result: RunResult,
}

impl<'d, 'a> Driver<'d, 'a> {
    pub(crate) fn new(
        mut dynamics: Dynamics<'d>,
        start: Points,
        reference: Option<&'a Reference>,
        options: &'a RunOptions,
        pairwise: &'a Pairwise,
        stream: Stream,
    ) -> Result<Driver<'d, 'a>> {
        options.check(&start)?;
        start.check_squares("the start")?;
        if let Some(reference) = reference {
            start.check_dim(Subject::argument("start"), reference.points().dim(), "the reference")?;
        }
        let measures = Measures::new(&options.metrics, reference, stream.label("metrics"))?;
        let clock = Clock::at(0, options.steps, stream);
        let Start { points: start, units, note } = start_units::read_start(start, &dynamics, &clock);
        let notes = note.into_iter().chain(dynamics.prepare(&start, &clock)?).collect();
        let result = RunResult {
            points: Points::default(),
            history: Vec::new(),
            snapshots: Vec::new(),
            carried: None,
            log_det: None,
            metrics: BTreeMap::new(),
            ending: Ending::Finished,
            notes,
            warnings: Vec::new(),
            stats: Stats::default(),
        };
        let tracers = tracer_checks::check_tracers(options, &start, &dynamics)?;
        // Tracers are given in the same units as the start.
        let placed = |points: &Points| units.as_ref().map_or_else(|| points.clone(), |units| units.apply(points));
        let tracers = tracers.map(|points| Tracers::new(placed(points), options.log_det, stream.label("carried")));
        let stepper = Stepper::with_tracers(tracers);
        let seen = reference.is_some_and(|reference| dynamics.has_seen(reference, &start, &clock));
        let (unmeasured, pairs_before, cloud) = (BTreeMap::new(), pairwise.work().pairs(), start);
        Ok(Driver {
            dynamics,
            options,
            pairwise,
            measures,
            stream,
            stepper,
            pairs_before,
            unmeasured,
            seen,
            grid: GridCheck::default(),
            cloud,
            result,
        })
    }

    pub(crate) fn drive(mut self, observer: &mut dyn Observer) -> Result<RunResult> {
        let steps = self.options.steps;
        self.result.notes.iter().for_each(|note| observer.note(note));
        let first = self.resume(observer)?;
        for step in first..steps {
            if self.pause(step, observer)? {
                break;
            }
            self.keep_snapshot(step);
            observer.cloud(step, steps, &self.cloud);
            if self.measured_at(step) {
                let reached = self.measure(step, observer);
                if self.stops(reached, step)? {
                    break;
                }
            }
            let on_grid = self.pairwise.work().on_grid();
            let mut moved = self.step(step);
            if moved.is_ok() && self.pairwise.work().on_grid() > on_grid {
                let clock = Clock::at(step, steps, self.stream);
                moved = self.grid.step(&mut self.dynamics, &self.cloud, &clock, self.pairwise);
            }
            if self.stops(moved.map(|()| false), step)? {
                break;
            }
            let row = self.result.history.last();
            observer.progress(self.dynamics.name(), step + 1, steps, &|| brief(row));
        }
        if matches!(self.result.ending, Ending::Finished) && !self.pause(steps, observer)? {
            self.keep_snapshot(steps);
            observer.cloud(steps, steps, &self.cloud);
            let measured = self.measure(steps, observer);
            // All steps have been taken, so a threshold that the last measurement meets changes
            // nothing.
            if let Err(Error::Interrupted) = measured {
                self.result.ending = Ending::Interrupted { step: steps };
            } else {
                measured?;
            }
        }
        if matches!(self.result.ending, Ending::Finished | Ending::Converged { .. }) {
            self.finish(observer)?;
        }
        self.count_work();
        for note in self.grid.note().into_iter().chain(self.stepper.tracers().and_then(Tracers::note)) {
            observer.note(&note);
            self.result.notes.push(note);
        }
        self.result.warnings = self.dynamics.warnings();
        self.result.warnings.extend(self.measures.units_warning());
        if self.seen && !self.options.metrics.is_empty() {
            self.result.warnings.push(SEEN.into());
        }
        let reasons = self.unmeasured.iter().map(|(what, reason)| format!("{what} could not be measured {reason}"));
        self.result.warnings.extend(reasons);
        if let Some(tracers) = self.stepper.tracers() {
            self.result.warnings.extend(tracer_checks::far_tracers(tracers.points(), &self.cloud));
            self.result.carried = Some(tracers.points().clone());
            self.result.log_det = tracers.log_det().map(<[f64]>::to_vec);
        }
        self.result.points = self.cloud;
        Ok(self.result)
    }

    /// Returns whether the outcome of a step or a measurement ends the run. The outcome `Ok(true)`
    /// means convergence. A divergence is detected in the cloud and in the tracers.
    fn stops(&mut self, outcome: Result<bool>, step: usize) -> Result<bool> {
        match outcome {
            Ok(false) if bounded(&self.cloud) && self.stepper.tracers().is_none_or(|c| bounded(c.points())) => {
                return Ok(false);
            }
            Ok(false) => {
                self.stepper.undo(&mut self.cloud);
                self.result.ending = Ending::Diverged { step };
            }
            Ok(true) => {
                self.result.ending = Ending::Converged { step };
                if self.options.snapshots > 0 && self.result.snapshots.last().is_none_or(|s| s.step != step) {
                    self.result.snapshots.push(Snapshot { step, points: self.cloud.clone() });
                }
            }
            Err(Error::Interrupted) => self.result.ending = Ending::Interrupted { step },
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// Returns the number of evaluations of the velocity or the score so far.
    pub(crate) fn evaluations(&self) -> u64 {
        self.stepper.evaluations()
    }

    pub(crate) fn step(&mut self, step: usize) -> Result<()> {
        self.pairwise.interrupt().check()?;
        let (begun, pairs) = (Instant::now(), self.pairwise.work().pairs());
        let clock = Clock::at(step, self.options.steps, self.stream);
        if let Some(report) = self.stepper.step(&mut self.dynamics, &mut self.cloud, &clock, self.pairwise)? {
            let next = Clock::at(step + 1, self.options.steps, self.stream);
            self.dynamics.report_step(&self.cloud, &next, &report)?;
        }
        self.result.stats.steps += 1;
        self.result.stats.flow_pairs += self.pairwise.work().pairs() - pairs;
        self.result.stats.flow_seconds += begun.elapsed().as_secs_f64();
        Ok(())
    }

    /// Writes a row of history. Returns true once every threshold of `stop_when` is met.
    pub(crate) fn measure(&mut self, step: usize, observer: &mut dyn Observer) -> Result<bool> {
        let begun = Instant::now();
        let clock = Clock::at(step, self.options.steps, self.stream);
        let mut row: Row = BTreeMap::from([("step".into(), step as f64), ("progress".into(), clock.progress())]);
        let readings = self.dynamics.readings(&FieldAt::cloud(&self.cloud, &clock, self.pairwise))?;
        row.extend(readings.into_iter().map(|(name, value)| (name.to_string(), value)));
        let mut measured = self.measures.estimates(&self.cloud, self.pairwise)?;
        // A metric that can never be computed ends the run here, before any work is lost.
        if let Some(error) = measured.hopeless().filter(|_| step == 0) {
            return Err(error);
        }
        self.keep_reasons(&format!("at step {step}"), measured.failed);
        for (name, estimate) in measured.estimates {
            row.insert(format!("{name}_se"), estimate.se);
            row.insert(name, estimate.value);
        }
        let wanted = &self.options.stop_when;
        let met = |(name, bound): (&String, &f64)| {
            row.get(name).is_some_and(|value| self.measures.reaches(name, *value, *bound))
        };
        let reached = !wanted.is_empty() && wanted.iter().all(met);
        let known = |name: &str| row.contains_key(name) || self.unmeasured.contains_key(name);
        if let Some(unknown) = wanted.keys().find(|name| !known(name)) {
            return Err(Error::unknown("measurement for `stop_when` named", unknown, row.keys().map(String::as_str)));
        }
        observer.row(&row);
        self.result.history.push(row);
        self.result.stats.metric_seconds += begun.elapsed().as_secs_f64();
        Ok(reached)
    }

    fn finish(&mut self, observer: &mut dyn Observer) -> Result<()> {
        let begun = Instant::now();
        match self.measures.with_floors(&self.cloud, self.pairwise, observer) {
            Ok(measured) => {
                self.result.metrics = measured.estimates;
                // Several runs may share a noise floor. Its pairs are not counted as work of the
                // run that happens to compute it.
                self.pairs_before += measured.floor_pairs;
                self.keep_reasons("at the end", measured.failed);
            }
            Err(Error::Interrupted) => self.result.ending = Ending::Interrupted { step: self.options.steps },
            Err(error) => return Err(error),
        }
        self.result.stats.metric_seconds += begun.elapsed().as_secs_f64();
        Ok(())
    }

    /// Keeps, for each measurement that failed, the first reason.
    fn keep_reasons(&mut self, when: &str, failed: BTreeMap<String, Error>) {
        for (what, error) in failed {
            self.unmeasured.entry(what).or_insert_with(|| format!("{when}: {error}"));
        }
    }

    fn measured_at(&self, step: usize) -> bool {
        step.is_multiple_of(self.options.every())
    }

    fn keep_snapshot(&mut self, step: usize) {
        let steps = self.options.steps;
        let due = match self.options.snapshots.min(steps + 1) {
            0 => false,
            1 => step == steps,
            // Snapshot k is taken at step round(k steps / (wanted - 1)). This step has a snapshot
            // if some k has this step.
            wanted => {
                let gaps = (wanted - 1) as f64;
                let k = (step as f64 * gaps / steps as f64).round();
                (k * steps as f64 / gaps).round() as usize == step
            }
        };
        if due {
            self.result.snapshots.push(Snapshot { step, points: self.cloud.clone() });
        }
    }
}

/// True if every coordinate is a number whose magnitude is below [`BOUND`].
fn bounded(cloud: &Points) -> bool {
    // The loop does not exit early within a chunk, so that it vectorises.
    cloud.data().chunks(4096).all(|chunk| chunk.iter().fold(true, |all, v| all & (v.abs() < BOUND)))
}

/// Returns the readings that the progress line shows.
fn brief(row: Option<&Row>) -> String {
    let shown = |(name, _): &(&String, &f64)| !(name.ends_with("_se") || ["step", "progress"].contains(&name.as_str()));
    let readings = row.into_iter().flatten().filter(shown).map(|(name, value)| format!("{name} {value:.3}"));
    readings.collect::<Vec<_>>().join(", ")
}
