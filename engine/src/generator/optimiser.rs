//! Adam on the parameters of a generator, with an average over the steps. A bad step can be undone.

use super::Generator;
use crate::archive::{Archive, Archived};
use crate::net::{Adam, AdamOptions, Averaging, RunningMean};
use crate::options::at_least;
use crate::schedule::Schedule;
use crate::{Error, Points, Result};

/// The number of training steps of a generator, the learning rate, and the averaging.
#[derive(Debug, Clone, Copy)]
pub(super) struct OptimiserPlan<'a> {
    pub steps: usize,
    /// The learning rate. If it is left out, it is a cosine from the default rate of the generator
    /// to 0.
    pub rate: Option<&'a Schedule>,
    /// The parameters are averaged over this share of the steps, at the end of the training.
    pub average: f64,
    /// The decay of an exponential moving average over all steps, which replaces `average`.
    pub ema: Option<f64>,
    /// The default rate of a net at the start.
    pub net_rate: f64,
}

impl OptimiserPlan<'_> {
    /// Checks the options.
    ///
    /// # Errors
    /// An option is out of range.
    pub fn check(&self) -> Result<()> {
        at_least(&[("steps", self.steps, 1)])?;
        if !(0.0..=1.0).contains(&self.average) {
            return Err(Error::argument("average", self.average, "it must lie between 0 and 1"));
        }
        if let Some(decay) = self.ema.filter(|decay| !(0.0..1.0).contains(decay)) {
            return Err(Error::argument("ema", decay, "the decay of an average must be at least 0 and below 1"));
        }
        self.rate.map_or(Ok(()), |rate| rate.check("rate", 0.0..=f64::INFINITY))
    }

    /// Returns the learning rate over the training.
    pub fn schedule(&self, generator: &dyn Generator) -> Schedule {
        let usual = || Schedule::Cosine { from: usual_rate(generator, self.net_rate), to: 0.0 };
        self.rate.cloned().unwrap_or_else(usual)
    }

    /// Returns the first step whose parameters are averaged.
    fn averaged_from(&self) -> usize {
        match self.ema {
            Some(_) => 0,
            None => self.steps - (self.average * self.steps as f64) as usize,
        }
    }
}

/// Returns the default learning rate at the start of a training. An affine map allows larger steps
/// than a net.
fn usual_rate(generator: &dyn Generator, net_rate: f64) -> f64 {
    if generator.layers().len() == 1 { 0.02 } else { net_rate }
}

/// The displacement of the points of a generator: `eta v` from `g(u)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pull<'a> {
    pub u: &'a Points,
    pub v: &'a Points,
    pub eta: f64,
}

/// The optimiser of a generator. A step to non-finite parameters can be undone.
#[derive(Debug)]
pub(super) struct Optimiser {
    adam: Adam<f64>,
    gradient: Vec<f64>,
    /// The parameters before the last step. The velocity was finite for them.
    kept: Vec<f64>,
    averaged_from: usize,
    mean: RunningMean,
    /// The memory of `mean`.
    averaged: Vec<f64>,
}

impl Optimiser {
    /// Creates an optimiser for a checked plan.
    pub fn new(generator: &dyn Generator, plan: &OptimiserPlan) -> Optimiser {
        let kept = generator.parameters().to_vec();
        let (averaging, averaged) = match plan.ema {
            Some(decay) => (Averaging::Exponential { decay }, kept.clone()),
            None => (Averaging::Equal, vec![0.0; kept.len()]),
        };
        Optimiser {
            adam: Adam::new(kept.len(), AdamOptions::default()),
            gradient: vec![0.0; kept.len()],
            averaged_from: plan.averaged_from(),
            mean: RunningMean::new(averaging),
            averaged,
            kept,
        }
    }

    /// Takes step `step` of Adam on the loss whose gradient is `-eta mean J^T v`. Returns false if
    /// the parameters are no longer finite; the step must then be undone.
    ///
    /// # Errors
    /// The shapes do not match.
    pub fn step(&mut self, generator: &mut dyn Generator, pull: &Pull, step: usize, rate: f64) -> Result<bool> {
        generator.pull_back(pull.u, pull.v, &mut self.gradient)?;
        let scale = -pull.eta / pull.u.n() as f64;
        self.gradient.iter_mut().for_each(|g| *g *= scale);
        self.kept.copy_from_slice(generator.parameters());
        self.adam.step(generator.parameters_mut(), &self.gradient, rate);
        if !generator.is_finite() {
            return Ok(false);
        }
        if step >= self.averaged_from {
            self.mean.add(&mut self.averaged, generator.parameters());
        }
        Ok(true)
    }

    /// Restores the last parameters with a finite velocity.
    pub fn take_back(&self, generator: &mut dyn Generator) {
        generator.parameters_mut().copy_from_slice(&self.kept);
    }

    /// Sets the parameters to their average.
    pub fn finish(&self, generator: &mut dyn Generator) {
        self.mean.store(&self.averaged, generator.parameters_mut());
    }
}

/// While reading, the training must have the same number of parameters.
impl Archived for Optimiser {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("adam", &mut self.adam)?;
        archive.part("kept", self.kept.as_mut_slice())?;
        archive.part("averaged", &mut self.mean)?;
        archive.part("sum", self.averaged.as_mut_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{Affine, AffineOptions};
    use crate::rng::Stream;

    /// Takes 40 steps. Returns the parameters before the first and after each step, and those at
    /// the end.
    fn trained(average: f64, ema: Option<f64>) -> (Vec<Vec<f64>>, Vec<f64>) {
        let mut generator = Affine::new(&AffineOptions { dim: 2, ..AffineOptions::default() }, Stream::new(0)).unwrap();
        let plan = OptimiserPlan { steps: 40, rate: None, average, ema, net_rate: 0.0 };
        plan.check().unwrap();
        let mut optimiser = Optimiser::new(&generator, &plan);
        let mut seen = vec![generator.parameters().to_vec()];
        for step in 1..=plan.steps {
            let stream = Stream::new(step as u64);
            let (u, v) = (stream.normal(50, 2), stream.at(1).normal(50, 2));
            assert!(optimiser.step(&mut generator, &Pull { u: &u, v: &v, eta: 1.0 }, step, 0.1).unwrap());
            seen.push(generator.parameters().to_vec());
        }
        optimiser.finish(&mut generator);
        (seen, generator.parameters().to_vec())
    }

    #[test]
    fn the_result_is_the_chosen_average() {
        let (seen, last) = trained(0.0, None);
        assert_eq!(&last, seen.last().unwrap());
        let (seen, mean) = trained(0.25, None);
        let (_, moving) = trained(0.25, Some(0.8));
        for k in 0..mean.len() {
            let want = seen[30..].iter().map(|parameters| parameters[k]).sum::<f64>() / 11.0;
            assert!((mean[k] - want).abs() < 1e-12);
            let mut want = seen[0][k];
            for (step, parameters) in seen.iter().enumerate().skip(1) {
                let decay = f64::min(0.8, (1 + step) as f64 / (10 + step) as f64);
                want = decay * want + (1.0 - decay) * parameters[k];
            }
            assert!((moving[k] - want).abs() < 1e-12);
        }
    }
}
