//! The flags of `runs`.

use clap::Args;
use std::path::PathBuf;

/// The arguments of `runs`.
#[derive(Debug, Args)]
#[command(after_help = "Folders of sweeps are left out; their `report.html` shows their cells.")]
pub struct RunsArgs {
    /// The folder that holds the run folders
    #[arg(value_name = "DIR", default_value = "runs")]
    pub folder: PathBuf,
    /// Only runs of scripts whose name contains this text
    #[arg(long, value_name = "TEXT")]
    pub script: Option<String>,
    /// Only runs with this status: done, failed, stopped, unfinished, or check (a check failed)
    #[arg(long, value_name = "WORD", value_parser = ["done", "failed", "stopped", "unfinished", "check"])]
    pub status: Option<String>,
    /// Sort by `age` (the newest first), `script`, `time`, or a metric
    #[arg(long, value_name = "COLUMN", default_value = "age")]
    pub sort: String,
    /// Write a page with links to the reports instead of a table
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub html: Option<PathBuf>,
    /// Print the runs as one JSON array
    #[arg(long)]
    pub json: bool,
}
