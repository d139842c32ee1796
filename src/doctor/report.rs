//! The report of `doctor` as data.

use super::probes::{LargePages, SystemMemory};
use sdflow::pairwise::{Backend, Centres, Isa, Precision};
use serde::Serialize;

/// The whole report.
#[derive(Debug, Serialize)]
pub struct DoctorReport {
    pub schema: u32,
    pub task: &'static str,
    pub version: &'static str,
    pub cpu: String,
    /// The cores that this process may use, and the threads of the engine.
    pub cores: usize,
    pub threads: usize,
    pub isas: Vec<InstructionSet>,
    pub backends: Vec<BackendStatus>,
    /// The instruction set that SDFLOW_ISA requests, and the one in use.
    pub asked: Isa,
    pub isa: &'static str,
    pub fma_peak_gflops: f64,
    pub large_pages: LargePages,
    pub memory: SystemMemory,
    pub choices: Vec<AutoChoice>,
    pub advice: Vec<String>,
}

/// One instruction set.
#[derive(Debug, Serialize)]
pub struct InstructionSet {
    pub name: &'static str,
    pub available: bool,
    /// Why it is not available.
    pub missing: Option<String>,
}

/// One backend.
#[derive(Debug, Serialize)]
pub struct BackendStatus {
    pub name: Backend,
    pub available: bool,
    pub serves: &'static str,
}

/// The choices of `auto` for one problem.
#[derive(Debug, Serialize)]
pub struct AutoChoice {
    pub n: usize,
    pub m: usize,
    pub dim: usize,
    pub sigma: f64,
    pub precision: Precision,
    pub backend: Backend,
    pub isa: &'static str,
    pub skip: bool,
    /// The origin that is subtracted from coordinates before they are rounded.
    pub centres: Centres,
}
