//! `doctor`: the abilities of this machine, the choices of `auto` on it, and what slows it down.

mod probes;
mod report;
mod text;

use crate::args::DoctorArgs;
use crate::bench::BenchCase;
use crate::diagnostics::of_engine;
use crate::exit::Exit;
use crate::{machine, terminal};
use report::{AutoChoice, BackendStatus, DoctorReport, InstructionSet};
use sdflow::Interrupt;
use sdflow::pairwise::{Backend, GRID_DIM, Isa, Pairwise, Precision};
use sdflow_dsl::Diagnostic;

/// Dimensions of the table if the user gives none.
const DIMS: [usize; 5] = [2, 8, 64, 256, 784];

/// Examines the machine and prints the findings.
///
/// # Errors
/// The sizes are impossible, or writing fails.
pub fn doctor(args: &DoctorArgs) -> Result<Exit, Diagnostic> {
    let report = examine(args)?;
    match args.json {
        true => terminal::print_json(&report),
        false => terminal::print_result(text::text(&report, args.data).trim_end()),
    }
    terminal::check_printed().map(|()| Exit::Done)
}

fn examine(args: &DoctorArgs) -> Result<DoctorReport, Diagnostic> {
    let asked = machine::requested_isa()?;
    let choices = choices(args, asked)?;
    let isas = Isa::ALL.map(|isa| {
        let missing = isa.missing();
        InstructionSet { name: isa.name(), available: missing.is_none(), missing }
    });
    let (large_pages, cores) = (probes::large_pages(), probes::cores());
    Ok(DoctorReport {
        schema: 1,
        task: "doctor",
        version: env!("CARGO_PKG_VERSION"),
        cpu: machine::cpu(),
        cores,
        threads: rayon::current_num_threads(),
        isas: isas.into(),
        backends: backends(),
        asked,
        isa: machine::isa(),
        fma_peak_gflops: sdflow::pairwise::fma_peak(asked) / 1e9,
        large_pages,
        memory: probes::memory(),
        choices,
        advice: probes::advice(asked, cores, large_pages),
    })
}

fn backends() -> Vec<BackendStatus> {
    let of = |name, available, serves| BackendStatus { name, available, serves };
    vec![
        of(Backend::Naive, true, "the reference in f64, slow"),
        of(Backend::Direct, true, "for few dimensions, or a very small sigma"),
        of(Backend::Fused, true, "for many dimensions"),
        of(Backend::Gemm, true, "the same with general matrix products, for comparison"),
        of(Backend::Grid, true, "for sums of smooth kernels in up to three dimensions"),
        of(Backend::Amx, Isa::Amx.missing().is_none(), "for the precisions bf16x3 and bf16x6"),
    ]
}

/// Returns the choices of `auto` for the requested sizes, one row per dimension.
fn choices(args: &DoctorArgs, isa: Isa) -> Result<Vec<AutoChoice>, Diagnostic> {
    let default = BenchCase { precision: Precision::Auto, isa, ..BenchCase::default() };
    let n = args.n.unwrap_or(default.n);
    let row = |dim: &usize| {
        let (m, sigma, data) = (args.m.unwrap_or(n), args.sigma, args.data);
        let case = BenchCase { n, m, dim: *dim, sigma, data, ..default.clone() };
        case.check().map_err(|e| of_engine(&e))?;
        let choice = case.choice();
        let (precision, skip, centres) = (choice.precision, choice.skip, choice.centres);
        let on_grid = || {
            let (targets, particles) = case.points();
            Pairwise::new(case.options(), Interrupt::default()).uses_grid(&particles, &targets, case.sigma())
        };
        let backend = if *dim <= GRID_DIM && on_grid() { Backend::Grid } else { choice.backend };
        let (sigma, isa) = (case.sigma(), machine::isa_name(choice.isa));
        Ok(AutoChoice { n, m, dim: *dim, sigma, precision, backend, isa, skip, centres })
    };
    args.dim.as_ref().map_or(&DIMS[..], std::slice::from_ref).iter().map(row).collect()
}
