//! The flags of `report`.

use clap::Args;
use std::path::PathBuf;

/// The arguments of `report`.
#[derive(Debug, Args)]
#[command(
    after_help = "A run writes its own `report.html` unless it is called with `--no-report`. The page holds its data\n\
    and needs no network."
)]
pub struct ReportArgs {
    /// The run folders
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
}
