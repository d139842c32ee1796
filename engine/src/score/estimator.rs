//! The interface of all estimators of scores.

use super::at::{At, Form};
use super::extent::Extent;
use super::kde::Kde;
use crate::archive::Archived;
use crate::target::Target;
use crate::{Points, Result, Subject};
use std::sync::Arc;

/// An estimator of a smoothed score. The nets, fits and counts that it keeps between evaluations
/// are [`Archived`].
pub trait Score: Archived + Send + Sync + std::fmt::Debug {
    /// Returns the name for messages, such as "exact(ar1(0.9))" or "kde of 2000 points".
    fn name(&self) -> String;

    /// Returns the dimension of the score; None if the score follows the cloud.
    fn dim(&self) -> Option<usize>;

    /// Writes the score or the displacement at every row of `at.z` into `out`, n x dim.
    ///
    /// # Errors
    /// A shape does not match, `sigma` = 0 although the estimator needs smoothing, or an interrupt.
    fn evaluate(&mut self, at: &At, form: Form, out: &mut Points) -> Result<()>;

    /// Returns the denoised queries, n x dim, if the estimate is a weighted mean of points. If two
    /// estimates are subtracted, the difference of their means has no rounding errors of the
    /// queries.
    ///
    /// # Errors
    /// Those of [`Score::evaluate`].
    fn denoised(&mut self, _at: &At) -> Result<Option<&Points>> {
        Ok(None)
    }

    /// Returns what is known of the score besides its values.
    fn properties(&self) -> ScoreProperties<'_> {
        ScoreProperties::default()
    }

    /// Returns the length scales of the distribution that the score describes. A suitable range of
    /// sigma follows from them. For an estimate from points, the first call takes about a second.
    fn extent(&self) -> Option<Extent> {
        None
    }

    /// Returns the effective sample size and the warnings of the evaluations.
    fn diagnostics(&self) -> ScoreDiagnostics {
        ScoreDiagnostics::default()
    }
}

/// What is known of a score besides its values.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScoreProperties<'a> {
    /// The score as a kernel estimate, if it is one. The points of kernel estimates are known, and
    /// such estimates can be combined and halved.
    pub kernel: Option<&'a Kde>,
    /// The points from which the score was estimated, if they are a finite sample in memory. They
    /// must not be used to judge a motion along the score, because the score depends on them.
    pub data: Option<&'a Arc<Points>>,
    /// The distribution whose score this is, if it is given.
    pub target: Option<&'a dyn Target>,
    /// True if the score is a kernel estimate from a finite sample, in memory or in a file.
    pub is_of_points: bool,
    /// The values of sigma at which the score can be evaluated.
    pub sigma_range: SigmaRange,
}

/// What the evaluations of a score have found.
#[derive(Debug, Clone, Default)]
pub struct ScoreDiagnostics {
    /// The median effective sample size of the last evaluation, if the estimate is a weighted mean
    /// of points.
    pub ess: Option<f64>,
    /// Warnings for the end of the run, one sentence each.
    pub warnings: Vec<String>,
}

impl ScoreDiagnostics {
    /// Returns diagnostics without warnings.
    pub fn of_ess(ess: Option<f64>) -> ScoreDiagnostics {
        ScoreDiagnostics { ess, warnings: Vec::new() }
    }
}

impl dyn Score + '_ {
    /// Returns the score as a kernel estimate, if it is one.
    pub(crate) fn kernel(&self) -> Option<&Kde> {
        self.properties().kernel
    }

    /// Returns the points from which the score was estimated, if they are a finite sample.
    pub(crate) fn data(&self) -> Option<&Arc<Points>> {
        self.properties().data
    }

    /// Returns the values of sigma at which the score can be evaluated.
    pub(crate) fn sigma_range(&self) -> SigmaRange {
        self.properties().sigma_range
    }

    /// Checks that `points` have the dimension of the score. Messages call the points `what`.
    ///
    /// # Errors
    /// The dimension differs. The message calls the score `whose`. A score that follows the cloud
    /// gives no error.
    pub(crate) fn check_dim(&self, points: &Points, what: impl Into<Subject>, whose: &str) -> Result<()> {
        self.dim().map_or(Ok(()), |dim| points.check_dim(what, dim, whose))
    }
}

/// The values of sigma at which a score can be evaluated; by default all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SigmaRange {
    /// The smallest and the largest sigma that the score has learned; None if only the kind of
    /// score determines the range.
    pub learned: Option<(f64, f64)>,
    /// True if `sigma` = 0 is allowed.
    pub zero: bool,
}

impl SigmaRange {
    /// All values from 0 on, as for a closed form.
    pub const ANY: SigmaRange = SigmaRange { learned: None, zero: true };
    /// All positive values, as for a kernel estimate.
    pub const POSITIVE: SigmaRange = SigmaRange { learned: None, zero: false };
}

impl Default for SigmaRange {
    fn default() -> SigmaRange {
        SigmaRange::ANY
    }
}
