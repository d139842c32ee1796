//! Trainings that a flow performs at its first evaluation.

use crate::call::Call;
use sdflow::Points;
use sdflow::score::{At, DiscriminatorOptions, Features, Form, Ratio, Score};
use sdflow::target::Target;
use std::sync::Arc;

/// Reduces the optimiser steps of the first training of a discriminator, with `--quick` and in a
/// dry run. The dry run counts the cost of the full training.
pub fn shorten_first_training(call: &Call, target: &Arc<dyn Target>, options: &mut DiscriminatorOptions) {
    if options.features != Features::Mlp || options.check().is_err() {
        return;
    }
    let (task, steps) = (call.task(format!("train {}", call.signature.name)), call.context.steps(options.steps));
    options.steps = call.context.mode.first_training(&task, steps, |steps| {
        let mut net = Ratio::new(Arc::clone(target), DiscriminatorOptions { steps, ..options.clone() })?;
        evaluate_once(call, &mut net, target.dim(), 1.0)
    });
}

/// Evaluates a score at a few normal points. The score learns at its first evaluation.
pub fn evaluate_once(call: &Call, score: &mut dyn Score, dim: usize, sigma: f64) -> sdflow::Result<()> {
    let (stream, pairwise) = (call.context.fixed_stream("check"), &call.context.pairwise);
    let (cloud, mut out) = (stream.normal(64, dim), Points::default());
    let at = At { z: &cloud, sigma, cloud: &cloud, aligned: true, learn: true, stream, pairwise };
    score.evaluate(&at, Form::Score, &mut out)
}
