//! The motion of the cloud of a run: a velocity field or a sampler.

use crate::archive::Archive;
use crate::flow::{Clock, FieldAt, Readings, Sampler, Stepping, VelocityField};
use crate::metric::Reference;
use crate::ode::StepReport;
use crate::{Points, Result};

/// The motion of the cloud: a velocity field with its stepping, or a sampler with its own steps.
#[derive(Debug)]
pub enum Dynamics<'a> {
    /// A field with its stepping.
    Field(&'a mut dyn VelocityField, Stepping),
    /// A sampler.
    Sampler(&'a mut dyn Sampler),
}

/// Owned [`Dynamics`], for callers that build the same flow for several runs.
#[derive(Debug)]
pub enum Motion {
    /// A field with its stepping.
    Field(Box<dyn VelocityField>, Stepping),
    /// A sampler.
    Sampler(Box<dyn Sampler>),
}

impl Motion {
    /// Creates a field with its default stepping.
    pub fn along(field: impl VelocityField + 'static) -> Motion {
        Motion::Field(Box::new(field), Stepping::default())
    }

    /// Returns the motion in the form that a run needs.
    pub fn dynamics(&mut self) -> Dynamics<'_> {
        match self {
            Motion::Field(field, stepping) => Dynamics::Field(field.as_mut(), stepping.clone()),
            Motion::Sampler(sampler) => Dynamics::Sampler(sampler.as_mut()),
        }
    }
}

impl Dynamics<'_> {
    /// True if the step size is chosen by the error of a step.
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

    /// Prepares for the first step. Returns the choices that were made automatically, a sentence
    /// each.
    ///
    /// # Errors
    /// The options are inconsistent, or dimensions do not match.
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
    /// Those of the field or the sampler.
    pub fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        match self {
            Dynamics::Field(field, stepping) => {
                let own = stepping.arithmetic(*field, at.cloud, at.pairwise);
                field.velocity(&FieldAt { pairwise: own.as_ref().unwrap_or(at.pairwise), ..*at }, out)
            }
            Dynamics::Sampler(sampler) => sampler.drift(at, out),
        }
    }

    /// Reports the last step to a field. `clock` is the beginning of the next step.
    pub(crate) fn report_step(&mut self, cloud: &Points, clock: &Clock, last: &StepReport) -> Result<()> {
        match self {
            Dynamics::Field(field, _) => field.prepare(cloud, clock, Some(last)).map(drop),
            Dynamics::Sampler(_) => Ok(()),
        }
    }

    /// True if this reference is the sample that the field uses as its target, or the sample from
    /// which the score of the sampler was estimated.
    pub(crate) fn has_seen(&self, reference: &Reference, start: &Points, clock: &Clock) -> bool {
        // A reference that is drawn from a finite sample has the rows of the sample in another
        // order, so the sample itself is compared, too.
        let drawn_from = reference.target().and_then(|target| Some(target.data()?.points));
        let samples = [Some(reference.points()), drawn_from.map(|points| &**points)];
        let mut samples = samples.into_iter().flatten();
        match self {
            Dynamics::Field(field, _) => {
                let aim = field.scales(start, clock).aim;
                samples.any(|sample| aim.consists_of(sample))
            }
            Dynamics::Sampler(sampler) => samples.any(|sample| sampler.data().is_some_and(|data| **data == *sample)),
        }
    }

    /// Returns the readings at this moment.
    pub(crate) fn readings(&mut self, at: &FieldAt) -> Result<Readings> {
        match self {
            Dynamics::Field(field, _) => field.readings(at),
            Dynamics::Sampler(sampler) => sampler.readings(at),
        }
    }

    /// Writes the state that the field or the sampler keeps between steps into a checkpoint, or
    /// reads the state back.
    pub(super) fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        match self {
            Dynamics::Field(field, _) => field.archive(archive),
            Dynamics::Sampler(sampler) => sampler.archive(archive),
        }
    }

    /// Returns the warnings at the end of the run.
    pub(crate) fn warnings(&self) -> Vec<String> {
        match self {
            Dynamics::Field(field, _) => field.warnings(),
            Dynamics::Sampler(sampler) => sampler.warnings(),
        }
    }
}
