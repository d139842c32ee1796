//! The times at which checkpoints are written, and their folders.

use std::time::Duration;

/// The folder for the checkpoints of long calls, inside the run folder. [`crate::execute`]
/// continues from the checkpoints of the same run that it finds there, and deletes the folder at
/// the end of the run.
pub const CHECKPOINTS: &str = "checkpoint";

/// The folder inside [`CHECKPOINTS`] for the checkpoints of an earlier version of the script. A
/// call continues from one of them if no statement up to the call has changed.
pub const EARLIER: &str = "earlier";

/// The folder for the finished cells of sweeps, inside the run folder. [`crate::execute`] does not
/// compute these cells again when the same run continues. When a run is done, the folder is
/// removed.
pub const CELLS: &str = "cells";

/// How often checkpoints are written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CheckpointPace {
    /// After this time, or later if checkpoints would take more than 2 % of the run's time.
    Time(Duration),
    /// After this many steps.
    Steps(usize),
}

impl Default for CheckpointPace {
    fn default() -> CheckpointPace {
        CheckpointPace::Time(Duration::from_secs(60))
    }
}

/// The time that a process may take to complete its step after its end is requested. When this time
/// is over, the step is interrupted, and the process can continue only from its last checkpoint.
pub const GRACE: Duration = Duration::from_secs(2);
