//! Adversarial flows: particles descend the loss of a generator. The loss depends on a
//! discriminator \[goodfellow2014generative\].

use super::aim::{mean_variance, uneven};
use super::{Aim, Clock, FieldAt, Readings, Role, Scales, Scaling, VelocityField};
use crate::archive::{Archive, Archived};
use crate::ode::StepReport;
use crate::pairwise::Pairwise;
use crate::schedule::Schedule;
use crate::score::{Batches, Discriminator, DiscriminatorOptions, sigmoid, softplus};
use crate::target::Target;
use crate::{Interrupt, Points, Result, Subject, rng::Stream};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::sync::Arc;

/// The loss of a generator as a function of the logit `l`. For the optimal discriminator `D = 1 /
/// (1 + exp(-l))`, `l` is the logarithm of `r = p/q`. A loss that is named after a divergence is a
/// part of the variational form of the divergence \[nowozin2016fgan\]: the part that depends on the
/// generator, with the witness function held fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// `log(1 - D)`
    Saturating,
    /// `-log D`
    #[default]
    NonSaturating,
    /// `log(1 - D) - log D`: its velocity is the score difference.
    LogRatio,
    /// `(D - 1)^2 / 2` \[mao2017least\]
    LeastSquares,
    /// `KL(p|q)`
    Kl,
    /// `KL(q|p)`
    ReverseKl,
    /// The Jensen-Shannon divergence.
    Js,
    /// Pearson's chi-squared.
    Pearson,
    /// The squared Hellinger distance.
    SquaredHellinger,
}

crate::choices!(Loss);

impl Loss {
    /// All losses.
    pub const ALL: [Loss; 9] = [
        Loss::Saturating,
        Loss::NonSaturating,
        Loss::LogRatio,
        Loss::LeastSquares,
        Loss::Kl,
        Loss::ReverseKl,
        Loss::Js,
        Loss::Pearson,
        Loss::SquaredHellinger,
    ];

    /// Returns the loss of one particle, up to a constant.
    pub fn value(self, l: f64) -> f64 {
        match self {
            Loss::Saturating | Loss::Js => -softplus(l),
            Loss::NonSaturating => softplus(-l),
            Loss::LogRatio | Loss::ReverseKl => -l,
            Loss::LeastSquares => 0.5 * sigmoid(-l).powi(2),
            Loss::Kl => -l.exp(),
            Loss::Pearson => -(2.0 * l).exp(),
            Loss::SquaredHellinger => -(0.5 * l).exp(),
        }
    }

    /// Returns `-d value / d l`, which is never negative. The velocity is this weight times the
    /// gradient of `l`.
    pub fn weight(self, l: f64) -> f64 {
        match self {
            Loss::Saturating | Loss::Js => sigmoid(l),
            Loss::NonSaturating => sigmoid(-l),
            Loss::LogRatio | Loss::ReverseKl => 1.0,
            Loss::LeastSquares => sigmoid(l) * sigmoid(-l).powi(2),
            Loss::Kl => l.exp(),
            Loss::Pearson => 2.0 * (2.0 * l).exp(),
            Loss::SquaredHellinger => 0.5 * (0.5 * l).exp(),
        }
    }
}

crate::options! {
    /// Options of `gan_flow`.
    pub struct GanFlowOptions {
        /// The generator's loss: "saturating", "non_saturating", "log_ratio" (its velocity is the
        /// score difference), "least_squares", or the loss of a divergence: "kl", "reverse_kl",
        /// "js", "pearson", "squared_hellinger".
        loss: Loss = Loss::NonSaturating,
        /// Options of the discriminator, a map with the options of `ratio`.
        discriminator: DiscriminatorOptions = DiscriminatorOptions::default(),
        /// Noise level over the run, in the units of the points. The discriminator is trained on
        /// points of both sets with this noise, and evaluated at the particles without noise. 0
        /// adds no noise.
        sigma: Schedule = Schedule::Constant { value: 0.0 },
        /// "raw": a step of size 1 moves a particle by the velocity itself; "denoiser": by
        /// `sigma^2` times the velocity.
        scaling: Scaling = Scaling::Raw,
    }
}

/// The default step for a target of variance 1, and for the scaling "denoiser".
const USUAL_STEP: f64 = 0.1;

/// A model of the logit: a discriminator in training, or the exact ratio in a test.
pub(crate) trait LogitEstimator: Send + Sync + Debug + Archived {
    /// Learns to distinguish `p` from `q`.
    ///
    /// # Errors
    /// Those of [`Discriminator::fit`].
    fn fit(&mut self, p: &Points, q: &Points, stream: Stream, interrupt: &Interrupt) -> Result<()>;

    /// Writes `l` and its gradient at every row.
    fn evaluate(&mut self, z: &Points, logit: &mut Vec<f64>, gradient: &mut Points);
}

impl LogitEstimator for Discriminator {
    fn fit(&mut self, p: &Points, q: &Points, stream: Stream, interrupt: &Interrupt) -> Result<()> {
        Discriminator::fit(self, p, q, stream, interrupt)
    }

    fn evaluate(&mut self, z: &Points, logit: &mut Vec<f64>, gradient: &mut Points) {
        Discriminator::evaluate(self, z, logit, gradient);
    }
}

/// The flow `dy/dt = -grad L(l(y)) = w(l) grad l`, where `l` is the logit of a discriminator
/// between the target and the cloud. With the optimal discriminator, `grad l` is the score
/// difference, and the velocity of every loss is a positive multiple of it. Each velocity of the
/// cloud first fits the discriminator to the points of the target and of the cloud (a target that
/// is not a finite sample gives 4096 fresh points). Then the logit and its gradient are evaluated
/// once per particle.
#[derive(Debug)]
pub struct GanFlow {
    target: Arc<dyn Target>,
    estimator: Box<dyn LogitEstimator>,
    options: GanFlowOptions,
    logit: Vec<f64>,
    /// The mean logit of the cloud at the last velocity.
    mean_logit: Option<f64>,
    batches: Batches,
    /// The default step.
    step: f64,
}

impl GanFlow {
    /// Creates the flow towards `target`. Only samples of the target are needed.
    ///
    /// # Errors
    /// An option is out of range.
    pub fn new(target: Arc<dyn Target>, options: GanFlowOptions) -> Result<GanFlow> {
        let estimator = Discriminator::new(options.discriminator.clone())?;
        GanFlow::with_estimator(target, Box::new(estimator), options)
    }

    /// Creates the flow with the given estimator in place of the discriminator.
    ///
    /// # Errors
    /// An option is out of range.
    pub(crate) fn with_estimator(
        target: Arc<dyn Target>,
        estimator: Box<dyn LogitEstimator>,
        options: GanFlowOptions,
    ) -> Result<GanFlow> {
        options.sigma.check("sigma", 0.0..=f64::INFINITY)?;
        if options.scaling == Scaling::Denoiser && options.sigma.smallest() <= 0.0 {
            let want = "with scaling \"denoiser\" nothing moves at sigma 0; use a positive sigma, or scaling \"raw\"";
            return Err(options.sigma.refuse_smallest("sigma", want));
        }
        // The gradient of the logit is an inverse length, unless it is multiplied by sigma^2.
        let step = match options.scaling {
            Scaling::Denoiser => USUAL_STEP,
            Scaling::Raw => USUAL_STEP * mean_variance(&*target).unwrap_or(1.0),
        };
        let (logit, batches) = (Vec::new(), Batches::default());
        Ok(GanFlow { target, estimator, options, logit, mean_logit: None, batches, step })
    }

    fn fit(&mut self, cloud: &Points, clock: &Clock, pairwise: &Pairwise) -> Result<()> {
        let sigma = self.options.sigma.at(clock.progress());
        let random = |what: &str| clock.randomness(&format!("gan {what}"));
        let [p, q] = self.batches.of(self.target.as_ref(), cloud, sigma, random)?;
        self.estimator.fit(p, q, clock.randomness("discriminator"), pairwise.interrupt())
    }

    /// Writes the velocity for the current estimator.
    fn descent(&mut self, z: &Points, clock: &Clock, out: &mut Points) {
        self.estimator.evaluate(z, &mut self.logit, out);
        let sigma = self.options.sigma.at(clock.progress());
        let unit = if self.options.scaling == Scaling::Denoiser { sigma * sigma } else { 1.0 };
        for (i, l) in self.logit.iter().enumerate() {
            let weight = unit * self.options.loss.weight(*l);
            out.row_mut(i).iter_mut().for_each(|v| *v *= weight);
        }
    }
}

impl VelocityField for GanFlow {
    fn name(&self) -> &'static str {
        "gan_flow"
    }

    fn prepare(&mut self, cloud: &Points, _clock: &Clock, last: Option<&StepReport>) -> Result<Vec<String>> {
        if last.is_none() {
            cloud.check_dim(Subject::argument("start"), self.target.dim(), "the target")?;
        }
        Ok(Vec::new())
    }

    fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        if at.role == Role::Cloud {
            self.fit(at.cloud, at.clock, at.pairwise)?;
        }
        self.descent(at.z, at.clock, out);
        if at.role == Role::Cloud {
            self.mean_logit = Some(self.logit.iter().sum::<f64>() / self.logit.len() as f64);
        }
        Ok(())
    }

    fn scales(&self, cloud: &Points, clock: &Clock) -> Scales<'_> {
        let resolution = match self.options.sigma.at(clock.progress()) {
            0.0 => 1e-2 * cloud.spread(),
            sigma => sigma * (cloud.dim() as f64).sqrt(),
        };
        Scales { step: self.step, resolution, units: None, aim: Aim::Target(&*self.target) }
    }

    fn warnings(&self) -> Vec<String> {
        uneven(self.target.data().map(|data| data.points)).into_iter().collect()
    }

    fn readings(&mut self, at: &FieldAt) -> Result<Readings> {
        let mut readings = vec![("sigma", self.options.sigma.at(at.clock.progress()))];
        // The mean logit comes from the last velocity; there is none at the start.
        readings.extend(self.mean_logit.map(|logit| ("logit", logit)));
        Ok(readings)
    }
}

impl Archived for GanFlow {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("mean_logit", &mut self.mean_logit)?;
        self.estimator.archive(archive)
    }
}

#[cfg(test)]
mod tests;
