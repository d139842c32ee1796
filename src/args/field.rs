//! The flags of `field`.

use super::run::Threads;
use super::values::{PRECISIONS, kernel, one_of};
use clap::Args;
use sdflow::pairwise::{Kernel, Precision};
use sdflow::score::SelfTerm;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The arguments of `field`.
#[derive(Debug, Args)]
pub struct FieldArgs {
    /// The particles, a .npy file
    #[arg(long, value_name = "Y.npy")]
    pub particles: PathBuf,
    /// Samples of the target, a .npy file
    #[arg(long, value_name = "X.npy")]
    pub target: PathBuf,
    /// Noise level for `sd`, kernel bandwidth for `mmd`; positive, in the units of the data
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub sigma: f64,
    /// Where to evaluate the field, a .npy file [default: at the particles]
    #[arg(long, value_name = "Z.npy")]
    pub at: Option<PathBuf>,
    /// The kernel; `sd` is defined for the Gaussian kernel only
    #[arg(long, default_value = "gaussian", value_parser = kernel())]
    pub kernel: Kernel,
    /// The field: `sd`, the score difference, or `mmd`, the gradient of the witness function of
    /// the maximum mean discrepancy
    #[arg(long, default_value = "sd", value_parser = one_of::<FlowName>(&["sd", "mmd"]))]
    pub flow: FlowName,
    /// Whether a particle is part of the density whose score it follows
    #[arg(long, default_value = "include", value_parser = one_of::<SelfTerm>(&["include", "exclude"]))]
    pub self_term: SelfTerm,
    /// Weights of the target's samples, a .npy file; they must not be negative, and are normalised
    /// to sum to one
    #[arg(long, value_name = "W.npy")]
    pub target_weights: Option<PathBuf>,
    /// Arithmetic; `auto` is the fastest with a relative error of at most 1e-5
    #[arg(long, value_name = "P", default_value = "f32", value_parser = one_of::<Precision>(&PRECISIONS))]
    pub precision: Precision,
    /// Where to write the field, a .npy file
    #[arg(short, long, value_name = "V.npy")]
    pub output: PathBuf,
    #[command(flatten)]
    pub threads: Threads,
    /// Print a summary as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The names of the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowName {
    Sd,
    Mmd,
}
