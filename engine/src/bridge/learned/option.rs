//! Options of bridges learned by nets.

use super::chain::Regression;
use super::frame::FEATURES;
use crate::bridge::reference_process::{ReferenceProcess, usual_epsilon};
use crate::net::{self, Hidden};
use crate::options::at_least;
use crate::points::no_room;
use crate::schedule::Schedule;
use crate::target::Target;
use crate::{Error, Result, Rule};
use serde::{Deserialize, Serialize};

/// The process from which the fitting of chains begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChainStart {
    /// The bridge between Gaussians with the moments of both ends.
    #[default]
    Gaussian,
    /// The reference process.
    Reference,
}

/// The joint distribution of both ends from which the matching begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PairStart {
    /// Independent ends.
    #[default]
    Independent,
    /// The ends of the bridge between Gaussians with the moments of both ends, started from the
    /// source.
    Gaussian,
    /// The ends of the reference process, started from the source.
    Reference,
}

/// The known part of the drifts, to which the outputs of the nets are added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Baseline {
    /// The drift of the bridge between Gaussians with the moments of both ends.
    #[default]
    Gaussian,
    /// Nothing.
    None,
}

crate::choices!(ChainStart, PairStart, Baseline);

crate::options! {
    /// Options of `dsb`.
    pub struct DsbOptions {
        /// Variance of the noise of the reference process per unit of time, above 0: the weight of
        /// the entropy in the transport problem with the cost `|x - y|^2 / 2`. Left out: the mean
        /// of the variances of all coordinates of both ends.
        epsilon: Option<f64> = None,
        /// Rate at which the reference process returns to the origin, 0 to 100. With 0 the
        /// reference process is a Brownian motion, otherwise an Ornstein-Uhlenbeck process.
        pull: f64 = 0.0,
        /// Number of iterations, at least 1. Each iteration fits the backward drift and then the
        /// forward drift.
        iterations: usize = 10,
        /// Number of optimiser steps per fit, at least 1.
        steps: usize = 1000,
        /// Number of equal time steps in which both processes are simulated, at least 2. When you
        /// sample the bridge, give `sample` the option `steps` with this value.
        time_steps: usize = 20,
        /// The process of the first iteration: "reference", or "gaussian", the bridge between
        /// Gaussians with the moments of both ends. With "gaussian" the iterations begin nearer to
        /// their result. Both choices converge to the same bridge.
        start: ChainStart = ChainStart::Gaussian,
        /// The values to which the drift in reversed time is fitted. A simulated step of length `h`
        /// is `X' = X + h u(X) + sqrt(epsilon h) Z`, with the drift `u` and standard normal noise
        /// `Z`. With "mean" (mean matching) the value is `-sqrt(epsilon / h) Z - u(X')`; with
        /// "increment" it is `(X - X') / h`. Because time is divided into steps, the result differs
        /// from the bridge: with "increment" the means and covariances of the ends are correct, but
        /// the plan has a larger error; with "mean" the ends have a small error, and the plan is
        /// more accurate.
        regression: Regression = Regression::Mean,
        /// The part of the drifts that needs no net. "gaussian" is the drift of the bridge between
        /// Gaussians with the moments of both ends; it costs `dim^2` per point. An eigenvalue of a
        /// covariance is replaced by `epsilon / time_steps` if it is smaller. "none" is 0.
        baseline: Baseline = Baseline::Gaussian,
        /// Whether a fit continues with the nets of the previous iteration; with false it starts
        /// with new nets.
        warm_start: bool = true,
        /// Units of a hidden layer, at least 1.
        hidden: usize = 128,
        /// Hidden layers, at least 1.
        layers: usize = 2,
        /// Number of points per optimiser step, at least 2. The drift is fitted to single simulated
        /// steps, which are noisy, so a batch must be large enough to average this noise out.
        batch: usize = 1024,
        /// Learning rate of Adam over the `steps` of each fit: a number, a schedule or a list.
        rate: Schedule = Schedule::Cosine { from: 2e-3, to: 1e-4 },
        /// Decay per step of the exponential moving average of the parameters, 0 or more and below
        /// 1.
        ema: f64 = 0.995,
        /// Memory for simulated trajectories, in megabytes. With less memory, fewer trajectories
        /// are stored, and new ones are simulated more often.
        memory: f64 = 64.0,
    }
}

crate::options! {
    /// Options of `dsbm`.
    pub struct DsbmOptions {
        /// Variance of the noise of the reference process per unit of time, above 0: the weight of
        /// the entropy in the transport problem with the cost `|x - y|^2 / 2`. Left out: the mean
        /// of the variances of all coordinates of both ends.
        epsilon: Option<f64> = None,
        /// Rate at which the reference process returns to the origin, 0 to 100. With 0 the
        /// reference process is a Brownian motion, otherwise an Ornstein-Uhlenbeck process.
        pull: f64 = 0.0,
        /// Number of iterations, at least 1. Each iteration fits the backward drift and then the
        /// forward drift.
        iterations: usize = 5,
        /// Number of optimiser steps per fit, at least 1.
        steps: usize = 2000,
        /// Number of equal time steps in which both processes are simulated, at least 2. When you
        /// sample the bridge, give `sample` the option `steps` with this value.
        time_steps: usize = 20,
        /// The pairs of the first fit. "independent": independent ends, which give iterative
        /// Markovian fitting. "reference": the ends of the reference process from the source, which
        /// give iterative proportional fitting. "gaussian": the ends of the bridge between
        /// Gaussians with the moments of source and target.
        start: PairStart = PairStart::Independent,
        /// The part of the drifts that needs no net. "gaussian" is the drift of the bridge between
        /// Gaussians with the moments of both ends; it costs `dim^2` per point. An eigenvalue of a
        /// covariance is replaced by `epsilon / time_steps` if it is smaller. "none" is 0.
        baseline: Baseline = Baseline::Gaussian,
        /// Whether a fit continues with the nets of the previous iteration; with false it starts
        /// with new nets.
        warm_start: bool = true,
        /// Units of a hidden layer, at least 1.
        hidden: usize = 128,
        /// Hidden layers, at least 1.
        layers: usize = 2,
        /// Number of points per optimiser step, at least 2.
        batch: usize = 512,
        /// Learning rate of Adam over the `steps` of each fit: a number, a schedule or a list.
        rate: Schedule = Schedule::Cosine { from: 2e-3, to: 1e-4 },
        /// Decay per step of the exponential moving average of the parameters, 0 or more and below
        /// 1.
        ema: f64 = 0.995,
        /// Memory for stored pairs, in megabytes. With less memory, fewer pairs are stored, and new
        /// ones are simulated more often.
        memory: f64 = 64.0,
    }
}

/// The data of a simulated process to which the drift of the reversed process is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// Every step of the trajectories.
    Chain(ChainStart, Regression),
    /// The starts and ends of the trajectories.
    Pairs(PairStart),
}

/// The options of both methods.
#[derive(Debug, Clone)]
pub struct Plan {
    pub method: Method,
    pub reference: ReferenceProcess,
    pub iterations: usize,
    pub steps: usize,
    pub time_steps: usize,
    pub baseline: Baseline,
    pub warm_start: bool,
    pub hidden: Hidden,
    pub batch: usize,
    pub rate: Schedule,
    pub ema: f64,
    pub memory: f64,
}

macro_rules! plan {
    ($options:expr, $ends:expr, $method:expr) => {{
        let o = $options;
        let reference = ReferenceProcess::new(o.epsilon.unwrap_or_else(|| usual_epsilon($ends)), o.pull)?;
        let hidden = Hidden { units: o.hidden, layers: o.layers };
        let plan = Plan {
            method: $method,
            reference,
            iterations: o.iterations,
            steps: o.steps,
            time_steps: o.time_steps,
            baseline: o.baseline,
            warm_start: o.warm_start,
            hidden,
            batch: o.batch,
            rate: o.rate.clone(),
            ema: o.ema,
            memory: o.memory,
        };
        plan.check()?;
        Ok(plan)
    }};
}

impl DsbOptions {
    /// Returns the checked options of a bridge between these ends.
    ///
    /// # Errors
    /// An option is out of range.
    pub(super) fn plan(&self, ends: [&dyn Target; 2]) -> Result<Plan> {
        plan!(self, ends, Method::Chain(self.start, self.regression))
    }
}

impl DsbmOptions {
    /// Returns the checked options of a bridge between these ends.
    ///
    /// # Errors
    /// An option is out of range.
    pub(super) fn plan(&self, ends: [&dyn Target; 2]) -> Result<Plan> {
        plan!(self, ends, Method::Pairs(self.start))
    }
}

impl Plan {
    fn check(&self) -> Result<()> {
        let Plan { iterations, steps, time_steps, batch, ema, memory, .. } = *self;
        at_least(&[("iterations", iterations, 1), ("steps", steps, 1), ("time_steps", time_steps, 2)])?;
        at_least(&[("batch", batch, 2)])?;
        if 2usize.checked_mul(iterations).and_then(|halves| halves.checked_mul(steps)).is_none() {
            return Err(Error::argument("iterations", iterations, "it is too large for this number of `steps`"));
        }
        if !(0.0..1.0).contains(&ema) {
            let want = Rule::NotNegative.worded("it must be 0 or more and below 1");
            return Err(Error::argument("ema", ema, want));
        }
        if !(memory > 0.0 && memory.is_finite()) {
            let want = Rule::Positive.worded("it must be positive and finite");
            return Err(Error::argument("memory", memory, want));
        }
        self.rate.check("rate", 0.0..=f64::INFINITY)?;
        self.widths(1).map(drop)
    }

    /// Number of optimiser steps of all fits.
    pub fn all_steps(&self) -> usize {
        2 * self.iterations * self.steps
    }

    /// True if the bridge between Gaussians is needed.
    pub fn needs_gaussian(&self) -> bool {
        let starts = matches!(self.method, Method::Chain(ChainStart::Gaussian, _) | Method::Pairs(PairStart::Gaussian));
        starts || self.baseline == Baseline::Gaussian
    }

    /// Returns the widths of a net for `dim` coordinates.
    ///
    /// # Errors
    /// The net is impossible, or the machine lacks memory for a batch.
    pub fn widths(&self, dim: usize) -> Result<Vec<usize>> {
        if let Some(why) = no_room(self.batch, dim + FEATURES) {
            return Err(Error::argument("batch", self.batch, why));
        }
        net::widths(dim + FEATURES, self.hidden, dim)
    }

    /// Returns the number of particles that are simulated at a time, and the number of optimiser
    /// steps after which other particles replace them. Each particle is used once per time step.
    ///
    /// # Errors
    /// One batch does not fit into the option `memory`, or the machine lacks this memory.
    pub fn particles(&self, dim: usize) -> Result<(usize, usize)> {
        let kept = match self.method {
            Method::Chain(..) => 4 * self.time_steps,
            Method::Pairs(_) => 2,
        };
        let most = (self.memory * 1e6 / (8.0 * kept as f64 * dim as f64)) as usize;
        // Each particle gives two rows per time step.
        let rows = 2 * self.time_steps;
        let least = self.batch.div_ceil(rows);
        if most < least {
            let need = (8 * kept * dim * least) as f64 / 1e6;
            return Err(Error::argument("memory", self.memory, format!("one `batch` needs {need:.3}")));
        }
        let wanted = self.batch.saturating_mul(self.steps).div_ceil(rows);
        let particles = wanted.min(most).max(least);
        if let Some(why) = no_room(particles, kept.saturating_mul(dim)) {
            return Err(Error::argument("memory", self.memory, why));
        }
        Ok((particles, (particles.saturating_mul(rows) / self.batch).max(1)))
    }
}
