//! Points that follow a cloud which does not feel them.

use super::volume::Volume;
use super::{Integrator, moved};
use crate::flow::{Clock, Flow};
use crate::pairwise::{Pairwise, Precision};
use crate::{Points, Result, rng::Stream};

/// Displacement of the central differences, in shares of the flow's resolution for a coordinate.
const SHARE: f64 = 1e-3;

/// Points on their way along the velocity of somebody else's flow, and what the way does to volumes around them.
#[derive(Debug)]
pub struct Carried {
    points: Points,
    before: Points,
    volume: Option<Volume>,
    /// One for every stage of the step.
    velocities: Vec<Points>,
    stages: usize,
    place: Points,
}

impl Carried {
    /// These points; `stretched` also follows the logarithm of the volume that a unit of it becomes, by differences in f64: fields
    /// at two more places per coordinate in up to 8 dimensions, at 32 above.
    pub fn new(points: Points, stretched: bool, stream: Stream) -> Carried {
        let volume = stretched.then(|| Volume::new(points.n(), points.dim(), stream.label("probes")));
        let (before, place) = (points.clone(), Points::default());
        Carried { points, before, volume, velocities: Vec::new(), stages: 0, place }
    }

    /// Where they are.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// `log |det J|` of the way so far, a value for every point; None if it is not followed.
    pub fn log_det(&self) -> Option<&[f64]> {
        self.volume.as_ref().map(Volume::logs)
    }

    /// Takes the last step back.
    pub(super) fn undo(&mut self) {
        std::mem::swap(&mut self.points, &mut self.before);
        if let Some(volume) = &mut self.volume {
            volume.undo();
        }
    }

    /// A step begins.
    pub(super) fn begin(&mut self) {
        self.stages = 0;
    }

    /// The next stage, at the share `place` of a step of size `eta`, of a cloud that is at `cloud` then.
    pub(super) fn stage<F: Flow + ?Sized>(
        &mut self,
        flow: &mut F,
        cloud: &Points,
        (place, eta): (f64, f64),
        clock: &Clock,
        pairwise: &Pairwise,
    ) -> Result<()> {
        let s = self.stages;
        self.velocities.resize_with(self.velocities.len().max(s + 1), Points::default);
        match s.checked_sub(1) {
            None => self.place.copy_from(&self.points),
            Some(last) => moved(&self.points, place * eta, &self.velocities[last], &mut self.place),
        }
        flow.velocity_at(&self.place, cloud, clock, pairwise, &mut self.velocities[s])?;
        if let Some(volume) = &mut self.volume {
            let units = flow.units().map_or_else(|| vec![1.0; cloud.dim()], <[f64]>::to_vec);
            let size = units.iter().map(|unit| unit * unit).sum::<f64>().sqrt();
            let by = SHARE * flow.resolution(cloud, clock) / size;
            let own = pairwise.at_precision(Some(Precision::F64));
            let pairwise = own.as_ref().unwrap_or(pairwise);
            let mut field = |z: &Points, v: &mut Points| flow.velocity_at(z, cloud, clock, pairwise, v);
            volume.stage(s, &self.place, (place, eta), (by, &units), &mut field)?;
        }
        self.stages += 1;
        Ok(())
    }

    /// The step is done: they go along.
    pub(super) fn end(&mut self, eta: f64, integrator: Integrator) {
        self.before.copy_from(&self.points);
        for (weight, velocity) in integrator.weights().iter().zip(&self.velocities) {
            let by = eta * weight;
            self.points.data_mut().iter_mut().zip(velocity.data()).for_each(|(y, v)| *y += by * v);
        }
        if let Some(volume) = &mut self.volume {
            volume.end(eta, integrator);
        }
    }
}
