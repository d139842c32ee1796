//! The flags of `bench` and `doctor`.

use super::run::Threads;
use super::values::{BACKENDS, DATA, ISAS, PRECISIONS, one_of, positive, switch};
use crate::bench::Data;
use clap::Args;
use sdflow::flow::Noise;
use sdflow::pairwise::{Backend, Isa, Precision};
use std::num::NonZeroUsize;

/// The arguments of a measurement.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// What to measure: one field (`pairwise`), one step of a flow (`flow`), iterations of
    /// Sinkhorn's algorithm (`sinkhorn`), one step of the flow of drifting models (`drift`), or
    /// training steps of a net (`net`)
    #[arg(default_value = "pairwise")]
    pub task: String,
    /// Number of particles [default: 16384; 4096 for `flow`, 8192 for `sinkhorn`, 2048 for
    /// `drift`]; batch size for `net` [default: 512]
    #[arg(long)]
    pub n: Option<usize>,
    /// Number of target points [default: the number of particles]
    #[arg(long)]
    pub m: Option<usize>,
    /// Number of dimensions [default: 64; 2 for `net`]
    #[arg(long)]
    pub dim: Option<usize>,
    /// Noise level [default: 0.3 sqrt(dim)]; for `sinkhorn` the root of epsilon [default: the root
    /// of 1/20 of the mean cost]
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub sigma: Option<f64>,
    /// The points [default: gauss]
    #[arg(long, value_parser = one_of::<Data>(&DATA))]
    pub data: Option<Data>,
    /// Arithmetic; `auto` is the fastest with a relative error of at most 1e-5 [default: f32]
    #[arg(long, value_name = "P", value_parser = one_of::<Precision>(&PRECISIONS))]
    pub precision: Option<Precision>,
    /// Implementation of the pairwise sums [default: auto]
    #[arg(long, value_name = "B", value_parser = one_of::<Backend>(&BACKENDS))]
    pub backend: Option<Backend>,
    /// Instruction set; if the machine lacks it, the best one of the machine is used [default:
    /// SDFLOW_ISA, or auto]
    #[arg(long, value_parser = one_of::<Isa>(&ISAS))]
    pub isa: Option<Isa>,
    /// Whether to skip blocks whose weight is negligible [default: on]
    #[arg(long, value_parser = switch(), action = clap::ArgAction::Set)]
    pub skip: Option<bool>,
    /// Largest relative error of sums on a grid, above 0; 1e-3 or more is faster [default: 1e-6]
    #[arg(long, value_name = "T", value_parser = positive)]
    pub tol: Option<f64>,
    /// For `flow`: the noise at which the field is evaluated, see `doc sd_flow` [default: fresh]
    #[arg(long, value_parser = one_of::<Noise>(&["fresh", "half", "none", "fixed"]))]
    pub noise: Option<Noise>,
    /// For `sinkhorn`: iterations of one solution, at least 1 [default: 100]
    #[arg(long, value_name = "N")]
    pub iterations: Option<NonZeroUsize>,
    #[command(flatten)]
    pub threads: Threads,
    /// Measure the whole table of docs/performance.md instead of one case; only --isa, --threads
    /// and --json can be given with it
    #[arg(long)]
    pub matrix: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Number of particles [default: 16384]
    #[arg(long)]
    pub n: Option<usize>,
    /// Number of target points [default: the number of particles]
    #[arg(long)]
    pub m: Option<usize>,
    /// Number of dimensions [default: a table for 2, 8, 64, 256 and 784]
    #[arg(long)]
    pub dim: Option<usize>,
    /// Noise level [default: 0.3 sqrt(dim)]
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub sigma: Option<f64>,
    /// The points; their spread decides which blocks can be skipped
    #[arg(long, default_value = "gauss", value_parser = one_of::<Data>(&DATA))]
    pub data: Data,
    /// Print the report as one JSON object
    #[arg(long)]
    pub json: bool,
}
