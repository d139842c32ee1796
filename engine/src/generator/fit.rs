//! Model optimisation: a generator regressed on the particles that a flow has moved.

use super::Generator;
use super::optimiser::Pace;
use super::train::{Draw, FitResult, Teacher, Training, TrainingOptions};
use super::units::Known;
use crate::flow::{Clock, Flow, StepReport};
use crate::process::Observer;
use crate::schedule::Schedule;
use crate::target::Target;
use crate::{Error, Points, Result, pairwise::Pairwise, rng::Stream};

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

/// Trains `generator` so that `g(u)`, `u ~ base`, follows `flow`: with `y = g(u)` and the moved particles
/// `y' = y + eta v(y)` held fixed, each step takes one Adam step on `1/2 mean |g(u) - y'|^2`, whose gradient is
/// `-eta mean J^T v`, the flow projected on the model [weber2023score].
///
/// The generator is trained in standard units, taken from the flow's target and from the base, unless both are about
/// standard: then, and where the flow knows nothing of its target, in the units as they are. A note says which.
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
    let FitOptions { steps, batch, average, every, .. } = *options;
    let pace = Pace { steps, rate: options.rate.as_ref(), average };
    let training = TrainingOptions { name: "fit", pace, batch, every };
    if !flow.is_velocity() {
        let want = "it is a sampler of particles, whose noise or age a generator cannot follow: take a velocity field";
        return Err(Error::argument("flow", flow.name(), want));
    }
    let mut along = Along { flow, pairwise };
    Training::new(generator, base, training, &mut along, stream)?.run(pairwise, observer)
}

/// The flow's field at the generator's points.
struct Along<'a> {
    flow: &'a mut dyn Flow,
    pairwise: &'a Pairwise,
}

impl Teacher for Along<'_> {
    fn wanted(&self) -> Option<Known> {
        let each_column = self.flow.units().is_some();
        self.flow.target_units().map(|map| Known { map, each_column })
    }

    fn prepare(&mut self, y: &Points, _draw: &mut Draw, clock: &Clock) -> Result<Vec<String>> {
        self.flow.prepare(y, clock)
    }

    fn velocity(&mut self, y: &Points, clock: &Clock, out: &mut Points) -> Result<()> {
        self.flow.velocity(y, clock, self.pairwise, out)
    }

    fn readings(&mut self, y: &Points, clock: &Clock) -> Result<Vec<(&'static str, f64)>> {
        self.flow.readings(y, clock, self.pairwise)
    }

    fn eta(&self, clock: &Clock) -> f64 {
        self.flow.step_size().at(clock.progress())
    }

    fn stepped(&mut self, report: &StepReport, clock: &Clock) {
        self.flow.stepped(report, clock);
    }
}
