//! The common part of `fit` and `distill` in a script: a training as requested, or the few steps of
//! a dry run. The ending of a training is recorded.

use crate::bind::ending::{self, record_result};
use crate::call::Call;
use crate::language::Fail;
use crate::value::{Done, Model, history};
use rhai::Dynamic;
use sdflow::Result;
use sdflow::cost::{self, Cost, Gauge, Training};
use sdflow::generator::{FitResult, Generator};
use sdflow::pairwise::Pairwise;
use sdflow::points::no_room;
use sdflow::process::Ending;
use sdflow::rng::Stream;
use sdflow::target::Target;
use std::sync::Arc;

pub type Made = std::result::Result<Dynamic, Fail>;

/// The length of a training: steps, points per step, and steps between rows of the history.
#[derive(Clone, Copy)]
pub struct Amount {
    pub steps: usize,
    pub batch: usize,
    pub every: Option<usize>,
}

/// A training as requested; a dry run performs a few of its steps.
pub struct TrainingJob<'a> {
    call: &'a Call<'a>,
    base: Arc<dyn Target>,
    pub asked: Amount,
}

impl<'a> TrainingJob<'a> {
    pub fn new(
        call: &'a Call,
        base: &Arc<dyn Target>,
        (steps, batch): (usize, usize),
        every: Option<usize>,
    ) -> std::result::Result<TrainingJob<'a>, Fail> {
        let asked = Amount { steps: call.context.steps(steps), batch: call.context.points(batch), every };
        if let Some(why) = no_room(asked.batch, base.dim()) {
            return Err(call.place(sdflow::Error::argument("batch", asked.batch, why)));
        }
        Ok(TrainingJob { call, base: base.clone(), asked })
    }

    /// Trains the model with `train` and returns a batch of its points; `what` names the work in
    /// the report of a dry run.
    pub fn take(
        &self,
        model: &Model,
        stream: Stream,
        what: &str,
        train: impl Fn(&mut dyn Generator, Amount, &Pairwise) -> Result<FitResult>,
    ) -> std::result::Result<Done, Fail> {
        let context = self.call.context;
        let train = |part: Amount, pairwise: &Pairwise| {
            model.train_with(&self.base, |generator| train(generator, part, pairwise))
        };
        let act = || train(self.asked, &context.pairwise);
        let made = self.call.work(what, act, |gauge| self.measure(gauge, &train))?;
        let points = model.sample(self.asked.batch, stream.label("result"));
        let points = Arc::new(points.map_err(|e| self.call.place(e))?);
        Ok(Done { points, history: history(&made.history), ..Done::of(made.ending, made.stats) })
    }

    /// Performs a few steps, and returns their result with the cost of all.
    fn measure(
        &self,
        gauge: &Gauge,
        train: &impl Fn(Amount, &Pairwise) -> Result<FitResult>,
    ) -> sdflow::Result<(FitResult, Cost)> {
        let Amount { steps, batch, every } = self.asked;
        if every == Some(0) {
            // Errors must be the same as in a run.
            return train(self.asked, gauge.pairwise()).map(|made| (made, Cost::default()));
        }
        let asked = Training { steps, batch, every: cost::every(every, steps) };
        let (mut made, cost) = cost::training(asked, gauge, |part, pairwise| {
            train(Amount { steps: part.steps, batch: part.batch, every: Some(part.every) }, pairwise)
        })?;
        let stats = &mut made.stats;
        (stats.steps, stats.nfe) = (cost.steps, cost.nfe);
        (stats.pairs, stats.flow_pairs) = (cost.pairs, cost.flow_pairs);
        // How these few steps ended says nothing about all steps.
        made.ending = Ending::Finished;
        Ok((made, cost))
    }

    /// Records the result.
    pub fn finish(&self, model: &Model, done: Done) -> Made {
        let (dim, advice) = (done.points.dim(), advice(&done.ending, ", or the smallest sigma larger"));
        ended(self.call, model, done, dim, advice)
    }
}

/// Records how training ended, and saves the model of an interrupted training.
pub fn ended(call: &Call, model: &Model, done: Done, dim: usize, advice: String) -> Made {
    if matches!(done.ending, Ending::Interrupted { .. }) {
        ending::save_interrupted_model(call, |path| model.tensors().save(path))?;
    }
    record_result(call, done, dim, advice)
}

/// Returns advice on an ending; `or` names another remedy for steps that diverge.
pub fn advice(ending: &Ending, or: &str) -> String {
    match ending {
        Ending::Diverged { step } => {
            format!(
                "In step {step} numbers became infinite or NaN; the step was undone, and the \
                 generator keeps its last finite parameters. Make `rate` smaller{or}."
            )
        }
        Ending::Finished => "The last step was taken; the history shows how the training went.".into(),
        _ => ending::advice(ending, "", false),
    }
}
