//! Points that follow a cloud which does not feel them.

use super::{Integrator, moved};
use crate::flow::divergence::Divergence;
use crate::flow::{Clock, Flow};
use crate::pairwise::{Pairwise, Precision};
use crate::{Points, Result, rng::Stream};

/// Displacement of the central differences, in shares of the flow's resolution for a coordinate.
const SHARE: f64 = 1e-3;

/// Points on their way along the velocity of somebody else's flow, and how much the flow has stretched space around them.
#[derive(Debug)]
pub struct Carried {
    points: Points,
    volume: Option<Volume>,
    /// One for every stage of the step.
    velocities: Vec<Points>,
    stages: usize,
    place: Points,
}

/// `log |det J|` of the map from start to here.
#[derive(Debug)]
struct Volume {
    divergence: Divergence,
    rates: Vec<Vec<f64>>,
    logs: Vec<f64>,
}

impl Carried {
    /// These points; `stretched` also follows the logarithm of the volume, `d log |det J| / dt = div v`, by central differences
    /// in f64 (more fields per stage: two per coordinate in up to 8 dimensions, 32 above).
    pub fn new(points: Points, stretched: bool, stream: Stream) -> Carried {
        let volume = stretched.then(|| Volume {
            divergence: Divergence::new(points.dim(), None, stream.label("probes")),
            rates: Vec::new(),
            logs: vec![0.0; points.n()],
        });
        Carried { points, volume, velocities: Vec::new(), stages: 0, place: Points::default() }
    }

    /// Where they are.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// The logarithm of the volume that a unit of it has become, a value for every point; None if it is not followed.
    pub fn log_det(&self) -> Option<&[f64]> {
        self.volume.as_ref().map(|volume| volume.logs.as_slice())
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
            let by = SHARE * flow.resolution(cloud, clock) / (cloud.dim() as f64).sqrt();
            let own = pairwise.at_precision(Some(Precision::F64));
            let pairwise = own.as_ref().unwrap_or(pairwise);
            let mut field = |z: &Points, v: &mut Points| flow.velocity_at(z, cloud, clock, pairwise, v);
            let rates = volume.divergence.at(&self.place, by, &mut field)?;
            volume.rates.resize_with(volume.rates.len().max(s + 1), Vec::new);
            volume.rates[s].clear();
            volume.rates[s].extend_from_slice(rates);
        }
        self.stages += 1;
        Ok(())
    }

    /// The step is done: they go along.
    pub(super) fn end(&mut self, eta: f64, integrator: Integrator) {
        for (s, weight) in integrator.weights().iter().enumerate() {
            let by = eta * weight;
            self.points.data_mut().iter_mut().zip(self.velocities[s].data()).for_each(|(y, v)| *y += by * v);
            if let Some(volume) = &mut self.volume {
                volume.logs.iter_mut().zip(&volume.rates[s]).for_each(|(log, rate)| *log += by * rate);
            }
        }
    }
}
