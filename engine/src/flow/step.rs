//! Explicit Runge-Kutta steps [hairer1993solving], fixed or with an error-controlled size, and noise.

mod carried;
mod embedded;
mod follow;
mod volume;

pub use carried::Carried;

use super::{Clock, Flow};
use crate::{Points, Result, pairwise::Pairwise, rng::Stream};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A method for `dy/dt = v(y, t)`; the order is tested by regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Integrator {
    /// One evaluation, order 1.
    #[default]
    Euler,
    /// Two evaluations, order 2: the mean of the velocities at both ends.
    Heun,
    /// Four evaluations, order 4.
    Rk4,
}

impl Integrator {
    /// Rows of the Butcher tableau: the place of each stage and its weight on the previous stage.
    fn stages(self) -> &'static [f64] {
        match self {
            Integrator::Euler => &[0.0],
            Integrator::Heun => &[0.0, 1.0],
            Integrator::Rk4 => &[0.0, 0.5, 0.5, 1.0],
        }
    }

    /// Evaluations of the velocity per step of fixed size.
    pub fn evaluations(self) -> usize {
        self.stages().len()
    }

    fn weights(self) -> &'static [f64] {
        match self {
            Integrator::Euler => &[1.0],
            Integrator::Heun => &[0.5, 0.5],
            Integrator::Rk4 => &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
        }
    }
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Step size taken.
    pub eta: f64,
    /// Root mean square displacement of a particle, in the points' units.
    pub displacement: f64,
}

/// Error of an adaptive step, as a share of the flow's resolution, that is accepted.
const TOLERANCE: f64 = 0.1;

/// Coordinates that are moved together; fixed, so that the order of additions is.
const BLOCK: usize = 8192;

/// Takes steps and keeps the buffers between them.
#[derive(Debug, Default)]
pub struct Stepper {
    velocities: Vec<Points>,
    stage: Points,
    /// The cloud before the last step.
    before: Points,
    /// `before` was kept by the flow itself, for a step of several parts.
    kept: bool,
    /// Squared displacements of blocks.
    squares: Vec<f64>,
    /// Size of the last adaptive step.
    eta: Option<f64>,
    evaluations: u64,
    carried: Option<Carried>,
}

impl Stepper {
    /// Evaluations of the velocity so far.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Moves `cloud` by one step of `flow`.
    ///
    /// # Errors
    /// As [`Flow::velocity`]; the cloud is then as it was.
    pub fn step(
        &mut self,
        flow: &mut dyn Flow,
        cloud: &mut Points,
        clock: &Clock,
        pairwise: &Pairwise,
    ) -> Result<StepReport> {
        self.kept = false;
        let done = flow.advance(cloud, clock, pairwise, self);
        if !self.kept {
            return done;
        }
        match done {
            Ok(report) => Ok(StepReport { displacement: rms_distance(cloud, &self.before), ..report }),
            Err(error) => {
                cloud.copy_from(&self.before);
                Err(error)
            }
        }
    }

    /// Keeps `cloud` as what [`Stepper::undo`] goes back to: for a step of several parts, before the first.
    pub fn keep(&mut self, cloud: &Points) {
        self.before.copy_from(cloud);
        self.kept = true;
    }

    /// Counts evaluations that a flow's own step has made.
    pub fn count(&mut self, evaluations: u64) {
        self.evaluations += evaluations;
    }

    /// One step of size `eta` of `dy/dt = velocity(y, stage)`.
    ///
    /// # Errors
    /// As `velocity`; the cloud is then as it was.
    pub fn advance(
        &mut self,
        cloud: &mut Points,
        eta: f64,
        integrator: Integrator,
        velocity: &mut dyn FnMut(&Points, f64, &mut Points) -> Result<()>,
    ) -> Result<StepReport> {
        let stages = integrator.stages();
        self.velocities.resize_with(stages.len().max(self.velocities.len()), Points::default);
        for (s, &place) in stages.iter().enumerate() {
            let (done, rest) = self.velocities.split_at_mut(s);
            match done.last() {
                None => velocity(cloud, place, &mut rest[0])?,
                Some(last) => {
                    moved(cloud, place * eta, last, &mut self.stage);
                    velocity(&self.stage, place, &mut rest[0])?;
                }
            }
            self.evaluations += 1;
        }
        Ok(self.apply(cloud, eta, integrator.weights()))
    }

    /// A Heun step whose size keeps the difference to the Euler step below `TOLERANCE * resolution` (root mean square
    /// over particles), within `largest..smallest`; the smallest is taken whatever its error.
    fn adaptive(
        &mut self,
        cloud: &mut Points,
        (largest, smallest): (f64, f64),
        resolution: f64,
        velocity: &mut dyn FnMut(&Points, f64, &mut Points) -> Result<()>,
    ) -> Result<StepReport> {
        self.velocities.resize_with(self.velocities.len().max(2), Points::default);
        let mut eta = self.eta.unwrap_or(largest).clamp(smallest.min(largest), largest);
        let (first, second) = self.velocities.split_at_mut(1);
        velocity(cloud, 0.0, &mut first[0])?;
        self.evaluations += 1;
        loop {
            moved(cloud, eta, &first[0], &mut self.stage);
            velocity(&self.stage, 1.0, &mut second[0])?;
            self.evaluations += 1;
            let error = 0.5 * eta * rms_distance(&first[0], &second[0]);
            let wanted = (0.9 * (TOLERANCE * resolution / error).sqrt()).clamp(0.2, 2.0) * eta;
            self.eta = Some(wanted.clamp(smallest.min(largest), largest));
            if error <= TOLERANCE * resolution || eta <= smallest || !error.is_finite() {
                return Ok(self.apply(cloud, eta, Integrator::Heun.weights()));
            }
            eta = wanted.max(smallest);
        }
    }

    /// Takes the last step back.
    pub fn undo(&mut self, cloud: &mut Points) {
        if self.before.n() == cloud.n() {
            std::mem::swap(cloud, &mut self.before);
            if let Some(carried) = &mut self.carried {
                carried.undo();
            }
        }
    }

    /// `y += eta sum_s w_s v_s`; the first velocity becomes the weighted sum.
    fn apply(&mut self, cloud: &mut Points, eta: f64, weights: &[f64]) -> StepReport {
        let n = cloud.n() as f64;
        if !self.kept {
            self.before.reshape(cloud.n(), cloud.dim());
        }
        let keep = !self.kept;
        if let Some((first, others)) = self.velocities.split_first_mut() {
            let blocks = cloud.data_mut().par_chunks_mut(BLOCK).zip(self.before.data_mut().par_chunks_mut(BLOCK));
            let blocks = blocks.zip(first.data_mut().par_chunks_mut(BLOCK)).enumerate();
            let squares = blocks.map(|(block, ((y, before), v))| {
                if weights.len() > 1 {
                    v.iter_mut().for_each(|v| *v *= weights[0]);
                    for (w, other) in weights[1..].iter().zip(&*others) {
                        v.iter_mut().zip(&other.data()[block * BLOCK..]).for_each(|(v, o)| *v += w * o);
                    }
                }
                if keep {
                    before.copy_from_slice(y);
                }
                displaced(y, eta, v)
            });
            squares.collect_into_vec(&mut self.squares);
        }
        StepReport { eta, displacement: (self.squares.iter().sum::<f64>() / n).sqrt() }
    }
}

/// `y += scale e` with independent standard normal `e`.
pub(super) fn diffuse(cloud: &mut Points, scale: f64, stream: Stream) {
    if scale != 0.0 {
        stream.add_normal(scale, cloud.data_mut());
    }
}

/// Moves `y` by `eta v`; the sum of the squares of the displacements, in eight sums side by side.
fn displaced(y: &mut [f64], eta: f64, v: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    for (y, v) in y.chunks_mut(8).zip(v.chunks(8)) {
        for ((y, v), sum) in y.iter_mut().zip(v).zip(&mut sums) {
            let by = eta * v;
            *y += by;
            *sum += by * by;
        }
    }
    sums.iter().sum()
}

pub(super) fn moved(cloud: &Points, by: f64, velocity: &Points, out: &mut Points) {
    out.reshape(cloud.n(), cloud.dim());
    let both = cloud.data().par_chunks(BLOCK).zip(velocity.data().par_chunks(BLOCK));
    out.data_mut().par_chunks_mut(BLOCK).zip(both).for_each(|(out, (y, v))| {
        out.iter_mut().zip(y.iter().zip(v)).for_each(|(o, (y, v))| *o = y + by * v);
    });
}

fn rms_distance(a: &Points, b: &Points) -> f64 {
    let square: f64 = a.data().iter().zip(b.data()).map(|(x, y)| (x - y) * (x - y)).sum();
    (square / a.n() as f64).sqrt()
}

#[cfg(test)]
mod tests;
