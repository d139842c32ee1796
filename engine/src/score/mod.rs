//! Estimates of the score of a noise-smoothed distribution.
//!
//! With `p_sigma = p * N(0, sigma^2 I)`, the score is `s(z) = grad log p_sigma(z)`, and Tweedie's formula
//! [efron2011tweedie] ties it to the denoiser: `D(z) = E[x | z] = z + sigma^2 s(z)`. An estimator answers with either
//! the score or the shift `D(z) - z`, whichever the flow steps with, so that neither is divided by a tiny `sigma^2`
//! and multiplied back.

mod denoiser;
mod discriminator;
mod exact;
mod fitted;
mod kde;
mod ratio;
mod smoothed;

pub use denoiser::{Denoiser, DenoiserOptions, Preconditioned};
pub use discriminator::{Batches, Discriminator, DiscriminatorOptions, Features};
pub(crate) use discriminator::{sigmoid, softplus};
pub use exact::Exact;
pub use fitted::{GaussianFit, GaussianFitOptions, MixtureFit, MixtureFitOptions, Shape};
pub use kde::{Kde, SelfTerm};
pub use ratio::{Nothing, Ratio};
pub use smoothed::{Smoothed, SmoothedOptions};

use crate::points::AffineMap;
use crate::{Error, Points, Result, pairwise::Pairwise, rng::Stream};

/// An estimator of a smoothed score.
pub trait Score: Send + Sync + std::fmt::Debug {
    /// Name for messages: "exact(ar1(0.9))", "kde of 2000 points".
    fn name(&self) -> String;

    /// The dimension it was made for; None follows the cloud.
    fn dim(&self) -> Option<usize>;

    /// Writes the score or the shift at every row of `at.z` into `out`, n x dim.
    ///
    /// # Errors
    /// A shape that does not fit, `sigma` = 0 where the estimator needs smoothing, an interrupt.
    fn evaluate(&mut self, at: &At, form: Form, out: &mut Points) -> Result<()>;

    /// Pairs that an evaluation at `queries` points takes while the cloud has `cloud` points.
    fn pairs(&self, _queries: usize, _cloud: usize) -> u64 {
        0
    }

    /// The same of [`Score::halves`]; None where it gives none.
    fn half_pairs(&self, _queries: usize, _cloud: usize) -> Option<u64> {
        None
    }

    /// How many later evaluations the first one takes as long as, at least 1.
    fn first_evaluation(&self) -> f64 {
        1.0
    }

    /// Median effective sample size of the last evaluation, where the estimate is a weighted mean of points.
    fn ess(&self) -> Option<f64> {
        None
    }

    /// The points whose softmax mean at `at` this estimate is; None for any other estimate, and for one on a batch. A
    /// difference of two such estimates is one call of the pairwise engine.
    fn sources<'a>(&'a self, _at: &At<'a>) -> Option<Sources<'a>> {
        None
    }

    /// Two estimates from disjoint halves of the points it stands on, for judging its sampling error; None for an
    /// estimate that has none (exact scores) or does not offer it.
    ///
    /// # Errors
    /// As [`Score::evaluate`].
    fn halves(&mut self, _at: &At, _form: Form) -> Result<Option<[Points; 2]>> {
        Ok(None)
    }

    /// The finite sample it stands on, when it does not move.
    fn data(&self) -> Option<&Points> {
        None
    }

    /// Length scales of the distribution it describes, for choosing sigma.
    fn extent(&self) -> Option<Extent> {
        None
    }

    /// Smallest and largest sigma at which it can be evaluated; None where its kind alone decides.
    fn range(&self) -> Option<(f64, f64)> {
        None
    }

    /// What the user should know once the run is over, a sentence each.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Can it be evaluated at `sigma` = 0?
    fn allows_zero_sigma(&self) -> bool {
        true
    }
}

/// Where an estimate is wanted.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// Query points, n x dim.
    pub z: &'a Points,
    /// Smoothing, in the points' units.
    pub sigma: f64,
    /// The moving cloud, for estimators that follow it.
    pub cloud: &'a Points,
    /// Row `i` of `z` was made from row `i` of the cloud.
    pub aligned: bool,
    /// Does an estimate that learns take this cloud in? Otherwise, once it knows one, it is only asked, so that measuring and
    /// following do not change where particles go.
    pub learn: bool,
    /// Randomness of this step (batches).
    pub stream: Stream,
    /// Does the pairwise sums.
    pub pairwise: &'a Pairwise,
}

/// The points on which a kernel estimate stands.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The points, all of them.
    pub points: &'a Points,
    /// Their log-weights; None is equal weights.
    pub log_weights: Option<&'a [f64]>,
    /// Query `i` leaves point `i` out.
    pub leave_out_self: bool,
}

/// What an estimator writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `grad log p_sigma(z)`
    Score,
    /// `sigma^2 grad log p_sigma(z) = D(z) - z`
    Shift,
}

impl Form {
    /// The factor by which a score becomes this form.
    pub fn scale(self, sigma: f64) -> f64 {
        match self {
            Form::Score => 1.0,
            Form::Shift => sigma * sigma,
        }
    }
}

/// Length scales of a distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Extent {
    /// Its mean.
    pub centre: Vec<f64>,
    /// The standard deviation of each coordinate, or one length for all; positive.
    pub std: Vec<f64>,
    /// The size of the whole: largest distance across.
    pub diameter: f64,
    /// The finest detail an estimate can show: the distance between neighbouring samples, or the smallest standard
    /// deviation of a density.
    pub detail: f64,
}

impl Extent {
    /// Of a distribution with these units, from standard ones to its own.
    pub fn new(units: &AffineMap, diameter: f64, detail: f64) -> Extent {
        Extent { centre: units.shift().to_vec(), std: units.scale().to_vec(), diameter, detail }
    }

    /// The map from standard units to those of the distribution.
    pub fn units(&self) -> AffineMap {
        AffineMap::new(self.std.clone(), self.centre.clone())
    }
}

/// # Errors
/// `sigma` is negative, not finite, or 0 where that is refused.
pub fn check_sigma(sigma: f64, zero_allowed: bool, who: &str) -> Result<()> {
    if sigma.is_finite() && (sigma > 0.0 || (sigma == 0.0 && zero_allowed)) {
        return Ok(());
    }
    let want = if zero_allowed { "it must be 0 or more".into() } else { format!("{who} needs a positive sigma") };
    Err(Error::argument("sigma", sigma, want))
}

/// The first query where `values` is not finite, in words.
fn not_finite(target: &str, z: &Points, values: &Points) -> Option<String> {
    let row = values.iter().position(|row| row.iter().any(|v| !v.is_finite()))?;
    let shown = |v: &f64| format!("{v:.4}");
    let place: Vec<String> = z.row(row).iter().take(6).map(shown).collect();
    let more = if z.dim() > 6 { ", .." } else { "" };
    Some(format!(
        "the score of {target} is not finite at ({}{more}): its log density must be finite and smooth wherever particles come",
        place.join(", ")
    ))
}
