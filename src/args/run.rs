//! The flags of `run` and `check`, and the flags that these share with `sweep`.

use super::values::{assignment, duration, pace, seed, size};
use clap::Args;
use sdflow_dsl::CheckpointPace;
use std::path::PathBuf;
use std::time::Duration;

/// A script and the arguments that determine its results.
#[derive(Debug, Args)]
pub struct ScriptArgs {
    /// The script
    #[arg(value_name = "SCRIPT.rhai")]
    pub script: PathBuf,
    /// Set a parameter of the script; may be repeated
    #[arg(short = 'p', value_name = "NAME=VALUE", value_parser = assignment)]
    pub params: Vec<(String, String)>,
    /// Seed of all random numbers [default: 0]
    #[arg(long, allow_negative_numbers = true, value_parser = seed)]
    pub seed: Option<u64>,
    /// Cap the numbers of particles and steps so that the script runs in seconds
    #[arg(long)]
    pub quick: bool,
    /// Let the script read this folder as well as its own; may be repeated
    #[arg(long, value_name = "DIR")]
    pub allow_read: Vec<PathBuf>,
}

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub script: ScriptArgs,
    /// Print the report as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub script: ScriptArgs,
    /// Where to write the results [default: runs/<script>-<identity>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub threads: Threads,
    /// Print no progress and no summary; warnings, failed checks and what the script prints remain
    #[arg(long)]
    pub quiet: bool,
    /// Print the content of run.json as one JSON object; what the script prints goes to standard
    /// error
    #[arg(long)]
    pub json: bool,
    /// Write no report.html
    #[arg(long)]
    pub no_report: bool,
    /// Run again even if this run is already finished
    #[arg(long)]
    pub force: bool,
    /// Start without the dry run that looks for mistakes and estimates the memory
    #[arg(long)]
    pub no_check: bool,
    #[command(flatten)]
    pub time: TimeArgs,
    #[command(flatten)]
    pub memory: MemoryArgs,
}

/// The limit on time, and the frequency of checkpoints.
#[derive(Debug, Args)]
pub struct TimeArgs {
    /// Stop after this time, such as 90m or 1.5h; the same command then continues where it stopped
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub max_time: Option<Duration>,
    /// Write a checkpoint at this interval, a time or a number of steps: 30s, 5m, 1000 [default:
    /// 1m]
    #[arg(long, value_name = "TIME|STEPS", value_parser = pace)]
    pub checkpoint_every: Option<CheckpointPace>,
}

/// The limit on memory.
#[derive(Debug, Args)]
pub struct MemoryArgs {
    /// Use at most this much memory, such as 4GiB or 500MB; a run that needs more is refused
    /// [default: 90 % of the machine's memory]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub memory_budget: Option<u64>,
}

impl TimeArgs {
    /// Returns how often checkpoints are written.
    pub fn pace(&self) -> CheckpointPace {
        self.checkpoint_every.unwrap_or_default()
    }
}

/// The number of threads.
#[derive(Debug, Args)]
pub struct Threads {
    /// Number of threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub threads: Option<u16>,
}
