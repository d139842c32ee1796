//! The bridge between two distributions, learned from samples of both.

mod loss;
mod matching;
mod option;
mod parameters;
#[cfg(test)]
mod tests;
mod units;

use super::potential::PotentialBridge;
use super::reference_process::usual_epsilon;
use crate::archive::{Archive, Archived};
use crate::net::{Adam, AdamOptions, Averaging, RunningMean, Trainee, TrainingPlan, TrainingStep, train};
use crate::process::{Ending, Observer};
use crate::rng::Stream;
use crate::target::Target;
use crate::{Error, Interrupt, Result};
use matching::moments;
pub use option::{LightSbOptions, PotentialLoss, ShapeKind};
use parameters::Parameters;
use units::{Units, draw};

/// A learned bridge, and how its training ended.
#[derive(Debug, Clone)]
pub struct TrainedBridge {
    /// The bridge, with the last finite parameters.
    pub bridge: PotentialBridge,
    /// Finished, interrupted or diverged.
    pub ending: Ending,
    /// The loss of the last step: a relative entropy up to a constant, see [`PotentialLoss`].
    pub loss: f64,
}

/// Learns the bridge between two distributions relative to a Brownian motion \[korotin2024light\].
/// The training minimises `E log c(X_0) - E log v(X_1)` over the potential `v` of a
/// [`PotentialBridge`], with `c(x) = sum_k a_k exp((x^T S_k x + 2 r_k . x) / (2 epsilon))`, by Adam
/// on minibatches of both distributions. This loss, [`PotentialLoss::Plan`], needs no pairs and no
/// simulation. It is the relative entropy of the true plan with respect to the learned plan, up to
/// a constant.
///
/// The loss [`PotentialLoss::Matching`] is `E |u(t, X_t) - (X_1 - X_t) / (1 - t)|^2 / (2 epsilon)`
/// at uniform times, with independent ends and the pinned Brownian motion between them
/// \[gushchin2024light\]. It is the relative entropy of that process with respect to the learned
/// bridge, up to a constant. Among all Schroedinger bridges that start from the source, the bridge
/// to the target has the smallest value, however the ends are paired.
///
/// The centres `r_k` start at points of the target. The result has the mean of the parameters over
/// the second half of the steps, because the boundaries between components otherwise depend on the
/// noise of single optimiser steps.
///
/// The units of the data do not matter: the training uses units in which the means are 0 and the
/// mean variance of both distributions is 1.
///
/// This function learns the forward process alone and ignores the option `backward`. The same
/// training with the ends exchanged gives the backward process, and a
/// [`TwoPotentialBridge`](super::TwoPotentialBridge) has both. Cost per step: `O(batch K d)`, or
/// `O(batch K d^2 + K d^3)` for full shapes.
///
/// # Errors
/// An option is out of range, the dimensions differ, a distribution cannot be sampled, or all
/// points of a distribution are the same. Divergence and an interrupt are endings, not errors.
pub fn train_light_sb(
    source: &dyn Target,
    target: &dyn Target,
    options: &LightSbOptions,
    stream: Stream,
    interrupt: &Interrupt,
    observer: &mut dyn Observer,
) -> Result<TrainedBridge> {
    options.check()?;
    if source.dim() != target.dim() {
        let got = format!("{} dimensions", target.dim());
        return Err(Error::shape("the target", got, format!("the source has {}", source.dim())));
    }
    let units = Units::measure(source, target, stream)?;
    units.check_distance()?;
    let noise = options.epsilon.unwrap_or_else(|| usual_epsilon([source, target]));
    let epsilon = noise / (units.scale * units.scale);
    let centres = units.target.inverse().apply(&draw(target, options.components, stream.label("centres"))?);
    let mut parameters = Parameters::new(&centres, epsilon, options.shape)?;
    let count = parameters.values.len();
    let mut learner = Learner {
        before: parameters.values.clone(),
        adam: Adam::new(count, AdamOptions::default()),
        gradient: vec![0.0; count],
        mean: vec![0.0; count],
        averaged: RunningMean::new(Averaging::Equal),
        parameters: &mut parameters,
        ends: [source, target],
        units: &units,
        batch: options.batch,
        loss: options.loss,
    };
    let stream = stream.label("train");
    let plan = TrainingPlan {
        name: "light_sb",
        loss: "loss",
        steps: options.steps,
        rate: &options.rate,
        stream,
        checkpoint_every: None,
    };
    let trained = train(&plan, &mut learner, interrupt, observer)?;
    let name = format!("a learned bridge to {}", target.name());
    let bridge = parameters.bridge(name, noise, &units)?;
    Ok(TrainedBridge { bridge, ending: trained.ending, loss: trained.loss })
}

/// The state of a training.
struct Learner<'a> {
    parameters: &'a mut Parameters,
    before: Vec<f64>,
    adam: Adam<f64>,
    gradient: Vec<f64>,
    /// The sum of the parameters of the second half of the steps.
    mean: Vec<f64>,
    averaged: RunningMean,
    ends: [&'a dyn Target; 2],
    units: &'a Units,
    batch: usize,
    loss: PotentialLoss,
}

impl Trainee for Learner<'_> {
    fn step(&mut self, now: &TrainingStep, _observer: &mut dyn Observer) -> Result<f64> {
        let start = draw(self.ends[0], self.batch, now.stream.label("source"))?;
        let end = draw(self.ends[1], self.batch, now.stream.label("target"))?;
        let (start, end) = (self.units.source.inverse().apply(&start), self.units.target.inverse().apply(&end));
        let loss = match self.loss {
            PotentialLoss::Plan => self.parameters.loss(&start, &end, &mut self.gradient)?,
            PotentialLoss::Matching => {
                let moments = moments([&start, &end], self.parameters.epsilon, now.stream);
                self.parameters.matching(&moments, &mut self.gradient)?
            }
        };
        self.before.copy_from_slice(&self.parameters.values);
        if loss.is_finite() {
            self.adam.step(&mut self.parameters.values, &self.gradient, now.rate);
            if 2 * now.step >= now.steps {
                self.averaged.add(&mut self.mean, &self.parameters.values);
            }
        }
        Ok(loss)
    }

    fn state(&mut self) -> Option<&mut dyn Archived> {
        Some(self)
    }

    fn finish(&mut self) {
        self.averaged.store(&self.mean, &mut self.parameters.values);
    }

    fn take_back(&mut self) {
        self.parameters.values.copy_from_slice(&self.before);
    }
}

impl Archived for Learner<'_> {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("parameters", self.parameters.values.as_mut_slice())?;
        archive.part("adam", &mut self.adam)?;
        archive.part("mean", self.mean.as_mut_slice())?;
        archive.part("averaged", &mut self.averaged)
    }
}
