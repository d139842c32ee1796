//! What points are compared with.

use crate::target::{Mixture, Moments, Target};
use crate::{Error, Points, Result, rng::Stream};
use std::sync::Arc;

/// A sample that the flow has not seen and, where it is known, the distribution it came from.
#[derive(Debug, Clone)]
pub struct Reference {
    points: Arc<Points>,
    target: Option<Arc<dyn Target>>,
}

impl Reference {
    /// A sample alone, shared and not copied: metrics that need a density, modes or exact moments refuse it.
    ///
    /// # Errors
    /// No rows, or a value that is not finite.
    pub fn new(points: impl Into<Arc<Points>>) -> Result<Reference> {
        let points = points.into();
        if points.n() == 0 {
            return Err(Error::shape("the reference", "no rows", "at least one is needed"));
        }
        points.check_finite("the reference")?;
        Ok(Reference { points, target: None })
    }

    /// A sample and the distribution it came from.
    ///
    /// # Errors
    /// As [`Reference::new`], or dims that do not match.
    pub fn with_target(points: impl Into<Arc<Points>>, target: Arc<dyn Target>) -> Result<Reference> {
        let points = points.into();
        points.check_dim("the reference", target.dim(), "its target")?;
        Ok(Reference { target: Some(target), ..Reference::new(points)? })
    }

    /// `n` fresh points of `target`. `stream` must not be the one from which the flow's own points came.
    ///
    /// # Errors
    /// As [`Target::sample`].
    pub fn sample(target: Arc<dyn Target>, n: usize, stream: Stream) -> Result<Reference> {
        let points = target.sample(n, stream)?;
        Reference::with_target(points, target)
    }

    /// The sample.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// The distribution, where it is known.
    pub fn target(&self) -> Option<&Arc<dyn Target>> {
        self.target.as_ref()
    }

    /// Exact moments. A finite sample's own moments are an estimate like any other and do not count.
    pub fn moments(&self) -> Option<Moments> {
        self.law().and_then(|t| t.moments())
    }

    /// The distribution when fresh points can be drawn from it without end.
    pub(crate) fn law(&self) -> Option<&Arc<dyn Target>> {
        self.target.as_ref().filter(|t| t.data().is_none())
    }

    /// The distribution, which the named metric needs for `part`.
    pub(super) fn expect_target(&self, metric: &str, part: &str) -> Result<&dyn Target> {
        self.target.as_deref().ok_or_else(|| Error::Missing {
            what: "a reference of points alone".into(),
            part: part.into(),
            hint: format!("`{metric}` needs the target the points came from"),
        })
    }

    /// The modes and their weights, which the named metric needs.
    pub(super) fn expect_modes(&self, metric: &str) -> Result<&Mixture> {
        self.expect_target(metric, "list of modes")?.expect_modes()
    }
}
