//! The flags of `sweep`.

use super::flags::ScriptArgs;
use clap::Args;
use std::path::PathBuf;

/// A script and the values that its parameters take in turn.
#[derive(Debug, Args)]
#[command(
    after_help = "Values: a list 2,8,32 (in double quotes where a value holds a comma), or ranges with both ends \
    included, int:1:5, int:0:100:25 (steps of 25), lin:0:1:5 and log:0.1:10:5 (5 values). `seed` sets the seed and is \
    averaged over. The same command again, after whatever kind of end, computes what is missing."
)]
pub struct SweepArgs {
    #[command(flatten)]
    pub script: ScriptArgs,
    /// Let these axes, of equal length, advance together; may be repeated
    #[arg(long, value_name = "A,B", value_parser = zipped)]
    pub zip: Vec<Zip>,
    /// Cells computed at a time [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub jobs: Option<u16>,
    /// Threads of each cell [default: the cores divided by the jobs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub threads: Option<u16>,
    /// Only every N-th cell, beginning with the I-th
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<Shard>,
    /// Begin no further cell after one has failed
    #[arg(long)]
    pub fail_fast: bool,
    /// Compute anew the cells that failed before
    #[arg(long)]
    pub retry_failed: bool,
    /// Compute every cell anew
    #[arg(long)]
    pub force: bool,
    /// The metric that the summary and the picture show, smallest first; `max:METRIC` is largest first
    #[arg(long, value_name = "METRIC")]
    pub best: Option<String>,
    /// The sweep folder [default: runs/<script>-sweep-<identity>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print an array job for this sweep instead, one shard per task [default: one task per cell, at most 100]
    #[arg(long, value_name = "TASKS", num_args = 0..=1, require_equals = true, default_missing_value = "0",
          conflicts_with_all = ["shard", "json"])]
    pub slurm: Option<u16>,
    /// No progress and no summary; failures remain
    #[arg(long)]
    pub quiet: bool,
    /// A summary as one JSON object is all of standard output
    #[arg(long)]
    pub json: bool,
}

/// Every `of`-th cell, beginning with the `index`-th, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    pub index: usize,
    pub of: usize,
}

impl Shard {
    /// Does it hold the cell with this number, counted from 1?
    pub fn holds(self, number: usize) -> bool {
        number % self.of == self.index % self.of
    }
}

/// Names of axes that advance together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zip(pub Vec<String>);

fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((index, of)) if (1..=of).contains(&index) => Ok(Shard { index, of }),
        _ => Err("a shard is written I/N with I from 1 to N, for example `--shard 1/4`".into()),
    }
}

fn zipped(text: &str) -> Result<Zip, String> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_string()).collect();
    match names.len() {
        n if n > 1 && names.iter().all(|name| !name.is_empty()) => Ok(Zip(names)),
        _ => Err("it joins the names of two or more axes, for example `--zip n,steps`".into()),
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
