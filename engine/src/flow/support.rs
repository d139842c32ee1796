//! Do particles stand where the target's density is positive?

use crate::error::MissingPart;
use crate::target::Target;
use crate::{Error, Points, Result, Subject};
use std::sync::Arc;

/// Counts the particles at which a density of the caller's own is 0 or no number. Others are
/// positive everywhere, and nothing is counted.
#[derive(Debug, Default)]
pub(super) struct Support {
    target: Option<Arc<dyn Target>>,
    log_density: Vec<f64>,
    outside: Option<Outside>,
}

/// What was found outside.
#[derive(Debug)]
struct Outside {
    count: usize,
    total: usize,
    /// The first of those points.
    first: Vec<f64>,
}

impl Outside {
    /// "399 of 2000 points, the first at (-3.1), where the density of p is 0 or NaN".
    fn text(&self, what: &str, target: &str) -> String {
        let place: Vec<String> = self.first.iter().take(6).map(|v| format!("{v:.4}")).collect();
        let more = if self.first.len() > 6 { ", .." } else { "" };
        let Outside { count, total, .. } = self;
        let place = place.join(", ");
        format!("{count} of {total} {what}, the first at ({place}{more}), where {target} is 0 or NaN")
    }
}

/// Is this the log density of a point inside the support?
pub(super) fn inside(log_density: f64) -> bool {
    log_density.is_finite()
}

impl Support {
    /// That of this target, if it has a density.
    pub fn of(target: Option<Arc<dyn Target>>) -> Support {
        let target = target.filter(|target| target.density().is_some_and(|density| !density.smooths()));
        Support { target, ..Support::default() }
    }

    /// Looks at these points.
    ///
    /// # Errors
    /// As the target's log density.
    pub fn look(&mut self, points: &Points) -> Result<()> {
        let Some(target) = &self.target else { return Ok(()) };
        target.expect_density(MissingPart::LogDensity)?.log_density(points, 0.0, &mut self.log_density)?;
        let outside = || (0..points.n()).filter(|i| !inside(self.log_density[*i]));
        let first = outside().next().map(|i| points.row(i).to_vec());
        self.outside = first.map(|first| Outside { count: outside().count(), total: points.n(), first });
        Ok(())
    }

    /// Looks at the points that a run starts from; a note where some are outside.
    ///
    /// # Errors
    /// All of them are outside: nothing says which way the target lies.
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

    /// What was seen at the last look, with what to do about it.
    pub fn warning(&self, what: &str, advice: &str) -> Option<String> {
        let (outside, target) = (self.outside.as_ref()?, self.target.as_ref()?);
        Some(format!("{}; {advice}", outside.text(&format!("{what} ended outside the target"), &target.name())))
    }
}
