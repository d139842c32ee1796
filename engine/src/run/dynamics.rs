//! What moves the cloud of a run.

use crate::archive::Archive;
use crate::flow::{Clock, FieldAt, Readings, Sampler, Stepping, VelocityField};
use crate::metric::Reference;
use crate::ode::StepReport;
use crate::{Points, Result};

/// What moves the cloud: a velocity field along which the run steps, or a sampler with steps of its
/// own.
#[derive(Debug)]
pub enum Dynamics<'a> {
    /// A field, and how to step along it.
    Field(&'a mut dyn VelocityField, Stepping),
    /// A sampler.
    Sampler(&'a mut dyn Sampler),
}

/// [`Dynamics`] that are owned: for who makes the same flow anew for every run.
#[derive(Debug)]
pub enum Motion {
    /// A field, and how to step along it.
    Field(Box<dyn VelocityField>, Stepping),
    /// A sampler.
    Sampler(Box<dyn Sampler>),
}

impl Motion {
    /// A field with its usual steps.
    pub fn along(field: impl VelocityField + 'static) -> Motion {
        Motion::Field(Box::new(field), Stepping::default())
    }

    /// Returns it as a run takes it.
    pub fn dynamics(&mut self) -> Dynamics<'_> {
        match self {
            Motion::Field(field, stepping) => Dynamics::Field(field.as_mut(), stepping.clone()),
            Motion::Sampler(sampler) => Dynamics::Sampler(sampler.as_mut()),
        }
    }
}

impl Dynamics<'_> {
    /// Is the step size chosen by its error?
    pub(crate) fn is_adaptive(&self) -> bool {
        matches!(self, Dynamics::Field(_, stepping) if stepping.is_adaptive())
    }

    /// Returns the name for messages and progress.
    pub fn name(&self) -> &'static str {
        match self {
            Dynamics::Field(field, _) => field.name(),
            Dynamics::Sampler(sampler) => sampler.name(),
        }
    }

    /// Makes ready for the first step; returns what was chosen on the user's behalf, a sentence
    /// each.
    ///
    /// # Errors
    /// Options that cannot be met together, dimensions that do not match.
    pub fn prepare(&mut self, start: &Points, clock: &Clock) -> Result<Vec<String>> {
        match self {
            Dynamics::Field(field, stepping) => {
                stepping.check()?;
                field.prepare(start, clock, None)
            }
            Dynamics::Sampler(sampler) => sampler.prepare(start, clock),
        }
    }

    /// Writes the velocity of a field, or the drift of a sampler, into `out`, n x dim.
    ///
    /// # Errors
    /// As the field or the sampler.
    pub fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        match self {
            Dynamics::Field(field, stepping) => {
                let own = stepping.arithmetic(at.pairwise);
                field.velocity(&FieldAt { pairwise: own.as_ref().unwrap_or(at.pairwise), ..*at }, out)
            }
            Dynamics::Sampler(sampler) => sampler.drift(at, out),
        }
    }

    /// Tells a field what the last step did; `clock` is where the next one begins.
    pub(crate) fn pace(&mut self, cloud: &Points, clock: &Clock, last: &StepReport) -> Result<()> {
        match self {
            Dynamics::Field(field, _) => field.prepare(cloud, clock, Some(last)).map(drop),
            Dynamics::Sampler(_) => Ok(()),
        }
    }

    /// Is this reference the sample that a field leads to?
    pub(crate) fn has_seen(&self, reference: &Reference, start: &Points, clock: &Clock) -> bool {
        let Dynamics::Field(field, _) = self else { return false };
        field.scales(start, clock).aim.points().is_some_and(|data| data == reference.points())
    }

    /// Returns the readings of this moment.
    pub(crate) fn readings(&mut self, at: &FieldAt) -> Result<Readings> {
        match self {
            Dynamics::Field(field, _) => field.readings(at),
            Dynamics::Sampler(sampler) => sampler.readings(at),
        }
    }

    /// Passes what the field or the sampler keeps between steps to a checkpoint, or takes it back.
    pub(super) fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        match self {
            Dynamics::Field(field, _) => field.archive(archive),
            Dynamics::Sampler(sampler) => sampler.archive(archive),
        }
    }

    /// Returns what the user should know once the run is over.
    pub(crate) fn warnings(&self) -> Vec<String> {
        match self {
            Dynamics::Field(field, _) => field.warnings(),
            Dynamics::Sampler(sampler) => sampler.warnings(),
        }
    }
}
