//! The flags of `findings`.

use clap::Args;
use std::path::PathBuf;

/// The arguments of `findings`.
#[derive(Debug, Args)]
#[command(after_help = "The paragraph of a run is the one that its script passed to `conclude(text)`; see\n\
    `sdflow-engine doc conclude`. Runs of one script with the same parameters and different seeds\n\
    share a section: numbers become mean ± standard deviation over the seeds, and a check that failed says\n\
    with how many seeds. Tables that the script saved follow, if they have at most 48 rows.\n\
    If a run failed or is unfinished, the document says so.")]
pub struct FindingsArgs {
    /// The run folders, in the order of the document
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
