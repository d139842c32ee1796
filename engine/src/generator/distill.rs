//! Distribution matching distillation: a generator learns from a fixed score, the teacher, and from
//! a score of the generator's points, which is trained at the same time.

mod difference;
mod option;

use super::Generator;
use super::optimiser::OptimiserPlan;
use super::train::{FitResult, Training};
use super::training_options::TrainingOptions;
use crate::process::{Observer, process_setters};
use crate::score::Score;
use crate::target::Target;
use crate::{Result, pairwise::Pairwise, rng::Stream};
use difference::Difference;
pub use option::{DistillOptions, Weight};

/// A distillation: the generator to be trained, the fixed score that teaches it, and the base. The
/// options have defaults.
///
/// The generator is trained so that the distribution of `y = g(u)`, `u ~ base`, becomes that of the
/// teacher. This is distribution matching distillation \[yin2024onestep, yin2024improved\], a
/// score-difference flow whose source score is a learned denoiser.
///
/// Let `z = y + sigma e`, where `sigma` is log-uniform between `sigma_max` and `sigma_min`
/// (stratified: the points are divided among `levels` noise levels). Each step is one Adam step of
/// the generator along `-mean J^T v`, with
///
/// `v = w (D_teacher(z; sigma) - D_source(z; sigma))`, `w = 1 / mean_j |y - D_teacher(z; sigma)|_j`
/// or `w = 1`.
///
/// `D_source` is a net that minimises the denoising loss on fresh points of the generator. It takes
/// `warm_up` optimiser steps at the beginning, and then `score_updates` before every step. The cost
/// per step is `score_updates` training steps of that net, one evaluation of both scores, and one
/// training step of the generator.
///
/// The generator is trained in standard units, given by the base and by the mean and standard
/// deviations of the teacher. Inputs or outputs whose units are nearly standard are not rescaled.
/// Outputs are not rescaled either if the units of the teacher are unknown. If outputs are
/// rescaled, `w` is measured relative to the root mean square of the teacher's standard deviations.
/// A note reports the units.
///
/// ```
/// use sdflow::generator::{Affine, AffineOptions, Distillation};
/// use sdflow::{rng::Stream, score::Kde, target::Gaussian};
/// # fn main() -> sdflow::Result<()> {
/// let mut teacher = Kde::of(Stream::new(1).normal(200, 2));
/// let base = Gaussian::isotropic(vec![0.0; 2], 1.0)?;
/// let mut generator = Affine::new(&AffineOptions::default(), Stream::new(2))?;
/// let done = Distillation::new(&mut generator, &mut teacher, &base).steps(5).seed(3).go()?;
/// assert_eq!(done.stats.steps, 5);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Distillation<'a> {
    generator: &'a mut dyn Generator,
    teacher: &'a mut dyn Score,
    base: &'a dyn Target,
    options: DistillOptions,
    pairwise: Option<&'a Pairwise>,
    stream: Stream,
}

impl<'a> Distillation<'a> {
    /// Creates the training of `generator` in place by `teacher`, with inputs from `base`.
    pub fn new(generator: &'a mut dyn Generator, teacher: &'a mut dyn Score, base: &'a dyn Target) -> Distillation<'a> {
        let (options, stream) = (DistillOptions::default(), Stream::new(0));
        Distillation { generator, teacher, base, options, pairwise: None, stream }
    }

    process_setters!(DistillOptions, FitResult, pairwise 'a);

    /// Trains, and reports notes, progress and readings to `observer`.
    ///
    /// # Errors
    /// Options or dimensions do not match; the teacher fails, or its scale is unknown and sigma is
    /// left out. Divergence and interruption are not errors: the generator then keeps its last
    /// finite parameters.
    pub fn run_with(self, observer: &mut dyn Observer) -> Result<FitResult> {
        let default = Pairwise::default();
        let pairwise = self.pairwise.unwrap_or(&default);
        let DistillOptions { steps, batch, average, ema, every, checkpoint_every, .. } = self.options;
        let plan = OptimiserPlan { steps, rate: self.options.rate.as_ref(), net_rate: 0.005, average, ema };
        let training = TrainingOptions { name: "distill", plan, batch, every, checkpoint_every, many_outputs: false };
        let mut taught = Difference::new(self.teacher, self.generator.dim(), &self.options, pairwise)?;
        Training::new(self.generator, self.base, training, &mut taught, pairwise, self.stream)?.run(observer)
    }
}

#[cfg(test)]
mod tests;
