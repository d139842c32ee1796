//! The grammar of the command line; only this folder uses clap.

mod bench;
mod compare;
mod field;
mod findings;
mod new;
mod report;
mod run;
mod runs;
mod sweep;
mod values;

pub use bench::{BenchArgs, DoctorArgs};
pub use compare::CompareArgs;
pub use field::{FieldArgs, FlowName};
pub use findings::FindingsArgs;
pub use new::NewArgs;
pub use report::ReportArgs;
pub use run::{CheckArgs, RunArgs, ScriptArgs};
pub use runs::RunsArgs;
pub use sweep::{Shard, SweepArgs, Zip};

use crate::visible::visible_line;
use crate::{machine, terminal};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use sdflow_dsl::Diagnostic;
use std::ffi::OsString;
use std::path::Path;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a script; the word `run` may be left out
    Run(RunArgs),
    /// Run a script for many values of its parameters and write one table of the results
    Sweep(SweepArgs),
    /// Find mistakes in a script and estimate its work, time and memory, without the long
    /// computations
    Check(CheckArgs),
    /// Create a script from a template
    New(NewArgs),
    /// Compare two runs or two sweeps: metrics with their errors, parameters, versions, time
    Compare(CompareArgs),
    /// Collect the conclusions of runs in one Markdown document
    Findings(FindingsArgs),
    /// Write the reports of runs and sweeps again; a report is a page that shows everything about a
    /// run
    Report(ReportArgs),
    /// List the runs in a folder
    Runs(RunsArgs),
    /// Compute one velocity field from two files of points
    Field(FieldArgs),
    /// Measure the speed and accuracy of the engine on this machine
    Bench(BenchArgs),
    /// Show what this machine can do, what precision `auto` chooses on it, and what slows it down
    Doctor(DoctorArgs),
    /// List the names of the script language
    List {
        /// Show only the names of this kind, which is a heading of the full list
        kind: Option<String>,
    },
    /// Explain one name of the script language, or a word or a citation of the manual
    Doc {
        /// A name or a heading that `list` shows, `words` for the glossary, one word of the
        /// glossary, or a citation such as `weber2023score`; without a name, all names are listed
        name: Option<String>,
        /// Print the whole manual as Markdown
        #[arg(long, conflicts_with = "name")]
        markdown: bool,
        /// Print Rhai definitions of all names for an editor: save them as sdflow.d.rhai beside the
        /// scripts
        #[arg(long, conflicts_with_all = ["name", "markdown"])]
        definitions: bool,
    },
    /// Print the completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// True if standard output is to be one JSON object.
    pub fn wants_json(&self) -> bool {
        match self {
            Command::Run(args) => args.json,
            Command::Sweep(args) => args.json,
            Command::Field(args) => args.json,
            Command::Check(args) => args.json,
            Command::Bench(args) => args.json,
            Command::Doctor(args) => args.json,
            Command::Compare(args) => args.json,
            Command::Runs(args) => args.json,
            _ => false,
        }
    }

    /// Returns the memory in bytes that the user allows.
    pub fn memory_budget(&self) -> Option<u64> {
        match self {
            Command::Run(args) => args.memory.memory_budget,
            Command::Sweep(args) => args.memory.memory_budget,
            _ => None,
        }
    }

    /// Returns the number of threads that the user asked for.
    pub fn threads(&self) -> Option<usize> {
        let asked = match self {
            Command::Run(args) => &args.threads,
            Command::Field(args) => &args.threads,
            Command::Bench(args) => &args.threads,
            _ => return None,
        };
        asked.threads.map(usize::from)
    }
}

#[derive(Debug, Parser)]
#[command(
    name = "sdflow-engine",
    about = "Particle flows between distributions on a CPU, described by Rhai scripts",
    override_usage = "sdflow-engine SCRIPT.rhai [OPTIONS]\n       sdflow-engine <COMMAND> ...",
    after_help = "`sdflow-engine x.rhai` is short for `sdflow-engine run x.rhai`.\n\n\
                  Exit codes: 0 done, 1 internal error, 2 wrong usage, 3 error in the script, 4 a check failed, 5 diverged,\n\
                  6 error in a file or in data, 7 cells of a sweep failed, 130 interrupted.\n\n\
                  Ctrl-C, SIGTERM and SIGHUP stop a run after its step and keep its state; the same command then goes\n\
                  on from there. A second signal exits at once.\n\n\
                  Environment: SDFLOW_ISA=auto|scalar|avx2|avx512|amx forces the instruction set of the pairwise sums,\n\
                  SDFLOW_P_<NAME>=VALUE sets a parameter of the script.",
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The result of reading the command line.
#[derive(Debug)]
pub enum Parsed {
    /// A command to execute.
    Command(Box<Command>),
    /// Help, the version or an error was printed: exit with this code. The text is that of an
    /// error.
    Printed(u8, Option<String>),
}

/// Parses `words`, which begin with the name of the program.
///
/// # Errors
/// A flag or command does not exist.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Parsed, Diagnostic> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    let first = words.get(1).map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    if means_run(&first) {
        words.insert(1, "run".into());
    }
    let steers = words.iter().map(|word| word.to_string_lossy()).any(|word| visible_line(&word) != word);
    let cli = grammar().try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches));
    let command = match cli {
        Ok(cli) => cli.command,
        Err(error) => {
            match steers {
                // The message contains an argument with control characters. It is printed without
                // colours, and these characters are printed as escapes.
                true => terminal::print_message(error.render().to_string().trim_end()),
                // A failure to print has no other place where it could be reported.
                false => drop(error.print()),
            }
            let message = (error.exit_code() != 0).then(|| {
                // The error stands above the first empty line.
                let text = error.render().to_string();
                let lines = text.lines().take_while(|line| !line.is_empty());
                lines.map(|line| visible_line(line.trim())).collect::<Vec<_>>().join(" ")
            });
            return Ok(Parsed::Printed(error.exit_code().try_into().unwrap_or(2), message));
        }
    };
    Ok(Parsed::Command(Box::new(command)))
}

/// Returns the completion script for `shell`.
pub fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut grammar(), "sdflow-engine", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// True if `first` is a script, or a flag of `run` before which the word `run` was omitted.
fn means_run(first: &str) -> bool {
    let mut commands =
        Cli::command().get_subcommands().map(|c| c.get_name().to_string()).collect::<Vec<_>>().into_iter();
    let known = commands.any(|name| name == first) || ["-h", "--help", "-V", "--version", ""].contains(&first);
    // If a script is given without its ending, the error message names the file.
    let is_script = || Path::new(first).is_file() || Path::new(&format!("{first}.rhai")).is_file();
    !known && (first.ends_with(".rhai") || first.starts_with('-') || is_script())
}

fn grammar() -> clap::Command {
    static VERSION: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let version = VERSION.get_or_init(|| format!("{} ({})", env!("CARGO_PKG_VERSION"), machine::isa()));
    Cli::command().version(version.as_str())
}

#[cfg(test)]
mod tests {
    use super::values::{BACKENDS, DATA, ISAS, PRECISIONS};
    use super::*;

    fn command(line: &str) -> Command {
        match parse(line.split(' ').map(OsString::from)) {
            Ok(Parsed::Command(command)) => *command,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_grammar_is_consistent() {
        grammar().debug_assert();
    }

    #[test]
    fn a_script_needs_no_verb() {
        for line in ["x a.rhai -p dim=2", "x run a.rhai -p dim=2", "x -p dim=2 a.rhai"] {
            let Command::Run(run) = command(line) else { panic!("{line}") };
            assert_eq!(run.script.script, Path::new("a.rhai"));
            assert_eq!(run.script.params, [("dim".to_string(), "2".to_string())]);
        }
    }

    #[test]
    fn sizes_are_read() {
        let of = |size: &str| command(&format!("x a.rhai --memory-budget {size}")).memory_budget();
        assert_eq!((of("4GiB"), of("500MB"), of("1.5k")), (Some(4 << 30), Some(500_000_000), Some(1536)));
        for bad in ["4", "GiB", "-1GiB", "0GiB", "1e99GiB", "4XB"] {
            let words = format!("x a.rhai --memory-budget {bad}");
            assert!(matches!(parse(words.split(' ').map(OsString::from)), Ok(Parsed::Printed(2, Some(_)))), "{bad}");
        }
    }

    #[test]
    fn times_and_steps_are_read() {
        use sdflow_dsl::CheckpointPace::{Steps, Time};
        use std::time::Duration;
        let of = |line: &str| match command(line) {
            Command::Run(run) => (run.time.max_time.map(|time| time.as_secs_f64()), run.time.pace()),
            other => panic!("{other:?}"),
        };
        assert_eq!(of("x a.rhai"), (None, Time(Duration::from_secs(60))));
        assert_eq!(
            of("x a.rhai --max-time 1.5h --checkpoint-every 30s"),
            (Some(5400.0), Time(Duration::from_secs(30)))
        );
        assert_eq!(of("x a.rhai --max-time 2m --checkpoint-every 500"), (Some(120.0), Steps(500)));
        for bad in [
            "--max-time 0s",
            "--max-time 90",
            "--max-time -5m",
            "--max-time 1e999d",
            "--max-time m",
            "--checkpoint-every 0",
        ] {
            let words = format!("x a.rhai {bad}");
            assert!(matches!(parse(words.split(' ').map(OsString::from)), Ok(Parsed::Printed(2, Some(_)))), "{bad}");
        }
    }

    #[test]
    fn every_name_offered_is_known() {
        let kernels = sdflow::pairwise::Kernel::NAMES
            .iter()
            .map(|k| format!("field --particles y --target x --sigma 1 -o v --kernel {k}"));
        let flags = [("backend", &BACKENDS[..]), ("isa", &ISAS), ("precision", &PRECISIONS), ("data", &DATA)];
        let bench =
            flags.iter().flat_map(|(flag, names)| names.iter().map(move |name| format!("bench --{flag} {name}")));
        bench.chain(kernels).for_each(|line| drop(command(&format!("x {line}"))));
    }
}
