//! A generator regressed on pairs: a map that was computed, as a function.

use super::Generator;
use super::layers::least_squares;
use super::optimiser::{Optimiser, Pace, Pull};
use super::train::{history_row, root_mean_square};
use super::units::Units;
use crate::net::{Course, Moment, Trainee, train};
use crate::points::AffineMap;
use crate::process::{Ending, Observer, Row, Stats};
use crate::schedule::Schedule;
use crate::{Error, Interrupt, Points, Result, rng::Stream};
use std::time::Instant;

crate::options! {
    /// Options of `regress`.
    pub struct RegressOptions {
        /// Optimiser steps of a net, at least 1; an affine generator is solved for at once.
        steps: usize = 3000,
        /// Pairs per step, at least 1.
        batch: usize = 512,
        /// Learning rate of Adam over the training: a number, a schedule, a list; left out: `cosine(0.005, 0)`.
        rate: Option<Schedule> = None,
        /// Share of the steps, counted from the end, over which the parameters are averaged; 0 keeps the last ones.
        average: f64 = 0.25,
    }
}

/// Rows that belong together: `outputs[i]` is what becomes of `inputs[i]`.
#[derive(Debug, Clone, Copy)]
pub struct Pairs<'a> {
    /// n x input_dim
    pub inputs: &'a Points,
    /// n x dim
    pub outputs: &'a Points,
}

/// What training on pairs leaves besides the generator.
#[derive(Debug, Clone)]
pub struct RegressResult {
    /// Rows of step, progress and `residual`, the root mean square of `|g(u) - y|` over the batch.
    pub history: Vec<Row>,
    /// How it ended.
    pub ending: Ending,
    /// Work done.
    pub stats: Stats,
}

/// Trains `generator` to `min mean |g(u_i) - y_i|^2` over pairs of rows: by least squares where that has a closed form, otherwise
/// by Adam on random batches, in units where inputs and outputs have mean 0 and variance 1. A net that already explains most of the
/// outputs goes on from there; any other starts from its parameters as they are in those units. Cost: a pass of the generator
/// over all pairs, then a pass and one back per step and pair of the batch.
///
/// # Errors
/// Shapes or options that do not fit. Divergence and interruption are endings: the generator then keeps its last finite parameters.
pub fn regress(
    generator: &mut dyn Generator,
    pairs: Pairs,
    options: &RegressOptions,
    interrupt: &Interrupt,
    stream: Stream,
    observer: &mut dyn Observer,
) -> Result<RegressResult> {
    check(generator, pairs, options)?;
    let begun = Instant::now();
    let mut result = match least_squares(generator, pairs.inputs, pairs.outputs)? {
        true => solved(generator, pairs, observer)?,
        false => descended(generator, pairs, options, interrupt, stream, observer)?,
    };
    result.stats.flow_seconds = begun.elapsed().as_secs_f64();
    Ok(result)
}

/// The result of a generator that was solved for.
fn solved(generator: &mut dyn Generator, pairs: Pairs, observer: &mut dyn Observer) -> Result<RegressResult> {
    let mut made = Points::default();
    generator.forward(pairs.inputs, &mut made)?;
    let stats = Stats { steps: 1, ..Stats::default() };
    let mut result = RegressResult { history: Vec::new(), ending: Ending::Finished, stats };
    let residual = misfit(&made, pairs.outputs, &mut Points::default());
    note(&mut result, observer, history_row(0, 1, residual, Vec::new()));
    Ok(result)
}

/// Trains the generator in standard units and takes it back to those of the pairs.
fn descended(
    generator: &mut dyn Generator,
    pairs: Pairs,
    options: &RegressOptions,
    interrupt: &Interrupt,
    stream: Stream,
    observer: &mut dyn Observer,
) -> Result<RegressResult> {
    let units = enter(generator, pairs)?;
    let standard = |points: &Points, map: &Option<AffineMap>| match map {
        Some(map) => map.inverse().apply(points),
        None => points.clone(),
    };
    let (inputs, outputs) = (standard(pairs.inputs, &units.inputs), standard(pairs.outputs, &units.outputs));
    let rate = pace(options).schedule(generator);
    let stream = stream.label("batch");
    let course = Course { name: "regress", loss: "residual", steps: options.steps, rate: &rate, stream };
    let mut regression = Regression::new(generator, Pairs { inputs: &inputs, outputs: &outputs }, options);
    regression.size = units.outputs.as_ref().map_or(1.0, |map| map.scale()[0]);
    let trained = train(&course, &mut regression, interrupt, observer);
    let mut result = regression.result;
    units.leave(generator);
    result.ending = trained?.ending;
    Ok(result)
}

/// Takes the generator into standard units of the pairs, where it can hold them. Returns them.
fn enter(generator: &mut dyn Generator, pairs: Pairs) -> Result<Units> {
    let (u, y) = (pairs.inputs, pairs.outputs);
    let (inputs, outputs) = (AffineMap::of(u), AffineMap::common(y));
    let mut made = Points::default();
    generator.forward(u, &mut made)?;
    // A net that explains most of the outputs goes on; a random one is made for standard units.
    let keeps = misfit(&made, y, &mut Points::default()) < 0.5 * y.spread();
    let known = inputs.is_finite() && outputs.is_finite();
    let units = Units { inputs: Some(inputs), outputs: Some(outputs) };
    Ok(if known && units.enter(generator, keeps) { units } else { Units::default() })
}

/// A generator in training on pairs.
struct Regression<'a> {
    generator: &'a mut dyn Generator,
    pairs: Pairs<'a>,
    batch: usize,
    /// Residuals are told times this, the size of the outputs' units.
    size: f64,
    optimiser: Optimiser,
    /// A minibatch of inputs and outputs, what the generator makes of the inputs, and what it is off by.
    inputs: Points,
    outputs: Points,
    made: Points,
    off: Points,
    result: RegressResult,
}

impl<'a> Regression<'a> {
    fn new(generator: &'a mut dyn Generator, pairs: Pairs<'a>, options: &RegressOptions) -> Regression<'a> {
        let (inputs, outputs, made, off) = Default::default();
        let optimiser = Optimiser::new(generator, &pace(options));
        let result = RegressResult { history: Vec::new(), ending: Ending::Finished, stats: Stats::default() };
        let batch = options.batch.min(pairs.inputs.n());
        Regression { generator, pairs, batch, size: 1.0, optimiser, inputs, outputs, made, off, result }
    }
}

impl Trainee for Regression<'_> {
    fn step(&mut self, moment: &Moment, observer: &mut dyn Observer) -> Result<f64> {
        let chosen = moment.stream.rng().choose(self.pairs.inputs.n(), self.batch);
        self.inputs.gather(self.pairs.inputs, &chosen);
        self.outputs.gather(self.pairs.outputs, &chosen);
        self.generator.forward(&self.inputs, &mut self.made)?;
        let residual = self.size * misfit(&self.made, &self.outputs, &mut self.off);
        let pull = Pull { u: &self.inputs, v: &self.off, eta: 1.0 };
        let finite = residual.is_finite() && self.optimiser.step(self.generator, &pull, moment.step, moment.rate)?;
        if !finite {
            return Ok(f64::NAN);
        }
        self.result.stats.steps += 1;
        if moment.step.is_multiple_of(moment.steps.div_ceil(20)) || moment.step + 1 == moment.steps {
            note(&mut self.result, observer, history_row(moment.step, moment.steps, residual, Vec::new()));
        }
        Ok(residual)
    }

    fn take_back(&mut self) {
        self.optimiser.take_back(self.generator);
    }

    fn finish(&mut self) {
        self.optimiser.finish(self.generator);
    }
}

/// The root mean square of `|y - out|`; `off` becomes `y - out`.
fn misfit(out: &Points, y: &Points, off: &mut Points) -> f64 {
    off.copy_from(out);
    off.data_mut().iter_mut().zip(y.data()).for_each(|(off, y)| *off = y - *off);
    root_mean_square(off)
}

fn note(result: &mut RegressResult, observer: &mut dyn Observer, row: Row) {
    observer.row(&row);
    result.history.push(row);
}

fn check(generator: &dyn Generator, pairs: Pairs, options: &RegressOptions) -> Result<()> {
    let (u, y) = (pairs.inputs, pairs.outputs);
    u.check_dim("`inputs`", generator.input_dim(), "the generator's input")?;
    y.check_dim("`outputs`", generator.dim(), "the generator's output")?;
    if u.n() != y.n() || u.n() == 0 {
        let want = format!("the inputs have {}, and each needs its output", u.n());
        return Err(Error::shape("`outputs`", format!("{} rows", y.n()), want));
    }
    pace(options).check()?;
    if options.batch == 0 {
        return Err(Error::argument("batch", 0, "it must be at least 1"));
    }
    Ok(())
}

fn pace(options: &RegressOptions) -> Pace<'_> {
    Pace { steps: options.steps, rate: options.rate.as_ref(), average: options.average }
}

#[cfg(test)]
mod tests;
