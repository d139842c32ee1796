//! Adam on the parameters of a generator.

use super::Generator;
use crate::net::{Adam, AdamOptions};
use crate::schedule::Schedule;
use crate::{Error, Points, Result};

/// How the parameters of a training are stepped and averaged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace<'a> {
    pub steps: usize,
    /// Left out: a cosine from the generator's usual rate to 0.
    pub rate: Option<&'a Schedule>,
    /// Share of the steps, counted from the end, whose parameters are averaged.
    pub average: f64,
}

impl Pace<'_> {
    /// # Errors
    /// An option out of range.
    pub fn check(&self) -> Result<()> {
        if self.steps == 0 {
            return Err(Error::argument("steps", 0, "it must be at least 1"));
        }
        if !(0.0..=1.0).contains(&self.average) {
            return Err(Error::argument("average", self.average, "it must lie between 0 and 1"));
        }
        self.rate.map_or(Ok(()), |rate| rate.check("rate", 0.0..=f64::INFINITY))
    }
}

/// A generator's optimiser and the mean of its last parameters. A step that leaves the finite numbers is taken back.
#[derive(Debug)]
pub(super) struct Descent {
    adam: Adam<f64>,
    steps: usize,
    rate: Schedule,
    averaged_from: usize,
    gradient: Vec<f64>,
    /// The parameters of the last finite velocity.
    kept: Vec<f64>,
    average: Average,
}

impl Descent {
    /// At a pace that has been checked.
    pub fn new(generator: &dyn Generator, pace: Pace) -> Descent {
        let kept = generator.parameters().to_vec();
        let Pace { steps, rate, average } = pace;
        Descent {
            adam: Adam::new(kept.len(), AdamOptions::default()),
            steps,
            rate: rate.cloned().unwrap_or(Schedule::Cosine { from: generator.usual_rate(), to: 0.0 }),
            averaged_from: steps - (average * steps as f64) as usize,
            gradient: vec![0.0; kept.len()],
            kept,
            average: Average::default(),
        }
    }

    /// Step `step` on the loss whose gradient is `-eta mean J^T v`. False where it leaves the finite numbers: the generator then has the
    /// parameters before it.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn step(
        &mut self,
        generator: &mut dyn Generator,
        (u, v, eta): (&Points, &Points, f64),
        step: usize,
    ) -> Result<bool> {
        generator.pull_back(u, v, &mut self.gradient)?;
        let scale = -eta / u.n() as f64;
        self.gradient.iter_mut().for_each(|g| *g *= scale);
        self.kept.copy_from_slice(generator.parameters());
        let rate = self.rate.at(step as f64 / self.steps as f64);
        self.adam.step(generator.parameters_mut(), &self.gradient, rate);
        if !generator.is_finite() {
            self.take_back(generator);
            return Ok(false);
        }
        if step >= self.averaged_from {
            self.average.add(generator.parameters());
        }
        Ok(true)
    }

    /// Gives the generator the parameters of the last finite velocity.
    pub fn take_back(&self, generator: &mut dyn Generator) {
        generator.parameters_mut().copy_from_slice(&self.kept);
    }

    /// Gives the generator the mean of the parameters that count in it.
    pub fn finish(&self, generator: &mut dyn Generator) {
        self.average.store(generator.parameters_mut());
    }
}

/// The running mean of parameters.
#[derive(Debug, Default)]
struct Average {
    sum: Vec<f64>,
    count: f64,
}

impl Average {
    fn add(&mut self, parameters: &[f64]) {
        self.sum.resize(parameters.len(), 0.0);
        self.sum.iter_mut().zip(parameters).for_each(|(s, p)| *s += p);
        self.count += 1.0;
    }

    fn store(&self, parameters: &mut [f64]) {
        if self.count > 0.0 {
            parameters.iter_mut().zip(&self.sum).for_each(|(p, s)| *p = s / self.count);
        }
    }
}
