//! The interface of what trains a generator.

use super::standard_units::Known;
use crate::archive::Archived;
use crate::flow::Clock;
use crate::ode::StepReport;
use crate::rng::Stream;
use crate::{Points, Result};

/// Draws fresh points of the current generator.
pub(super) type Draw<'a> = dyn FnMut(Stream, &mut Points) -> Result<()> + 'a;

/// Gives the displacement of the points of a generator. Its state includes the decisions of
/// [`Teacher::prepare`], which is not called again after a checkpoint, and the progress of
/// [`Teacher::warm_up`], which continues.
pub(super) trait Teacher: Archived {
    /// Returns the units of the points to which `y` should move, if they are known.
    ///
    /// # Errors
    /// The teacher does not fit the labels of the base.
    fn target_units(&self, y: &Points, clock: &Clock) -> Result<Option<Known>>;

    /// Receives the norm of an output in standard units. This is the first call, and it occurs
    /// once.
    fn measure(&mut self, _size: f64) {}

    /// Prepares for the first step, whose points are `y`. Returns its choices, a sentence each.
    fn prepare(&mut self, y: &Points, clock: &Clock) -> Result<Vec<String>>;

    /// Learns from fresh points once more before the first step. Returns how often it has done so,
    /// and how often in all; None if it need not do so again.
    fn warm_up(&mut self, _draw: &mut Draw, _clock: &Clock) -> Result<Option<(usize, usize)>> {
        Ok(None)
    }

    /// Learns from fresh points before the velocity is evaluated.
    fn learn(&mut self, _draw: &mut Draw, _clock: &Clock) -> Result<()> {
        Ok(())
    }

    fn velocity(&mut self, y: &Points, clock: &Clock, out: &mut Points) -> Result<()>;

    fn readings(&mut self, y: &Points, clock: &Clock) -> Result<Vec<(&'static str, f64)>>;

    /// Returns the step size along the velocity.
    fn eta(&self) -> f64 {
        1.0
    }

    /// Called after every step.
    fn after_step(&mut self, _y: &Points, _report: &StepReport, _clock: &Clock) -> Result<()> {
        Ok(())
    }
}
