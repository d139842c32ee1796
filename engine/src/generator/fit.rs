//! Training of a generator by regression on particles that a flow has moved.

use super::Generator;
#[cfg(doc)]
use super::base::usual_base;
use super::base::{HeavierTails, heavier_tails};
use super::mlp::FEW;
use super::optimiser::OptimiserPlan;
use super::standard_units::Known;
use super::teacher::Teacher;
use super::train::{FitResult, Training};
use super::training_options::TrainingOptions;
use crate::archive::{Archive, Archived};
use crate::flow::{Clock, FieldAt, Readings, Stepping, VelocityField};
use crate::number::counted;
use crate::ode::StepReport;
use crate::process::{Observer, process_setters};
use crate::schedule::Schedule;
use crate::target::Target;
use crate::{Error, Points, Result, Subject, pairwise::Pairwise, rng::Stream};

crate::options! {
    /// Options of `fit`.
    pub struct FitOptions {
        /// Number of optimiser steps, at least 1. Left out: 2,000, and for a net of more than 8
        /// outputs `2000 sqrt(d / 8)` with the number `d` of outputs.
        steps: Option<usize> = None,
        /// Number of base points drawn per step, at least 2.
        batch: usize = 1024,
        /// Learning rate of Adam over the run: a number, a schedule or a list. Left out:
        /// `cosine(0.02, 0)` for an affine generator, and `cosine(0.005, 0)` for a net.
        rate: Option<Schedule> = None,
        /// Share of the steps, at the end of the training, over which the parameters are averaged;
        /// 0 keeps the parameters of the last step.
        average: f64 = 0.25,
        /// Decay per step, 0 or more and below 1, of an exponential moving average of the
        /// parameters over all steps, such as 0.999; it replaces `average`.
        ema: Option<f64> = None,
        /// Number of steps between rows of the history; left out: about 20 rows per run.
        every: Option<usize> = None,
        /// Number of steps between checkpoints. In addition, checkpoints are written at the
        /// interval of `--checkpoint-every`, by default one minute.
        checkpoint_every: Option<usize> = None,
    }
}

/// A fit: the generator to be trained, the velocity field that it follows and the base. The options
/// have defaults.
///
/// The generator is trained so that `g(u)`, `u ~ base`, follows the field. The points are `y =
/// g(u)`, and the moved particles `y' = y + eta v(y)` are held fixed. Each step is one Adam step on
/// `1/2 mean |g(u) - y'|^2`. The gradient of this loss is `-eta mean J^T v`, the flow projected
/// onto the model \[weber2023score\].
///
/// The generator is trained in standard units, given by the target of the flow and by the base.
/// Inputs or outputs whose units are nearly standard are not rescaled. Outputs are not rescaled
/// either if the target is unknown. A note reports a change, and an unknown target.
///
/// A net of 5 to 1,024 outputs whose points hardly vary starts as a linear map of the base. If
/// a generator has more than four outputs and a base of heavy tails, the influence of single points
/// on a step is bounded: the velocities of far inputs, and large velocities, are scaled down. If
/// the target has heavier tails than the base, a note advises another base: from a normal base, the
/// points of an affine generator lack tails, and in many dimensions those of a net too.
/// [`usual_base`] chooses a base.
///
/// ```
/// use sdflow::flow::SdFlow;
/// use sdflow::generator::{Affine, AffineOptions, Fit};
/// use sdflow::{rng::Stream, target::Gaussian};
/// # fn main() -> sdflow::Result<()> {
/// let target = Gaussian::isotropic(vec![1.0, -1.0], 0.5)?;
/// let base = Gaussian::isotropic(vec![0.0; 2], 1.0)?;
/// let mut flow = SdFlow::towards(std::sync::Arc::new(target), Default::default())?;
/// let mut generator = Affine::new(&AffineOptions::default(), Stream::new(1))?;
/// let done = Fit::new(&mut generator, &mut flow, &base).steps(400).seed(2).go()?;
/// assert_eq!(done.stats.steps, 400);
/// assert!((generator.bias()[0] - 1.0).abs() < 0.1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Fit<'a> {
    generator: &'a mut dyn Generator,
    field: &'a mut dyn VelocityField,
    base: &'a dyn Target,
    stepping: Stepping,
    options: FitOptions,
    pairwise: Option<&'a Pairwise>,
    stream: Stream,
}

impl<'a> Fit<'a> {
    /// Creates the training of `generator` in place along `field`, with inputs from `base`.
    pub fn new(generator: &'a mut dyn Generator, field: &'a mut dyn VelocityField, base: &'a dyn Target) -> Fit<'a> {
        let (stepping, options, stream) = (Stepping::default(), FitOptions::default(), Stream::new(0));
        Fit { generator, field, base, stepping, options, pairwise: None, stream }
    }

    /// Sets the step size along the field and the precision; the integrator is not used.
    #[must_use]
    pub fn stepping(mut self, stepping: Stepping) -> Fit<'a> {
        self.stepping = stepping;
        self
    }

    process_setters!(FitOptions, FitResult, pairwise 'a);

    /// Trains, and reports notes, progress and readings to `observer`.
    ///
    /// # Errors
    /// An option is out of range, dimensions or labels do not match, or an estimator fails.
    /// Divergence and interruption are not errors: the generator then keeps its last finite
    /// parameters.
    pub fn run_with(self, observer: &mut dyn Observer) -> Result<FitResult> {
        let default = Pairwise::default();
        let pairwise = self.pairwise.unwrap_or(&default);
        let FitOptions { batch, average, ema, every, checkpoint_every, .. } = self.options;
        let steps = self.options.steps.unwrap_or_else(|| usual_steps(self.generator));
        let many = self.generator.dim() > FEW;
        let plan = OptimiserPlan { steps, rate: self.options.rate.as_ref(), net_rate: 0.005, average, ema };
        let training = TrainingOptions { name: "fit", plan, batch, every, checkpoint_every, many_outputs: many };
        self.stepping.check()?;
        let tails = heavier_tails(self.generator, self.field, self.base, self.stream.label("tails"));
        let notes = tails.iter().map(HeavierTails::advice).collect();
        let mut along =
            Along { flow: self.field, stepping: &self.stepping, pairwise, base: self.base, notes, eta: 0.0 };
        Training::new(self.generator, self.base, training, &mut along, pairwise, self.stream)?.run(observer)
    }
}

/// Returns the default number of steps: 2,000, and for a net of `d > 8` outputs `2000 sqrt(d / 8)`.
/// The modes of a target in many dimensions take longer to separate.
pub fn usual_steps(generator: &dyn Generator) -> usize {
    let many = if generator.layers().len() > 1 { generator.dim() as f64 / 8.0 } else { 1.0 };
    (2000.0 * many.max(1.0).sqrt()) as usize
}

/// Checks that the base draws as many labels as the field has flows.
fn check_labels(field: Option<usize>, base: Option<usize>) -> Result<()> {
    if field == base {
        return Ok(());
    }
    let said = |labels: Option<usize>| labels.map_or("no labels".into(), |labels| counted(labels, "label"));
    Err(Error::shape(Subject::argument("base"), said(base), format!("the flow has {}", said(field))))
}

/// The field of the flow at the points of the generator.
struct Along<'a> {
    flow: &'a mut dyn VelocityField,
    stepping: &'a Stepping,
    pairwise: &'a Pairwise,
    base: &'a dyn Target,
    /// Sentences on the base.
    notes: Vec<String>,
    /// The step size along the last velocity.
    eta: f64,
}

impl Teacher for Along<'_> {
    fn target_units(&self, y: &Points, clock: &Clock) -> Result<Option<Known>> {
        let scales = self.flow.scales(y, clock);
        check_labels(scales.aim.labels(), self.base.labels())?;
        Ok(scales.aim.units().map(|map| Known { map, each_column: scales.units.is_some() }))
    }

    fn prepare(&mut self, y: &Points, clock: &Clock) -> Result<Vec<String>> {
        let mut notes = self.flow.prepare(y, clock, None)?;
        notes.append(&mut self.notes);
        Ok(notes)
    }

    fn velocity(&mut self, y: &Points, clock: &Clock, out: &mut Points) -> Result<()> {
        let own = self.stepping.arithmetic(self.flow, y, self.pairwise);
        self.eta = self.stepping.size(self.flow, y, clock);
        self.flow.velocity(&FieldAt::cloud(y, clock, own.as_ref().unwrap_or(self.pairwise)), out)
    }

    fn readings(&mut self, y: &Points, clock: &Clock) -> Result<Readings> {
        self.flow.readings(&FieldAt::cloud(y, clock, self.pairwise))
    }

    fn eta(&self) -> f64 {
        self.eta
    }

    fn after_step(&mut self, y: &Points, report: &StepReport, clock: &Clock) -> Result<()> {
        self.flow.prepare(y, clock, Some(report)).map(drop)
    }
}

impl Archived for Along<'_> {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        self.flow.archive(archive)
    }
}
