//! Tracers: points that move along the field of a cloud and do not act on it.

use super::log_det::LogDet;
use crate::archive::{Archive, Archived};
use crate::flow::{FieldAt, VelocityField};
use crate::ode::{Integrator, move_into};
use crate::pairwise::Precision;
use crate::{Points, Result, rng::Stream};

/// Displacement of the central differences, relative to the resolution of the field for a
/// coordinate.
const SHARE: f64 = 1e-3;

/// Points that move along the field of a cloud, and the Jacobian determinant of their motion.
#[derive(Debug)]
pub struct Tracers {
    points: Points,
    before: Points,
    log_det: Option<LogDet>,
    /// One velocity for every stage of the step.
    velocities: Vec<Points>,
    stages: usize,
    place: Points,
}

impl Archived for Tracers {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("points", &mut self.points)?;
        self.log_det.as_mut().map_or(Ok(()), |log_det| archive.part("log_det", log_det))
    }
}

impl Tracers {
    /// Creates tracers at these points. With `stretched`, `log |det J|` is also computed, by
    /// differences in f64. For each tracer and stage, this evaluates the field at two more points
    /// per coordinate in up to 8 dimensions, and at 32 more points in more dimensions.
    pub fn new(points: Points, stretched: bool, stream: Stream) -> Tracers {
        let log_det = stretched.then(|| LogDet::new(points.n(), points.dim(), stream.label("probes")));
        let (before, place) = (points.clone(), Points::default());
        Tracers { points, before, log_det, velocities: Vec::new(), stages: 0, place }
    }

    /// Returns the positions of the tracers.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// Returns `log |det J|` of the motion so far, one value for every point; None if it is not
    /// computed.
    pub fn log_det(&self) -> Option<&[f64]> {
        self.log_det.as_ref().map(LogDet::logs)
    }

    /// Tells the standard errors of [`Tracers::log_det`], if it is not exact.
    pub fn note(&self) -> Option<String> {
        self.log_det.as_ref().and_then(LogDet::note)
    }

    /// Undoes the last step.
    pub(super) fn undo(&mut self) {
        std::mem::swap(&mut self.points, &mut self.before);
        if let Some(log_det) = &mut self.log_det {
            log_det.undo();
        }
    }

    /// Begins a step.
    pub(super) fn begin(&mut self) {
        self.stages = 0;
    }

    /// Evaluates the velocity of the tracers at the next stage, which lies at the fraction `place`
    /// of a step of size `eta`. The cloud is then at `at.cloud`.
    pub(super) fn stage(
        &mut self,
        field: &mut dyn VelocityField,
        at: &FieldAt,
        (place, eta): (f64, f64),
    ) -> Result<()> {
        let s = self.stages;
        self.velocities.resize_with(self.velocities.len().max(s + 1), Points::default);
        match s.checked_sub(1) {
            None => self.place.copy_from(&self.points),
            Some(last) => move_into(&self.points, place * eta, &self.velocities[last], &mut self.place),
        }
        field.velocity(&at.tracers(&self.place), &mut self.velocities[s])?;
        if let Some(log_det) = &mut self.log_det {
            let scales = field.scales(at.cloud, at.clock);
            let units = scales.units.map_or_else(|| vec![1.0; at.cloud.dim()], <[f64]>::to_vec);
            let size = units.iter().map(|unit| unit * unit).sum::<f64>().sqrt();
            let by = SHARE * scales.resolution / size;
            let own = at.pairwise.at_precision(Some(Precision::F64));
            let exact = FieldAt { pairwise: own.as_ref().unwrap_or(at.pairwise), ..*at };
            let mut velocity = |z: &Points, v: &mut Points| field.velocity(&exact.tracers(z), v);
            log_det.stage(s, &self.place, (place, eta), (by, &units), &mut velocity)?;
        }
        self.stages += 1;
        Ok(())
    }

    /// Ends the step by moving the tracers.
    pub(super) fn end(&mut self, eta: f64, integrator: Integrator) {
        self.before.copy_from(&self.points);
        for (weight, velocity) in integrator.weights().iter().zip(&self.velocities) {
            let by = eta * weight;
            self.points.data_mut().iter_mut().zip(velocity.data()).for_each(|(y, v)| *y += by * v);
        }
        if let Some(log_det) = &mut self.log_det {
            log_det.end(eta, integrator);
        }
    }
}
