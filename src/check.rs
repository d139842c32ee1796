//! `check`: what can be said about a script without running it.

use crate::args::ScriptArgs;
use crate::exit::Exit;
use crate::request::request;
use crate::{summary, terminal};
use sdflow::Interrupt;
use sdflow_dsl::{CheckReport, Diagnostic};

/// Tells the mistakes in a script, or what it would take and leave.
///
/// # Errors
/// Arguments that contradict each other, or a closed standard output.
pub fn check(args: &ScriptArgs) -> Result<Exit, Diagnostic> {
    let report = sdflow_dsl::check(&request(args, &Interrupt::default())?);
    report.warnings.iter().for_each(terminal::caution);
    report.errors.iter().for_each(terminal::complain);
    if let Some(first) = report.errors.first() {
        return Ok(Exit::of_diagnostic(first));
    }
    terminal::say(&format!("{}: no mistake found without running it", args.script.display()));
    terminal::say(facts(&report).trim_end());
    terminal::flushed().map(|()| Exit::Done)
}

fn facts(report: &CheckReport) -> String {
    let known = report.params.iter().map(|(name, param)| summary::setting(name, param));
    let computed = report.computed.iter().map(|name| format!("{name} (computed)"));
    let lines = [
        ("params", known.chain(computed).collect::<Vec<_>>()),
        ("reads", report.reads.clone()),
        ("writes", report.writes.clone()),
    ];
    let told = lines.iter().filter(|(_, items)| !items.is_empty());
    told.map(|(what, items)| format!("  {what:<8}  {}\n", items.join(", "))).collect()
}
