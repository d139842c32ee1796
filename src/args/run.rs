//! The flags of `run` and `check`, and those that they share with `sweep`.

use super::values::assignment;
use clap::Args;
use std::path::PathBuf;

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
    #[arg(long)]
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
    /// Run again even if this run is already finished
    #[arg(long)]
    pub force: bool,
    #[arg(long, hide = true, value_name = "TIME")]
    pub(super) max_time: Option<String>,
}

/// The number of threads.
#[derive(Debug, Args)]
pub struct Threads {
    /// Number of threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub threads: Option<u16>,
}
