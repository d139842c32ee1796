//! The gradient flow of the maximum mean discrepancy \[arbel2019maximum\].

use super::aim::uneven;
use super::{Aim, Clock, FieldAt, Readings, Role, Scales, Scaling, VelocityField};
use crate::archive::Archived;
use crate::number::number;
use crate::ode::StepReport;
use crate::pairwise::{
    Kernel, KernelSum, KernelSums, Kernels, LogGradient, Pairwise, Part, Queries, ScoreDifference, Values,
};
use crate::points::{equal_points, shares};
use crate::score::{SelfTerm, without_stray};
use crate::{Error, Points, Result, Subject, schedule::Schedule};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::mem;
use std::sync::Arc;

/// Whether attraction and repulsion are divided by their kernel densities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weighting {
    /// They are not divided: the gradient of MMD^2.
    #[default]
    Plain,
    /// Each is divided by its own density.
    Normalised,
}

crate::choices!(Weighting);

crate::options! {
    /// Options of `mmd_flow`.
    pub struct MmdFlowOptions {
        /// A kernel, the bandwidth of a Gaussian kernel, a list of these (their velocities are
        /// averaged), or "median": a Gaussian kernel whose bandwidth is the median distance between
        /// points of the target.
        kernel: Kernels = Kernels::Median,
        /// "denoiser": the velocity is the gradient times the squared bandwidth, and for a kernel
        /// without a bandwidth times the root mean square of the standard deviations of the
        /// target's columns; "raw": the gradient itself.
        scaling: Scaling = Scaling::Denoiser,
        /// "plain": the gradient of MMD^2 up to a constant factor; "normalised": the attraction is
        /// divided by `E_p k` and the repulsion by `E_q k`, which with a Gaussian kernel gives the
        /// score difference with sigma equal to the bandwidth.
        weighting: Weighting = Weighting::Plain,
        /// Standard deviation of the noise, a number or a schedule in the units of the points; 0
        /// for none. The velocity of `y` is evaluated at `y + noise e`, with new standard normal
        /// `e` in each step.
        noise: Schedule = Schedule::Constant { value: 0.0 },
    }
}

/// The velocity `v(z) = E_p[grad_z k(z, x)] - E_q[grad_z k(z, y)]`, which is `-n/2` times the
/// gradient of MMD^2 with respect to a particle. Unlike the score difference, the velocity is not
/// divided by the smoothed densities `P(z) = E_p k` and `Q(z) = E_q k`, so it vanishes where these
/// are small. With a Gaussian kernel, `v = P score_p - Q score_q`. With normalised weighting,
/// `v = grad log P - grad log Q`. The cost is two pairwise passes per kernel, or four if a
/// non-Gaussian kernel is normalised.
#[derive(Debug)]
pub struct MmdFlow {
    target: Arc<Points>,
    /// Weights of the points of the target, which sum to 1, and their logarithms; None if none were
    /// given.
    weights: Option<[Vec<f64>; 2]>,
    kernels: Vec<Kernel>,
    /// The root mean square of the standard deviations of the target's columns, if a kernel has no
    /// bandwidth. Points very far from all others do not count. 1 if the rest coincide.
    spread: f64,
    options: MmdFlowOptions,
    self_term: SelfTerm,
    /// Buffers between steps.
    queries: Points,
    part: Points,
    sums: KernelSums,
    gradient: LogGradient,
}

/// The arguments of the velocity of one kernel, and the factor of this velocity in the sum over
/// kernels.
#[derive(Clone, Copy)]
struct Place<'a> {
    z: &'a Points,
    cloud: &'a Points,
    /// True if `z` is the cloud itself.
    own: bool,
    /// True if particle `i` does not count in the density at point `i`.
    leave_out_self: bool,
    share: f64,
    pairwise: &'a Pairwise,
}

impl MmdFlow {
    /// Creates the flow towards the points `target`. They are shared, not copied.
    ///
    /// # Errors
    /// A bandwidth is not positive, a kernel with "normalised" weighting has values that are not
    /// positive, or a noise is out of range.
    pub fn new(target: impl Into<Arc<Points>>, options: MmdFlowOptions) -> Result<MmdFlow> {
        let target = target.into();
        options.noise.check("noise", 0.0..=f64::INFINITY)?;
        let (queries, part) = (Points::default(), Points::default());
        let (sums, gradient) = (KernelSums::default(), LogGradient::default());
        let self_term = SelfTerm::Include;
        let (weights, kernels) = (None, Vec::new());
        let flow = MmdFlow { target, weights, kernels, spread: 1.0, options, self_term, queries, part, sums, gradient };
        flow.with_lengths()
    }

    /// Finds the kernels, and the spread of the target if a kernel needs it.
    fn with_lengths(mut self) -> Result<MmdFlow> {
        let shares = self.weights.as_ref().map(|[shares, _]| shares.as_slice());
        let chosen = shares.map(|shares| equal_points(&self.target, shares, self.target.n()));
        let points = chosen.as_ref().unwrap_or(&self.target);
        // If one point has nearly all the mass, the unweighted points have the only lengths.
        let kernels = self.options.kernel.resolve(points);
        self.kernels = kernels.or_else(|_| self.options.kernel.resolve(&self.target))?;
        if self.options.weighting == Weighting::Normalised && self.kernels.contains(&Kernel::Energy) {
            let want = "the energy kernel is not a density to divide by: use weighting \"plain\"";
            return Err(Error::argument("weighting", "\"normalised\"", want));
        }
        if self.kernels.iter().any(|kernel| kernel.own_bandwidth().is_none()) {
            let found = without_stray(points).spread() / (points.dim() as f64).sqrt();
            self.spread = if found > 0.0 { found } else { 1.0 };
        }
        Ok(self)
    }

    /// Sets the weights of the target's points in proportion to `weights`: `E_p` becomes a weighted
    /// mean. They also count in a "median" bandwidth.
    ///
    /// # Errors
    /// A weight is negative or not finite, none is positive, or their number is not that of the
    /// points.
    pub fn with_weights(mut self, weights: &[f64]) -> Result<MmdFlow> {
        let shares = shares(weights, self.target.n(), "weights")?;
        let logs = shares.iter().map(|w| w.ln()).collect();
        self.weights = Some([shares, logs]);
        self.with_lengths()
    }

    /// Chooses whether a particle counts in `E_q` at its own position. At tracers, all particles
    /// count.
    ///
    /// # Errors
    /// [`SelfTerm::Exclude`] is given with [`Weighting::Normalised`], which divides by a density
    /// that counts every particle.
    pub fn with_self_term(mut self, self_term: SelfTerm) -> Result<MmdFlow> {
        if self_term == SelfTerm::Exclude && self.options.weighting == Weighting::Normalised {
            let want = "weighting \"normalised\" divides by the density of all particles: use weighting \"plain\"";
            return Err(Error::argument("self_term", "\"exclude\"", want));
        }
        self.self_term = self_term;
        Ok(self)
    }

    /// Writes the velocity at the points `at.z`; `own` says whether they are the cloud itself.
    fn field(&mut self, at: &FieldAt, own: bool, out: &mut Points) -> Result<()> {
        let FieldAt { z, cloud, role, pairwise, .. } = *at;
        let leave_out_self = role == Role::Cloud && self.self_term == SelfTerm::Exclude;
        if leave_out_self && cloud.n() == 1 {
            let want = "self_term \"exclude\" needs at least 2 particles";
            return Err(Error::argument("self_term", "\"exclude\"", want));
        }
        out.reshape(z.n(), z.dim());
        out.data_mut().fill(0.0);
        let count = self.kernels.len() as f64;
        let shares: Vec<(Kernel, f64)> = (self.kernels.iter())
            .map(|kernel| match self.options.scaling {
                Scaling::Denoiser => (*kernel, kernel.own_bandwidth().map_or(self.spread, |h| h * h) / count),
                Scaling::Raw => (*kernel, 1.0 / count),
            })
            .collect();
        if self.options.weighting == Weighting::Plain {
            return self.add_plain(&shares, Place { z, cloud, own, leave_out_self, share: 1.0, pairwise }, out);
        }
        for (kernel, share) in shares {
            let place = Place { z, cloud, own, leave_out_self, share, pairwise };
            match kernel {
                Kernel::Gaussian { h } => self.add_score_difference(h, place, out)?,
                _ => self.add_normalised(kernel, place, out)?,
            }
        }
        Ok(())
    }

    fn add_plain(&mut self, shares: &[(Kernel, f64)], place: Place, out: &mut Points) -> Result<()> {
        let Place { z, cloud, leave_out_self, pairwise, .. } = place;
        // The sums of a single kernel are scaled once.
        let single = [(shares[0].0, 1.0)];
        let (mixture, share) = if shares.len() == 1 { (&single[..], shares[0].1) } else { (shares, 1.0) };
        let dim = z.dim();
        let shares = self.weights.as_ref().map(|[shares, _]| shares.as_slice());
        let sides = [(&*self.target, shares, false, 1.0), (cloud, None, leave_out_self, -1.0)];
        for (sources, weights, leave_out_self, sign) in sides {
            let sum = KernelSum {
                kernel: mixture[0].0,
                part: Part::Slope,
                weights,
                values: Some(Values::Own),
                leave_out_self,
            };
            pairwise.mixture_sum(z, sources, mixture, &sum, &mut self.sums)?;
            let count = sources.n() - usize::from(leave_out_self);
            let scale = sign * share / weights.map_or(count as f64, |_| 1.0);
            let sums = self.sums.mass.par_iter().zip(self.sums.moment.data().par_chunks(dim));
            let rows = out.data_mut().par_chunks_mut(dim).zip(z.data().par_chunks(dim)).zip(sums);
            rows.with_min_len(256).for_each(|((v, z), (mass, moment))| {
                v.iter_mut().zip(z.iter().zip(moment)).for_each(|(v, (z, m))| *v += scale * (mass * z - m));
            });
        }
        Ok(())
    }

    fn add_score_difference(&mut self, h: f64, place: Place, out: &mut Points) -> Result<()> {
        let Place { z, cloud, own, share, pairwise, .. } = place;
        let difference = ScoreDifference {
            targets: &self.target,
            target_log_weights: self.weights.as_ref().map(|[_, logs]| logs.as_slice()),
            particles: cloud,
            leave_out_self: false,
            sigma: h,
        };
        let queries = if own { Queries::Particles } else { Queries::At(z) };
        pairwise.score_difference(queries, &difference, &mut self.part)?;
        add(out, share / (h * h), &self.part);
        Ok(())
    }

    fn add_normalised(&mut self, kernel: Kernel, place: Place, out: &mut Points) -> Result<()> {
        let Place { z, cloud, share, pairwise, .. } = place;
        let shares = self.weights.as_ref().map(|[shares, _]| shares.as_slice());
        for (sources, weights, sign) in [(&*self.target, shares, 1.0), (cloud, None, -1.0)] {
            pairwise.log_gradient(z, (sources, weights), kernel, &mut self.gradient, &mut self.part)?;
            add(out, sign * share, &self.part);
        }
        Ok(())
    }
}

fn add(out: &mut Points, scale: f64, part: &Points) {
    out.data_mut().iter_mut().zip(part.data()).for_each(|(v, p)| *v += scale * p);
}

impl VelocityField for MmdFlow {
    fn name(&self) -> &'static str {
        "mmd_flow"
    }

    fn prepare(&mut self, cloud: &Points, _clock: &Clock, last: Option<&StepReport>) -> Result<Vec<String>> {
        if last.is_some() {
            return Ok(Vec::new());
        }
        cloud.check_dim(Subject::argument("start"), self.target.dim(), "the target")?;
        Ok(match self.options.kernel {
            Kernels::Median => {
                vec![format!("kernel: bandwidth {}, the median distance", number(self.kernels[0].bandwidth()))]
            }
            _ => Vec::new(),
        })
    }

    /// Writes the velocity at `z + noise e`.
    fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        let FieldAt { z, role, clock, .. } = *at;
        let noise = self.options.noise.at(clock.progress());
        if noise == 0.0 {
            return self.field(at, role == Role::Cloud, out);
        }
        let stream = clock.randomness("noise");
        let stream = if role == Role::Cloud { stream } else { stream.label("followers") };
        let mut jittered = mem::take(&mut self.queries);
        jittered.reshape(z.n(), z.dim());
        stream.scatter_normal(z.data(), noise, jittered.data_mut());
        let done = self.field(&FieldAt { z: &jittered, ..*at }, false, out);
        self.queries = jittered;
        done
    }

    fn scales(&self, _cloud: &Points, _clock: &Clock) -> Scales<'_> {
        let widths = self.kernels.iter().map(|k| k.own_bandwidth().unwrap_or(self.spread));
        let resolution = widths.fold(f64::INFINITY, f64::min);
        Scales { step: 1.0, resolution, units: None, aim: Aim::Points(&self.target) }
    }

    fn warnings(&self) -> Vec<String> {
        uneven(Some(&self.target)).into_iter().collect()
    }

    fn readings(&mut self, at: &FieldAt) -> Result<Readings> {
        let injected = self.options.noise.extremes().into_iter().any(|noise| noise > 0.0);
        let level = || self.options.noise.at(at.clock.progress());
        Ok(if injected { vec![("noise", level())] } else { Vec::new() })
    }
}

impl Archived for MmdFlow {}

#[cfg(test)]
mod tests;
