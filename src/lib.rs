//! The command `sdflow-engine` as a library: [`main_with`] is the whole program. The module `run`
//! executes a script.

mod allocator;
mod args;
mod bench;
mod check;
mod compare;
mod diagnostics;
mod doctor;
mod error_json;
mod every_second;
mod exit;
mod field;
mod findings;
mod listener;
mod lock;
mod machine;
mod manual;
mod new;
mod progress;
mod quote;
mod ranks;
mod record;
mod rehearsal;
mod report;
mod request;
mod run;
mod run_files;
mod run_folder;
mod run_script;
mod runs;
mod signals;
mod summary;
mod sweep;
mod terminal;
mod threads;
mod unfinished_run;
mod visible;
mod wrap;

use args::{Command, Parsed};
use exit::Exit;
use sdflow::pairwise::Ranks;
use sdflow_dsl::Diagnostic;
use std::ffi::OsString;
use std::sync::Arc;

/// Performs the command that `words` describe, and returns its exit code. The first word is the
/// name of the program. The function changes how the process handles signals.
pub fn main_with(words: Vec<OsString>) -> u8 {
    signals::explain_panics();
    signals::survive_file_limit();
    // The flag `--json` has an effect even if the arguments cannot be parsed.
    let wants_json = words.iter().any(|word| word == "--json");
    let command = match machine::requested_isa().and_then(|_| args::parse(words)) {
        Ok(Parsed::Command(command)) => command,
        Ok(Parsed::Printed(code, message)) => {
            let error = message.filter(|_| wants_json).map(|message| {
                let message = message.trim_start_matches("error: ").to_string();
                diagnostics::usage(message, "see `sdflow-engine --help`")
            });
            error.iter().for_each(|error| terminal::print_json(&error_json::RefusalJson::of(error, Exit::Usage)));
            return code;
        }
        Err(error) => return report_refusal(&error, wants_json).code(),
    };
    signals::catch(|| perform(&command)).unwrap_or(Exit::Internal).code()
}

/// Performs the command, on all ranks of this start of `mpirun` or alone. An error is printed
/// before MPI is closed.
fn perform(command: &Command) -> Exit {
    let place = match ranks::enter(command) {
        Ok(place) => place,
        Err(error) => return report_refusal(&error, command.wants_json()),
    };
    let performed = prepare(command, &place).and_then(|()| match &place {
        #[cfg(feature = "mpi")]
        ranks::Place::Other { neighbours: None, .. } => Ok(Exit::Done),
        #[cfg(feature = "mpi")]
        ranks::Place::Other { .. } => Ok(ranks::perform(command)),
        here => execute(command, here.ranks()),
    });
    performed.unwrap_or_else(|error| report_refusal(&error, command.wants_json()))
}

/// Divides the cores and the memory of the machine among its ranks, and starts the threads.
fn prepare(command: &Command, place: &ranks::Place) -> Result<(), Diagnostic> {
    let neighbours = place.neighbours();
    machine::share_cores(neighbours.cores);
    let all = || sdflow::points::memory_bytes().filter(|_| neighbours.machine > 1);
    let share = || all().map(|bytes| bytes / neighbours.machine as u64);
    command.memory_budget().or_else(share).into_iter().for_each(sdflow::points::set_memory_budget);
    let started = threads::start(command.threads());
    #[cfg(feature = "mpi")]
    if let (Err(error), ranks::Place::Other { .. }) = (&started, place) {
        // Without this, rank 0 would wait for this rank.
        terminal::print_error(error);
        sdflow::comm::mpi::abort();
    }
    started
}

fn execute(command: &Command, ranks: Option<Arc<Ranks>>) -> Result<Exit, Diagnostic> {
    match command {
        Command::Run(args) => run::run(args, ranks),
        Command::Sweep(args) => sweep::sweep(args, ranks.as_deref()),
        Command::Check(args) => check::check(args),
        Command::New(args) => new::new(args),
        Command::Compare(args) => compare::compare(args),
        Command::Findings(args) => findings::findings(args),
        Command::Runs(args) => runs::runs(args),
        Command::Report(args) => report::report(args),
        Command::Field(args) => field::field(args),
        Command::Bench(args) => bench::command::bench(args),
        Command::Doctor(args) => doctor::doctor(args),
        Command::List { kind } => manual::list(kind.as_deref()),
        Command::Doc { name: Some(name), .. } => manual::doc(name),
        Command::Doc { definitions: true, .. } => manual::print_definitions(),
        Command::Doc { markdown: true, .. } => manual::print_markdown(),
        Command::Doc { .. } => manual::list(None),
        Command::Completions { shell } => {
            terminal::print_result(args::completions(*shell).trim_end());
            terminal::check_printed().map(|()| Exit::Done)
        }
    }
}

/// Prints the error that prevented the command from running; with `json` it is also printed as an
/// object on standard output.
fn report_refusal(error: &Diagnostic, json: bool) -> Exit {
    terminal::print_error(error);
    let exit = Exit::of_diagnostic(error);
    if json {
        terminal::print_json(&error_json::RefusalJson::of(error, exit));
    }
    exit
}
