//! The interface of a teacher, from which a generator learns.

use super::standard_units::Known;
use crate::archive::Archived;
use crate::flow::Clock;
use crate::ode::StepReport;
use crate::rng::Stream;
use crate::{Points, Result};

/// Draws fresh points of the current generator.
pub(super) type Draw<'a> = dyn FnMut(Stream, &mut Points) -> Result<()> + 'a;

/// Gives the displacement of the points of a generator. The archived state contains the decisions
/// of [`Teacher::prepare`] and the progress of [`Teacher::warm_up`]. After a restart from a
/// checkpoint, `prepare` is not called again, and `warm_up` continues.
pub(super) trait Teacher: Archived {
    /// Returns the units of the points to which `y` should move, if they are known.
    ///
    /// # Errors
    /// The teacher does not fit the labels of the base.
    fn target_units(&self, y: &Points, clock: &Clock) -> Result<Option<Known>>;

    /// Receives the length of a standard unit of the outputs. It is called once, before `prepare`.
    fn measure(&mut self, _size: f64) {}

    /// Prepares for the first step, whose points are `y`. Returns its choices, a sentence each.
    fn prepare(&mut self, y: &Points, clock: &Clock) -> Result<Vec<String>>;

    /// Learns from fresh points before the first step. Returns the number of calls that have
    /// learned so far, and their total number; None if no more calls are needed.
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

    /// Called in every step, after the velocity was evaluated.
    fn after_step(&mut self, _y: &Points, _report: &StepReport, _clock: &Clock) -> Result<()> {
        Ok(())
    }
}
