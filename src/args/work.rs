//! The flags of `new`, `compare` and `findings`.

use clap::Args;
use std::path::PathBuf;

/// A script to begin with.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The script's name; `.rhai` may be left out
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub name: Option<PathBuf>,
    /// What it does
    #[arg(long, value_name = "T", default_value = "flow")]
    pub template: String,
    /// List the templates
    #[arg(long)]
    pub list: bool,
}

/// Two runs.
#[derive(Debug, Args)]
#[command(
    after_help = "A change within two combined standard errors is noise. Recorded quantities whose name holds no metric's \
    name are shown but not judged."
)]
pub struct CompareArgs {
    /// The run folder to compare with
    #[arg(value_name = "RUN_A")]
    pub run_a: PathBuf,
    /// The run folder that is judged
    #[arg(value_name = "RUN_B")]
    pub run_b: PathBuf,
    /// Leave with 4 when a metric got worse by more than this share, and by more than two standard errors, or is missing
    #[arg(long, value_name = "5%", value_parser = share)]
    pub fail_above: Option<f64>,
    /// One JSON object is all of standard output
    #[arg(long)]
    pub json: bool,
}

/// Runs that say what they found.
#[derive(Debug, Args)]
#[command(
    after_help = "The paragraph is that of `conclude(text)` in the script; see `sdflow-engine doc conclude`. A run that failed or is \
    unfinished is said to be so."
)]
pub struct FindingsArgs {
    /// The run folders, in the order of the document
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// Write this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

fn share(text: &str) -> Result<f64, String> {
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|p| p / 100.0),
        None => text.parse(),
    };
    match value {
        Ok(share) if share >= 0.0 && share.is_finite() => Ok(share),
        _ => Err("a share is written 5% or 0.05".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percentages_or_fractions() {
        assert_eq!((share("5%"), share("0.05"), share("0")), (Ok(0.05), Ok(0.05), Ok(0.0)));
        assert!(["", "%", "-1%", "five", "inf"].iter().all(|bad| share(bad).is_err()));
    }
}
