//! What a long process (a run of a flow, the fit of a generator) tells on the way and how it ends.

use crate::Result;
use crate::archive::{Archive, Archived};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One row of a process's history: readings by name.
pub type Row = BTreeMap<String, f64>;

/// Who is told while a long process runs. All methods may be left as they are.
pub trait Observer {
    /// The process decided something on the user's behalf.
    fn note(&mut self, _note: &str) {}

    /// `done` of `total` units of `what` are done; `detail` makes a short live reading, called only
    /// if it is shown.
    fn progress(&mut self, _what: &str, _done: usize, _total: usize, _detail: &dyn Fn() -> String) {}

    /// A row of measurements, as it comes.
    fn row(&mut self, _row: &Row) {}

    /// Returns the state from which the process is to go on, with the steps that were taken before;
    /// None where it begins. Asked for once, before the first step.
    ///
    /// # Errors
    /// A state that belongs to another process; the process then does not begin.
    fn resume(&mut self) -> Result<Option<(usize, Archive)>> {
        Ok(None)
    }

    /// Is the state to be kept now, after `done` of `total` steps?
    fn checkpoint_due(&mut self, _done: usize, _total: usize) -> bool {
        false
    }

    /// Keeps the state after `done` of `total` steps.
    ///
    /// # Errors
    /// A disk that is full; the process then ends.
    fn keep_checkpoint(&mut self, _done: usize, _total: usize, _state: Archive) -> Result<()> {
        Ok(())
    }
}

/// An observer that does nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {}

/// Declares the choices that every builder of a process has: how many steps, all options at once,
/// the randomness and, with a lifetime, the pairwise engine; and the start without an observer. The
/// builder has the fields that are set and a method `observed`; the types are those that its file
/// imports.
macro_rules! process_setters {
    ($options:ty, $result:ty, pairwise $a:lifetime) => {
        $crate::process::process_setters!($options, $result);

        /// Computes pairwise sums by this engine: its precision, its count of work, its interrupt.
        #[must_use]
        pub fn pairwise(mut self, pairwise: &$a Pairwise) -> Self {
            self.pairwise = Some(pairwise);
            self
        }
    };
    ($options:ty, $result:ty) => {
        /// Takes this many steps.
        #[must_use]
        pub fn steps(mut self, steps: usize) -> Self {
            self.options.steps = steps;
            self
        }

        /// Takes all options at once.
        #[must_use]
        pub fn options(mut self, options: $options) -> Self {
            self.options = options;
            self
        }

        /// Draws all randomness from this seed; 0 unless said.
        #[must_use]
        pub fn seed(self, seed: u64) -> Self {
            self.stream(Stream::new(seed))
        }

        /// Draws all randomness from this stream.
        #[must_use]
        pub fn stream(mut self, stream: Stream) -> Self {
            self.stream = stream;
            self
        }

        /// Goes unwatched.
        ///
        /// # Errors
        /// As [`Self::observed`].
        pub fn go(self) -> Result<$result> {
            self.observed(&mut $crate::process::Unobserved)
        }
    };
}
pub(crate) use process_setters;

/// Work and time of a process.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Stats {
    /// Steps taken.
    pub steps: u64,
    /// Evaluations of the velocity.
    pub nfe: u64,
    /// Pairs of a query and a source evaluated, measurements included.
    pub pairs: u64,
    /// Pairs evaluated by the flow alone.
    pub flow_pairs: u64,
    /// Seconds in the flow.
    pub flow_seconds: f64,
    /// Seconds in metrics and readings.
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

/// Why a process stopped: data, not an error.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "lowercase")]
pub enum Ending {
    /// All steps were taken.
    #[default]
    Finished,
    /// Every threshold of `stop_when` was met at this step.
    Converged {
        /// Steps taken.
        step: usize,
    },
    /// A coordinate became NaN or larger than any data in this step; the cloud is the last good
    /// one.
    Diverged {
        /// The step that failed, from 0.
        step: usize,
    },
    /// The interrupt was raised in this step.
    Interrupted {
        /// Steps taken.
        step: usize,
    },
}

impl Ending {
    /// The reason in a word.
    pub fn reason(&self) -> &'static str {
        match self {
            Ending::Finished => "finished",
            Ending::Converged { .. } => "converged",
            Ending::Diverged { .. } => "diverged",
            Ending::Interrupted { .. } => "interrupted",
        }
    }
}
