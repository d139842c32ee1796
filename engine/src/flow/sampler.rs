//! Samplers, which make their own steps. Their noise, rejections or noise levels are not part of a
//! velocity.

use super::{Clock, FieldAt, Readings};
use crate::archive::Archived;
use crate::pairwise::Pairwise;
use crate::rng::Stream;
use crate::{Points, Result};
use std::fmt::Debug;
use std::sync::Arc;

/// A flow that moves particles by steps of its own. Tracers are not supported. The noise, the
/// rejections and the falling noise level of a sampler are not part of any velocity, so no
/// generator can be trained along it. What the sampler keeps between steps is [`Archived`]: learned
/// scores, adapted step sizes, the choices of [`Sampler::prepare`].
pub trait Sampler: Archived + Send + Sync + Debug {
    /// Returns the name for messages and progress, such as "langevin".
    fn name(&self) -> &'static str;

    /// Moves `cloud` by the step that begins at `clock`; returns the number of evaluations of the
    /// score. After an error the positions of the cloud are undefined.
    ///
    /// # Errors
    /// Those of its estimators; an interrupt.
    fn step(&mut self, cloud: &mut Points, clock: &Clock, pairwise: &Pairwise) -> Result<u64>;

    /// Writes the deterministic part of the motion, as a velocity, into `out`, n x dim.
    ///
    /// # Errors
    /// Those of [`Sampler::step`].
    fn drift(&mut self, at: &FieldAt, out: &mut Points) -> Result<()>;

    /// Makes the choices that the caller left open, given the start, and checks that the start and
    /// the options fit. Returns these choices, a sentence each.
    ///
    /// # Errors
    /// Dimensions do not match, or options cannot be satisfied.
    fn prepare(&mut self, _start: &Points, _clock: &Clock) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Returns the points from which the score of the sampler was estimated, if they are a finite
    /// sample.
    fn data(&self) -> Option<&Arc<Points>> {
        None
    }

    /// Returns readings of the state of the sampler, by name.
    ///
    /// # Errors
    /// Those of [`Sampler::step`].
    fn readings(&mut self, _at: &FieldAt) -> Result<Readings> {
        Ok(Vec::new())
    }

    /// Returns warnings at the end of the run, a sentence each.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Adds `scale e` to the cloud, with independent standard normal `e`.
pub(super) fn diffuse(cloud: &mut Points, scale: f64, stream: Stream) {
    if scale != 0.0 {
        stream.add_normal(scale, cloud.data_mut());
    }
}
