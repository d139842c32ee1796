//! A learned denoiser as a score: denoising score matching \[vincent2011connection\] with the
//! preconditioning of \[karras2022elucidating\].

mod net;
mod noise_features;
mod option;

use super::{At, Extent, Form, Score, ScoreProperties, SigmaRange, check_sigma};
use crate::archive::{Archive, Archived};
use crate::net::{Trainee, TrainingPlan, TrainingStep, train};
use crate::points::AffineMap;
use crate::process::{Observer, Unobserved};
use crate::rng::Stream;
use crate::schedule::Schedule;
use crate::target::Target;
use crate::{Error, Interrupt, Points, Result, Subject};
pub use net::Preconditioned;
pub use option::DenoiserOptions;
use std::sync::Arc;

/// The number of points from which the scale of a target is measured.
const MEASURED: usize = 2048;

/// The denoiser is `D(z; sigma) = c_skip z + c_out F(c_in z, log sigma)`. The net `F` is trained to
/// minimise `E |D(x + sigma e; sigma) - x|^2 / c_out^2` over a log-uniform range of `sigma`. The
/// displacement is `D - z` and the score is `(D - z) / sigma^2`. In an optimiser step, each point
/// of the batch costs a forward pass of the net and its gradient, together about as much as three
/// forward passes. A query costs one forward pass.
#[derive(Debug, Clone)]
pub struct Denoiser {
    options: DenoiserOptions,
    /// None for the moving cloud.
    extent: Option<Extent>,
    name: String,
    range: Option<(f64, f64)>,
    net: Option<Preconditioned>,
    data: Option<Arc<Points>>,
}

impl Denoiser {
    /// Creates a denoiser of the moving cloud. Its net is trained at the first evaluation, and for
    /// a few more steps at each later evaluation.
    ///
    /// # Errors
    /// An option is out of range.
    pub fn of_cloud(options: DenoiserOptions) -> Result<Denoiser> {
        options.check()?;
        let range = options.sigma_min.zip(options.sigma_max);
        let one = options.sigma_min.or(options.sigma_max).filter(|_| range.is_none());
        if let Some(sigma) = one {
            let (given, other) = if options.sigma_min.is_some() { ("sigma_min", "max") } else { ("sigma_max", "min") };
            return Err(Error::argument(
                given,
                sigma,
                format!("for the moving cloud give `sigma_{other}` too, or neither"),
            ));
        }
        Ok(Denoiser {
            options,
            extent: None,
            name: "denoiser of the moving cloud".into(),
            range,
            net: None,
            data: None,
        })
    }

    /// Creates a denoiser of a target and trains it. The stream determines all random numbers.
    ///
    /// # Errors
    /// An option is out of range, the target cannot be sampled, the loss is not finite, or an
    /// interrupt.
    pub fn of_target(
        target: &dyn Target,
        options: DenoiserOptions,
        stream: Stream,
        interrupt: &Interrupt,
        observer: &mut dyn Observer,
    ) -> Result<Denoiser> {
        options.check()?;
        let sample = match target.data() {
            Some(data) if data.weights.is_none() => Arc::clone(data.points),
            _ => Arc::new(target.sample_up_to(MEASURED, stream.label("measure"))?),
        };
        // The same length is used for all coordinates, as in the net.
        let measured = Extent { std: AffineMap::common(&sample).scale().to_vec(), ..Extent::of(&sample) };
        let size = if measured.diameter > 0.0 { measured.diameter } else { 1.0 };
        let max = options.sigma_max.unwrap_or(2.0 * size);
        let min = options.sigma_min.unwrap_or((0.5 * measured.last_noise()).max(1e-6 * size).min(0.5 * max));
        if min >= max {
            return Err(Error::argument("sigma_min", min, format!("it must be below `sigma_max`, {max}")));
        }
        let mut net = Preconditioned::new(&sample, &options, options.ema, stream.label("init"))?;
        let finite = target.data().filter(|data| data.weights.is_none()).map(|data| data.points.n());
        let finite = finite.or(target.rows().map(|rows| rows.n()));
        let batch = finite.map_or(options.batch, |n| options.batch.min(n));
        let mut learner = Learner { net: &mut net, target, batch, range: (min, max) };
        let stream = stream.label("train");
        let plan = TrainingPlan {
            name: "denoiser",
            loss: "loss",
            steps: options.steps,
            rate: &options.rate,
            stream,
            checkpoint_every: None,
        };
        train(&plan, &mut learner, interrupt, observer)?.require_finished("denoiser")?;
        let name = format!("denoiser of {}", target.name());
        let data = target.data().map(|data| Arc::clone(data.points));
        Ok(Denoiser { options, extent: Some(measured), name, range: Some((min, max)), net: Some(net), data })
    }

    /// Returns a trained denoiser from its net, the range of sigma that the net has learned, and
    /// the extent of the distribution that the net describes.
    #[cfg(feature = "files")]
    pub(crate) fn from_net(net: Preconditioned, range: (f64, f64), extent: Extent) -> Denoiser {
        let name = "denoiser from a file".into();
        let (options, extent, range) = (DenoiserOptions::default(), Some(extent), Some(range));
        Denoiser { options, extent, name, range, net: Some(net), data: None }
    }

    /// Returns the net, if it is trained.
    #[cfg(feature = "files")]
    pub(crate) fn net(&self) -> Option<&Preconditioned> {
        self.net.as_ref()
    }

    /// Trains on the cloud: many steps the first time, few steps later. Evaluations other than
    /// those of the flow do not change the net, so that measurements do not change the motion of
    /// the particles. Returns false for a diverged cloud, which has no finite units.
    fn follow(&mut self, at: &At) -> Result<bool> {
        let fresh = self.net.as_ref().is_none_or(|net| net.dim() != at.z.dim());
        if fresh {
            self.net = Some(Preconditioned::new(at.cloud, &self.options, 0.0, at.stream.label("denoiser init"))?);
        } else if !at.learn {
            return Ok(true);
        }
        let Some(net) = &mut self.net else { return Ok(true) };
        net.centre_on(at.cloud);
        if !net.has_units() {
            return Ok(false);
        }
        let range = self.range.unwrap_or((0.5 * at.sigma, 2.0 * at.sigma));
        let (mut points, batch, cloud) = (Points::default(), self.options.batch, at.cloud);
        let mut learn = |now: &TrainingStep| -> Result<f64> {
            let mut rng = now.stream.label("points").rng();
            points.reshape(batch, cloud.dim());
            (0..batch).for_each(|i| points.row_mut(i).copy_from_slice(cloud.row(rng.below(cloud.n()))));
            Ok(net.learn(&points, range, now.rate, now.stream))
        };
        let settled = Schedule::from(self.options.rate.at(1.0));
        let (steps, rate) =
            if fresh { (self.options.steps, &self.options.rate) } else { (self.options.follow, &settled) };
        let plan = TrainingPlan {
            name: "denoiser",
            loss: "loss",
            steps,
            rate,
            stream: at.stream.label("denoiser"),
            checkpoint_every: None,
        };
        train(&plan, &mut learn, at.pairwise.interrupt(), &mut Unobserved)?.require_finished("denoiser")?;
        Ok(true)
    }
}

/// A net that learns the denoiser of a target.
struct Learner<'a> {
    net: &'a mut Preconditioned,
    target: &'a dyn Target,
    batch: usize,
    range: (f64, f64),
}

impl Trainee for Learner<'_> {
    fn step(&mut self, now: &TrainingStep, _observer: &mut dyn Observer) -> Result<f64> {
        let points = self.target.sample(self.batch, now.stream.label("points"))?;
        Ok(self.net.learn(&points, self.range, now.rate, now.stream))
    }

    fn state(&mut self) -> Option<&mut dyn Archived> {
        Some(self.net)
    }
}

impl Score for Denoiser {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn dim(&self) -> Option<usize> {
        self.extent.as_ref().and(self.net.as_ref()).map(Preconditioned::dim)
    }

    fn evaluate(&mut self, at: &At, form: Form, out: &mut Points) -> Result<()> {
        check_sigma(at.sigma, false, "a denoiser")?;
        if self.extent.is_none() && !self.follow(at)? {
            out.reshape(at.z.n(), at.z.dim());
            out.data_mut().fill(f64::NAN);
            return Ok(());
        }
        if let Some((min, max)) =
            self.range.filter(|(min, max)| at.sigma < min * (1.0 - 1e-9) || at.sigma > max * (1.0 + 1e-9))
        {
            let (option, bound) = if at.sigma < min { ("sigma_min", min) } else { ("sigma_max", max) };
            let want = format!(
                "the denoiser has learned the noise levels from {max:.4} to {min:.4}; train it with another `{option}` than {bound:.4}"
            );
            return Err(Error::argument("sigma", at.sigma, want));
        }
        let Some(net) = &mut self.net else { return Ok(()) };
        at.z.check_dim(Subject::several("the queries"), net.dim(), "the denoiser")?;
        net.displacement(at.z, at.sigma, out);
        let scale = form.scale(at.sigma) / (at.sigma * at.sigma);
        out.data_mut().iter_mut().for_each(|v| *v *= scale);
        Ok(())
    }

    /// By default, a net of the moving cloud learns the noise levels around the sigma of the flow.
    fn properties(&self) -> ScoreProperties<'_> {
        let sigma_range = SigmaRange { learned: self.range, zero: false };
        ScoreProperties { data: self.data.as_ref(), sigma_range, ..ScoreProperties::default() }
    }

    fn extent(&self) -> Option<Extent> {
        self.extent.clone()
    }
}

impl Archived for Denoiser {
    /// The net of a target does not change after its training, so it is not archived. The net of
    /// the moving cloud is archived, so that its training can continue.
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        if self.extent.is_some() {
            return Ok(());
        }
        let (options, mut dim) = (&self.options, self.net.as_ref().map_or(0, Preconditioned::dim));
        archive.part("dim", &mut dim)?;
        archive.optional("net", &mut self.net, |archive| Preconditioned::blank(dim, options, archive))
    }
}

#[cfg(test)]
mod tests;
