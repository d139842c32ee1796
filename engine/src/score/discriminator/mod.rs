//! Logistic regression between two sets of points: the logit of the best discriminator is `log p/q` [sugiyama2012density].

mod batches;
mod learned;
mod logistic;

use crate::net::Activation;
use crate::rng::Stream;
use crate::schedule::Schedule;
use crate::{Error, Interrupt, Points, Result};
pub use batches::Batches;
use learned::Learned;
use logistic::Logistic;
use serde::{Deserialize, Serialize};

/// What the logit is a function of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Features {
    /// Of the coordinates, linearly: right for Gaussians of equal covariance.
    Linear,
    /// Of the coordinates and their products: right for any two Gaussians.
    Quadratic,
    /// Of a net.
    #[default]
    Mlp,
}

crate::options! {
    /// Options of a discriminator.
    pub struct DiscriminatorOptions {
        /// What the logit is made of: "linear", "quadratic" or "mlp".
        features: Features = Features::Mlp,
        /// Penalty on the squared coefficients of standardised linear and quadratic features, per point; 0 or more.
        ridge: f64 = 1e-5,
        /// Newton steps at most, each time, for linear and quadratic features; at least 1.
        newton: usize = 20,
        /// Units of a hidden layer of the net, at least 1.
        hidden: usize = 64,
        /// Hidden layers, at least 1.
        layers: usize = 3,
        /// "silu", "tanh" or "softplus".
        activation: Activation = Activation::Silu,
        /// Optimiser steps of the net at first, at least 1.
        steps: usize = 500,
        /// Optimiser steps at every evaluation of the velocity after the first: at every step of Euler's, four times a step of "rk4".
        follow: usize = 10,
        /// Points of each of the two sets per optimiser step, at least 2.
        batch: usize = 256,
        /// Learning rate of Adam over `steps`: a number, a schedule, a list; it then goes on with its last value.
        rate: Schedule = Schedule::Cosine { from: 2e-3, to: 5e-4 },
        /// Share of the net's parameters taken off by a step, times the rate (AdamW); 0 or more.
        decay: f64 = 0.01,
    }
}

impl DiscriminatorOptions {
    /// # Errors
    /// An option out of range.
    pub fn check(&self) -> Result<()> {
        for (name, value, least) in [("newton", self.newton, 1), ("steps", self.steps, 1), ("batch", self.batch, 2)] {
            if value < least {
                return Err(Error::argument(name, value, format!("it must be at least {least}")));
            }
        }
        for (name, value) in [("ridge", self.ridge), ("decay", self.decay)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::argument(name, value, "it must be 0 or more"));
            }
        }
        learned::widths(1, self)?;
        self.rate.check("rate", 0.0..=f64::INFINITY)
    }
}

/// A logit `l(x)` fitted so that `1 / (1 + exp(-l))` tells points of `p` from points of `q`, both sets counting alike: `l`
/// estimates `log p/q`. It is kept between fits, each of which goes on from the last.
#[derive(Debug, Clone)]
pub struct Discriminator {
    options: DiscriminatorOptions,
    fitted: Option<Fitted>,
    /// Were the points of the last fit too far apart to be told from each other in finite numbers?
    lost: bool,
}

#[derive(Debug, Clone)]
enum Fitted {
    Logistic(Logistic),
    Learned(Box<Learned>),
}

impl Discriminator {
    /// # Errors
    /// An option out of range.
    pub fn new(options: DiscriminatorOptions) -> Result<Discriminator> {
        options.check()?;
        Ok(Discriminator { options, fitted: None, lost: false })
    }

    /// Its options.
    pub fn options(&self) -> &DiscriminatorOptions {
        &self.options
    }

    /// Has it been fitted to points of this dimension?
    pub fn knows(&self, dim: usize) -> bool {
        match &self.fitted {
            None => false,
            Some(Fitted::Logistic(l)) => l.dim() == dim,
            Some(Fitted::Learned(l)) => l.dim() == dim,
        }
    }

    /// Fits it to tell `p` from `q`. Cost: a Newton step takes `n F^2 + F^3` for `F` features, an optimiser step a forward
    /// pass of the net and its gradient, some three passes' products, for each point of two batches. Points beyond the finite numbers, of
    /// a cloud that flies apart, are no error: [`Discriminator::evaluate`] then answers NaN.
    ///
    /// # Errors
    /// Sets of different dimensions, more features than memory, a loss that leaves the finite numbers, an interrupt.
    pub fn fit(&mut self, p: &Points, q: &Points, stream: Stream, interrupt: &Interrupt) -> Result<()> {
        q.check_dim("the moving cloud", p.dim(), "the target")?;
        if !self.knows(p.dim()) {
            self.fitted = Some(match self.options.features {
                Features::Mlp => Fitted::Learned(Box::new(Learned::new(p, q, &self.options, stream.label("init"))?)),
                features => Fitted::Logistic(Logistic::new(p.dim(), features == Features::Quadratic)?),
            });
        }
        self.lost = !match &mut self.fitted {
            Some(Fitted::Logistic(logistic)) => logistic.fit(p, q, &self.options, interrupt)?,
            Some(Fitted::Learned(learned)) => learned.fit(p, q, &self.options, stream, interrupt)?,
            None => true,
        };
        Ok(())
    }

    /// Writes `l` and its gradient at every row of `z`; 0 before the first fit, NaN after one to points beyond the finite numbers.
    pub fn evaluate(&mut self, z: &Points, logit: &mut Vec<f64>, gradient: &mut Points) {
        logit.clear();
        logit.resize(z.n(), 0.0);
        gradient.reshape(z.n(), z.dim());
        match &mut self.fitted {
            Some(Fitted::Logistic(logistic)) => logistic.evaluate(z, logit, gradient),
            Some(Fitted::Learned(learned)) => learned.evaluate(z, logit, gradient),
            None => gradient.data_mut().fill(0.0),
        }
        if self.lost {
            logit.fill(f64::NAN);
            gradient.data_mut().fill(f64::NAN);
        }
    }
}

/// `1 / (1 + exp(-x))`
pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `log(1 + exp(x))`
pub(crate) fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests;
