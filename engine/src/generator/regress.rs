//! A generator regressed on pairs: a map that was computed, as a function.

use super::Generator;
use super::optimiser::{Optimiser, Pace, Pull};
use super::train::{history_row, root_mean_square};
use super::units::Units;
use crate::net::{Course, Moment, Trainee, train};
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
    let mut result = match generator.least_squares(pairs.inputs, pairs.outputs)? {
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
    let units = standard(generator, pairs)?;
    let (inputs, outputs) = match &units {
        Some([from, to]) => (from.inverse().apply(pairs.inputs), to.inverse().apply(pairs.outputs)),
        None => (pairs.inputs.clone(), pairs.outputs.clone()),
    };
    let rate = pace(options).schedule(generator);
    let stream = stream.label("batch");
    let course = Course { name: "regress", loss: "residual", steps: options.steps, rate: &rate, stream };
    let mut regression = Regression::new(generator, Pairs { inputs: &inputs, outputs: &outputs }, options);
    regression.size = units.as_ref().map_or(1.0, |[_, to]| to.scale[0]);
    let trained = train(&course, &mut regression, interrupt, observer);
    let mut result = regression.result;
    if let Some([from, to]) = &units {
        generator.compose(&from.inverse(), to);
    }
    result.ending = trained?.ending;
    Ok(result)
}

/// Turns the generator into one of inputs and outputs in standard units, where it can be. Returns the units of both.
fn standard(generator: &mut dyn Generator, pairs: Pairs) -> Result<Option<[Units; 2]>> {
    let (u, y) = (pairs.inputs, pairs.outputs);
    let (from, to) = (Units::of(u), Units::common(y));
    let known =
        [&from, &to].into_iter().flat_map(|units| units.scale.iter().chain(&units.shift)).all(|v| v.is_finite());
    let mut out = Points::default();
    generator.forward(u, &mut out)?;
    let goes_on = misfit(&out, y, &mut Points::default()) < 0.5 * y.spread();
    let before = generator.parameters().to_vec();
    if !known || !generator.compose(&from, &to.inverse()) {
        return Ok(None);
    }
    // A random net is made for standard units.
    if !goes_on {
        generator.parameters_mut().copy_from_slice(&before);
    }
    Ok(Some([from, to]))
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
mod tests {
    use super::*;
    use crate::generator::{Affine, AffineOptions, MlpGenerator, MlpOptions};
    use crate::process::Unobserved;

    fn trained(generator: &mut dyn Generator, u: &Points, y: &Points, steps: usize) -> RegressResult {
        let options = RegressOptions { steps, batch: 100, ..RegressOptions::default() };
        regress(
            generator,
            Pairs { inputs: u, outputs: y },
            &options,
            &Interrupt::default(),
            Stream::new(5),
            &mut Unobserved,
        )
        .unwrap()
    }

    #[test]
    fn an_affine_map_is_found_exactly() {
        let stream = Stream::new(1);
        let options = AffineOptions { dim: 3, dim_in: Some(2), ..AffineOptions::default() };
        let mut truth = Affine::new(&options, stream.label("truth")).unwrap();
        truth.parameters_mut()[6..].copy_from_slice(&[5.0, -2.0, 1e3]);
        let u = stream.normal(50, 2);
        let mut y = Points::default();
        truth.forward(&u, &mut y).unwrap();
        let mut found = Affine::new(&options, stream.label("start")).unwrap();
        let result = trained(&mut found, &u, &y, 1);
        for (found, truth) in found.parameters().iter().zip(truth.parameters()) {
            assert!((found - truth).abs() < 1e-9 * (1.0 + truth.abs()), "{found} {truth}");
        }
        assert!(result.history[0]["residual"] < 1e-9);
        // Points on a line do not say what the map does across it: the answer is still one that fits them.
        let line = Points::from_rows(&[[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]).unwrap();
        truth.forward(&line, &mut y).unwrap();
        assert!(trained(&mut found, &line, &y, 1).history[0]["residual"] < 1e-9);
    }

    #[test]
    fn a_net_learns_a_curved_map_and_keeps_it_on_new_points() {
        let stream = Stream::new(2);
        let bent = |u: &Points| {
            let rows: Vec<_> = u.iter().map(|u| [u[0] + 0.5 * u[1] * u[1], (2.0 * u[0]).sin()]).collect();
            Points::from_rows(&rows).unwrap()
        };
        let (u, new) = (stream.normal(1000, 2), stream.label("new").normal(200, 2));
        let mut net =
            MlpGenerator::new(&MlpOptions { hidden: 32, layers: 2, ..MlpOptions::default() }, stream).unwrap();
        trained(&mut net, &u, &bent(&u), 1500);
        let mut out = Points::default();
        net.forward(&new, &mut out).unwrap();
        let off = misfit(&out, &bent(&new), &mut Points::default());
        assert!(off < 0.15 * bent(&new).spread(), "{off}");
    }

    #[test]
    fn a_net_knows_no_units_and_goes_on_from_what_it_has_learned() {
        let stream = Stream::new(2);
        let u = stream.normal(500, 2);
        let rows: Vec<_> = u.iter().map(|u| [u[0] + 0.5 * u[1] * u[1], (2.0 * u[0]).sin()]).collect();
        let y = Points::from_rows(&rows).unwrap();
        let options = MlpOptions { hidden: 32, layers: 2, ..MlpOptions::default() };
        let shares = [(1.0, 1.0, 0.0), (1e4, 1e4, 3e4), (1e-6, 1e5, -1e-6)].map(|(inner, outer, shift)| {
            let to = |points: &Points, scale: f64| Units { scale: vec![scale; 2], shift: vec![shift; 2] }.apply(points);
            let (u, y) = (to(&u, inner), to(&y, outer));
            let mut net = MlpGenerator::new(&options, stream).unwrap();
            let first = trained(&mut net, &u, &y, 800);
            let mut out = Points::default();
            net.forward(&u, &mut out).unwrap();
            let share = misfit(&out, &y, &mut Points::default()) / y.spread();
            let again = trained(&mut net, &u, &y, 1);
            assert!(first.history[0]["residual"] > 0.5 * y.spread());
            assert!(again.history[0]["residual"] < 2.0 * share * y.spread() + 1e-3 * y.spread(), "{again:?} {share}");
            share
        });
        assert!(shares.iter().all(|share| *share < 0.1), "{shares:?}");
    }

    #[test]
    fn what_leaves_the_finite_numbers_is_taken_back() {
        let (u, y) = (Stream::new(1).normal(50, 2), Stream::new(2).normal(50, 2));
        for rate in [1e30, 1e200, 1e308] {
            let mut net =
                MlpGenerator::new(&MlpOptions { hidden: 8, ..MlpOptions::default() }, Stream::new(1)).unwrap();
            let options = RegressOptions { steps: 30, rate: Some(Schedule::from(rate)), ..RegressOptions::default() };
            let made = regress(
                &mut net,
                Pairs { inputs: &u, outputs: &y },
                &options,
                &Interrupt::default(),
                Stream::new(5),
                &mut Unobserved,
            );
            assert!(matches!(made.unwrap().ending, Ending::Diverged { .. }), "{rate}");
            let mut out = Points::default();
            net.forward(&u, &mut out).unwrap();
            assert!(net.is_finite() && out.data().iter().all(|x| x.is_finite()), "{rate}");
        }
    }

    #[test]
    fn pairs_that_do_not_pair_are_refused() {
        let mut g = Affine::new(&AffineOptions::default(), Stream::new(1)).unwrap();
        let mut refused = |u: &Points, y: &Points, options: RegressOptions| {
            let made = regress(
                &mut g,
                Pairs { inputs: u, outputs: y },
                &options,
                &Interrupt::default(),
                Stream::new(1),
                &mut Unobserved,
            );
            made.err().unwrap().to_string()
        };
        let two = Points::zeros(4, 2);
        assert!(refused(&two, &Points::zeros(3, 2), RegressOptions::default()).contains("3 rows"));
        assert!(refused(&Points::zeros(4, 3), &two, RegressOptions::default()).contains("inputs"));
        assert!(refused(&two, &two, RegressOptions { batch: 0, ..RegressOptions::default() }).contains("batch"));
        assert!(refused(&two, &two, RegressOptions { average: 2.0, ..RegressOptions::default() }).contains("average"));
    }
}
