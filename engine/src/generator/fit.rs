//! Model optimisation: a generator regressed on the particles that a flow has moved.

use super::Generator;
use crate::flow::{Clock, Flow, StepReport};
use crate::net::{Adam, AdamOptions};
use crate::process::{Ending, Observer, Row, Stats};
use crate::schedule::Schedule;
use crate::target::Target;
use crate::{Error, Points, Result, pairwise::Pairwise, rng::Stream};
use std::collections::BTreeMap;
use std::time::Instant;

crate::options! {
    /// Options of `fit`.
    pub struct FitOptions {
        /// Optimiser steps, at least 1.
        steps: usize = 2000,
        /// Base points drawn per step, at least 2.
        batch: usize = 1024,
        /// Learning rate of Adam over the run: a number, a schedule, a list; left out: `cosine(0.02, 0)` for an affine
        /// generator, `cosine(0.005, 0)` for a net.
        rate: Option<Schedule> = None,
        /// Share of the steps, counted from the end, over which the parameters are averaged; 0 keeps the last ones.
        average: f64 = 0.25,
        /// Write a row of history every so many steps; left out: about 20 times in the run.
        every: Option<usize> = None,
    }
}

/// What training leaves besides the generator.
#[derive(Debug, Clone)]
pub struct FitResult {
    /// Rows of step, progress, the flow's readings and `residual`, the root mean square of the velocity.
    pub history: Vec<Row>,
    /// How it ended.
    pub ending: Ending,
    /// What was decided on the user's behalf.
    pub notes: Vec<String>,
    /// Work done.
    pub stats: Stats,
}

/// Trains `generator` so that `g(u)`, `u ~ base`, follows `flow`: with `y = g(u)` and the moved particles
/// `y' = y + eta v(y)` held fixed, each step takes one Adam step on `1/2 mean |g(u) - y'|^2`, whose gradient is
/// `-eta mean J^T v`, the flow projected on the model [weber2023score].
///
/// # Errors
/// Options or dimensions that do not fit; estimators that fail. Divergence and interruption are endings: the generator
/// then keeps its last finite parameters.
pub fn fit(
    generator: &mut dyn Generator,
    flow: &mut dyn Flow,
    base: &dyn Target,
    options: &FitOptions,
    pairwise: &Pairwise,
    stream: Stream,
    observer: &mut dyn Observer,
) -> Result<FitResult> {
    check(generator, base, options)?;
    if !flow.is_velocity() {
        let want = "it is a sampler of particles, whose noise or age a generator cannot follow: use `sd_flow`, `mmd_flow` or `svgd`";
        return Err(Error::argument("flow", flow.name(), want));
    }
    let (steps, begun, pairs_before) = (options.steps, Instant::now(), pairwise.work().pairs());
    let every = options.every.unwrap_or(steps.div_ceil(20)).max(1);
    let averaged_from = steps - (options.average * steps as f64) as usize;
    let usual = Schedule::Cosine { from: generator.usual_rate(), to: 0.0 };
    let rate = options.rate.as_ref().unwrap_or(&usual);
    let mut adam = Adam::new(generator.parameters().len(), AdamOptions::default());
    let mut gradient = vec![0.0; generator.parameters().len()];
    let mut average = Average::default();
    let (mut y, mut v) = (Points::default(), Points::default());
    let mut result =
        FitResult { history: Vec::new(), ending: Ending::Finished, notes: Vec::new(), stats: Stats::default() };

    for step in 0..steps {
        let clock = Clock::at(step, steps, stream);
        let u = base.sample(options.batch, clock.randomness("base"))?;
        generator.forward(&u, &mut y)?;
        if step == 0 {
            result.notes = flow.prepare(&y, &clock)?;
            result.notes.iter().for_each(|note| observer.note(note));
        }
        match flow.velocity(&y, &clock, pairwise, &mut v) {
            Ok(()) => {}
            Err(Error::Interrupted) => {
                result.ending = Ending::Interrupted { step };
                break;
            }
            Err(error) => return Err(error),
        }
        let residual = (v.data().iter().map(|x| x * x).sum::<f64>() / options.batch as f64).sqrt();
        if !residual.is_finite() {
            result.ending = Ending::Diverged { step };
            break;
        }
        if step.is_multiple_of(every) || step + 1 == steps {
            let mut row: Row = BTreeMap::from([("step".into(), step as f64), ("progress".into(), clock.progress())]);
            row.insert("residual".into(), residual);
            match flow.readings(&y, &clock, pairwise) {
                Ok(readings) => row.extend(readings.into_iter().map(|(k, v)| (k.to_string(), v))),
                Err(Error::Interrupted) => {
                    result.ending = Ending::Interrupted { step };
                    break;
                }
                Err(error) => return Err(error),
            }
            observer.row(&row);
            result.history.push(row);
        }
        generator.pull_back(&u, &v, &mut gradient)?;
        let eta = flow.step_size().at(clock.progress());
        flow.stepped(&StepReport { eta, displacement: eta * residual }, &clock);
        let scale = -eta / options.batch as f64;
        gradient.iter_mut().for_each(|g| *g *= scale);
        adam.step(generator.parameters_mut(), &gradient, rate.at(clock.progress()));
        result.stats.steps += 1;
        if step >= averaged_from {
            average.add(generator.parameters());
        }
        observer.progress("fit", step + 1, steps, &|| format!("residual {residual:.3}"));
        pairwise.interrupt().check().or_else(|_| {
            result.ending = Ending::Interrupted { step: step + 1 };
            Ok::<(), Error>(())
        })?;
        if result.ending != Ending::Finished {
            break;
        }
    }
    average.store(generator.parameters_mut());
    result.stats.nfe = result.stats.steps;
    result.stats.pairs = pairwise.work().pairs() - pairs_before;
    result.stats.flow_pairs = result.stats.pairs;
    result.stats.flow_seconds = begun.elapsed().as_secs_f64();
    Ok(result)
}

fn check(generator: &dyn Generator, base: &dyn Target, options: &FitOptions) -> Result<()> {
    if base.dim() != generator.input_dim() {
        let want = format!("the generator takes {}", generator.input_dim());
        return Err(Error::shape("the base", format!("{} columns", base.dim()), want));
    }
    let every = options.every.unwrap_or(1);
    for (name, value, least) in [("steps", options.steps, 1), ("batch", options.batch, 2), ("every", every, 1)] {
        if value < least {
            return Err(Error::argument(name, value, format!("it must be at least {least}")));
        }
    }
    if !(0.0..=1.0).contains(&options.average) {
        return Err(Error::argument("average", options.average, "it must lie between 0 and 1"));
    }
    options.rate.as_ref().map_or(Ok(()), |rate| rate.check("rate", 0.0..=f64::INFINITY))
}

/// The running mean of parameters.
#[derive(Default)]
pub(super) struct Average {
    sum: Vec<f64>,
    count: f64,
}

impl Average {
    pub(super) fn add(&mut self, parameters: &[f64]) {
        self.sum.resize(parameters.len(), 0.0);
        self.sum.iter_mut().zip(parameters).for_each(|(s, p)| *s += p);
        self.count += 1.0;
    }

    pub(super) fn store(&self, parameters: &mut [f64]) {
        if self.count > 0.0 {
            parameters.iter_mut().zip(&self.sum).for_each(|(p, s)| *p = s / self.count);
        }
    }
}
