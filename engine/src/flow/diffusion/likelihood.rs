//! The log density that the probability flow gives to points [song2021score].

use super::{Diffusion, denoising};
use crate::flow::{Clock, Stepper};
use crate::pairwise::{Pairwise, Precision};
use crate::rng::Stream;
use crate::target::Target;
use crate::{Error, Points, Result};

crate::options! {
    /// Options of the log density along the probability flow.
    pub struct LikelihoodOptions {
        /// Levels between which the flow is followed upwards, at least 1.
        steps: usize = 40,
        /// Error of one step, in nats and in shares of the noise.
        tolerance: f64 = 1e-4,
        /// Random directions in which the divergence is estimated [hutchinson1989stochastic]; left out: up to 8 dimensions all
        /// coordinates, which is exact, above 16 directions.
        probes: Option<usize> = None,
    }
}

/// Directions where every coordinate would be too many.
const PROBES: usize = 16;
const MOST_COORDINATES: usize = 8;

/// Displacement of the central differences, in shares of the noise level.
const SHARE: f64 = 1e-4;

impl LikelihoodOptions {
    /// Directions along which the divergence is taken in `dim` dimensions.
    pub fn directions(&self, dim: usize) -> usize {
        self.probes.unwrap_or(if dim <= MOST_COORDINATES { dim } else { PROBES })
    }
}

impl Diffusion {
    /// The log density in nats that the deterministic sampler gives to `points` when it starts from its prior:
    /// `log p(z_min) = log N(z_max; ..) - int div(D - z) / sigma dsigma` along the flow upwards. The sampler's law is that of the
    /// score at `sigma_min`, but for the prior, which lacks the data's own spread. Cost: `2 dim + 1` scores per stage, or
    /// `2 probes + 1`, in f64.
    ///
    /// # Errors
    /// Options out of range, points of another dimension, and those of the score.
    pub(super) fn likelihood(
        &mut self,
        points: &Points,
        options: &LikelihoodOptions,
        pairwise: &Pairwise,
        stream: Stream,
    ) -> Result<Vec<f64>> {
        if options.steps == 0 || options.probes == Some(0) {
            let name = if options.steps == 0 { "steps" } else { "probes" };
            return Err(Error::argument(name, 0, "it must be at least 1"));
        }
        if !(options.tolerance > 0.0 && options.tolerance.is_finite()) {
            return Err(Error::argument("tolerance", options.tolerance, "it must be positive"));
        }
        let dim = points.dim();
        if let Some(own) = self.score.dim() {
            points.check_dim("the points", own, "the score")?;
        }
        let own = pairwise.at_precision(Some(Precision::F64));
        let pairwise = own.as_ref().unwrap_or(pairwise);
        let directions = directions(dim, options, stream.label("probes"));
        let last = self.levels.sigma_min();
        let a = self.levels.scale(last);
        // One more coordinate: the integral of the divergence so far.
        let mut path = Points::zeros(points.n(), dim + 1);
        for (row, x) in path.data_mut().chunks_exact_mut(dim + 1).zip(points.iter()) {
            row.iter_mut().zip(x).for_each(|(z, x)| *z = x / a);
        }
        let mut work = Work { directions, z: Points::default(), shift: Points::default(), sides: Default::default() };
        let mut stepper = Stepper::default();
        for step in (0..options.steps).rev() {
            // Without the step onto 0, where there is no noise to divide by.
            let clock = Clock::at(step, options.steps, stream);
            let (to, from) = (self.levels.level(step, options.steps), self.levels.level(step + 1, options.steps));
            let length = options.tolerance * from.min(1.0) * (dim as f64 + 1.0).sqrt();
            stepper.reach(&mut path, length, &mut |path, c, out| {
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
        logs.iter_mut().zip(path.iter()).for_each(|(log, row)| *log += stretch - row[dim]);
        Ok(logs)
    }

    /// `d(z, integral)/dc` on the way up, `dsigma = speed dc`.
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
        let dim = path.dim() - 1;
        let Work { directions, z, shift, sides } = work;
        let along = |z: &mut Points, direction: Option<&Points>, by: f64| {
            z.reshape(path.n(), dim);
            for (z, row) in z.data_mut().chunks_exact_mut(dim).zip(path.iter()) {
                z.copy_from_slice(&row[..dim]);
                if let Some(e) = direction {
                    z.iter_mut().zip(e.row(0)).for_each(|(z, e)| *z += by * e);
                }
            }
        };
        along(z, None, 0.0);
        denoising(self.score.as_mut(), z, sigma, clock, pairwise, shift)?;
        out.reshape(path.n(), dim + 1);
        for (out, shift) in out.data_mut().chunks_exact_mut(dim + 1).zip(shift.iter()) {
            out[..dim].iter_mut().zip(shift).for_each(|(v, s)| *v = -speed * s / sigma);
            out[dim] = 0.0;
        }
        let by = SHARE * sigma;
        for direction in &directions.each {
            for (side, sign) in sides.iter_mut().zip([by, -by]) {
                along(z, Some(direction), sign);
                denoising(self.score.as_mut(), z, sigma, clock, pairwise, side)?;
            }
            let share = speed * directions.weight / (2.0 * by * sigma);
            for (i, out) in out.data_mut().chunks_exact_mut(dim + 1).enumerate() {
                let e = direction.row(0);
                let change = sides[0].row(i).iter().zip(sides[1].row(i)).map(|(up, down)| up - down);
                out[dim] += share * change.zip(e).map(|(d, e)| d * e).sum::<f64>();
            }
        }
        Ok(())
    }
}

/// What a derivative is taken along: `weight sum_e e . (df e)` is the divergence.
struct Directions {
    each: Vec<Points>,
    weight: f64,
}

/// Memory of [`Diffusion::rise`].
struct Work {
    directions: Directions,
    z: Points,
    shift: Points,
    sides: [Points; 2],
}

/// The coordinates, or random signs that are held along the way.
fn directions(dim: usize, options: &LikelihoodOptions, stream: Stream) -> Directions {
    let count = options.directions(dim);
    let exact = options.probes.is_none() && dim <= MOST_COORDINATES;
    let direction = |k: usize| {
        if exact {
            let mut e = Points::zeros(1, dim);
            e.data_mut()[k] = 1.0;
            return e;
        }
        let mut e = stream.at(k as u64).normal(1, dim);
        e.data_mut().iter_mut().for_each(|v| *v = v.signum());
        e
    };
    Directions { each: (0..count).map(direction).collect(), weight: if exact { 1.0 } else { 1.0 / count as f64 } }
}
