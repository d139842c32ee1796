//! The reports of a long process (a run of a flow or the training of a generator), and the ending
//! of a process.

use crate::archive::{Archive, Archived};
use crate::{Points, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One row of the history of a process: readings by name.
pub type Row = BTreeMap<String, f64>;

/// A receiver of the reports of a long process. All methods have defaults.
pub trait Observer {
    /// Receives a choice that the process made automatically.
    fn note(&mut self, _note: &str) {}

    /// Receives the progress: `done` of `total` units of `what`. `detail` returns a short live
    /// reading, and is called only if the reading is shown.
    fn progress(&mut self, _what: &str, _done: usize, _total: usize, _detail: &dyn Fn() -> String) {}

    /// Receives the cloud after `done` of `total` steps of a run, for a film of the motion.
    fn cloud(&mut self, _done: usize, _total: usize, _cloud: &Points) {}

    /// Receives a row of measurements as soon as it exists.
    fn row(&mut self, _row: &Row) {}

    /// Returns the state from which the process should continue, with the number of steps before
    /// it; None if the process starts at the beginning. This method is called once, before the
    /// first step.
    ///
    /// # Errors
    /// The state belongs to another process; the process then does not start.
    fn resume(&mut self) -> Result<Option<(usize, Archive)>> {
        Ok(None)
    }

    /// True if the state should be written now, after `done` of `total` steps.
    fn checkpoint_due(&mut self, _done: usize, _total: usize) -> bool {
        false
    }

    /// Writes the state after `done` of `total` steps.
    ///
    /// # Errors
    /// The state cannot be written, for example because the disk is full; the process then ends.
    fn keep_checkpoint(&mut self, _done: usize, _total: usize, _state: Archive) -> Result<()> {
        Ok(())
    }
}

/// An observer that does nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {}

/// Declares the setters that all builders of a process share, and the start without an observer.
/// The setters are those of the number of steps, of all options at once, of the random numbers and,
/// with a lifetime, of the pairwise engine. The builder must have these fields and a method
/// `run_with`. Its file must import the types that the setters use.
macro_rules! process_setters {
    ($options:ty, $result:ty, pairwise $a:lifetime) => {
        $crate::process::process_setters!($options, $result);

        /// Sets the engine of the pairwise sums: its precision, its count of work, its interrupt.
        #[must_use]
        pub fn pairwise(mut self, pairwise: &$a Pairwise) -> Self {
            self.pairwise = Some(pairwise);
            self
        }
    };
    ($options:ty, $result:ty) => {
        /// Sets the number of steps.
        #[must_use]
        pub fn steps(mut self, steps: usize) -> Self {
            self.options.steps = steps.into();
            self
        }

        /// Sets all options.
        #[must_use]
        pub fn options(mut self, options: $options) -> Self {
            self.options = options;
            self
        }

        /// Sets the seed of all random numbers; 0 by default.
        #[must_use]
        pub fn seed(self, seed: u64) -> Self {
            self.stream(Stream::new(seed))
        }

        /// Sets the random stream.
        #[must_use]
        pub fn stream(mut self, stream: Stream) -> Self {
            self.stream = stream;
            self
        }

        /// Runs without an observer.
        ///
        /// # Errors
        /// Those of [`Self::run_with`].
        pub fn go(self) -> Result<$result> {
            self.run_with(&mut $crate::process::Unobserved)
        }
    };
}
pub(crate) use process_setters;

/// The work and the time of a process.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Stats {
    /// Number of steps.
    pub steps: u64,
    /// Evaluations of the velocity or the score.
    pub nfe: u64,
    /// Evaluated pairs of a query point and a data point. The pairs of measurements count. Those of
    /// noise floors do not count, because other runs may share them.
    pub pairs: u64,
    /// Pairs evaluated by the flow alone.
    pub flow_pairs: u64,
    /// Seconds spent in the flow.
    pub flow_seconds: f64,
    /// Seconds spent in metrics and readings.
    pub metric_seconds: f64,
}

impl Archived for Stats {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("steps", &mut self.steps)?;
        archive.part("evaluations", &mut self.nfe)?;
        archive.part("pairs", &mut self.pairs)?;
        archive.part("flow_pairs", &mut self.flow_pairs)?;
        archive.part("flow_seconds", &mut self.flow_seconds)?;
        archive.part("metric_seconds", &mut self.metric_seconds)
    }
}

/// Why a process stopped. This is data, not an error.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "lowercase")]
pub enum Ending {
    /// All steps were taken.
    #[default]
    Finished,
    /// Every threshold of `stop_when` was met at this step.
    Converged {
        /// Number of steps taken.
        step: usize,
    },
    /// A coordinate became NaN or too large in this step. The cloud is that of the last good step.
    Diverged {
        /// The step that failed, from 0.
        step: usize,
    },
    /// The interrupt was raised in this step.
    Interrupted {
        /// Number of steps taken.
        step: usize,
    },
}

impl Ending {
    /// Returns the reason as one word.
    pub fn reason(&self) -> &'static str {
        match self {
            Ending::Finished => "finished",
            Ending::Converged { .. } => "converged",
            Ending::Diverged { .. } => "diverged",
            Ending::Interrupted { .. } => "interrupted",
        }
    }
}
