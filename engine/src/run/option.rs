//! Options of a run.

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
        /// Number of steps between measurements; left out: about 20 measurements per run. The start
        /// and the end are always measured.
        every: Option<usize> = None,
        /// Number of steps between checkpoints. In addition, checkpoints are written at the
        /// interval of `--checkpoint-every`, by default one minute.
        checkpoint_every: Option<usize> = None,
        /// Names of metrics, or maps with the key `metric` and the options of that metric.
        metrics: Vec<MetricChoice> = Vec::new(),
        /// Number of clouds to keep for pictures, evenly spread over the run from its start to its
        /// end; 1 keeps the end, and 0 keeps none.
        snapshots: usize = 0,
        /// A map from names of measurements to bounds, such as `#{energy: 0.02}`. The run stops as
        /// soon as each of these measurements is at or below its bound. A metric of which larger
        /// values are better (`coverage`, `precision_recall`, `log_density`) must be at or above
        /// its bound.
        stop_when: BTreeMap<String, f64> = BTreeMap::new(),
        /// Tracers: points that move along the velocity field of the cloud and do not act on it.
        /// The score of the cloud must be accurate where the tracers are. A kernel estimate is not
        /// accurate outside the cloud: if it is combined with an exact target score, tracers
        /// outside the cloud are driven far away. Left out: no tracers.
        carry: Option<Points> = None,
        /// Whether to compute `log |det J|` at the tracers, by central differences. `J` is the
        /// Jacobian matrix of the map from start to end. In up to 8 dimensions, the determinant is
        /// that of the discrete steps. In more dimensions, it is that of the continuous flow,
        /// estimated with 16 random directions per step. It then has a random error, whose size a
        /// note tells, in addition to the error of the integrator. The map takes a density `p` to a
        /// density whose logarithm at the end is `log p(start) - log_det`.
        log_det: bool = false,
    }
}

impl RunOptions {
    /// Returns the number of steps between two measurements.
    pub(crate) fn every(&self) -> usize {
        self.every.unwrap_or(self.steps.div_ceil(20)).max(1)
    }

    /// # Errors
    /// The number of steps is out of range, or the snapshots of `start` do not fit into memory.
    pub(crate) fn check(&self, start: &Points) -> Result<()> {
        if self.steps == 0 {
            return Err(Error::argument("steps", 0, "a run needs at least 1 step"));
        }
        at_least(&[
            ("every", self.every.unwrap_or(1), 1),
            ("checkpoint_every", self.checkpoint_every.unwrap_or(1), 1),
        ])?;
        let kept = self.snapshots.min(self.steps.saturating_add(1));
        match no_room(kept.saturating_mul(start.n()), start.dim()) {
            Some(why) => Err(Error::argument("snapshots", self.snapshots, format!("of the start, {why}"))),
            None => Ok(()),
        }
    }
}
