//! A sampler: it makes its own steps, with noise, rejections or noise levels that a velocity does
//! not show.

use super::{Clock, FieldAt, Readings};
use crate::archive::Archive;
use crate::pairwise::Pairwise;
use crate::rng::Stream;
use crate::{Points, Result};
use std::fmt::Debug;

/// Moves particles by steps of its own. Its particles do not feel each other, so that tracers would
/// be a run of their own, and its noise, rejections and falling noise level are not in any
/// velocity, so that no generator can be trained along it.
pub trait Sampler: Send + Sync + Debug {
    /// Returns the name for messages and progress: "langevin".
    fn name(&self) -> &'static str;

    /// Moves `cloud` by the step that begins at `clock`; returns how many evaluations of the score
    /// that took. After an error the cloud may be anywhere.
    ///
    /// # Errors
    /// As the estimators it stands on; an interrupt.
    fn step(&mut self, cloud: &mut Points, clock: &Clock, pairwise: &Pairwise) -> Result<u64>;

    /// Writes the part of the motion that is no noise into `out`, n x dim, as a velocity.
    ///
    /// # Errors
    /// As [`Sampler::step`].
    fn drift(&mut self, at: &FieldAt, out: &mut Points) -> Result<()>;

    /// Chooses what the caller left open from the cloud that it starts with, and checks that the
    /// two fit. Returns what it chose, a sentence each.
    ///
    /// # Errors
    /// Dimensions that do not match, options that cannot be met.
    fn prepare(&mut self, _start: &Points, _clock: &Clock) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Returns readings of its inner state at this moment, by name.
    ///
    /// # Errors
    /// As [`Sampler::step`].
    fn readings(&mut self, _at: &FieldAt) -> Result<Readings> {
        Ok(Vec::new())
    }

    /// Passes what it keeps between steps to a checkpoint, or takes it back: learned scores, the pace
    /// of a schedule, what [`Self::prepare`] has chosen. Nothing, the default, for a sampler that
    /// depends on its arguments alone. A run that goes on from a checkpoint equals one that was
    /// never cut off only if all of it is passed.
    ///
    /// # Errors
    /// A checkpoint of something else.
    fn archive(&mut self, _archive: &mut Archive) -> Result<()> {
        Ok(())
    }

    /// Returns what the user should know once the run is over, a sentence each.
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
