//! The flags of `compare`.

use super::values::share;
use clap::Args;
use std::path::PathBuf;

/// The arguments of `compare`: two runs, or two sweeps.
#[derive(Debug, Args)]
#[command(
    after_help = "A change within two combined standard errors counts as noise. Recorded quantities whose name\n\
    contains no metric's name are shown but not judged."
)]
pub struct CompareArgs {
    /// The folder of the run or sweep to compare with
    #[arg(value_name = "RUN_A")]
    pub run_a: PathBuf,
    /// The folder of the run or sweep that is judged
    #[arg(value_name = "RUN_B")]
    pub run_b: PathBuf,
    /// Exit with code 4 if a metric is missing, or is worse by more than this share and by more
    /// than two standard errors
    #[arg(long, value_name = "5%", value_parser = share)]
    pub fail_above: Option<f64>,
    /// Print the comparison as one JSON object
    #[arg(long)]
    pub json: bool,
}
