//! The loop of all trainings: of denoisers, discriminators and generators.

use crate::archive::{Archive, Archived};
use crate::process::{Ending, Observer};
use crate::schedule::Schedule;
use crate::{Error, Interrupt, Result, rng::Stream};

/// The plan of a training: its number of steps, its learning rate and its random numbers.
#[derive(Debug, Clone, Copy)]
pub struct TrainingPlan<'a> {
    /// The name of the training in progress messages, such as "denoiser".
    pub name: &'a str,
    /// The name of the loss in progress messages, such as "loss" or "residual".
    pub loss: &'a str,
    /// Number of optimiser steps.
    pub steps: usize,
    /// The learning rate as a function of the share of the steps that is done.
    pub rate: &'a Schedule,
    /// The source of the random stream of each step.
    pub stream: Stream,
    /// Number of steps between checkpoints. Checkpoints are also written when they are due for the
    /// observer.
    pub checkpoint_every: Option<usize>,
}

/// One step of a training.
#[derive(Debug, Clone, Copy)]
pub struct TrainingStep {
    /// Index of the step, from 0.
    pub step: usize,
    /// Number of steps of the training.
    pub steps: usize,
    /// The learning rate of this step.
    pub rate: f64,
    /// The random stream of this step, from which a minibatch is drawn.
    pub stream: Stream,
}

/// A model that can be trained. A closure from the step to its loss is such a model too.
pub trait Trainee {
    /// Draws a minibatch, takes one optimiser step on it, and returns the loss before the step. A
    /// loss that is not finite (it is NaN for non-finite parameters) ends the training as diverged.
    ///
    /// # Errors
    /// The step is impossible; [`Error::Interrupted`] becomes an ending.
    fn step(&mut self, now: &TrainingStep, observer: &mut dyn Observer) -> Result<f64>;

    /// Returns the state that the training keeps between steps, if it can continue from a
    /// checkpoint. The default is None, for a training inside a longer process that has checkpoints
    /// of its own.
    fn state(&mut self) -> Option<&mut dyn Archived> {
        None
    }

    /// Repeats the reports that were made before the checkpoint from which the training continues.
    fn resumed(&mut self, _observer: &mut dyn Observer) {}

    /// Undoes the step that diverged, if the model can.
    fn take_back(&mut self) {}

    /// Sets the parameters to their average, if there is one. It is not called after a divergence.
    fn finish(&mut self) {}
}

impl<F: FnMut(&TrainingStep) -> Result<f64>> Trainee for F {
    fn step(&mut self, now: &TrainingStep, _observer: &mut dyn Observer) -> Result<f64> {
        self(now)
    }
}

/// How a training ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Finished, interrupted or diverged.
    pub ending: Ending,
    /// The loss of the last attempted step; NaN if there was none.
    pub loss: f64,
}

impl Trained {
    /// Returns an error unless the training has finished; `what` names the trained model.
    ///
    /// # Errors
    /// [`Error::Interrupted`]; [`Error::Numeric`] for a loss that is not finite.
    pub fn require_finished(self, what: &str) -> Result<()> {
        match self.ending {
            Ending::Interrupted { .. } => Err(Error::Interrupted),
            Ending::Diverged { .. } => {
                let reason = format!("its loss became {}; make `rate` smaller", self.loss);
                Err(Error::Numeric { what: what.into(), reason })
            }
            Ending::Finished | Ending::Converged { .. } => Ok(()),
        }
    }
}

/// Trains `trainee` as `plan` says. The interrupt is checked before each step. After the step, the
/// loss is checked and progress is reported. A step that diverges is undone. A training with a
/// state continues from the checkpoint of its observer, and writes new ones.
///
/// # Errors
/// Those of [`Trainee::step`]; the checkpoint belongs to another training, or a checkpoint cannot
/// be written.
pub fn train(
    plan: &TrainingPlan,
    trainee: &mut dyn Trainee,
    interrupt: &Interrupt,
    observer: &mut dyn Observer,
) -> Result<Trained> {
    let (steps, mut loss) = (plan.steps, f64::NAN);
    let first = resume(trainee, &mut loss, observer)?.min(steps);
    for step in first..=steps {
        let own = plan.checkpoint_every.is_some_and(|every| step.is_multiple_of(every));
        if pause(trainee, (step, steps), own, &mut loss, interrupt, observer)? {
            trainee.finish();
            return Ok(Trained { ending: Ending::Interrupted { step }, loss });
        }
        if step == steps {
            break;
        }
        let rate = plan.rate.at(step as f64 / steps as f64);
        let now = TrainingStep { step, steps, rate, stream: plan.stream.at(step as u64) };
        let tried = interrupt.check().and_then(|()| trainee.step(&now, observer));
        loss = match tried {
            Ok(loss) => loss,
            Err(Error::Interrupted) => {
                trainee.finish();
                return Ok(Trained { ending: Ending::Interrupted { step }, loss });
            }
            Err(error) => return Err(error),
        };
        if !loss.is_finite() {
            trainee.take_back();
            return Ok(Trained { ending: Ending::Diverged { step }, loss });
        }
        observer.progress(plan.name, step + 1, steps, &|| format!("{} {loss:.3}", plan.loss));
    }
    trainee.finish();
    Ok(Trained { ending: Ending::Finished, loss })
}

/// Restores the state from the observer's checkpoint, if there is one. Returns the number of steps
/// before the checkpoint.
fn resume(trainee: &mut dyn Trainee, loss: &mut f64, observer: &mut dyn Observer) -> Result<usize> {
    let Some(state) = trainee.state() else { return Ok(0) };
    let Some((step, mut archive)) = observer.resume()? else { return Ok(0) };
    archive.part("loss", loss)?;
    archive.part("training", state)?;
    archive.finish()?;
    trainee.resumed(observer);
    Ok(step)
}

/// Writes a checkpoint if one is due, for the plan itself (`own`) or for the observer. It is called
/// before every step and after the last step. Returns true if the training should end here because
/// its end was requested.
fn pause(
    trainee: &mut dyn Trainee,
    (step, steps): (usize, usize),
    own: bool,
    loss: &mut f64,
    interrupt: &Interrupt,
    observer: &mut dyn Observer,
) -> Result<bool> {
    let Some(state) = trainee.state() else { return Ok(false) };
    let ends = interrupt.end_requested();
    if step > 0 && (ends || own || observer.checkpoint_due(step, steps)) {
        keep_checkpoint(state, (step, steps), loss, observer)?;
    }
    Ok(ends)
}

/// Writes the checkpoint of a training after `step` of `steps` steps, from which [`train`]
/// continues. It is also called within the first step, if the preparation of this step takes long.
///
/// # Errors
/// The checkpoint cannot be written.
pub fn keep_checkpoint(
    state: &mut dyn Archived,
    (step, steps): (usize, usize),
    loss: &mut f64,
    observer: &mut dyn Observer,
) -> Result<()> {
    let mut archive = Archive::writer();
    archive.part("loss", loss)?;
    archive.part("training", state)?;
    observer.keep_checkpoint(step, steps, archive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Unobserved;

    /// A model that records its calls.
    #[derive(Default)]
    struct Log {
        rates: Vec<f64>,
        acts: Vec<&'static str>,
        diverges_at: Option<usize>,
        raises: Option<(usize, Interrupt)>,
    }

    impl Trainee for Log {
        fn step(&mut self, now: &TrainingStep, _observer: &mut dyn Observer) -> Result<f64> {
            self.rates.push(now.rate);
            if let Some((_, interrupt)) = self.raises.as_ref().filter(|(at, _)| *at == now.step) {
                interrupt.raise();
            }
            Ok(if self.diverges_at == Some(now.step) { f64::NAN } else { now.step as f64 })
        }

        fn take_back(&mut self) {
            self.acts.push("take back");
        }

        fn finish(&mut self) {
            self.acts.push("finish");
        }
    }

    /// An observer that records the reports of progress.
    #[derive(Default)]
    struct Told(Vec<(usize, usize, String)>);

    impl Observer for Told {
        fn progress(&mut self, what: &str, done: usize, total: usize, detail: &dyn Fn() -> String) {
            self.0.push((done, total, format!("{what}: {}", detail())));
        }
    }

    fn plan(rate: &Schedule) -> TrainingPlan<'_> {
        TrainingPlan { name: "log", loss: "loss", steps: 4, rate, stream: Stream::new(1), checkpoint_every: None }
    }

    #[test]
    fn every_step_has_its_rate_and_is_told() {
        let (mut log, mut told) = (Log::default(), Told::default());
        let rate = Schedule::Linear { from: 1.0, to: 0.0 };
        let done = train(&plan(&rate), &mut log, &Interrupt::default(), &mut told).unwrap();
        assert_eq!(done, Trained { ending: Ending::Finished, loss: 3.0 });
        assert_eq!((log.rates, log.acts), (vec![1.0, 0.75, 0.5, 0.25], vec!["finish"]));
        assert_eq!((told.0.len(), told.0[3].clone()), (4, (4, 4, "log: loss 3.000".into())));
    }

    #[test]
    fn divergence_is_taken_back_and_an_interrupt_keeps_the_mean() {
        let rate = Schedule::from(0.1);
        let mut log = Log { diverges_at: Some(2), ..Log::default() };
        let done = train(&plan(&rate), &mut log, &Interrupt::default(), &mut Unobserved).unwrap();
        assert_eq!((done.ending.clone(), log.acts), (Ending::Diverged { step: 2 }, vec!["take back"]));
        let told = done.require_finished("the log").unwrap_err().to_string();
        assert!(told.contains("the log") && told.contains("NaN") && told.contains("`rate` smaller"), "{told}");
        let interrupt = Interrupt::default();
        let mut log = Log { raises: Some((1, interrupt.clone())), ..Log::default() };
        let done = train(&plan(&rate), &mut log, &interrupt, &mut Unobserved).unwrap();
        assert_eq!((done.ending.clone(), log.acts), (Ending::Interrupted { step: 2 }, vec!["finish"]));
        assert!(matches!(done.require_finished("the log"), Err(Error::Interrupted)));
    }

    #[test]
    fn a_closure_learns_and_its_errors_are_the_training_s() {
        let (rate, mut seen) = (Schedule::from(0.1), 0);
        let mut count = |now: &TrainingStep| -> Result<f64> {
            seen = now.step;
            if now.step == 2 { Err(Error::argument("x", 1, "it must be 2")) } else { Ok(0.0) }
        };
        assert!(train(&plan(&rate), &mut count, &Interrupt::default(), &mut Unobserved).is_err());
        assert_eq!(seen, 2);
    }
}
