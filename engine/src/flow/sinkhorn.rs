//! The gradient flow of the Sinkhorn divergence \[feydy2019interpolating\].

use super::aim::uneven;
use super::{Aim, Clock, FieldAt, Readings, Role, Scales, VelocityField};
use crate::archive::{Archive, Archived};
use crate::number::number;
use crate::ode::StepReport;
use crate::pairwise::{Pairwise, Softmax, SoftmaxMean, Values};
use crate::points::shares;
use crate::sinkhorn::{Marginal, Potentials, Sinkhorn, SinkhornOptions, SinkhornPrecision};
use crate::{Points, Result, Subject};
use std::sync::Arc;

/// The default of epsilon, relative to the total variance of the target.
const SHARE: f64 = 0.05;

crate::options! {
    /// Options of `sinkhorn_flow`.
    pub struct SinkhornFlowOptions {
        /// The strength of the regularisation, in the units of the cost `|x - y|^2 / 2`; positive.
        /// The default is 1/20 of the total variance of the target.
        epsilon: Option<f64> = None,
        /// The regularisation expressed as a length, `blur = sqrt(epsilon)`: the flow does not
        /// resolve smaller distances. Give `epsilon` or `blur`, not both.
        blur: Option<f64> = None,
        /// The L1 error of the marginals at which the iterations for a velocity end. Every step
        /// starts from the potentials of the step before.
        tolerance: f64 = 1e-4,
        /// Largest number of iterations for each of the two plans of a velocity.
        max_iterations: usize = 1000,
    }
}

/// The velocity `v(z) = sum_j P_xy(j|z) x_j - sum_k P_yy(k|z) y_k` is a difference of two means.
/// The first is the mean of the target under the entropic plan between cloud and target; the second
/// is the mean of the cloud under the plan of the cloud with itself. At particle `i`, the velocity
/// is `-n` times the gradient of the Sinkhorn divergence with respect to the particle. The velocity
/// is 0 if the cloud is equal to the target. Unlike the velocity of a kernel, it does not vanish if
/// the start is far away. Every point of the target attracts as much mass as its own weight. The
/// cost is two pairwise passes per iteration of the plan between cloud and target, one per
/// iteration of the plan of the cloud with itself, and one pass for each mean.
#[derive(Debug)]
pub struct SinkhornFlow {
    target: Arc<Points>,
    /// Weights of the points of the target, which sum to 1; None if they are equal.
    weights: Option<Vec<f64>>,
    options: SinkhornOptions,
    epsilon: f64,
    chosen: bool,
    kept: Kept,
    /// Buffers between steps.
    means: SoftmaxMean,
}

/// The state between steps.
#[derive(Debug, Default)]
struct Kept {
    /// The potentials of the target, and of the cloud with itself; empty before the first velocity.
    start: [Vec<f64>; 2],
    /// The last marginal error, the largest marginal error, and the number of plans that did not
    /// converge.
    error: f64,
    largest: f64,
    missed: usize,
    /// The number of iterations of the last velocity.
    iterations: usize,
}

impl Archived for Kept {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("target", &mut self.start[0])?;
        archive.part("cloud", &mut self.start[1])?;
        archive.part("error", &mut self.error)?;
        archive.part("largest", &mut self.largest)?;
        archive.part("missed", &mut self.missed)?;
        archive.part("iterations", &mut self.iterations)
    }
}

impl SinkhornFlow {
    /// Creates the flow towards the points `target`. They are shared, not copied.
    ///
    /// # Errors
    /// An option is out of range.
    pub fn new(target: impl Into<Arc<Points>>, options: SinkhornFlowOptions) -> Result<SinkhornFlow> {
        let SinkhornFlowOptions { epsilon, blur, tolerance, max_iterations } = options;
        let options = SinkhornOptions { epsilon, blur, tolerance, max_iterations, ..SinkhornOptions::default() };
        options.check()?;
        let (target, chosen) = (target.into(), options.given().is_none());
        let (kept, means) = (Kept::default(), SoftmaxMean::default());
        SinkhornFlow { target, weights: None, options, epsilon: 1.0, chosen, kept, means }.with_epsilon()
    }

    /// Sets the weights of the target's points in proportion to `weights`.
    ///
    /// # Errors
    /// A weight is negative or not finite, none is positive, or their number is not that of the
    /// points.
    pub fn with_weights(mut self, weights: &[f64]) -> Result<SinkhornFlow> {
        self.weights = Some(shares(weights, self.target.n(), "weights")?);
        self.with_epsilon()
    }

    /// Returns the epsilon that was given or chosen.
    pub fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// Chooses epsilon, if it was not given.
    fn with_epsilon(mut self) -> Result<SinkhornFlow> {
        let share = SHARE * Marginal::new(&self.target, self.weights.as_deref(), "weights", false)?.total_variance();
        let epsilon = self.options.given().filter(|_| !self.chosen);
        self.epsilon = epsilon.unwrap_or(if share > 0.0 { share } else { 1.0 });
        (self.options.epsilon, self.options.blur) = (Some(self.epsilon), None);
        Ok(self)
    }

    /// Solves the problem between two sides, starting from the potential `start` of the second
    /// side. The iterations are in f32 first, and continue in the precision of the options if they
    /// did not converge.
    fn plan(&mut self, x: &Marginal, y: &Marginal, start: &[f64], pairwise: &Pairwise) -> Result<Potentials> {
        let problem = |options: &SinkhornOptions, start: &[f64]| match start.len() == y.points.n() {
            true => Sinkhorn::new(x.clone(), y.clone(), options.clone())?.start(start.to_vec()),
            false => Sinkhorn::new(x.clone(), y.clone(), options.clone()),
        };
        let quick = SinkhornOptions { precision: SinkhornPrecision::F32, ..self.options.clone() };
        let mut found = problem(&quick, start)?.solve(pairwise)?;
        if !found.converged {
            let more = problem(&self.options, &found.g)?.solve(pairwise)?;
            found = Potentials { iterations: found.iterations + more.iterations, ..more };
        }
        self.kept.error = self.kept.error.max(found.marginal_error);
        self.kept.iterations += found.iterations;
        self.kept.missed += usize::from(!found.converged);
        Ok(found)
    }

    /// Writes the means of the rows of a plan at `z`.
    fn means(&mut self, z: &Points, y: &Marginal, potential: &[f64], pairwise: &Pairwise) -> Result<()> {
        let logs: Vec<f64> = y.logs().iter().zip(potential).map(|(l, g)| l + g / self.epsilon).collect();
        let softmax = Softmax { sigma: self.epsilon.sqrt(), log_weights: Some(&logs), leave_out_self: false };
        pairwise.softmax_mean(z, y.points, Values::Own, &softmax, &mut self.means)
    }
}

impl VelocityField for SinkhornFlow {
    fn name(&self) -> &'static str {
        "sinkhorn_flow"
    }

    fn prepare(&mut self, cloud: &Points, _clock: &Clock, last: Option<&StepReport>) -> Result<Vec<String>> {
        if last.is_some() {
            return Ok(Vec::new());
        }
        cloud.check_dim(Subject::argument("start"), self.target.dim(), "the target")?;
        let told = format!("epsilon: {}, 1/20 of the total variance of the target", number(self.epsilon));
        Ok(if self.chosen { vec![told] } else { Vec::new() })
    }

    fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        let FieldAt { z, cloud, role, pairwise, .. } = *at;
        let known = (self.kept.error, self.kept.iterations);
        let target = Arc::clone(&self.target);
        let weights = self.weights.take();
        let side = Marginal::new(&target, weights.as_deref(), "weights", false);
        self.weights.clone_from(&weights);
        let (x, y) = (Marginal::equal(cloud), side?);
        (self.kept.error, self.kept.iterations) = (0.0, 0);
        let [to_target, to_cloud] = std::mem::take(&mut self.kept.start);
        let between = self.plan(&x, &y, &to_target, pairwise)?;
        let own = self.plan(&x, &x, &to_cloud, pairwise)?;
        self.kept.largest = self.kept.largest.max(self.kept.error);
        self.means(z, &x, &own.g, pairwise)?;
        std::mem::swap(out, &mut self.means.mean);
        self.means(z, &y, &between.g, pairwise)?;
        let pairs = out.data_mut().iter_mut().zip(self.means.mean.data());
        pairs.for_each(|(v, mean)| *v = mean - *v);
        self.kept.start = [between.g, own.g];
        if role == Role::Tracer {
            // The readings describe the cloud, so the values before the tracers are restored.
            (self.kept.error, self.kept.iterations) = known;
        }
        Ok(())
    }

    fn scales(&self, _cloud: &Points, _clock: &Clock) -> Scales<'_> {
        Scales { step: 1.0, resolution: self.epsilon.sqrt(), units: None, aim: Aim::Points(&self.target) }
    }

    fn readings(&mut self, _at: &FieldAt) -> Result<Readings> {
        let known = self.kept.iterations > 0;
        let readings = vec![("marginal_error", self.kept.error), ("iterations", self.kept.iterations as f64)];
        Ok(if known { readings } else { Vec::new() })
    }

    fn warnings(&self) -> Vec<String> {
        let missed = (self.kept.missed > 0).then(|| {
            format!(
                "{} of the plans of sinkhorn_flow did not reach the tolerance {}; the largest marginal error is {}: \
                 increase `max_iterations`, or `epsilon` from {}, or accept a larger `tolerance`",
                self.kept.missed,
                number(self.options.tolerance),
                number(self.kept.largest),
                number(self.epsilon)
            )
        });
        missed.into_iter().chain(uneven(Some(&self.target))).collect()
    }
}

impl Archived for SinkhornFlow {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("sinkhorn", &mut self.kept)
    }
}

#[cfg(test)]
mod tests;
