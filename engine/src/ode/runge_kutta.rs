//! Steps along a velocity, with a fixed size or a size controlled by the error, and their buffers.

use super::Integrator;
use crate::archive::{Archive, Archived};
use crate::{Points, Result};
use rayon::prelude::*;

/// A velocity. It writes `v(y, c)` into its third argument, n x dim; `c` in `[0, 1]` is the
/// position within the step.
pub type Velocity<'a> = dyn FnMut(&Points, f64, &mut Points) -> Result<()> + 'a;

/// The report of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Step size.
    pub eta: f64,
    /// Root mean square displacement of a particle, in the units of the points.
    pub displacement: f64,
}

/// The accepted error of an adaptive step, relative to the resolution.
const TOLERANCE: f64 = 0.1;

/// The number of coordinates that one task moves. It is fixed, so that sums are always added in the
/// same order.
const BLOCK: usize = 8192;

/// Takes the steps, counts evaluations and owns the buffers.
#[derive(Debug, Default)]
pub struct RungeKutta {
    pub(super) velocities: Vec<Points>,
    pub(super) stage: Points,
    /// The cloud before the last step.
    pub(super) before: Points,
    /// Squared displacements of blocks.
    squares: Vec<f64>,
    /// Size of the next adaptive step; None before the first.
    pub(super) eta: Option<f64>,
    pub(super) evaluations: u64,
}

/// The state is the size of the next step, if sizes are adaptive, and the number of evaluations.
impl Archived for RungeKutta {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("eta", &mut self.eta)?;
        archive.part("evaluations", &mut self.evaluations)
    }
}

impl RungeKutta {
    /// Returns the number of evaluations of the velocity so far.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Returns the points of the last stage of the last step, n x dim.
    pub(crate) fn last_stage(&self) -> &Points {
        &self.stage
    }

    /// Takes one step of size `eta` of `dy/dt = velocity(y, c)`.
    ///
    /// # Errors
    /// Those of `velocity`; the cloud is then unchanged.
    pub fn advance(
        &mut self,
        cloud: &mut Points,
        eta: f64,
        integrator: Integrator,
        velocity: &mut Velocity,
    ) -> Result<StepReport> {
        let stages = integrator.stages();
        self.velocities.resize_with(stages.len().max(self.velocities.len()), Points::default);
        for (s, &place) in stages.iter().enumerate() {
            let (done, rest) = self.velocities.split_at_mut(s);
            match done.last() {
                None => velocity(cloud, place, &mut rest[0])?,
                Some(last) => {
                    move_into(cloud, place * eta, last, &mut self.stage);
                    velocity(&self.stage, place, &mut rest[0])?;
                }
            }
            self.evaluations += 1;
        }
        Ok(self.apply(cloud, eta, integrator.weights()))
    }

    /// Takes a Heun step whose size lies between `smallest` and `largest`. The size keeps the
    /// difference between the Heun step and the Euler step, as a root mean square over particles,
    /// below a tenth of `resolution`. The smallest size is accepted with any error.
    ///
    /// # Errors
    /// Those of `velocity`; the cloud is then unchanged.
    pub fn adapt(
        &mut self,
        cloud: &mut Points,
        (largest, smallest): (f64, f64),
        resolution: f64,
        velocity: &mut Velocity,
    ) -> Result<StepReport> {
        self.velocities.resize_with(self.velocities.len().max(2), Points::default);
        let mut eta = self.eta.unwrap_or(largest).clamp(smallest.min(largest), largest);
        let (first, second) = self.velocities.split_at_mut(1);
        velocity(cloud, 0.0, &mut first[0])?;
        self.evaluations += 1;
        loop {
            move_into(cloud, eta, &first[0], &mut self.stage);
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

    /// Undoes the last step. It may be called once per step.
    pub fn undo(&mut self, cloud: &mut Points) {
        if self.before.n() == cloud.n() {
            std::mem::swap(cloud, &mut self.before);
        }
    }

    /// Adds `eta sum_s w_s v_s` to the cloud. The first velocity is replaced by the weighted sum.
    fn apply(&mut self, cloud: &mut Points, eta: f64, weights: &[f64]) -> StepReport {
        let n = cloud.n() as f64;
        self.before.reshape(cloud.n(), cloud.dim());
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
                before.copy_from_slice(y);
                displace(y, eta, v)
            });
            squares.collect_into_vec(&mut self.squares);
        }
        StepReport { eta, displacement: (self.squares.iter().sum::<f64>() / n).sqrt() }
    }
}

/// Moves `y` by `eta v`. Returns the sum of the squares of the displacements, computed as eight
/// partial sums.
fn displace(y: &mut [f64], eta: f64, v: &[f64]) -> f64 {
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

/// Writes `cloud + by velocity` into `out`.
pub(crate) fn move_into(cloud: &Points, by: f64, velocity: &Points, out: &mut Points) {
    out.reshape(cloud.n(), cloud.dim());
    let both = cloud.data().par_chunks(BLOCK).zip(velocity.data().par_chunks(BLOCK));
    out.data_mut().par_chunks_mut(BLOCK).zip(both).for_each(|(out, (y, v))| {
        out.iter_mut().zip(y.iter().zip(v)).for_each(|(o, (y, v))| *o = y + by * v);
    });
}

/// Adds `by velocity` to `cloud`, in the blocks of [`move_into`].
pub(super) fn add(cloud: &mut Points, by: f64, velocity: &Points) {
    let blocks = cloud.data_mut().par_chunks_mut(BLOCK).zip(velocity.data().par_chunks(BLOCK));
    blocks.for_each(|(y, v)| y.iter_mut().zip(v).for_each(|(y, v)| *y += by * v));
}

fn rms_distance(a: &Points, b: &Points) -> f64 {
    let square: f64 = a.data().iter().zip(b.data()).map(|(x, y)| (x - y) * (x - y)).sum();
    (square / a.n() as f64).sqrt()
}
