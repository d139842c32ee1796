//! What the doctor tells, as data.

use super::survey::{LargePages, Memory};
use sdflow::pairwise::{Backend, Centres, Isa, Precision};
use serde::Serialize;

/// All that is told.
#[derive(Debug, Serialize)]
pub struct Report {
    pub schema: u32,
    pub task: &'static str,
    pub version: &'static str,
    pub cpu: String,
    /// Cores that this process may use, and threads that compute.
    pub cores: usize,
    pub threads: usize,
    pub isas: Vec<Set>,
    pub backends: Vec<Loops>,
    /// What SDFLOW_ISA asks for, and what therefore runs.
    pub asked: Isa,
    pub isa: &'static str,
    pub fma_peak_gflops: f64,
    pub large_pages: LargePages,
    pub memory: Memory,
    pub choices: Vec<Chosen>,
    pub advice: Vec<String>,
}

/// One instruction set.
#[derive(Debug, Serialize)]
pub struct Set {
    pub name: &'static str,
    pub available: bool,
    /// Why it is not.
    pub missing: Option<String>,
}

/// One backend.
#[derive(Debug, Serialize)]
pub struct Loops {
    pub name: Backend,
    pub available: bool,
    pub serves: &'static str,
}

/// What `auto` chooses for one problem.
#[derive(Debug, Serialize)]
pub struct Chosen {
    pub n: usize,
    pub m: usize,
    pub dim: usize,
    pub sigma: f64,
    pub precision: Precision,
    pub backend: Backend,
    pub isa: &'static str,
    pub skip: bool,
    /// What coordinates are rounded around.
    pub centres: Centres,
}
