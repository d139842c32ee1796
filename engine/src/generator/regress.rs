//! Training of a generator by regression on pairs. It turns a map that was computed for given
//! points into a function of any point.

mod option;
mod student;

pub use option::{Pairs, RegressOptions};

use super::Generator;
use super::history::history_row;
use super::layer_algebra::least_squares;
use super::standard_units::Units;
use super::train::FitResult;
use crate::net::{TrainingPlan, train};
use crate::number::counted;
use crate::options::at_least;
use crate::points::AffineMap;
use crate::process::{Observer, Stats, process_setters};
use crate::{Error, Interrupt, Points, Result, Subject, rng::Stream};
use option::plan;
use std::time::Instant;
use student::{Student, misfit, note};

/// A regression: the generator to be trained and the pairs of inputs and outputs. The options have
/// defaults.
///
/// The generator is trained to minimise `mean |g(u_i) - y_i|^2` over pairs of rows. If the
/// least-squares solution has a closed form, it is used. Otherwise Adam runs on random minibatches,
/// in units in which inputs and outputs have mean 0 and variance 1. A net that already explains
/// most of the outputs is trained further. Any other net starts with its parameters read in those
/// units. The cost is a pass of the generator over all pairs, and then a forward and a backward
/// pass per step and pair of the minibatch.
///
/// ```
/// use sdflow::generator::{Affine, AffineOptions, Pairs, Regression};
/// use sdflow::{Points, rng::Stream};
/// # fn main() -> sdflow::Result<()> {
/// let inputs = Stream::new(1).normal(50, 2);
/// let rows: Vec<_> = inputs.iter().map(|u| [2.0 * u[0] + 1.0, u[1] - u[0]]).collect();
/// let outputs = Points::from_rows(&rows)?;
/// let mut generator = Affine::new(&AffineOptions::default(), Stream::new(2))?;
/// Regression::new(&mut generator, Pairs { inputs: &inputs, outputs: &outputs }).go()?;
/// assert!((generator.bias()[0] - 1.0).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Regression<'a> {
    generator: &'a mut dyn Generator,
    pairs: Pairs<'a>,
    options: RegressOptions,
    interrupt: Interrupt,
    stream: Stream,
}

impl<'a> Regression<'a> {
    /// Creates the training of `generator` in place on `pairs`.
    pub fn new(generator: &'a mut dyn Generator, pairs: Pairs<'a>) -> Regression<'a> {
        let (options, interrupt, stream) = (RegressOptions::default(), Interrupt::default(), Stream::new(0));
        Regression { generator, pairs, options, interrupt, stream }
    }

    /// Sets the interrupt that ends the training early.
    #[must_use]
    pub fn interrupt(mut self, interrupt: &Interrupt) -> Regression<'a> {
        self.interrupt = interrupt.clone();
        self
    }

    process_setters!(RegressOptions, FitResult);

    /// Trains, and reports progress and the residual to `observer`.
    ///
    /// # Errors
    /// Shapes or options do not match. Divergence and interruption are not errors: the generator
    /// then keeps its last finite parameters.
    pub fn run_with(self, observer: &mut dyn Observer) -> Result<FitResult> {
        check(self.generator, self.pairs, &self.options)?;
        let begun = Instant::now();
        let mut result = match least_squares(self.generator, self.pairs.inputs, self.pairs.outputs)? {
            true => solution(self.generator, self.pairs, observer)?,
            false => self.train(observer)?,
        };
        result.stats.flow_seconds = begun.elapsed().as_secs_f64();
        Ok(result)
    }

    /// Trains the generator in standard units and maps it back to the units of the pairs.
    fn train(self, observer: &mut dyn Observer) -> Result<FitResult> {
        let Regression { generator, pairs, options, interrupt, stream } = self;
        let units = enter(generator, pairs)?;
        let standard = |points: &Points, map: &Option<AffineMap>| match map {
            Some(map) => map.inverse().apply(points),
            None => points.clone(),
        };
        let (inputs, outputs) = (standard(pairs.inputs, &units.inputs), standard(pairs.outputs, &units.outputs));
        let rate = plan(&options).schedule(generator);
        let stream = stream.label("batch");
        let plan = TrainingPlan {
            name: "regress",
            loss: "residual",
            steps: options.steps,
            rate: &rate,
            stream,
            checkpoint_every: None,
        };
        let mut student = Student::new(generator, Pairs { inputs: &inputs, outputs: &outputs }, &options);
        student.size = units.outputs.as_ref().map_or(1.0, |map| map.scale()[0]);
        let trained = train(&plan, &mut student, &interrupt, observer);
        let mut result = student.result;
        units.leave(generator);
        result.ending = trained?.ending;
        Ok(result)
    }
}

/// Returns the result for a generator whose parameters were computed in closed form.
fn solution(generator: &mut dyn Generator, pairs: Pairs, observer: &mut dyn Observer) -> Result<FitResult> {
    let mut made = Points::default();
    generator.forward(pairs.inputs, &mut made)?;
    let stats = Stats { steps: 1, ..Stats::default() };
    let mut result = FitResult { stats, ..FitResult::default() };
    let residual = misfit(&made, pairs.outputs, &mut Points::default());
    note(&mut result, observer, history_row(0, 1, residual, Vec::new()));
    Ok(result)
}

/// Maps the generator to standard units of the pairs, if it can absorb them. Returns these units.
fn enter(generator: &mut dyn Generator, pairs: Pairs) -> Result<Units> {
    let (u, y) = (pairs.inputs, pairs.outputs);
    let (inputs, outputs) = (AffineMap::of(u), AffineMap::common(y));
    let mut made = Points::default();
    generator.forward(u, &mut made)?;
    // A net that explains most of the outputs keeps its map. The parameters of any other net count
    // as random, and random parameters suit standard units.
    let keeps = misfit(&made, y, &mut Points::default()) < 0.5 * y.spread();
    let known = inputs.is_finite() && outputs.is_finite();
    let units = Units { inputs: Some(inputs), outputs: Some(outputs) };
    Ok(if known && units.enter(generator, keeps) { units } else { Units::default() })
}

fn check(generator: &dyn Generator, pairs: Pairs, options: &RegressOptions) -> Result<()> {
    let (u, y) = (pairs.inputs, pairs.outputs);
    u.check_dim(Subject::option("inputs"), generator.input_dim(), "the generator's input")?;
    y.check_dim(Subject::option("outputs"), generator.dim(), "the generator's output")?;
    if u.n() != y.n() || u.n() == 0 {
        let want = format!("the inputs have {}, and each needs its output", u.n());
        return Err(Error::shape(Subject::option("outputs"), counted(y.n(), "row"), want));
    }
    plan(options).check()?;
    at_least(&[("batch", options.batch, 1)])
}

#[cfg(test)]
mod tests;
