//! The flags of `sweep`.

use super::run::{MemoryArgs, ScriptArgs, TimeArgs};
use clap::Args;
use std::path::PathBuf;

/// The arguments of `sweep`.
#[derive(Debug, Args)]
#[command(after_help = "Each -p is an axis: a list such as 2,8,32, or a range that includes both ends: int:1:5,\n\
    int:0:100:25 (steps of 25), lin:0:1:5 or log:0.1:10:5 (5 values). A value that contains a comma goes\n\
    in double quotes. The axis `seed` sets the seed; summary and picture average over it.\n\n\
    A repeated command computes only the missing cells, even if the first one was killed.")]
pub struct SweepArgs {
    #[command(flatten)]
    pub script: ScriptArgs,
    /// Vary these axes together instead of combining all their values; may be repeated
    #[arg(long, value_name = "A,B", value_parser = zipped)]
    pub zip: Vec<Zip>,
    /// Number of cells that run at the same time [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub jobs: Option<u16>,
    /// Number of threads of each cell [default: the cores divided by the jobs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub threads: Option<u16>,
    /// Run only every N-th cell, beginning with the I-th
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<Shard>,
    /// Start no further cell once one has failed
    #[arg(long)]
    pub fail_fast: bool,
    /// Run again the cells that failed before
    #[arg(long)]
    pub retry_failed: bool,
    /// Run every cell again
    #[arg(long)]
    pub force: bool,
    /// Start without the dry runs that look for mistakes and estimate the memory
    #[arg(long)]
    pub no_check: bool,
    /// The metric of the summary and the picture; its best values come first, or its largest with
    /// `max:METRIC` and its smallest with `min:METRIC`
    #[arg(long, value_name = "METRIC")]
    pub best: Option<String>,
    /// Where to write the results [default: runs/<script>-sweep-<identity>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print a Slurm array job for this sweep instead of running it; each task runs one shard
    /// [default: one task per cell, at most 100]
    #[arg(long, value_name = "TASKS", num_args = 0..=1, require_equals = true, default_missing_value = "0",
          conflicts_with_all = ["shard", "json"])]
    pub slurm: Option<u16>,
    /// Print no progress and no summary; failures are still printed
    #[arg(long)]
    pub quiet: bool,
    /// Write no report.html
    #[arg(long)]
    pub no_report: bool,
    /// Print the summary as one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub time: TimeArgs,
    #[command(flatten)]
    pub memory: MemoryArgs,
}

/// Every `of`-th cell, beginning with the `index`-th, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    pub index: usize,
    pub of: usize,
}

impl Shard {
    /// True if the shard contains the cell with this number, counted from 1.
    pub fn holds(self, number: usize) -> bool {
        number % self.of == self.index % self.of
    }
}

/// Names of axes that vary together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zip(pub Vec<String>);

fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((index, of)) if (1..=of).contains(&index) => Ok(Shard { index, of }),
        _ => Err("write a shard as I/N with I from 1 to N, for example `--shard 1/4`".into()),
    }
}

fn zipped(text: &str) -> Result<Zip, String> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_string()).collect();
    match names.len() {
        n if n > 1 && names.iter().all(|name| !name.is_empty()) => Ok(Zip(names)),
        _ => Err("give the names of two or more axes, for example `--zip n,steps`".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_the_cells_out() {
        let of = |text: &str| (1..=7).filter(|i| shard(text).unwrap().holds(*i)).collect::<Vec<_>>();
        assert_eq!((of("1/3"), of("2/3"), of("3/3")), (vec![1, 4, 7], vec![2, 5], vec![3, 6]));
        assert!(["0/3", "4/3", "1/0", "x/2", "1", "-1/2"].iter().all(|bad| shard(bad).is_err()));
        assert!(["a", "a,", ""].iter().all(|bad| zipped(bad).is_err()));
    }
}
