//! The whole score difference, from a discriminator.

use super::{At, Batches, Discriminator, DiscriminatorOptions, Extent, Form, Score, ScoreProperties, check_sigma};
use crate::archive::{Archive, Archived};
use crate::rng::Stream;
use crate::target::Target;
use crate::{Points, Result};
use std::sync::Arc;

/// The score difference `grad log p_sigma/q_sigma`, as the gradient of the logit of a discriminator
/// \[sugiyama2012density\]. The discriminator distinguishes the points of the target from those of
/// the moving cloud, both with fresh noise of standard deviation `sigma`. The gradient is an
/// estimate of the whole difference, so no score of the cloud is subtracted from it. An evaluation
/// that learns fits the discriminator to the points of the target and of the cloud. If the target
/// is not an unweighted sample in memory, at most 4096 points are drawn from it. Every evaluation
/// computes the logit and its gradient once per query.
#[derive(Debug, Clone)]
pub struct Ratio {
    target: Arc<dyn Target>,
    discriminator: Discriminator,
    extent: Option<Extent>,
    logit: Vec<f64>,
    batches: Batches,
}

impl Ratio {
    /// Creates the estimate for `target`. Only samples of the target are needed.
    ///
    /// # Errors
    /// An option is out of range; the target cannot be sampled.
    pub fn new(target: Arc<dyn Target>, options: DiscriminatorOptions) -> Result<Ratio> {
        let sample = match target.data() {
            Some(data) if data.weights.is_none() => Arc::clone(data.points),
            _ => Arc::new(target.sample_up_to(1000, Stream::new(0).label("extent"))?),
        };
        let extent = Extent::of(&sample);
        let discriminator = Discriminator::new(options)?;
        Ok(Ratio { target, discriminator, extent: Some(extent), logit: Vec::new(), batches: Batches::default() })
    }

    fn fit(&mut self, at: &At) -> Result<()> {
        let random = |what: &str| at.stream.label(&format!("ratio {what}"));
        let [p, q] = self.batches.of(self.target.as_ref(), at.cloud, at.sigma, random)?;
        self.discriminator.fit(p, q, at.stream.label("discriminator"), at.pairwise.interrupt())
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

    fn properties(&self) -> ScoreProperties<'_> {
        ScoreProperties { data: self.target.data().map(|data| data.points), ..ScoreProperties::default() }
    }

    fn extent(&self) -> Option<Extent> {
        self.extent.clone()
    }
}

impl Archived for Ratio {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("discriminator", &mut self.discriminator)
    }
}

/// The zero score. It is subtracted from an estimate of the whole difference.
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

impl Archived for Nothing {}
