//! The score difference as a whole, from a discriminator.

use super::{At, Discriminator, DiscriminatorOptions, Extent, Form, Score, check_sigma};
use crate::rng::Stream;
use crate::target::{Target, diameter, spacing};
use crate::{Points, Result};
use std::sync::Arc;

/// Points drawn anew at every evaluation from a target that is no finite sample.
const DRAWN: usize = 4096;

/// `grad log p_sigma/q_sigma`: the gradient of the logit of a discriminator between the target's points and the moving cloud's,
/// both with fresh noise of size `sigma` [sugiyama2012density]. It estimates the difference of two scores, so nothing is
/// subtracted from it.
#[derive(Debug, Clone)]
pub struct Ratio {
    target: Arc<dyn Target>,
    discriminator: Discriminator,
    extent: Option<Extent>,
    logit: Vec<f64>,
    noisy: [Points; 2],
}

impl Ratio {
    /// Towards `target`, of which samples are enough.
    ///
    /// # Errors
    /// An option out of range; a target that cannot be sampled.
    pub fn new(target: Arc<dyn Target>, options: DiscriminatorOptions) -> Result<Ratio> {
        let sample = match target.data() {
            Some(data) => data.clone(),
            None => target.sample(1000, Stream::new(0).label("extent"))?,
        };
        let extent = Extent { centre: sample.mean(), diameter: diameter(&sample), detail: spacing(&sample) };
        let discriminator = Discriminator::new(options)?;
        Ok(Ratio { target, discriminator, extent: Some(extent), logit: Vec::new(), noisy: Default::default() })
    }

    fn fit(&mut self, at: &At) -> Result<()> {
        let drawn = match self.target.data() {
            Some(_) if self.target.weights().is_none() => None,
            _ => Some(self.target.sample(DRAWN, at.stream.label("ratio target"))?),
        };
        let p = drawn.as_ref().or(self.target.data()).unwrap_or(at.cloud);
        let [noisy_p, noisy_q] = &mut self.noisy;
        for (points, noisy, label) in [(p, &mut *noisy_p, "ratio p"), (at.cloud, &mut *noisy_q, "ratio q")] {
            noisy.copy_from(points);
            if at.sigma > 0.0 {
                at.stream.label(label).scatter_normal(points.data(), at.sigma, noisy.data_mut());
            }
        }
        self.discriminator.fit(noisy_p, noisy_q, at.stream.label("discriminator"), at.pairwise.interrupt())
    }
}

impl Score for Ratio {
    fn name(&self) -> String {
        format!("density ratio to {}", self.target.name())
    }

    fn dim(&self) -> Option<usize> {
        Some(self.target.dim())
    }

    fn evaluate(&mut self, at: &At, form: Form, out: &mut Points) -> Result<()> {
        check_sigma(at.sigma, true, "a density ratio")?;
        if at.learn || !self.discriminator.knows(at.z.dim()) {
            self.fit(at)?;
        }
        self.discriminator.evaluate(at.z, &mut self.logit, out);
        let scale = form.scale(at.sigma);
        out.data_mut().iter_mut().for_each(|v| *v *= scale);
        Ok(())
    }

    fn extent(&self) -> Option<Extent> {
        self.extent.clone()
    }
}

/// No score at all, for an estimate from which nothing is to be subtracted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl Score for Nothing {
    fn name(&self) -> String {
        "nothing".into()
    }

    fn dim(&self) -> Option<usize> {
        None
    }

    fn evaluate(&mut self, at: &At, _form: Form, out: &mut Points) -> Result<()> {
        out.reshape(at.z.n(), at.z.dim());
        out.data_mut().fill(0.0);
        Ok(())
    }
}
