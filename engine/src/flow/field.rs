//! Velocity fields: the velocity of each particle, independent of the integrator.

use super::{Aim, Clock};
use crate::archive::Archived;
use crate::ode::StepReport;
use crate::pairwise::Pairwise;
use crate::{Points, Result};
use std::fmt::Debug;

/// A velocity field `dy/dt = v(y, t)` that may depend on the whole cloud of particles.
///
/// A flow is one equation: [`VelocityField::velocity`]. Step size, integrator and arithmetic belong
/// to [`super::Stepping`]; the length of a run, its measurements and its end belong to
/// [`crate::run`]. What the field keeps between steps is [`Archived`]: learned scores, the state of
/// an adaptive schedule, the choices of [`VelocityField::prepare`].
pub trait VelocityField: Archived + Send + Sync + Debug {
    /// Returns the name for messages and progress, such as "sd_flow".
    fn name(&self) -> &'static str;

    /// Writes the velocity at the points `at.z` into `out`, n x dim. At each moment a run evaluates
    /// the velocity of the cloud first, and then the velocity of its tracers in the field of the
    /// same cloud. A field that learns from the cloud does not learn from it again for the tracers.
    ///
    /// # Errors
    /// Those of its estimators; an interrupt.
    fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()>;

    /// Prepares for the step that begins at `clock`. Before the first step, `last` is None: the
    /// field checks that it fits the cloud, and makes the choices that the caller left open. After
    /// every step, `last` is the report on that step, for fields that adapt. Returns the choices of
    /// the field, a sentence each.
    ///
    /// # Errors
    /// Dimensions do not match, or options cannot be satisfied.
    fn prepare(&mut self, _cloud: &Points, _clock: &Clock, _last: Option<&StepReport>) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Returns the scales by which steps are chosen and judged.
    fn scales(&self, cloud: &Points, _clock: &Clock) -> Scales<'_> {
        Scales { step: 1.0, resolution: 1e-2 * cloud.spread(), units: None, aim: Aim::Unknown }
    }

    /// Returns the tolerance of sums on a grid for a cloud of this size, if the caller gives none;
    /// None for the tolerance of the engine.
    fn tolerance(&self, _particles: usize) -> Option<f64> {
        None
    }

    /// Returns readings of the state of the field, by name: `sigma`, effective sample sizes, the
    /// error of the field.
    ///
    /// # Errors
    /// Those of [`VelocityField::velocity`].
    fn readings(&mut self, _at: &FieldAt) -> Result<Readings> {
        Ok(Vec::new())
    }

    /// Returns warnings at the end of the run, a sentence each.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Numbers by name.
pub type Readings = Vec<(&'static str, f64)>;

/// The arguments of a velocity: points, cloud and moment.
#[derive(Debug, Clone, Copy)]
pub struct FieldAt<'a> {
    /// The points at which the velocity is evaluated, n x dim.
    pub z: &'a Points,
    /// The particles that determine the field.
    pub cloud: &'a Points,
    /// Whether the points are the cloud or tracers.
    pub role: Role,
    /// The moment of the run.
    pub clock: &'a Clock,
    /// The engine of the pairwise sums.
    pub pairwise: &'a Pairwise,
}

/// The kind of points at which a velocity is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The cloud itself: row `i` is particle `i`.
    Cloud,
    /// Tracers, which move along the field of the cloud and do not act on it.
    Tracer,
}

impl<'a> FieldAt<'a> {
    /// Returns the arguments for the cloud itself.
    pub fn cloud(cloud: &'a Points, clock: &'a Clock, pairwise: &'a Pairwise) -> FieldAt<'a> {
        FieldAt { z: cloud, cloud, role: Role::Cloud, clock, pairwise }
    }

    /// Returns the arguments for tracers `z` in the field of the same cloud at the same moment.
    pub fn tracers<'b>(self, z: &'b Points) -> FieldAt<'b>
    where
        'a: 'b,
    {
        FieldAt { z, role: Role::Tracer, ..self }
    }
}

/// The scales by which steps along a field are chosen and judged, and the target of the field. A
/// generator is trained in the units of this target.
#[derive(Debug, Clone, Copy)]
pub struct Scales<'a> {
    /// The default step size.
    pub step: f64,
    /// The length below which the error of one step does not matter, in the units of the points.
    pub resolution: f64,
    /// The lengths of the coordinates, if the field works in its own units.
    pub units: Option<&'a [f64]>,
    /// The target of the field.
    pub aim: Aim<'a>,
}
