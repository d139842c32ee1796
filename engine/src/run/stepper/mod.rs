//! Moves the cloud of a run, and its tracers, by one step.

mod log_det;
mod tracers;

pub use tracers::Tracers;

use super::Dynamics;
use crate::archive::{Archive, Archived};
use crate::flow::{Clock, FieldAt, Sampler, Stepping, VelocityField};
use crate::ode::{Integrator, RungeKutta, StepReport};
use crate::pairwise::Pairwise;
use crate::schedule::Schedule;
use crate::{Points, Result};

/// Takes steps and owns the buffers.
#[derive(Debug, Default)]
pub struct Stepper {
    steps: RungeKutta,
    /// The number of evaluations by samplers, which `steps` does not count.
    evaluations: u64,
    /// The cloud before the last step of a sampler.
    before: Points,
    tracers: Option<Tracers>,
}

impl Stepper {
    /// Creates a stepper that also moves `tracers`.
    pub fn with_tracers(tracers: Option<Tracers>) -> Stepper {
        Stepper { tracers, ..Stepper::default() }
    }

    /// Returns the tracers, if there are any.
    pub fn tracers(&self) -> Option<&Tracers> {
        self.tracers.as_ref()
    }

    /// Returns the number of evaluations of the velocity or the score so far.
    pub fn evaluations(&self) -> u64 {
        self.steps.evaluations() + self.evaluations
    }

    /// Moves `cloud` by one step. Returns a report for fields that adapt.
    ///
    /// # Errors
    /// Those of the field or the sampler; the cloud is then unchanged.
    pub fn step(
        &mut self,
        dynamics: &mut Dynamics,
        cloud: &mut Points,
        clock: &Clock,
        pairwise: &Pairwise,
    ) -> Result<Option<StepReport>> {
        match dynamics {
            Dynamics::Field(field, stepping) => {
                let own = stepping.arithmetic(*field, cloud, pairwise);
                let pairwise = own.as_ref().unwrap_or(pairwise);
                let mut tracers = self.tracers.take();
                let along = Along { field: *field, stepping, clock, pairwise, tracers: tracers.as_mut() };
                let done = along.step(&mut self.steps, cloud);
                self.tracers = tracers;
                done.map(Some)
            }
            Dynamics::Sampler(sampler) => self.sample(*sampler, cloud, clock, pairwise).map(|()| None),
        }
    }

    /// Moves `cloud` by a step of the sampler.
    fn sample(
        &mut self,
        sampler: &mut dyn Sampler,
        cloud: &mut Points,
        clock: &Clock,
        pairwise: &Pairwise,
    ) -> Result<()> {
        self.before.copy_from(cloud);
        match sampler.step(cloud, clock, pairwise) {
            Ok(evaluations) => {
                self.evaluations += evaluations;
                Ok(())
            }
            Err(error) => {
                cloud.copy_from(&self.before);
                Err(error)
            }
        }
    }

    /// Undoes the last step.
    pub fn undo(&mut self, cloud: &mut Points) {
        if self.before.n() == cloud.n() {
            std::mem::swap(cloud, &mut self.before);
            return;
        }
        self.steps.undo(cloud);
        if let Some(tracers) = &mut self.tracers {
            tracers.undo();
        }
    }
}

impl Archived for Stepper {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("steps", &mut self.steps)?;
        archive.part("evaluations", &mut self.evaluations)?;
        self.tracers.as_mut().map_or(Ok(()), |tracers| archive.part("tracers", tracers))
    }
}

/// One step along a field.
struct Along<'a> {
    field: &'a mut dyn VelocityField,
    stepping: &'a Stepping,
    clock: &'a Clock,
    pairwise: &'a Pairwise,
    tracers: Option<&'a mut Tracers>,
}

impl Along<'_> {
    fn step(mut self, steps: &mut RungeKutta, cloud: &mut Points) -> Result<StepReport> {
        if let Some(tracers) = &mut self.tracers {
            tracers.begin();
        }
        let (report, integrator) = match self.stepping.step {
            Some(Schedule::Adaptive { from, to }) => {
                let resolution = self.field.scales(cloud, self.clock).resolution;
                // The step size is known only when the step is accepted. Until then the tracers
                // stay at their first stage.
                let report = steps.adapt(cloud, (from, to), resolution, &mut |y, stage, v| {
                    self.velocity(y, (stage, 0.0), stage == 0.0, v)
                })?;
                self.trace(steps.last_stage(), (1.0, report.eta))?;
                (report, Integrator::Heun)
            }
            _ => {
                let eta = self.stepping.size(self.field, cloud, self.clock);
                let integrator = self.stepping.integrator;
                let report = steps
                    .advance(cloud, eta, integrator, &mut |y, stage, v| self.velocity(y, (stage, eta), true, v))?;
                (report, integrator)
            }
        };
        if let Some(tracers) = self.tracers {
            tracers.end(report.eta, integrator);
        }
        Ok(report)
    }

    /// Writes the velocity of the cloud at a stage of the step. With `trace`, it also moves the
    /// tracers to that stage.
    fn velocity(&mut self, y: &Points, (stage, eta): (f64, f64), trace: bool, out: &mut Points) -> Result<()> {
        let clock = Clock { stage, ..*self.clock };
        self.field.velocity(&FieldAt::cloud(y, &clock, self.pairwise), out)?;
        if trace { self.trace(y, (stage, eta)) } else { Ok(()) }
    }

    fn trace(&mut self, cloud: &Points, (stage, eta): (f64, f64)) -> Result<()> {
        let Some(tracers) = &mut self.tracers else { return Ok(()) };
        let clock = Clock { stage, ..*self.clock };
        tracers.stage(self.field, &FieldAt::cloud(cloud, &clock, self.pairwise), (stage, eta))
    }
}
