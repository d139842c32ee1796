//! The check that particles lie where the density of the target is positive.

use crate::archive::{Archive, Archived};
use crate::error::MissingPart;
use crate::target::Target;
use crate::{Error, Points, Result, Subject};
use std::sync::Arc;

/// Counts the particles at which the density of a formula or callback is 0 or NaN. Other densities
/// are positive everywhere, so they need no count.
#[derive(Debug, Default)]
pub(super) struct Support {
    target: Option<Arc<dyn Target>>,
    log_density: Vec<f64>,
    outside: Option<Outside>,
}

/// The points found outside the support.
#[derive(Debug, Default)]
struct Outside {
    count: usize,
    total: usize,
    /// The first of the points outside.
    first: Vec<f64>,
}

impl Outside {
    /// Describes the points: "399 of 2000 points, the first at (-3.1), where the density of p is 0
    /// or NaN".
    fn text(&self, what: &str, target: &str) -> String {
        let place: Vec<String> = self.first.iter().take(6).map(|v| format!("{v:.4}")).collect();
        let more = if self.first.len() > 6 { ", .." } else { "" };
        let Outside { count, total, .. } = self;
        let place = place.join(", ");
        format!("{count} of {total} {what}, the first at ({place}{more}), where {target} is 0 or NaN")
    }
}

/// The number of points outside the support at the last check.
impl Archived for Support {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("outside", &mut self.outside)
    }
}

impl Archived for Outside {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("count", &mut self.count)?;
        archive.part("total", &mut self.total)?;
        archive.part("first", &mut self.first)
    }
}

/// True if this is the log density of a point inside the support.
pub(super) fn inside(log_density: f64) -> bool {
    log_density.is_finite()
}

impl Support {
    /// Creates the check for this target. It checks nothing if the target is unknown, has no
    /// density, or has a density that is positive everywhere.
    pub fn of(target: Option<Arc<dyn Target>>) -> Support {
        let target = target.filter(|target| target.density().is_some_and(|density| !density.smooths()));
        Support { target, ..Support::default() }
    }

    /// Counts the points outside the support.
    ///
    /// # Errors
    /// Those of the log density of the target.
    pub fn look(&mut self, points: &Points) -> Result<()> {
        let Some(target) = &self.target else { return Ok(()) };
        target.expect_density(MissingPart::LogDensity)?.log_density(points, 0.0, &mut self.log_density)?;
        let outside = || (0..points.n()).filter(|i| !inside(self.log_density[*i]));
        let first = outside().next().map(|i| points.row(i).to_vec());
        self.outside = first.map(|first| Outside { count: outside().count(), total: points.n(), first });
        Ok(())
    }

    /// Checks the start of a run. Returns a note if points are outside the support; `then` says
    /// what happens to these points.
    ///
    /// # Errors
    /// All points are outside the support, where nothing indicates the direction of the target.
    pub fn check_start(&mut self, start: &Points, then: &str) -> Result<Option<String>> {
        self.look(start)?;
        let (Some(outside), Some(target)) = (&self.outside, &self.target) else { return Ok(None) };
        if outside.count == outside.total {
            let got = outside.text("points lie outside the target", &target.name());
            return Err(Error::shape(Subject::argument("start"), got, "start where the density is positive"));
        }
        let text = outside.text("points lie outside the target", &target.name());
        Ok(Some(format!("start: {text}; {then}")))
    }

    /// Returns the warning about the points that were counted last, with advice.
    pub fn warning(&self, what: &str, advice: &str) -> Option<String> {
        let (outside, target) = (self.outside.as_ref()?, self.target.as_ref()?);
        Some(format!("{}; {advice}", outside.text(&format!("{what} ended outside the target"), &target.name())))
    }
}
