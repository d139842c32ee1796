//! The report of `doctor` as text.

use super::probes::LargePages;
use super::report::{AutoChoice, DoctorReport};
use crate::bench::Data;
use crate::bench::command::word;
use crate::machine;
use sdflow::pairwise::{Centres, Isa};
use std::fmt::Write;

/// Returns the whole report as text; `data` are the points for which the choices are made.
pub fn text(report: &DoctorReport, data: Data) -> String {
    let mut text = String::new();
    let mut line = |name: &str, what: String| {
        let _ = writeln!(text, "{name:<13} {what}");
    };
    line("sdflow-engine", report.version.into());
    line("processor", report.cpu.clone());
    line("cores", format!("{}; the engine uses {} threads", report.cores, report.threads));
    line("memory", memory(report));
    line("large pages", pages(report.large_pages).into());
    line("in use", in_use(report));
    line("FMA peak", format!("{:.0} GFLOP/s in f32 on all threads, measured now", report.fma_peak_gflops));
    text.push_str("\ninstruction sets\n");
    for set in &report.isas {
        let what = set.missing.as_ref().map_or("available".into(), |why| format!("missing: {why}"));
        let _ = writeln!(text, "  {:<11} {what}", set.name);
    }
    text.push_str("\nbackends\n");
    for loops in &report.backends {
        let missing = if loops.available { "" } else { "missing; " };
        let _ = writeln!(text, "  {:<11} {missing}{}", word(&loops.name), loops.serves);
    }
    text.push_str(&choices(&report.choices, data));
    text.push_str("\nadvice\n");
    match report.advice.is_empty() {
        true => text.push_str("  nothing slows the engine down\n"),
        false => report.advice.iter().for_each(|advice| {
            let _ = writeln!(text, "  {advice}");
        }),
    }
    text
}

fn memory(report: &DoctorReport) -> String {
    match (report.memory.total_mb, report.memory.available_mb) {
        (Some(total), Some(free)) => format!("{total:.0} MB, {free:.0} MB available"),
        _ => "unknown".into(),
    }
}

fn pages(pages: LargePages) -> &'static str {
    match pages {
        LargePages::Always => "always used",
        LargePages::Advised => "used if a program requests them, as the engine does",
        LargePages::Never => "switched off",
        LargePages::Unknown => "unknown",
    }
}

fn in_use(report: &DoctorReport) -> String {
    match report.asked {
        Isa::Auto => format!("{} ({} is not set)", report.isa, machine::SWITCH),
        asked => format!("{} ({}={})", report.isa, machine::SWITCH, asked.name()),
    }
}

fn choices(choices: &[AutoChoice], data: Data) -> String {
    let Some(first) = choices.first() else { return String::new() };
    let mut text = format!("\nprecision: \"auto\" with n = {}, m = {}, data {}\n", first.n, first.m, word(&data));
    text.push_str("  dim      sigma  precision  backend  isa      skipping  coordinates around\n");
    for chosen in choices {
        let AutoChoice { dim, sigma, isa, .. } = chosen;
        let (precision, backend) = (word(&chosen.precision), word(&chosen.backend));
        let skip = if chosen.skip { "on" } else { "off" };
        let centres = centres(chosen.centres);
        let _ = writeln!(text, "  {dim:<5} {sigma:>8.3}  {precision:<9}  {backend:<7}  {isa:<7}  {skip:<8}  {centres}");
    }
    text
}

/// Describes the origin that is subtracted from coordinates before they are rounded.
fn centres(centres: Centres) -> &'static str {
    match centres {
        Centres::One => "one centre",
        Centres::Many => "a centre for each panel of queries",
    }
}
