//! `doctor`: what this machine can do, what `auto` would choose on it, and what is odd.

mod report;
mod shown;
mod survey;

use crate::args::DoctorArgs;
use crate::bench::BenchCase;
use crate::exit::Exit;
use crate::message::of_engine;
use crate::{machine, terminal};
use report::{Chosen, Loops, Report, Set};
use sdflow::pairwise::{Backend, Isa, Precision};
use sdflow_dsl::Diagnostic;

/// Coordinates of the table where none are asked for.
const DIMS: [usize; 5] = [2, 8, 64, 256, 784];

/// Looks at the machine and tells what it found.
///
/// # Errors
/// Sizes that are impossible, or a closed standard output.
pub fn doctor(args: &DoctorArgs) -> Result<Exit, Diagnostic> {
    let report = examined(args)?;
    match args.json {
        true => terminal::say_json(&report),
        false => terminal::say(shown::text(&report, args.data).trim_end()),
    }
    terminal::flushed().map(|()| Exit::Done)
}

fn examined(args: &DoctorArgs) -> Result<Report, Diagnostic> {
    let asked = machine::asked()?;
    let choices = chosen(args, asked)?;
    let isas = Isa::ALL.map(|isa| {
        let missing = isa.missing();
        Set { name: isa.name(), available: missing.is_none(), missing }
    });
    let (large_pages, cores) = (survey::large_pages(), survey::cores());
    Ok(Report {
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
        memory: survey::memory(),
        choices,
        advice: survey::advice(asked, cores, large_pages),
    })
}

fn backends() -> Vec<Loops> {
    let of = |name, available, serves| Loops { name, available, serves };
    vec![
        of(Backend::Naive, true, "the f64 reference, slow"),
        of(Backend::Direct, true, "few coordinates, or a tiny sigma"),
        of(Backend::Fused, true, "many coordinates"),
        of(Backend::Gemm, true, "the same by general matrix products, for comparison"),
        of(Backend::Amx, Isa::Amx.missing().is_none(), "precisions bf16x3 and bf16x6"),
    ]
}

/// The choice for the sizes asked for, one row per number of coordinates.
fn chosen(args: &DoctorArgs, isa: Isa) -> Result<Vec<Chosen>, Diagnostic> {
    let default = BenchCase { precision: Precision::Auto, isa, ..BenchCase::default() };
    let n = args.n.unwrap_or(default.n);
    let row = |dim: &usize| {
        let (m, sigma, data) = (args.m.unwrap_or(n), args.sigma, args.data);
        let case = BenchCase { n, m, dim: *dim, sigma, data, ..default.clone() };
        case.check().map_err(|e| of_engine(&e))?;
        let choice = case.choice();
        let (precision, backend, skip, centres) = (choice.precision, choice.backend, choice.skip, choice.centres);
        let (sigma, isa) = (case.sigma(), machine::name(choice.isa));
        Ok(Chosen { n, m, dim: *dim, sigma, precision, backend, isa, skip, centres })
    };
    args.dim.as_ref().map_or(&DIMS[..], std::slice::from_ref).iter().map(row).collect()
}
