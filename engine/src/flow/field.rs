//! A velocity field: where particles go, and nothing about how they step.

use super::{Aim, Clock};
use crate::archive::Archive;
use crate::ode::StepReport;
use crate::pairwise::Pairwise;
use crate::{Points, Result};
use std::fmt::Debug;

/// A velocity field `dy/dt = v(y, t)` that may depend on the whole cloud of particles.
///
/// A flow is one equation: [`VelocityField::velocity`]. Step size, integrator and arithmetic are
/// not its business (see [`super::Stepping`]), nor are the length of a run, its measurements and
/// its end ([`crate::run`]).
pub trait VelocityField: Send + Sync + Debug {
    /// Returns the name for messages and progress: "sd_flow".
    fn name(&self) -> &'static str;

    /// Writes the velocity at the places `at.z` into `out`, n x dim. A run asks for the cloud's own
    /// velocity first and then, of the same cloud at the same moment, for that of its tracers: a
    /// field that learns from the cloud does not learn again from them.
    ///
    /// # Errors
    /// As the estimators it stands on; an interrupt.
    fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()>;

    /// Makes ready for the step that begins at `clock`. Before the first step `last` is None: the
    /// field checks that it fits the cloud and chooses what the caller left open. After every step
    /// `last` is what that step did, for fields that pace themselves. Returns what it chose on the
    /// user's behalf, a sentence each.
    ///
    /// # Errors
    /// Dimensions that do not match, options that cannot be met.
    fn prepare(&mut self, _cloud: &Points, _clock: &Clock, _last: Option<&StepReport>) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Returns the sizes by which steps are chosen and judged.
    fn scales(&self, cloud: &Points, _clock: &Clock) -> Scales<'_> {
        Scales { step: 1.0, resolution: 1e-2 * cloud.spread(), units: None, aim: Aim::Unknown }
    }

    /// Returns readings of its inner state at this moment, by name: `sigma`, effective sample
    /// sizes, the field's error.
    ///
    /// # Errors
    /// As [`VelocityField::velocity`].
    fn readings(&mut self, _at: &FieldAt) -> Result<Readings> {
        Ok(Vec::new())
    }

    /// Passes what it keeps between steps to a checkpoint, or takes it back: learned scores, the pace
    /// of a schedule, what [`Self::prepare`] has chosen. Nothing, the default, for a field that
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

/// Numbers by name.
pub type Readings = Vec<(&'static str, f64)>;

/// Where, when and of whom a velocity is wanted.
#[derive(Debug, Clone, Copy)]
pub struct FieldAt<'a> {
    /// The places, n x dim.
    pub z: &'a Points,
    /// The particles that make the field.
    pub cloud: &'a Points,
    /// Whose places they are.
    pub role: Role,
    /// Where in the run this is.
    pub clock: &'a Clock,
    /// Does the pairwise sums.
    pub pairwise: &'a Pairwise,
}

/// Whose places a velocity is wanted at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The cloud's own: row `i` is particle `i`.
    Cloud,
    /// Those of tracers, which follow the cloud's field and are not felt by it.
    Tracer,
}

impl<'a> FieldAt<'a> {
    /// The places of the cloud itself.
    pub fn cloud(cloud: &'a Points, clock: &'a Clock, pairwise: &'a Pairwise) -> FieldAt<'a> {
        FieldAt { z: cloud, cloud, role: Role::Cloud, clock, pairwise }
    }

    /// The places `z` of tracers in the field of the same cloud at the same moment.
    pub fn tracers<'b>(self, z: &'b Points) -> FieldAt<'b>
    where
        'a: 'b,
    {
        FieldAt { z, role: Role::Tracer, ..self }
    }
}

/// The sizes by which steps along a field are chosen and judged, and a generator that follows it is
/// trained.
#[derive(Debug, Clone, Copy)]
pub struct Scales<'a> {
    /// The usual step size, where the caller gives none.
    pub step: f64,
    /// The length below which an error of one step does not matter, in the points' units.
    pub resolution: f64,
    /// Lengths of the coordinates, where the field works in units of its own.
    pub units: Option<&'a [f64]>,
    /// What the field leads to.
    pub aim: Aim<'a>,
}
