//! A learned denoiser as a score: denoising score matching [vincent2011connection] with the preconditioning of
//! [karras2022elucidating].

mod net;

use super::{At, Extent, Form, Score, SigmaRange, check_sigma};
use crate::net::{Activation, Course, Moment, train};
use crate::points::AffineMap;
use crate::process::{Observer, Unobserved};
use crate::rng::Stream;
use crate::schedule::Schedule;
use crate::target::Target;
use crate::{Error, Interrupt, Points, Result};
pub use net::Preconditioned;
use std::sync::Arc;

crate::options! {
    /// Options of `denoiser`.
    pub struct DenoiserOptions {
        /// Units of a hidden layer, at least 1.
        hidden: usize = 128,
        /// Hidden layers, at least 1.
        layers: usize = 3,
        /// "silu", "tanh" or "softplus".
        activation: Activation = Activation::Silu,
        /// Optimiser steps: all of them for a target, the first ones for the moving cloud; at least 1.
        steps: usize = 3000,
        /// Optimiser steps at every evaluation of the velocity after the first, for the moving cloud: at every step of Euler's, four times a
        /// step of "rk4".
        follow: usize = 10,
        /// Points per optimiser step, each with its own noise, at least 2.
        batch: usize = 512,
        /// Learning rate of Adam over `steps`: a number, a schedule, a list; following the cloud goes on with its last value.
        rate: Schedule = Schedule::Cosine { from: 2e-3, to: 1e-4 },
        /// The exponential running mean of the parameters keeps this share per step, 0 or more and below 1; the moving cloud's net has none.
        average: f64 = 0.999,
        /// Smallest noise that it learns, in the points' units; left out: half the spacing of a target's points, half the flow's
        /// sigma of the moment for the moving cloud.
        sigma_min: Option<f64> = None,
        /// Largest; left out: twice the target's diameter, twice the flow's sigma.
        sigma_max: Option<f64> = None,
    }
}

/// Points that a target is measured on.
const MEASURED: usize = 2048;

/// `D(z; sigma) = c_skip z + c_out F(c_in z, log sigma)`, `F` a net trained to `min E |D(x + sigma e; sigma) - x|^2 / c_out^2` over
/// `sigma` log-uniform in a range; the shift is `D - z` and the score `(D - z) / sigma^2`. Cost: a forward pass of the net and its
/// gradient, some three passes' products, per point of the batch and optimiser step; one pass per query.
#[derive(Debug, Clone)]
pub struct Denoiser {
    options: DenoiserOptions,
    /// None follows the moving cloud.
    extent: Option<Extent>,
    name: String,
    range: Option<(f64, f64)>,
    net: Option<Preconditioned>,
}

impl Denoiser {
    /// Of the moving cloud: a net that is trained at the first evaluation and follows the cloud with a few steps at each other.
    ///
    /// # Errors
    /// An option out of range.
    pub fn of_cloud(options: DenoiserOptions) -> Result<Denoiser> {
        options.check()?;
        let range = options.sigma_min.zip(options.sigma_max);
        let one = options.sigma_min.or(options.sigma_max).filter(|_| range.is_none());
        if let Some(sigma) = one {
            let (given, other) = if options.sigma_min.is_some() { ("sigma_min", "max") } else { ("sigma_max", "min") };
            return Err(Error::argument(
                given,
                sigma,
                format!("the moving cloud needs `sigma_{other}` too, or neither"),
            ));
        }
        Ok(Denoiser { options, extent: None, name: "denoiser of the moving cloud".into(), range, net: None })
    }

    /// Of a target, trained here. The stream decides everything that is random.
    ///
    /// # Errors
    /// An option out of range, a target that cannot be sampled, a loss that leaves the finite numbers, an interrupt.
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
            _ => Arc::new(target.sample(MEASURED, stream.label("measure"))?),
        };
        // One length for all coordinates, as its net has.
        let measured = Extent { std: AffineMap::common(&sample).scale().to_vec(), ..Extent::of(&sample) };
        let size = if measured.diameter > 0.0 { measured.diameter } else { 1.0 };
        let max = options.sigma_max.unwrap_or(2.0 * size);
        let min = options.sigma_min.unwrap_or((0.5 * measured.detail).max(1e-6 * size).min(0.5 * max));
        if min >= max {
            return Err(Error::argument("sigma_min", min, format!("it must be below `sigma_max`, {max}")));
        }
        let mut net = Preconditioned::new(&sample, &options, options.average, stream.label("init"))?;
        let finite = target.data().filter(|data| data.weights.is_none()).map(|data| data.points.n());
        let batch = finite.map_or(options.batch, |n| options.batch.min(n));
        let mut learn = |moment: &Moment| -> Result<f64> {
            let points = target.sample(batch, moment.stream.label("points"))?;
            Ok(net.learn(&points, (min, max), moment.rate, moment.stream))
        };
        let stream = stream.label("train");
        let course = Course { name: "denoiser", loss: "loss", steps: options.steps, rate: &options.rate, stream };
        train(&course, &mut learn, interrupt, observer)?.whole("denoiser")?;
        let name = format!("denoiser of {}", target.name());
        Ok(Denoiser { options, extent: Some(measured), name, range: Some((min, max)), net: Some(net) })
    }

    /// A trained one again: its net, the range of sigma that it has learned, and the size of what it describes.
    pub fn trained(net: Preconditioned, range: (f64, f64), extent: Extent) -> Denoiser {
        let name = "denoiser from a file".into();
        Denoiser { options: DenoiserOptions::default(), extent: Some(extent), name, range: Some(range), net: Some(net) }
    }

    /// Its net, once it is trained.
    pub fn net(&self) -> Option<&Preconditioned> {
        self.net.as_ref()
    }

    /// Trains on the cloud: much at first, a little from then on. Evaluations beside the flow leave the net as it is, so that
    /// what is measured does not change where particles go. False for a cloud that has flown apart and has no finite units.
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
        let mut learn = |moment: &Moment| -> Result<f64> {
            let mut rng = moment.stream.label("points").rng();
            points.reshape(batch, cloud.dim());
            (0..batch).for_each(|i| points.row_mut(i).copy_from_slice(cloud.row(rng.below(cloud.n()))));
            Ok(net.learn(&points, range, moment.rate, moment.stream))
        };
        let settled = Schedule::from(self.options.rate.at(1.0));
        let (steps, rate) =
            if fresh { (self.options.steps, &self.options.rate) } else { (self.options.follow, &settled) };
        let course = Course { name: "denoiser", loss: "loss", steps, rate, stream: at.stream.label("denoiser") };
        train(&course, &mut learn, at.pairwise.interrupt(), &mut Unobserved)?.whole("denoiser")?;
        Ok(true)
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
                "the denoiser has learned down from {max:.4} to {min:.4}; give it another `{option}` than {bound:.4}"
            );
            return Err(Error::argument("sigma", at.sigma, want));
        }
        let Some(net) = &mut self.net else { return Ok(()) };
        at.z.check_dim("the queries", net.dim(), "the denoiser")?;
        net.shift(at.z, at.sigma, out);
        let scale = form.scale(at.sigma) / (at.sigma * at.sigma);
        out.data_mut().iter_mut().for_each(|v| *v *= scale);
        Ok(())
    }

    fn extent(&self) -> Option<Extent> {
        self.extent.clone()
    }

    /// Where nothing is given, a net of the moving cloud follows the flow's sigma.
    fn sigma_range(&self) -> SigmaRange {
        SigmaRange { learned: self.range, zero: false }
    }
}

impl DenoiserOptions {
    /// # Errors
    /// An option out of range.
    pub(crate) fn check(&self) -> Result<()> {
        let DenoiserOptions { steps, batch, .. } = *self;
        for (name, value, least) in [("steps", steps, 1), ("batch", batch, 2)] {
            if value < least {
                return Err(Error::argument(name, value, format!("it must be at least {least}")));
            }
        }
        if !(0.0..1.0).contains(&self.average) {
            return Err(Error::argument("average", self.average, "it must be 0 or more and below 1"));
        }
        for (name, sigma) in [("sigma_min", self.sigma_min), ("sigma_max", self.sigma_max)] {
            if let Some(sigma) = sigma.filter(|sigma| !(*sigma > 0.0 && sigma.is_finite())) {
                return Err(Error::argument(name, sigma, "it must be positive"));
            }
        }
        if let (Some(min), Some(max)) = (self.sigma_min, self.sigma_max)
            && min >= max
        {
            return Err(Error::argument("sigma_min", min, format!("it must be below `sigma_max`, {max}")));
        }
        // The shape is refused here rather than at the first step.
        net::widths(1, self)?;
        self.rate.check("rate", 0.0..=f64::INFINITY)
    }
}

#[cfg(test)]
mod tests;
