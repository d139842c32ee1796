//! What can be chosen about a run.

use super::MetricChoice;
use crate::options::at_least;
use crate::points::no_room;
use crate::{Error, Points, Result};
use std::collections::BTreeMap;

crate::options! {
    /// Options of `run`.
    pub struct RunOptions {
        /// Number of steps, at least 1.
        steps: usize = 300,
        /// Measure every so many steps; left out: about 20 times in the run. The start and the end
        /// are always measured.
        every: Option<usize> = None,
        /// Metrics by name, or as a map with the key `metric` and the metric's own options.
        metrics: Vec<MetricChoice> = Vec::new(),
        /// How many clouds to keep for pictures, evenly spread over the run with its start and end;
        /// 0 keeps none.
        snapshots: usize = 0,
        /// Stop early once each of these metrics is at or below its value:
        /// `stop_when: #{energy: 0.02}`.
        stop_when: BTreeMap<String, f64> = BTreeMap::new(),
        /// Tracers: points that move along the velocity field of the cloud and do not act on it.
        /// The score of the cloud must be defined where they are: a kernel estimate ends with the
        /// cloud, and beside an exact target it throws away tracers that are outside.
        carry: Option<Points> = None,
        /// Follow `log |det J|` of the map from start to end at the tracers, by central
        /// differences: in up to 8 dimensions of the steps as they are taken, above of the
        /// continuous flow, right to the order of the integrator. The log density of the map's
        /// image of a density `p` is then `log p(start) - log_det`.
        log_det: bool = false,
    }
}

impl RunOptions {
    /// Steps between two measurements.
    pub(crate) fn every(&self) -> usize {
        self.every.unwrap_or(self.steps.div_ceil(20)).max(1)
    }

    /// # Errors
    /// A number of steps out of range, or more snapshots of `start` than there is room for.
    pub(crate) fn check(&self, start: &Points) -> Result<()> {
        if self.steps == 0 {
            return Err(Error::argument("steps", 0, "a run needs at least 1 step"));
        }
        at_least(&[("every", self.every.unwrap_or(1), 1)])?;
        let kept = self.snapshots.min(self.steps.saturating_add(1));
        match no_room(kept.saturating_mul(start.n()), start.dim()) {
            Some(why) => Err(Error::argument("snapshots", self.snapshots, format!("of the start, {why}"))),
            None => Ok(()),
        }
    }
}
