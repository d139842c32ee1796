//! Flows: velocity fields that move a cloud of particles.
//!
//! A flow file holds one equation and its constants. Who moves (the cloud or a generator), how it steps ([`Stepper`]),
//! how long and who watches ([`crate::run`]) are other things.

mod diffusion;
mod divergence;
mod estimate;
mod gan;
mod langevin;
mod mmd;
mod sd;
mod sigma;
mod step;
mod svgd;

pub use diffusion::{
    Diffusion, Levels, LikelihoodOptions, PfOdeOptions, PfOdeSampler, Predictor, PredictorCorrectorOptions, Process,
    ReverseSdeOptions, ReverseSdeSampler,
};
pub(crate) use divergence::directions;
pub use estimate::Estimate;
pub use gan::{Critic, GanFlow, GanFlowOptions, Loss};
pub use langevin::{Langevin, LangevinOptions, LangevinSampler};
pub use mmd::{MmdFlow, MmdFlowOptions, Weighting};
pub use sd::{Noise, Scaling, SdFlow, SdFlowOptions};
pub use step::{Carried, Integrator, StepReport, Stepper};
pub use svgd::{Svgd, SvgdOptions};

use crate::points::AffineMap;
use crate::score::Score;
use crate::target::Gaussian;
use crate::{Error, Points, Result, pairwise::Pairwise, rng::Stream, schedule::Schedule};

/// A velocity field `dy/dt = v(y, t)` that may depend on the whole cloud.
pub trait Flow: Send + Sync + std::fmt::Debug {
    /// Name for messages and progress: "sd_flow".
    fn name(&self) -> &'static str;

    /// The dimension it was made for; None follows the cloud.
    fn dim(&self) -> Option<usize>;

    /// Chooses what the caller left open from the cloud it starts with, and checks that the two fit. Returns what it
    /// chose, a sentence each.
    ///
    /// # Errors
    /// Dimensions that do not match, options that cannot be met.
    fn prepare(&mut self, start: &Points, clock: &Clock) -> Result<Vec<String>>;

    /// Writes the velocity of every particle into `out`, n x d.
    ///
    /// # Errors
    /// As the estimators it stands on; an interrupt.
    fn velocity(&mut self, cloud: &Points, clock: &Clock, pairwise: &Pairwise, out: &mut Points) -> Result<()>;

    /// Writes the velocity at `z` of points that follow the cloud while it does not feel them, n' x d. Asked after
    /// [`Flow::velocity`] of the same cloud at the same clock; what learns from the cloud does not learn again.
    ///
    /// # Errors
    /// As [`Flow::velocity`]; [`Error::Missing`] for a flow that is no velocity field.
    fn velocity_at(
        &mut self,
        _z: &Points,
        _cloud: &Points,
        _clock: &Clock,
        _pairwise: &Pairwise,
        _out: &mut Points,
    ) -> Result<()> {
        Err(no_field(self.name()))
    }

    /// Moves `cloud` by one step: along the velocity, unless the flow has a step of its own (noise, rejections, several
    /// parts).
    ///
    /// # Errors
    /// As [`Flow::velocity`].
    fn advance(
        &mut self,
        cloud: &mut Points,
        clock: &Clock,
        pairwise: &Pairwise,
        stepper: &mut Stepper,
    ) -> Result<StepReport> {
        stepper.follow(self, cloud, clock, pairwise)
    }

    /// Evaluations of the velocity in a run of `steps` steps; where steps adapt, about so many.
    fn evaluations(&self, steps: usize) -> usize {
        match self.step_size() {
            Schedule::Adaptive { .. } => steps.saturating_mul(2),
            _ => steps.saturating_mul(self.integrator().evaluations()),
        }
    }

    /// How many later evaluations the first one takes as long as, at least 1: a fit that is made before it is followed.
    fn first_evaluation(&self) -> f64 {
        1.0
    }

    /// Is the velocity all there is to it, at any cloud? A sampler's noise, rejections and falling noise level are not seen in
    /// its velocity, so that a generator cannot be trained by it.
    fn is_velocity(&self) -> bool {
        true
    }

    /// The law from which its start is to be drawn.
    ///
    /// # Errors
    /// [`Error::Missing`] where any start will do (the default); a first noise level that no number holds.
    fn prior(&self) -> Result<Gaussian> {
        Err(no_prior(self.name()))
    }

    /// The log density in nats that it gives to points as the end of its way from its prior.
    ///
    /// # Errors
    /// [`Error::Missing`] where it has no prior or is not deterministic (the default), and as the score.
    fn log_density(
        &mut self,
        _points: &Points,
        _options: &LikelihoodOptions,
        _pairwise: &Pairwise,
        _stream: Stream,
    ) -> Result<Vec<f64>> {
        Err(no_log_density(self))
    }

    /// Step size as a function of progress.
    fn step_size(&self) -> &Schedule;

    /// How to step.
    fn integrator(&self) -> Integrator;

    /// The length below which an error of one step does not matter, for adaptive steps.
    fn resolution(&self, cloud: &Points, clock: &Clock) -> f64;

    /// Lengths of the coordinates, where it works in units of its own.
    fn units(&self) -> Option<&[f64]> {
        None
    }

    /// The map from standard units to those of the target, in the particles' coordinates, where the flow knows its mean and
    /// its deviations: a generator is trained in standard units.
    fn target_units(&self) -> Option<AffineMap> {
        None
    }

    /// Told after every step, for flows that pace themselves.
    fn stepped(&mut self, _report: &StepReport, _clock: &Clock) {}

    /// Readings of its inner state at this moment, by name: `sigma`, effective sample sizes, the field's error.
    ///
    /// # Errors
    /// As [`Flow::velocity`].
    fn readings(&mut self, _cloud: &Points, _clock: &Clock, _pairwise: &Pairwise) -> Result<Vec<(&'static str, f64)>> {
        Ok(Vec::new())
    }

    /// Pairs that one velocity, and one round of readings, of a cloud of `cloud` points take.
    fn pairs(&self, _cloud: usize) -> FlowPairs {
        FlowPairs::default()
    }

    /// What the user should know once the run is over, a sentence each.
    fn warnings(&self, _cloud: &Points) -> Vec<String> {
        Vec::new()
    }
}

fn no_prior(name: &str) -> Error {
    let hint = "only the samplers of a diffusion have one: start from any points, such as normal(1000, 2)".into();
    Error::Missing { what: format!("`{name}`"), part: "law to start from".into(), hint }
}

fn no_log_density<F: Flow + ?Sized>(flow: &F) -> Error {
    let hint = "the deterministic sampler has one: pf_ode(score).log_density(points)".into();
    Error::Missing { what: format!("`{}`", flow.name()), part: "log density".into(), hint }
}

/// What is told of a sampler that others are to follow.
pub(crate) fn no_field(name: &str) -> Error {
    let hint =
        "its points do not feel each other, so that a run of its own moves others alike: run(flow, points)".into();
    Error::Missing { what: format!("`{name}`"), part: "field that other points could follow".into(), hint }
}

/// # Errors
/// A schedule that reaches 0 for a score that needs smoothing.
fn check_smallest_sigma(score: &dyn Score, sigma: &Schedule) -> Result<()> {
    let smallest = sigma.smallest();
    if smallest > 0.0 || score.allows_zero_sigma() {
        return Ok(());
    }
    Err(Error::argument("sigma", smallest, format!("{} needs a positive sigma", score.name())))
}

/// Pairs of a query and a source, as [`Flow::pairs`] foretells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlowPairs {
    /// Of one evaluation of the velocity.
    pub velocity: u64,
    /// Of one round of readings.
    pub readings: u64,
}

/// Where in a run a step stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// Step, from 0.
    pub step: usize,
    /// Steps in all, at least 1.
    pub steps: usize,
    /// Place within the step, in `[0, 1]`: the stage of a Runge-Kutta method.
    pub stage: f64,
    /// The run's random stream.
    pub stream: Stream,
}

impl Clock {
    /// The beginning of `step`.
    pub fn at(step: usize, steps: usize, stream: Stream) -> Clock {
        Clock { step, steps: steps.max(1), stage: 0.0, stream }
    }

    /// Share of the run done, computed as a fraction of the whole and never accumulated.
    pub fn progress(&self) -> f64 {
        ((self.step as f64 + self.stage) / self.steps as f64).min(1.0)
    }

    /// The random stream of this step and purpose, the same for all stages of the step.
    pub fn randomness(&self, purpose: &str) -> Stream {
        self.stream.label(purpose).at(self.step as u64)
    }
}
