//! The command line of sdflow. The main path is in [`run`].

mod args;
mod bench;
mod check;
mod compare;
mod doctor;
mod execution;
mod exit;
mod failure;
mod field;
mod findings;
mod folder;
mod guard;
mod journal;
mod machine;
mod memory;
mod message;
mod new;
mod progress;
mod record;
mod reference;
mod request;
mod run;
mod shell;
mod summary;
mod sweep;
mod terminal;
mod timing;
mod watch;

use args::{Command, Parsed};
use exit::Exit;
use sdflow_dsl::{Diagnostic, manual};
use std::process::ExitCode;

fn main() -> ExitCode {
    guard::on_panic();
    let command = match machine::asked().and_then(|_| args::parsed(std::env::args_os())) {
        Ok(Parsed::Command(command)) => command,
        Ok(Parsed::Printed(code)) => return ExitCode::from(code),
        // The arguments or the environment could not be read, but whether the answer is wanted as JSON can be seen.
        Err(complaint) => return refused(&complaint, std::env::args().any(|word| word == "--json")),
    };
    match guard::caught(|| carried_out(&command)) {
        Some(Ok(exit)) => exit.into(),
        Some(Err(complaint)) => refused(&complaint, command.wants_json()),
        None => Exit::Internal.into(),
    }
}

fn carried_out(command: &Command) -> Result<Exit, Diagnostic> {
    if let Some(threads) = command.threads() {
        // Fails only when a pool exists already, and nothing ran yet.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    }
    match command {
        Command::Run(args) => run::run(args),
        Command::Sweep(args) => sweep::sweep(args),
        Command::Check(args) => check::check(args),
        Command::New(args) => new::new(args),
        Command::Compare(args) => compare::compare(args),
        Command::Findings(args) => findings::findings(args),
        Command::Field(args) => field::field(args),
        Command::Bench(args) => timing::bench(args),
        Command::Doctor(args) => doctor::doctor(args),
        Command::List { kind } => reference::list(kind.as_deref()),
        Command::Doc { name: Some(name), .. } => reference::doc(name),
        Command::Doc { definitions: true, .. } => reference::whole(&manual::definitions()),
        Command::Doc { .. } => reference::whole(&manual::dsl_markdown()),
        Command::Completions { shell } => {
            terminal::say(args::completions(*shell).trim_end());
            terminal::flushed().map(|()| Exit::Done)
        }
    }
}

/// Says why nothing was done; with `json` on standard output too.
fn refused(complaint: &Diagnostic, json: bool) -> ExitCode {
    terminal::complain(complaint);
    let exit = Exit::of_diagnostic(complaint);
    if json {
        terminal::say_json(&failure::Refusal::of(complaint, exit));
    }
    exit.into()
}
