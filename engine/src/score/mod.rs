//! Estimates of the score of a noise-smoothed distribution.
//!
//! With `p_sigma = p * N(0, sigma^2 I)`, the score is `s(z) = grad log p_sigma(z)`, and Tweedie's formula
//! [efron2011tweedie] ties it to the denoiser: `D(z) = E[x | z] = z + sigma^2 s(z)`. An estimator answers with either
//! the score or the shift `D(z) - z`, whichever the flow steps with, so that neither is divided by a tiny `sigma^2`
//! and multiplied back.

mod denoiser;
mod discriminator;
mod estimate;
mod exact;
mod extent;
mod fitted;
mod kde;
mod ratio;
mod smoothed;
mod spec;

pub use denoiser::{Denoiser, DenoiserOptions, Preconditioned};
pub(crate) use discriminator::{Batches, sigmoid, softplus};
pub use discriminator::{Discriminator, DiscriminatorOptions, Features};
pub use estimate::Estimate;
pub use exact::Exact;
pub use extent::{Extent, diameter, spacing};
pub use fitted::{GaussianFit, GaussianFitOptions, MixtureFit, MixtureFitOptions, Shape};
pub use kde::{Kde, SelfTerm};
pub use ratio::{Nothing, Ratio};
pub use smoothed::{Smoothed, SmoothedOptions};
pub use spec::ScoreSpec;

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

    /// Median effective sample size of the last evaluation, where the estimate is a weighted mean of points.
    fn ess(&self) -> Option<f64> {
        None
    }

    /// The kernel estimate that this is: what stands on points can be joined with another, halved and asked for them.
    fn kernel(&self) -> Option<&Kde> {
        None
    }

    /// Length scales of the distribution it describes, for choosing sigma. Cost: for an estimate from points, about a
    /// second at the first call.
    fn extent(&self) -> Option<Extent> {
        None
    }

    /// The sigmas at which it can be evaluated.
    fn sigma_range(&self) -> SigmaRange {
        SigmaRange::ANY
    }

    /// What the user should know once the run is over, a sentence each.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The sigmas at which a score can be evaluated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SigmaRange {
    /// Smallest and largest that it has learned; None where its kind alone decides.
    pub learned: Option<(f64, f64)>,
    /// Is `sigma` = 0 among them?
    pub zero: bool,
}

impl SigmaRange {
    /// 0 or more, as a closed form has.
    pub const ANY: SigmaRange = SigmaRange { learned: None, zero: true };
    /// Any positive one, as a kernel estimate has.
    pub const POSITIVE: SigmaRange = SigmaRange { learned: None, zero: false };
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

/// # Errors
/// `sigma` is negative, not finite, or 0 where that is refused.
pub(crate) fn check_sigma(sigma: f64, zero_allowed: bool, who: &str) -> Result<()> {
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
