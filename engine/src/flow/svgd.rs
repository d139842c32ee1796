//! Stein variational gradient descent \[liu2016stein\].

use super::aim::uneven;
use super::diagnostics::{misfit, slope_ratio};
use super::sigma::check_smallest_sigma;
use super::support::Support;
use super::{Aim, Clock, FieldAt, Readings, Role, Scales, VelocityField};
use crate::archive::{Archive, Archived};
use crate::ode::StepReport;
use crate::pairwise::{Kernel, KernelSum, KernelSums, Kernels, Pairwise, Part, Values, median_distance};
use crate::score::{At, Form, Kde, Score};
use crate::target::Target;
use crate::{Error, Points, Result, Subject, schedule::Schedule};
use rayon::prelude::*;
use std::sync::Arc;

crate::options! {
    /// Options of `svgd`.
    pub struct SvgdOptions {
        /// A kernel, the bandwidth of a Gaussian kernel, a list of these (their velocities are
        /// averaged), or "median": a Gaussian kernel of bandwidth `median distance of the particles
        /// / sqrt(2 ln(n + 1))`, recomputed in each step.
        kernel: Kernels = Kernels::Median,
        /// Noise level that smooths the score of the target, in the units of the points; it must be
        /// positive for a kernel estimate.
        sigma: Schedule = Schedule::Constant { value: 0.0 },
    }
}

/// The default step for a standard normal target.
const USUAL_STEP: f64 = 0.1;

/// The velocity `phi(z) = mean_j [k(y_j, z) grad log p(y_j) + grad_{y_j} k(y_j, z)]`: the steepest
/// descent of `KL(q | p)` in the reproducing kernel Hilbert space of the kernel. For the
/// distribution `q` of the particles it is `E_q[k(y, z) (grad log p - grad log q)(y)]`. This is the
/// score difference smoothed by the kernel. No score of `q` is needed. The cost is two pairwise
/// passes per kernel and one evaluation of the score.
#[derive(Debug)]
pub struct Svgd {
    score: Box<dyn Score>,
    options: SvgdOptions,
    kernels: Vec<Kernel>,
    /// Buffers between steps.
    scores: Points,
    /// The cloud and the sigma for which the scores and the median were computed.
    known: (Points, f64),
    squares: Vec<f64>,
    /// The square of the length over which the score changes around the start; 1 before the first
    /// step.
    unit: f64,
    attraction: KernelSums,
    repulsion: KernelSums,
    support: Support,
}

impl Svgd {
    /// Creates the flow towards the distribution with this score.
    ///
    /// # Errors
    /// A kernel lacks a positive bandwidth, options are out of range, or sigma = 0 for a score that
    /// needs smoothing.
    pub fn new(score: Box<dyn Score>, options: SvgdOptions) -> Result<Svgd> {
        options.sigma.check("sigma", 0.0..=f64::INFINITY)?;
        check_smallest_sigma(score.as_ref(), &options.sigma)?;
        let kernels = match &options.kernel {
            Kernels::Median => Vec::new(),
            given => given.resolve(&Points::default())?,
        };
        if kernels.contains(&Kernel::Energy) {
            return Err(Error::argument(
                "kernel",
                "\"energy\"",
                "a positive definite kernel is expected, such as the inverse multiquadric",
            ));
        }
        let (attraction, repulsion) = (KernelSums::default(), KernelSums::default());
        let (scores, known, squares) = (Points::default(), (Points::default(), 0.0), Vec::new());
        let support = Support::default();
        Ok(Svgd { score, options, kernels, scores, known, squares, unit: 1.0, attraction, repulsion, support })
    }

    /// Adds a warning about particles outside the support of `target`, to which the score of the
    /// flow belongs.
    pub fn inside(self, target: Option<Arc<dyn Target>>) -> Svgd {
        Svgd { support: Support::of(target), ..self }
    }

    fn choose_kernel(&mut self, cloud: &Points) -> Result<()> {
        if self.options.kernel != Kernels::Median {
            return Ok(());
        }
        let Some(median) = median_distance(cloud, &mut self.squares) else {
            let reason = "all particles coincide, so there is no median distance; give a kernel with its bandwidth";
            return Err(Error::Numeric { what: "the bandwidth \"median\"".into(), reason: reason.into() });
        };
        let h = median / (2.0 * (cloud.n() as f64 + 1.0).ln()).sqrt();
        self.kernels.clear();
        self.kernels.push(Kernel::Gaussian { h });
        Ok(())
    }

    /// Finds the unit of the default step from the scores at some of the particles.
    fn choose_unit(&mut self, cloud: &Points, clock: &Clock) -> Result<()> {
        const ROWS: usize = 1000;
        let few = cloud.n().min(ROWS);
        let z = &cloud.select(&(0..few).map(|i| i * cloud.n() / few).collect::<Vec<_>>());
        let (sigma, stream) = (self.options.sigma.at(clock.progress()), clock.randomness("unit"));
        let at = At { z, sigma, cloud: z, aligned: true, learn: false, stream, pairwise: &Pairwise::default() };
        self.score.evaluate(&at, Form::Score, &mut self.scores)?;
        let ratio = slope_ratio(z, &self.scores).abs();
        self.unit = if ratio.is_normal() { ratio } else { 1.0 };
        Ok(())
    }

    /// Computes the scores at the particles.
    fn know(&mut self, cloud: &Points, clock: &Clock, pairwise: &Pairwise) -> Result<()> {
        let (sigma, stream) = (self.options.sigma.at(clock.progress()), clock.randomness("estimate"));
        let at = At { z: cloud, sigma, cloud, aligned: true, learn: true, stream, pairwise };
        self.score.evaluate(&at, Form::Score, &mut self.scores)?;
        self.known.0.copy_from(cloud);
        self.known.1 = sigma;
        Ok(())
    }

    /// Writes `phi` at `z` from the current scores and kernels.
    fn pull(&mut self, z: &Points, cloud: &Points, pairwise: &Pairwise, out: &mut Points) -> Result<()> {
        let dim = z.dim();
        out.reshape(z.n(), dim);
        out.data_mut().fill(0.0);
        let scale = 1.0 / (cloud.n() * self.kernels.len()) as f64;
        for &kernel in &self.kernels {
            let sum =
                |part, values| KernelSum { kernel, part, weights: None, values: Some(values), leave_out_self: false };
            pairwise.kernel_sum(z, cloud, &sum(Part::Value, Values::Of(&self.scores)), &mut self.attraction)?;
            pairwise.kernel_sum(z, cloud, &sum(Part::Slope, Values::Own), &mut self.repulsion)?;
            let pulls = self.attraction.moment.data().par_chunks(dim);
            let pushes = self.repulsion.mass.par_iter().zip(self.repulsion.moment.data().par_chunks(dim));
            let rows = out.data_mut().par_chunks_mut(dim).zip(z.data().par_chunks(dim)).zip(pulls.zip(pushes));
            rows.with_min_len(256).for_each(|((v, z), (pull, (mass, moment)))| {
                for (j, v) in v.iter_mut().enumerate() {
                    *v += scale * (pull[j] + moment[j] - mass * z[j]);
                }
            });
        }
        Ok(())
    }
}

impl VelocityField for Svgd {
    fn name(&self) -> &'static str {
        "svgd"
    }

    fn prepare(&mut self, cloud: &Points, clock: &Clock, last: Option<&StepReport>) -> Result<Vec<String>> {
        if last.is_some() {
            return Ok(Vec::new());
        }
        self.score.check_dim(cloud, Subject::argument("start"), "the target")?;
        self.choose_kernel(cloud)?;
        let then = "they follow a score that has no meaning there";
        let told = self.support.check_start(cloud, then)?;
        self.choose_unit(cloud, clock)?;
        Ok(told.into_iter().collect())
    }

    fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        let FieldAt { z, cloud, role, clock, pairwise } = *at;
        // Scores and bandwidth belong to the cloud: the ones computed for the velocity of the cloud
        // are reused for its tracers.
        let known = || self.known.0 == *cloud && self.known.1 == self.options.sigma.at(clock.progress());
        if role == Role::Cloud || !known() {
            if clock.stage == 0.0 || self.kernels.is_empty() {
                self.choose_kernel(cloud)?;
            }
            self.know(cloud, clock, pairwise)?;
        }
        self.pull(z, cloud, pairwise, out)
    }

    fn scales(&self, _cloud: &Points, _clock: &Clock) -> Scales<'_> {
        let resolution = self.kernels.iter().map(|k| k.bandwidth()).fold(f64::INFINITY, f64::min);
        Scales { step: USUAL_STEP * self.unit, resolution, units: None, aim: Aim::Score(&*self.score) }
    }

    fn readings(&mut self, at: &FieldAt) -> Result<Readings> {
        self.choose_kernel(at.cloud)?;
        self.support.look(at.cloud)?;
        Ok(vec![("bandwidth", self.kernels[0].bandwidth())])
    }

    fn warnings(&self) -> Vec<String> {
        let advice = "start inside, make `step` smaller, or change variables so that there is no edge";
        let mut warnings = self.score.diagnostics().warnings;
        warnings.extend(uneven(self.score.kernel().and_then(Kde::points)));
        warnings.extend(self.support.warning("particles", advice));
        warnings.extend(misfit(&self.known.0, &self.scores));
        warnings
    }
}

impl Archived for Svgd {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        // The bandwidth of the last step determines the scale of the next step.
        archive.part("unit", &mut self.unit)?;
        let chosen = self.options.kernel == Kernels::Median;
        let mut bandwidth = self.kernels.first().filter(|_| chosen).map(|kernel| kernel.bandwidth());
        archive.part("bandwidth", &mut bandwidth)?;
        if chosen {
            self.kernels = bandwidth.map(|h| Kernel::Gaussian { h }).into_iter().collect();
        }
        self.support.archive(archive)?;
        self.score.archive(archive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;
    use crate::score::Exact;
    use crate::target::Gaussian;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A score that counts its evaluations.
    #[derive(Debug)]
    struct Counted(Exact, Arc<AtomicUsize>);

    impl Score for Counted {
        fn name(&self) -> String {
            "counted".into()
        }

        fn dim(&self) -> Option<usize> {
            self.0.dim()
        }

        fn evaluate(&mut self, at: &At, form: Form, out: &mut Points) -> Result<()> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.evaluate(at, form, out)
        }
    }

    impl Archived for Counted {}

    #[test]
    fn followers_take_the_scores_of_the_clouds_own_velocity() {
        let count = Arc::new(AtomicUsize::new(0));
        let exact = || Exact::new(Arc::new(Gaussian::isotropic(vec![0.5, 0.0], 1.0).unwrap())).unwrap();
        let mut flow = Svgd::new(Box::new(Counted(exact(), Arc::clone(&count))), SvgdOptions::default()).unwrap();
        let [cloud, other, z] = [1, 2, 3].map(|k| Stream::new(k).normal(30, 2));
        let (clock, pairwise) = (Clock::at(0, 5, Stream::new(4)), Pairwise::default());
        let (mut own, mut at) = (Points::default(), Points::default());
        let here = FieldAt::cloud(&cloud, &clock, &pairwise);
        flow.velocity(&here, &mut own).unwrap();
        flow.velocity(&here.tracers(&z), &mut at).unwrap();
        flow.velocity(&here.tracers(&cloud), &mut at).unwrap();
        assert_eq!((count.load(Ordering::Relaxed), &at), (1, &own));
        // Another cloud has other scores.
        let mut fresh = Svgd::new(Box::new(exact()), SvgdOptions::default()).unwrap();
        let there = FieldAt::cloud(&other, &clock, &pairwise);
        fresh.velocity(&there, &mut own).unwrap();
        flow.velocity(&there.tracers(&other), &mut at).unwrap();
        assert_eq!((count.load(Ordering::Relaxed), &at), (2, &own));
    }
}
