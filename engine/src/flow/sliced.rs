//! The flow of sliced transport: optimal transport along random lines \[pitie2007automated,
//! bonneel2015sliced\].

use super::aim::uneven;
use super::{Aim, Clock, FieldAt, Role, Scales, VelocityField};
use crate::archive::Archived;
use crate::ode::StepReport;
use crate::options::at_least;
use crate::points::{dot, ends, shares, sort_projections};
use crate::{Points, Result, Subject};
use rayon::prelude::*;
use std::sync::Arc;

/// The number of lines computed at a time, for any number of threads; it limits the memory.
const BLOCK: usize = 16;

/// Rows per task.
const ROWS: usize = 4096;

crate::options! {
    /// Options of `sliced_flow`.
    pub struct SlicedFlowOptions {
        /// Number of random orthonormal bases whose velocities are averaged, at least 1.
        bases: usize = 1,
    }
}

/// The velocity is a sum over the axes `u` of a random orthonormal basis: `v(z) = sum_u s_u u`. On
/// the line along `u`, the optimal transport from the projections of the cloud to those of the
/// target moves the projection `u . z` by `s_u`. The particle of rank `i` moves to the point of
/// rank `i`, or to the mean of the points of its quantiles if the sets differ in size. Every step
/// draws new bases. A step of size 1 gives the cloud the projections of the target on all axes of
/// the basis; in one dimension it is the optimal transport. The expected velocity of a particle is
/// `-n d / 2` times the gradient of the squared sliced distance with respect to this particle.
/// Tracers move by the interpolated displacement of the particles beside them on each line. Cost of
/// a velocity per basis: `d (n log n + m log m + (n + m) d)`, and `d^3` for the basis.
#[derive(Debug)]
pub struct SlicedFlow {
    target: Arc<Points>,
    /// Weights of the points of the target, which sum to 1; None if they are equal.
    weights: Option<Vec<f64>>,
    options: SlicedFlowOptions,
}

impl SlicedFlow {
    /// Creates the flow towards the points `target`. They are shared, not copied.
    ///
    /// # Errors
    /// `bases` is 0.
    pub fn new(target: impl Into<Arc<Points>>, options: SlicedFlowOptions) -> Result<SlicedFlow> {
        at_least(&[("bases", options.bases, 1)])?;
        Ok(SlicedFlow { target: target.into(), weights: None, options })
    }

    /// Weights the points of the target in proportion to `weights`.
    ///
    /// # Errors
    /// A weight is negative or not finite, none is positive, or their number is not that of the
    /// points.
    pub fn with_weights(mut self, weights: &[f64]) -> Result<SlicedFlow> {
        self.weights = Some(shares(weights, self.target.n(), "weights")?);
        Ok(self)
    }

    /// Returns the displacement along a line of every point of `at`.
    fn along(&self, direction: &[f64], at: &FieldAt) -> Vec<f64> {
        let cloud = sort_projections(direction, at.cloud);
        let target = sort_projections(direction, &self.target);
        let shifts = shifts(&cloud, &target, self.weights.as_deref());
        if at.role == Role::Cloud && at.z.n() == cloud.len() {
            // Row `i` of `z` has the displacement of particle `i`, also if noise was added to `z`.
            let mut of_particles = vec![0.0; cloud.len()];
            cloud.iter().zip(shifts).for_each(|((_, i), shift)| of_particles[*i] = shift);
            return of_particles;
        }
        at.z.iter().map(|z| interpolated(dot(direction, z), &cloud, &shifts)).collect()
    }
}

impl VelocityField for SlicedFlow {
    fn name(&self) -> &'static str {
        "sliced_flow"
    }

    fn prepare(&mut self, cloud: &Points, _clock: &Clock, _last: Option<&StepReport>) -> Result<Vec<String>> {
        cloud.check_dim(Subject::argument("start"), self.target.dim(), "the target")?;
        Ok(Vec::new())
    }

    fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        let dim = at.z.dim();
        out.reshape(at.z.n(), dim);
        out.data_mut().fill(0.0);
        let stream = at.clock.randomness("basis");
        let share = 1.0 / self.options.bases as f64;
        for k in 0..self.options.bases {
            let basis = stream.at(k as u64).orthonormal_basis(dim);
            for axes in basis.chunks(BLOCK) {
                at.pairwise.interrupt().check()?;
                let moved: Vec<Vec<f64>> = axes.par_iter().map(|axis| self.along(axis, at)).collect();
                out.data_mut().par_chunks_mut(ROWS * dim).enumerate().for_each(|(chunk, rows)| {
                    for (k, row) in rows.chunks_exact_mut(dim).enumerate() {
                        for (axis, moved) in axes.iter().zip(&moved) {
                            let by = share * moved[chunk * ROWS + k];
                            row.iter_mut().zip(axis).for_each(|(v, u)| *v += by * u);
                        }
                    }
                });
            }
        }
        Ok(())
    }

    fn scales(&self, cloud: &Points, _clock: &Clock) -> Scales<'_> {
        Scales { step: 1.0, resolution: 1e-2 * cloud.spread(), units: None, aim: Aim::Points(&self.target) }
    }

    fn warnings(&self) -> Vec<String> {
        uneven(Some(&self.target)).into_iter().collect()
    }
}

impl Archived for SlicedFlow {}

/// Returns the displacement of every point of `cloud`, in sorted order, under the optimal transport
/// to `target`. A point moves to the mean of the target points that share its quantiles.
fn shifts(cloud: &[(f64, usize)], target: &[(f64, usize)], weights: Option<&[f64]>) -> Vec<f64> {
    // Each particle has the mass m, and each unweighted target point the mass n. Quantiles are then
    // whole numbers.
    let (n, m) = (cloud.len() as f64, target.len() as f64);
    let ends = ends(target, n, weights);
    let (mut j, mut at) = (0, 0.0);
    let shift = |(i, (x, _)): (usize, &(f64, usize))| {
        let last = (i + 1) as f64 * m;
        let mut shift = 0.0;
        while at < last {
            let end = ends[j].min(last);
            shift += (end - at) / m * (target[j].0 - x);
            at = end;
            j += usize::from(end == ends[j] && j + 1 < ends.len());
        }
        shift
    };
    cloud.iter().enumerate().map(shift).collect()
}

/// Returns the displacement at `x`, interpolated between the points of a sorted line.
fn interpolated(x: f64, line: &[(f64, usize)], shifts: &[f64]) -> f64 {
    let (from, to) = (line.partition_point(|p| p.0 < x), line.partition_point(|p| p.0 <= x));
    if from < to {
        return shifts[from..to].iter().sum::<f64>() / (to - from) as f64;
    }
    match (from.checked_sub(1), line.get(from)) {
        (Some(before), Some((next, _))) => {
            let share = (x - line[before].0) / (next - line[before].0);
            shifts[before] + share * (shifts[from] - shifts[before])
        }
        (Some(last), None) => shifts[last],
        (None, _) => shifts[0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairwise::Pairwise;
    use crate::rng::Stream;

    fn velocity(flow: &mut SlicedFlow, at: FieldAt) -> Points {
        let mut out = Points::default();
        flow.velocity(&at, &mut out).unwrap();
        out
    }

    /// The points after a step of size 1.
    fn step(flow: &mut SlicedFlow, cloud: &Points, clock: &Clock) -> Points {
        let mut moved = velocity(flow, FieldAt::cloud(cloud, clock, &Pairwise::default()));
        moved.data_mut().iter_mut().zip(cloud.data()).for_each(|(v, y)| *v += y);
        moved
    }

    #[test]
    fn one_step_gives_the_projections_of_the_target() {
        let (clock, x) = (Clock::at(3, 9, Stream::new(5)), Stream::new(1).normal(60, 4));
        let y = Stream::new(2).normal(60, 4);
        let mut flow = SlicedFlow::new(x.clone(), SlicedFlowOptions::default()).unwrap();
        let moved = step(&mut flow, &y, &clock);
        for axis in clock.randomness("basis").at(0).orthonormal_basis(4) {
            let (got, want) = (sort_projections(&axis, &moved), sort_projections(&axis, &x));
            assert!(got.iter().zip(&want).all(|(g, w)| (g.0 - w.0).abs() < 1e-12));
        }
        // The target itself does not move.
        let still = step(&mut flow, &x, &clock);
        assert!(still.data().iter().zip(x.data()).all(|(s, x)| (s - x).abs() < 1e-12));
    }

    #[test]
    fn quantiles_of_unequal_sizes_and_weights() {
        let line = |points: &[f64]| points.iter().copied().zip(0..).collect::<Vec<(f64, usize)>>();
        // The particle at 0 takes 1 and half of 2. The particle at 3 takes the second half of 2,
        // and 5.
        let got = shifts(&line(&[0.0, 3.0]), &line(&[1.0, 2.0, 5.0]), None);
        assert!((got[0] - 4.0 / 3.0).abs() < 1e-15 && (got[1] - 1.0).abs() < 1e-15, "{got:?}");
        // Three quarters of the mass are at 1. They take the whole particle at 0 and half of that
        // at 3.
        let got = shifts(&line(&[0.0, 3.0]), &line(&[1.0, 5.0]), Some(&[0.75, 0.25]));
        assert!((got[0] - 1.0).abs() < 1e-15 && got[1].abs() < 1e-15, "{got:?}");
    }

    #[test]
    fn equal_points_part_and_tracers_lie_between() {
        let x = Points::from_rows(&[[1.0], [2.0], [3.0], [4.0]]).unwrap();
        let mut flow = SlicedFlow::new(x, SlicedFlowOptions { bases: 2 }).unwrap();
        let (cloud, clock) = (Points::zeros(4, 1), Clock::at(0, 1, Stream::new(1)));
        let mut moved = step(&mut flow, &cloud, &clock).data().to_vec();
        // On a line, the two bases are equal or opposite.
        moved.sort_by(f64::total_cmp);
        assert!((moved.iter().sum::<f64>() - 10.0).abs() < 1e-12);
        let cloud = Points::from_rows(&[[0.0], [1.0], [2.0], [6.0]]).unwrap();
        let pairwise = Pairwise::default();
        let at = FieldAt::cloud(&cloud, &clock, &pairwise);
        let z = Points::from_rows(&[[-9.0], [4.0], [2.0], [7.0]]).unwrap();
        let got = velocity(&mut flow, at.tracers(&z));
        for (got, want) in got.data().iter().zip([1.0, -0.5, 1.0, -2.0]) {
            assert!((got - want).abs() < 1e-12, "{got} {want}");
        }
    }
}
