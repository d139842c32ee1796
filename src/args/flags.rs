//! The flags of each command and what they may be.

use crate::bench::Data;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use sdflow::flow::Noise;
use sdflow::pairwise::{Backend, Isa, Kernel, Precision};
use sdflow::score::SelfTerm;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A script and what changes its meaning.
#[derive(Debug, Args)]
pub struct ScriptArgs {
    /// The script
    #[arg(value_name = "SCRIPT.rhai")]
    pub script: PathBuf,
    /// Set a parameter of the script; may be repeated
    #[arg(short = 'p', value_name = "NAME=VALUE", value_parser = assignment)]
    pub params: Vec<(String, String)>,
    /// Seed of every random stream [default: 0]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Cap particles and steps so that the script runs in seconds
    #[arg(long)]
    pub quick: bool,
    /// A folder that the script may read besides its own; may be repeated
    #[arg(long, value_name = "DIR")]
    pub allow_read: Vec<PathBuf>,
}

/// A check of a script.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub script: ScriptArgs,
    /// The report as one JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

/// A run of a script.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub script: ScriptArgs,
    /// The run folder [default: runs/<script>-<identity>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub threads: Threads,
    /// No progress and no summary; warnings, failed checks and the script's prints remain
    #[arg(long)]
    pub quiet: bool,
    /// One JSON object, the content of run.json, is all of standard output
    #[arg(long)]
    pub json: bool,
    /// Compute anew even when this run is finished already
    #[arg(long)]
    pub force: bool,
    #[arg(long, hide = true, value_name = "TIME")]
    pub(super) max_time: Option<String>,
}

/// How many threads compute.
#[derive(Debug, Args)]
pub struct Threads {
    /// Threads that compute [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub threads: Option<u16>,
}

/// One field between two files.
#[derive(Debug, Args)]
pub struct FieldArgs {
    /// The particles, .npy
    #[arg(long, value_name = "Y.npy")]
    pub particles: PathBuf,
    /// Samples of the target, .npy
    #[arg(long, value_name = "X.npy")]
    pub target: PathBuf,
    /// Noise level, or the kernel's bandwidth for `mmd`; positive, in the data's units
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub sigma: f64,
    /// Where to evaluate, .npy [default: at the particles]
    #[arg(long, value_name = "Z.npy")]
    pub at: Option<PathBuf>,
    /// The kernel; the score difference knows only the Gaussian
    #[arg(long, default_value = "gaussian", value_parser = kernel())]
    pub kernel: Kernel,
    /// Score difference or the gradient of the maximum mean discrepancy's witness
    #[arg(long, default_value = "sd", value_parser = one_of::<FlowName>(&["sd", "mmd"]))]
    pub flow: FlowName,
    /// Does a particle count among its own sources?
    #[arg(long, default_value = "include", value_parser = one_of::<SelfTerm>(&["include", "exclude"]))]
    pub self_term: SelfTerm,
    /// Weights of the target's samples, .npy, not negative; they are made to sum to one
    #[arg(long, value_name = "W.npy")]
    pub target_weights: Option<PathBuf>,
    /// Arithmetic; `auto` is the fastest that keeps a relative error of 1e-5
    #[arg(long, value_name = "P", default_value = "f32", value_parser = one_of::<Precision>(&PRECISIONS))]
    pub precision: Precision,
    /// Where the field is written, .npy
    #[arg(short, long, value_name = "V.npy")]
    pub output: PathBuf,
    #[command(flatten)]
    pub threads: Threads,
    /// A summary as one JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

/// The fields by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowName {
    Sd,
    Mmd,
}

/// A measurement.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// What to measure: one field (`pairwise`), one step of a flow (`flow`), or training steps of a net (`net`)
    #[arg(default_value = "pairwise")]
    pub task: String,
    /// Particles [default: 16384; 4096 for `flow`]; the batch of `net` [default: 512]
    #[arg(long)]
    pub n: Option<usize>,
    /// Target points [default: as many as particles]
    #[arg(long)]
    pub m: Option<usize>,
    /// Coordinates [default: 64; 2 for `net`]
    #[arg(long)]
    pub dim: Option<usize>,
    /// Noise level [default: .3 sqrt(dim)]
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub sigma: Option<f64>,
    /// The points [default: gauss]
    #[arg(long, value_parser = one_of::<Data>(&DATA))]
    pub data: Option<Data>,
    /// Arithmetic; `auto` is the fastest that keeps a relative error of 1e-5 [default: f32]
    #[arg(long, value_name = "P", value_parser = one_of::<Precision>(&PRECISIONS))]
    pub precision: Option<Precision>,
    /// Loops [default: auto]
    #[arg(long, value_name = "B", value_parser = one_of::<Backend>(&BACKENDS))]
    pub backend: Option<Backend>,
    /// Instruction set; the best there is where the machine lacks it [default: that of SDFLOW_ISA, or auto]
    #[arg(long, value_parser = one_of::<Isa>(&ISAS))]
    pub isa: Option<Isa>,
    /// May blocks without weight be skipped? [default: on]
    #[arg(long, value_parser = switch(), action = clap::ArgAction::Set)]
    pub skip: Option<bool>,
    /// For `flow`: where the field is evaluated, see `doc sd_flow` [default: fresh]
    #[arg(long, value_parser = one_of::<Noise>(&["fresh", "none", "fixed"]))]
    pub noise: Option<Noise>,
    #[command(flatten)]
    pub threads: Threads,
    /// Measure the whole table of the documentation instead of one case; goes with --isa, --threads and --json
    #[arg(long)]
    pub matrix: bool,
    /// The result as one JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

/// A question about this machine.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Particles [default: 16384]
    #[arg(long)]
    pub n: Option<usize>,
    /// Target points [default: as many as particles]
    #[arg(long)]
    pub m: Option<usize>,
    /// Coordinates [default: a table of 2, 8, 64, 256 and 784]
    #[arg(long)]
    pub dim: Option<usize>,
    /// Noise level [default: .3 sqrt(dim)]
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub sigma: Option<f64>,
    /// The points, whose spread decides what can be skipped
    #[arg(long, default_value = "gauss", value_parser = one_of::<Data>(&DATA))]
    pub data: Data,
    /// The answer as one JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

pub(super) const DATA: [&str; 2] = ["gauss", "mixture25"];
pub(super) const BACKENDS: [&str; 5] = ["auto", "naive", "direct", "fused", "gemm"];
pub(super) const ISAS: [&str; 5] = ["auto", "scalar", "avx2", "avx512", "amx"];
pub(super) const PRECISIONS: [&str; 5] = ["f64", "f32", "bf16x3", "bf16x6", "auto"];

/// One of `names`, as serde knows them.
fn one_of<T: Named>(names: &'static [&'static str]) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(names).try_map(|name| serde_json::from_value::<T>(name.into()))
}

/// A kernel by its name; its bandwidth is another flag's.
fn kernel() -> impl TypedValueParser<Value = Kernel> {
    PossibleValuesParser::new(Kernel::NAMES).try_map(|name| Kernel::named(&name, 1.0).ok_or("no kernel is called so"))
}

fn switch() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["on", "off"]).map(|word| word == "on")
}

/// What the value of a flag must be.
trait Named: serde::de::DeserializeOwned + Clone + Send + Sync + 'static {}
impl<T: serde::de::DeserializeOwned + Clone + Send + Sync + 'static> Named for T {}

pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a parameter is written NAME=VALUE, for example `-p dim=64`")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(plain) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("`{name}` is not a parameter's name; letters, digits and _ make one"));
    }
    Ok((name.into(), value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_need_a_name_and_a_value() {
        assert_eq!(assignment("a=b=c").unwrap(), ("a".into(), "b=c".into()));
        for bad in ["dim", "=3", "1x=2", "a b=1"] {
            assert!(assignment(bad).is_err(), "{bad}");
        }
    }
}
