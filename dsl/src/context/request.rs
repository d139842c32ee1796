//! The request: which script to run, and how.

use super::CheckpointPace;
use sdflow::Interrupt;
use sdflow::pairwise::{PairwiseOptions, Ranks};
use std::path::PathBuf;
use std::sync::Arc;

/// A request to run a script.
#[derive(Debug, Clone)]
pub struct Request {
    /// The script.
    pub script: PathBuf,
    /// `name=value` given on the command line, in order.
    pub params: Vec<(String, String)>,
    /// `name=value` from the environment; names in upper case.
    pub environment: Vec<(String, String)>,
    /// Seed of every random stream.
    pub seed: u64,
    /// Whether to cap particles and steps so that the script runs in seconds.
    pub quick: bool,
    /// The run folder; [`execute`] writes below it and nowhere else.
    pub folder: PathBuf,
    /// Folders that the script may read, besides its own.
    pub allow_read: Vec<PathBuf>,
    /// How pairwise sums are computed.
    pub pairwise: PairwiseOptions,
    /// How often checkpoints of long calls are written; None for never.
    pub checkpoints: Option<CheckpointPace>,
    /// Stops the script and every native loop.
    pub interrupt: Interrupt,
    /// The ranks with which large sums are shared, if there are any.
    pub ranks: Option<Arc<Ranks>>,
}
