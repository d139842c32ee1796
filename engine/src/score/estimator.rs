//! What every score can be asked for.

use super::at::{At, Form};
use super::extent::Extent;
use super::kde::Kde;
use crate::archive::Archive;
use crate::{Points, Result, Subject};

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

    /// Median effective sample size of the last evaluation, where the estimate is a weighted mean
    /// of points.
    fn ess(&self) -> Option<f64> {
        None
    }

    /// The kernel estimate that this is: what stands on points can be joined with another, halved
    /// and asked for them.
    fn kernel(&self) -> Option<&Kde> {
        None
    }

    /// Length scales of the distribution it describes, for choosing sigma. Cost: for an estimate
    /// from points, about a second at the first call.
    fn extent(&self) -> Option<Extent> {
        None
    }

    /// The sigmas at which it can be evaluated.
    fn sigma_range(&self) -> SigmaRange {
        SigmaRange::ANY
    }

    /// Passes what it keeps between evaluations to a checkpoint, or takes it back: nets, fits,
    /// counts. Nothing, the default, for an estimate that depends on its arguments alone.
    ///
    /// # Errors
    /// A checkpoint of something else.
    fn archive(&mut self, _archive: &mut Archive) -> Result<()> {
        Ok(())
    }

    /// What the user should know once the run is over, a sentence each.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

impl dyn Score + '_ {
    /// Compares the dimension of `points`, which messages call `what`, with the one that the score
    /// was made for.
    ///
    /// # Errors
    /// Another dimension, in a message that calls the score `whose`; none for a score that follows
    /// the cloud.
    pub(crate) fn check_dim(&self, points: &Points, what: impl Into<Subject>, whose: &str) -> Result<()> {
        self.dim().map_or(Ok(()), |dim| points.check_dim(what, dim, whose))
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
