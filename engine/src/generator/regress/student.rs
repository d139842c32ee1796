//! A generator that is trained on pairs.

use super::option::{Pairs, RegressOptions, plan};
use crate::archive::{Archive, Archived};
use crate::generator::Generator;
use crate::generator::history::{history_row, root_mean_square};
use crate::generator::optimiser::{Optimiser, Pull};
use crate::generator::train::FitResult;
use crate::net::{Trainee, TrainingStep};
use crate::process::{Observer, Row};
use crate::{Points, Result};

/// A generator that is trained on pairs.
pub(super) struct Student<'a> {
    generator: &'a mut dyn Generator,
    pairs: Pairs<'a>,
    batch: usize,
    /// The size of the units of the outputs, by which reported residuals are multiplied.
    pub size: f64,
    optimiser: Optimiser,
    /// Buffers: a minibatch of inputs and outputs, the outputs of the generator, and their error.
    inputs: Points,
    outputs: Points,
    made: Points,
    off: Points,
    pub result: FitResult,
}

impl<'a> Student<'a> {
    pub fn new(generator: &'a mut dyn Generator, pairs: Pairs<'a>, options: &RegressOptions) -> Student<'a> {
        let (inputs, outputs, made, off) = Default::default();
        let optimiser = Optimiser::new(generator, &plan(options));
        let result = FitResult::default();
        let batch = options.batch.min(pairs.inputs.n());
        Student { generator, pairs, batch, size: 1.0, optimiser, inputs, outputs, made, off, result }
    }
}

impl Trainee for Student<'_> {
    fn step(&mut self, now: &TrainingStep, observer: &mut dyn Observer) -> Result<f64> {
        let chosen = now.stream.rng().choose(self.pairs.inputs.n(), self.batch);
        self.inputs.gather(self.pairs.inputs, &chosen);
        self.outputs.gather(self.pairs.outputs, &chosen);
        self.generator.forward(&self.inputs, &mut self.made)?;
        let residual = self.size * misfit(&self.made, &self.outputs, &mut self.off);
        let pull = Pull { u: &self.inputs, v: &self.off, eta: 1.0 };
        let finite = residual.is_finite() && self.optimiser.step(self.generator, &pull, now.step, now.rate)?;
        if !finite {
            return Ok(f64::NAN);
        }
        self.result.stats.steps += 1;
        if now.step.is_multiple_of(now.steps.div_ceil(20)) || now.step + 1 == now.steps {
            note(&mut self.result, observer, history_row(now.step, now.steps, residual, Vec::new()));
        }
        Ok(residual)
    }

    fn state(&mut self) -> Option<&mut dyn Archived> {
        Some(self)
    }

    fn resumed(&mut self, observer: &mut dyn Observer) {
        self.result.history.iter().for_each(|row| observer.row(row));
    }

    fn take_back(&mut self) {
        self.optimiser.take_back(self.generator);
    }

    fn finish(&mut self) {
        self.optimiser.finish(self.generator);
    }
}

impl Archived for Student<'_> {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("generator", self.generator.parameters_mut())?;
        archive.part("optimiser", &mut self.optimiser)?;
        archive.part("history", &mut self.result.history)?;
        archive.part("work", &mut self.result.stats)
    }
}

/// Returns the root mean square of `|y - out|`, and writes `y - out` to `off`.
pub(super) fn misfit(out: &Points, y: &Points, off: &mut Points) -> f64 {
    off.copy_from(out);
    off.data_mut().iter_mut().zip(y.data()).for_each(|(off, y)| *off = y - *off);
    root_mean_square(off)
}

/// Reports a row of history and stores it.
pub(super) fn note(result: &mut FitResult, observer: &mut dyn Observer, row: Row) {
    observer.row(&row);
    result.history.push(row);
}
