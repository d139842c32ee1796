//! Adam on the parameters of a generator.

use super::Generator;
use crate::net::{Adam, AdamOptions};
use crate::{Points, Result};

/// A generator's optimiser and the mean of its last parameters. A step that leaves the finite numbers is taken back.
#[derive(Debug)]
pub(super) struct Descent {
    adam: Adam<f64>,
    gradient: Vec<f64>,
    /// The parameters of the last finite velocity.
    kept: Vec<f64>,
    average: Average,
}

impl Descent {
    pub fn new(generator: &dyn Generator) -> Descent {
        let kept = generator.parameters().to_vec();
        let gradient = vec![0.0; kept.len()];
        Descent { adam: Adam::new(kept.len(), AdamOptions::default()), gradient, kept, average: Average::default() }
    }

    /// One step at `rate` on the loss whose gradient is `-eta mean J^T v`; `averaged` counts its parameters in the mean. False where it
    /// leaves the finite numbers: the generator then has the parameters before it.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn step(
        &mut self,
        generator: &mut dyn Generator,
        (u, v, eta): (&Points, &Points, f64),
        rate: f64,
        averaged: bool,
    ) -> Result<bool> {
        generator.pull_back(u, v, &mut self.gradient)?;
        let scale = -eta / u.n() as f64;
        self.gradient.iter_mut().for_each(|g| *g *= scale);
        self.kept.copy_from_slice(generator.parameters());
        self.adam.step(generator.parameters_mut(), &self.gradient, rate);
        if !generator.is_finite() {
            self.take_back(generator);
            return Ok(false);
        }
        if averaged {
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
