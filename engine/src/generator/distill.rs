//! Distribution matching distillation: a generator taught by a frozen score, against a score of its own that learns along.

use super::Generator;
use super::optimiser::Pace;
use super::train::{Draw, FitResult, Teacher, Training, TrainingOptions};
use super::units::Known;
use crate::flow::{Aim, Clock};
use crate::net::{self, Activation, Moment};
use crate::points::squared_distance;
use crate::process::{Ending, Observer, Unobserved};
use crate::schedule::Schedule;
use crate::score::{At, DenoiserOptions, Form, Preconditioned, Score};
use crate::target::Target;
use crate::{Error, Points, Result, pairwise::Pairwise, rng::Stream};
use serde::{Deserialize, Serialize};

crate::options! {
    /// Options of `distill`.
    pub struct DistillOptions {
        /// Optimiser steps of the generator, at least 1.
        steps: usize = 2000,
        /// Base points drawn per step, and per update of the source's score, at least 2.
        batch: usize = 512,
        /// Learning rate of Adam over the run: a number, a schedule, a list; left out: `cosine(0.02, 0)` for an affine
        /// generator, `cosine(0.005, 0)` for a net.
        rate: Option<Schedule> = None,
        /// Share of the steps, counted from the end, over which the parameters are averaged; 0 keeps the last ones.
        average: f64 = 0.25,
        /// Write a row of history every so many steps; left out: about 20 times in the run.
        every: Option<usize> = None,
        /// Optimiser steps of the source's score, each on fresh points of the generator, before every step of the generator; at least 1.
        score_updates: usize = 5,
        /// Learning rate of Adam for the source's score over the run: a number, a schedule, a list.
        score_rate: Schedule = Schedule::Cosine { from: 2e-3, to: 2e-4 },
        /// Optimiser steps of the source's score before the generator's first.
        warm_up: usize = 300,
        /// Units of a hidden layer of the source's score, at least 1.
        hidden: usize = 128,
        /// Its hidden layers, at least 1.
        layers: usize = 3,
        /// Its "silu", "tanh" or "softplus".
        activation: Activation = Activation::Silu,
        /// Smallest noise, in the points' units; left out: the finest detail of the teacher, within what it has learned.
        sigma_min: Option<f64> = None,
        /// Largest noise; left out: the larger of the teacher's diameter and the generator's distance from it, within what it has learned.
        sigma_max: Option<f64> = None,
        /// Noise levels per step, each for its share of the points; at least 1, and no more than points are used.
        levels: usize = 16,
        /// "dmd" divides each point's velocity by its mean absolute distance to the teacher's denoised point, "none" does not.
        weight: Weight = Weight::Dmd,
    }
}

/// What weighs the points' velocities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// `1 / mean_j |y - D_teacher(z)|_j` [yin2024onestep].
    #[default]
    Dmd,
    /// 1
    None,
}

impl DistillOptions {
    /// The shape of the source's net.
    fn source(&self) -> DenoiserOptions {
        let DistillOptions { hidden, layers, activation, .. } = *self;
        let (batch, sigma_min, sigma_max) = (self.batch, self.sigma_min, self.sigma_max);
        DenoiserOptions { hidden, layers, activation, batch, sigma_min, sigma_max, ..DenoiserOptions::default() }
    }
}

/// Share by which the source's units go to those of each fresh batch: its net sees a law at rest, and not each batch's chance.
const UNITS: f64 = 0.02;

/// Trains `generator` so that the law of `y = g(u)`, `u ~ base`, becomes that of a frozen `teacher`: distribution matching
/// distillation [yin2024onestep, yin2024improved], a score-difference flow whose source is a learned denoiser.
///
/// With `z = y + sigma e`, `sigma` log-uniform between `sigma_max` and `sigma_min` (stratified: a share of the points at each of
/// `levels` levels), each step takes one Adam step of `generator` along `-mean J^T v`,
///
/// `v = w (D_teacher(z; sigma) - D_source(z; sigma))`, `w = 1 / mean_j |y - D_teacher(z; sigma)|_j` or 1.
///
/// `D_source` is a net that minimises the denoising loss on fresh points of the generator: `warm_up` optimiser steps at first, then
/// `score_updates` before every step. Cost: per step `score_updates` training steps of that net, one evaluation of both scores,
/// one training step of the generator.
///
/// The generator is trained in standard units, taken from the teacher's mean and deviations and from the base, unless
/// both are about standard or the teacher does not know them. Away from standard units `w` counts in the teacher's
/// mean deviation. A note says so.
///
/// # Errors
/// Options or dimensions that do not fit; a teacher that fails, or that has no size where sigma is left open. Divergence and
/// interruption are endings: the generator then keeps its last finite parameters.
pub fn distill(
    generator: &mut dyn Generator,
    teacher: &mut dyn Score,
    base: &dyn Target,
    options: &DistillOptions,
    pairwise: &Pairwise,
    stream: Stream,
    observer: &mut dyn Observer,
) -> Result<FitResult> {
    let DistillOptions { steps, batch, average, every, .. } = *options;
    let pace = Pace { steps, rate: options.rate.as_ref(), average };
    let training = TrainingOptions { name: "distill", pace, batch, every };
    let mut taught = Distillation::new(teacher, generator.dim(), options, pairwise)?;
    Training::new(generator, base, training, &mut taught, stream)?.run(pairwise, observer)
}

/// The weighted difference of the teacher's denoiser and the source's.
struct Distillation<'a> {
    teacher: &'a mut dyn Score,
    options: &'a DistillOptions,
    pairwise: &'a Pairwise,
    /// The length of an output in standard units.
    size: f64,
    /// Once the first points are seen.
    range: (f64, f64),
    source: Option<Preconditioned>,
    loss: f64,
    /// Fresh points; a level's points, their noisy ones and both scores there.
    fresh: Points,
    z: Points,
    p: Points,
    q: Points,
}

impl<'a> Distillation<'a> {
    fn new(
        teacher: &'a mut dyn Score,
        dim: usize,
        options: &'a DistillOptions,
        pairwise: &'a Pairwise,
    ) -> Result<Distillation<'a>> {
        if let Some(wanted) = teacher.dim().filter(|wanted| *wanted != dim) {
            let got = format!("points of {dim} coordinates");
            return Err(Error::shape("the generator", got, format!("the teacher's have {wanted}")));
        }
        for (name, value) in [("score_updates", options.score_updates), ("levels", options.levels)] {
            if value == 0 {
                return Err(Error::argument(name, 0, "it must be at least 1"));
            }
        }
        options.score_rate.check("score_rate", 0.0..=f64::INFINITY)?;
        options.source().check()?;
        let points = Points::default;
        let (fresh, z, p, q) = (points(), points(), points(), points());
        let (range, source, loss) = ((0.0, 0.0), None, f64::NAN);
        Ok(Distillation { teacher, options, pairwise, size: 1.0, range, source, loss, fresh, z, p, q })
    }

    /// The smallest and the largest sigma.
    fn range(&self, y: &Points) -> Result<(f64, f64)> {
        let DistillOptions { sigma_min, sigma_max, .. } = *self.options;
        if let Some(range) = sigma_min.zip(sigma_max) {
            return Ok(range);
        }
        let Some(extent) = self.teacher.extent() else {
            let open = if sigma_min.is_none() { "sigma_min" } else { "sigma_max" };
            let want = format!("{} says nothing of its size: give a number", self.teacher.name());
            return Err(Error::argument(open, "left out", want));
        };
        let away = squared_distance(&y.mean(), &extent.centre).sqrt();
        let (least, most) = self.teacher.sigma_range().learned.unwrap_or((0.0, f64::INFINITY));
        let max = sigma_max.unwrap_or(extent.diameter.max(away).min(most));
        // Points that all coincide have neither size nor detail.
        let max = if max > 0.0 { max } else { 1.0 };
        let min = sigma_min.unwrap_or(extent.detail.max(least).clamp(1e-6 * max, 0.5 * max));
        if min < max {
            return Ok((min, max));
        }
        Err(Error::argument("sigma_min", min, format!("it must be below `sigma_max`, {max:.4}")))
    }

    /// Steps of the source's score.
    fn update(&mut self, purpose: &str, updates: usize, draw: &mut Draw, clock: &Clock) -> Result<()> {
        let Some(source) = &mut self.source else { return Ok(()) };
        let (fresh, range) = (&mut self.fresh, self.range);
        let mut learn = |moment: &Moment| -> Result<f64> {
            draw(moment.stream.label("base"), fresh)?;
            source.follow(fresh, UNITS);
            Ok(source.learn(fresh, range, moment.rate, moment.stream))
        };
        let rate = Schedule::from(self.options.score_rate.at(clock.progress()));
        let stream = clock.randomness(purpose);
        let course = net::Course { name: "source", loss: "loss", steps: updates, rate: &rate, stream };
        let trained = net::train(&course, &mut learn, self.pairwise.interrupt(), &mut Unobserved)?;
        if matches!(trained.ending, Ending::Interrupted { .. }) {
            return Err(Error::Interrupted);
        }
        // A source that diverged, by points that are not finite, says so in its loss.
        self.loss = trained.loss;
        Ok(())
    }

    /// The velocity at a level, of the points of `level.cloud`.
    fn field(&mut self, level: &At, out: &mut [f64]) -> Result<()> {
        let Some(source) = &mut self.source else { return Ok(()) };
        self.teacher.evaluate(level, Form::Shift, &mut self.p)?;
        source.shift(level.z, level.sigma, &mut self.q);
        let dim = level.z.dim();
        for (i, out) in out.chunks_exact_mut(dim).enumerate() {
            let (y, z, p, q) = (level.cloud.row(i), level.z.row(i), self.p.row(i), self.q.row(i));
            let away = (0..dim).map(|j| (y[j] - z[j] - p[j]).abs()).sum::<f64>() / dim as f64;
            let weight = match self.options.weight {
                // Without the size, whose share is 1 / away too, the velocity would be a length in no units.
                Weight::Dmd if away > 0.0 => self.size / away,
                Weight::Dmd => 0.0,
                Weight::None => 1.0,
            };
            (0..dim).for_each(|j| out[j] = weight * (p[j] - q[j]));
        }
        Ok(())
    }
}

impl Teacher for Distillation<'_> {
    fn wanted(&self, _y: &Points, _clock: &Clock) -> Option<Known> {
        Aim::Score(self.teacher).units().map(|map| Known { map, each_column: false })
    }

    fn measure(&mut self, size: f64) {
        self.size = size;
    }

    fn prepare(&mut self, y: &Points, draw: &mut Draw, clock: &Clock) -> Result<Vec<String>> {
        self.range = self.range(y)?;
        let stream = clock.stream.label("source init");
        self.source = Some(Preconditioned::new(y, &self.options.source(), 0.0, stream)?);
        self.update("warm-up", self.options.warm_up, draw, clock)?;
        Ok(match self.options.sigma_min.zip(self.options.sigma_max) {
            Some(_) => Vec::new(),
            None => {
                vec![format!("sigma: between {:.3} and {:.3}, chosen from the teacher", self.range.1, self.range.0)]
            }
        })
    }

    fn learn(&mut self, draw: &mut Draw, clock: &Clock) -> Result<()> {
        self.update("source", self.options.score_updates, draw, clock)
    }

    fn velocity(&mut self, y: &Points, clock: &Clock, out: &mut Points) -> Result<()> {
        let (levels, dim) = (self.options.levels.min(y.n()), y.dim());
        let (low, high) = (self.range.0.ln(), self.range.1.ln());
        let mut rng = clock.randomness("sigma").rng();
        let mut z = std::mem::take(&mut self.z);
        out.reshape(y.n(), dim);
        for level in 0..levels {
            let rows = level * y.n() / levels..(level + 1) * y.n() / levels;
            let sigma = (low + (high - low) * (level as f64 + rng.uniform()) / levels as f64).exp();
            let (cloud, stream) = (y.rows(rows.clone()), clock.randomness("level").at(level as u64));
            z.reshape(cloud.n(), dim);
            stream.label("noise").scatter_normal(cloud.data(), sigma, z.data_mut());
            let at = At { z: &z, sigma, cloud: &cloud, aligned: true, learn: true, stream, pairwise: self.pairwise };
            self.field(&at, &mut out.data_mut()[rows.start * dim..rows.end * dim])?;
        }
        self.z = z;
        if !self.loss.is_finite() {
            out.data_mut().fill(f64::NAN);
        }
        Ok(())
    }

    fn readings(&mut self, _y: &Points, _clock: &Clock) -> Result<Vec<(&'static str, f64)>> {
        Ok(vec![("source_loss", self.loss)])
    }
}

#[cfg(test)]
mod tests;
