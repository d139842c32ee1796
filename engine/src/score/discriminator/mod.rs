//! Logistic regression between two sets of points. The logit of the optimal discriminator is `log
//! p/q` \[sugiyama2012density\].

mod batches;
mod learned;
mod logistic;
mod option;
mod sigmoid;

use crate::archive::{Archive, Archived};
use crate::rng::Stream;
use crate::{Interrupt, Points, Result};
pub use batches::Batches;
use learned::Learned;
use logistic::Logistic;
pub use option::{DiscriminatorOptions, Features};
pub(crate) use sigmoid::{sigmoid, softplus};

/// A logit `l(x)`, fitted so that `1 / (1 + exp(-l))` distinguishes points of `p` from points of
/// `q`. Both sets have equal weight, so `l` estimates `log p/q`. Each fit of a net starts from the
/// result of the last fit; other fits start from zero.
#[derive(Debug, Clone)]
pub struct Discriminator {
    options: DiscriminatorOptions,
    fitted: Option<Fitted>,
    /// True if the points of the last fit were too far apart for finite numbers.
    lost: bool,
}

#[derive(Debug, Clone)]
enum Fitted {
    Logistic(Logistic),
    Learned(Box<Learned>),
}

impl Fitted {
    fn dim(&self) -> usize {
        match self {
            Fitted::Logistic(logistic) => logistic.dim(),
            Fitted::Learned(learned) => learned.dim(),
        }
    }
}

impl Archived for Fitted {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        match self {
            Fitted::Logistic(logistic) => logistic.archive(archive),
            Fitted::Learned(learned) => learned.archive(archive),
        }
    }
}

impl Archived for Discriminator {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        let (options, mut dim) = (&self.options, self.fitted.as_ref().map_or(0, Fitted::dim));
        archive.part("lost", &mut self.lost)?;
        archive.part("dim", &mut dim)?;
        archive.optional("fitted", &mut self.fitted, |archive| {
            archive.expect_room(dim)?;
            Ok(match options.features {
                Features::Mlp => Fitted::Learned(Box::new(Learned::blank(dim, options, archive)?)),
                features => Fitted::Logistic(Logistic::new(dim, features == Features::Quadratic)?),
            })
        })
    }
}

impl Discriminator {
    /// # Errors
    /// An option is out of range.
    pub fn new(options: DiscriminatorOptions) -> Result<Discriminator> {
        options.check()?;
        Ok(Discriminator { options, fitted: None, lost: false })
    }

    /// True if the discriminator has been fitted to points of this dimension.
    pub fn knows(&self, dim: usize) -> bool {
        self.fitted.as_ref().is_some_and(|fitted| fitted.dim() == dim)
    }

    /// Fits the discriminator to distinguish `p` from `q`. A Newton step costs `n F^2 + F^3` for
    /// `F` features. In an optimiser step of a net, each point of two batches costs a forward pass
    /// and its gradient, together about as much as three forward passes. Non-finite points of a
    /// diverging cloud are not an error: [`Discriminator::evaluate`] then returns NaN.
    ///
    /// # Errors
    /// The sets differ in dimension, the features do not fit into memory, the loss is not finite,
    /// or an interrupt.
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

    /// Writes `l` and its gradient at every row of `z`. Both are 0 before the first fit, and NaN
    /// after a fit to points that are not finite or too far apart.
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

#[cfg(test)]
mod tests;
