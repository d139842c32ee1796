//! The log density of the distribution that the probability flow generates \[song2021score\].

use super::denoising::denoising;
use super::log_densities::LogDensities;
use super::{Diffusion, LikelihoodOptions};
use crate::flow::Clock;
use crate::ode::{Divergence, RungeKutta};
use crate::pairwise::{Pairwise, Precision};
use crate::rng::Stream;
use crate::target::Density;
use crate::{Points, Result, Subject};

/// Displacement of the central differences, relative to the noise level.
const SHARE: f64 = 1e-4;

impl Diffusion {
    /// Returns the log density in nats, at `points`, of the distribution that the deterministic
    /// sampler generates from its prior. Along the flow to larger sigma, it is `log p(z_min) = log
    /// N(z_max; ..) - int div(D - z) / sigma dsigma`. The distribution would be that of the score
    /// at `sigma_min` if the prior included the spread of the data. The cost is `2 dim + 1`
    /// evaluations of the score per stage, or `2 probes + 1` with random directions, in f64.
    ///
    /// # Errors
    /// The options are out of range, the points have another dimension, or an error of the score.
    pub(super) fn likelihood(
        &mut self,
        points: &Points,
        options: &LikelihoodOptions,
        pairwise: &Pairwise,
        stream: Stream,
    ) -> Result<LogDensities> {
        options.check()?;
        let dim = points.dim();
        self.score.check_dim(points, Subject::points(), "the score")?;
        let own = pairwise.at_precision(Some(Precision::F64));
        let pairwise = own.as_ref().unwrap_or(pairwise);
        let divergence = Divergence::new(dim, options.probes, stream.label("probes"));
        let last = self.levels.sigma_min();
        let a = self.levels.scale(last);
        // A coordinate is added per group of directions: the integral of its divergence so far, times
        // the root of its share. So the error of a step has their mean square.
        let shares = divergence.shares().to_vec();
        let groups = shares.len();
        let mut path = Points::zeros(points.n(), dim + groups);
        for (row, x) in path.data_mut().chunks_exact_mut(dim + groups).zip(points.iter()) {
            row.iter_mut().zip(x).for_each(|(z, x)| *z = x / a);
        }
        let mut work = Work { divergence, z: Points::default(), displacement: Points::default() };
        let mut steps = RungeKutta::default();
        for step in (0..options.steps).rev() {
            // The step to sigma = 0 is left out, because it would divide by zero.
            let clock = Clock::at(step, options.steps, stream);
            let (to, from) = (self.levels.level(step, options.steps), self.levels.level(step + 1, options.steps));
            let length = options.tolerance * from.min(1.0) * (dim as f64 + 1.0).sqrt();
            steps.reach(&mut path, length, &mut |path, c, out| {
                let sigma = from + c * (to - from);
                self.rise(path, sigma, to - from, &clock, pairwise, &mut work, out)
            })?;
        }
        let prior = self.levels.prior(dim)?;
        work.z.reshape(points.n(), dim);
        let first = self.levels.scale(self.levels.level(0, options.steps));
        for (z, row) in work.z.data_mut().chunks_exact_mut(dim).zip(path.iter()) {
            z.iter_mut().zip(row).for_each(|(z, p)| *z = first * p);
        }
        let mut logs = Vec::new();
        prior.log_density(&work.z, 0.0, &mut logs)?;
        let stretch = dim as f64 * (first / a).ln();
        let mut terms = Points::zeros(points.n(), groups);
        for (terms, (row, log)) in terms.data_mut().chunks_exact_mut(groups).zip(path.iter().zip(&logs)) {
            let sums = row[dim..].iter().zip(&shares);
            terms.iter_mut().zip(sums).for_each(|(term, (sum, share))| *term = log + stretch - sum / share.sqrt());
        }
        Ok(LogDensities::of_groups(&terms, &shares))
    }

    /// The slope `d(z, integral)/dc` towards larger sigma, `dsigma = speed dc`.
    #[expect(clippy::too_many_arguments)]
    fn rise(
        &mut self,
        path: &Points,
        sigma: f64,
        speed: f64,
        clock: &Clock,
        pairwise: &Pairwise,
        work: &mut Work,
        out: &mut Points,
    ) -> Result<()> {
        let Work { divergence, z, displacement } = work;
        let shares = divergence.shares().to_vec();
        let dim = path.dim() - shares.len();
        z.reshape(path.n(), dim);
        z.data_mut().chunks_exact_mut(dim).zip(path.iter()).for_each(|(z, row)| z.copy_from_slice(&row[..dim]));
        denoising(self.score.as_mut(), z, sigma, clock, pairwise, displacement)?;
        let mut denoised =
            |z: &Points, out: &mut Points| denoising(self.score.as_mut(), z, sigma, clock, pairwise, out);
        let divergences = divergence.at(z, (SHARE * sigma, &vec![1.0; dim]), &mut denoised)?;
        out.reshape(path.n(), path.dim());
        let rows = out.data_mut().chunks_exact_mut(path.dim()).zip(displacement.iter().zip(divergences.iter()));
        for (out, (displacement, divergence)) in rows {
            out[..dim].iter_mut().zip(displacement).for_each(|(v, s)| *v = -speed * s / sigma);
            let terms = divergence.iter().zip(&shares);
            out[dim..].iter_mut().zip(terms).for_each(|(v, (d, share))| *v = speed * share.sqrt() * d / sigma);
        }
        Ok(())
    }
}

/// Buffers of [`Diffusion::rise`].
struct Work {
    divergence: Divergence,
    z: Points,
    displacement: Points,
}
