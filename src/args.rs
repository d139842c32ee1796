//! The grammar of the command line; the only file that knows clap.

use crate::bench::Data;
use crate::{machine, message};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use sdflow::pairwise::{Backend, Isa, PairwiseOptions, Precision};
use sdflow_dsl::Diagnostic;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What the user asks for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a script; the word `run` may be left out
    Run(RunArgs),
    /// Compile a script and its imports without running it
    Check(ScriptArgs),
    /// Compute one velocity field between two files of points
    Field(FieldArgs),
    /// Measure the speed and the accuracy of the engine on this machine
    Bench(BenchArgs),
    /// List what a script can say
    List {
        /// Only this kind: see the headings of the full list
        kind: Option<String>,
    },
    /// Explain one name of the script language
    Doc {
        /// A name as `list` shows it
        #[arg(required_unless_present = "markdown")]
        name: Option<String>,
        /// The whole manual as Markdown
        #[arg(long, conflicts_with = "name")]
        markdown: bool,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

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
    max_time: Option<String>,
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
    #[arg(long, value_enum, default_value_t = KernelName::Gaussian)]
    pub kernel: KernelName,
    /// Score difference or the gradient of the maximum mean discrepancy's witness
    #[arg(long, value_enum, default_value_t = FlowName::Sd)]
    pub flow: FlowName,
    /// Does a particle count among its own sources?
    #[arg(long, value_enum, default_value_t = SelfTerm::Include)]
    pub self_term: SelfTerm,
    /// Weights of the target's samples, .npy, not negative; they are made to sum to one
    #[arg(long, value_name = "W.npy")]
    pub target_weights: Option<PathBuf>,
    /// Arithmetic: f64, f32 [default: what the engine takes by itself]
    #[arg(long, value_name = "P", value_parser = precision)]
    pub precision: Option<Precision>,
    /// Where the field is written, .npy
    #[arg(short, long, value_name = "V.npy")]
    pub output: PathBuf,
    #[command(flatten)]
    pub threads: Threads,
    /// A summary as one JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

/// The radial kernels by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KernelName {
    Gaussian,
    Laplace,
    Imq,
    Matern32,
    Matern52,
}

/// The fields by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FlowName {
    Sd,
    Mmd,
}

impl FlowName {
    /// As it is written on the command line.
    pub fn name(self) -> &'static str {
        match self {
            FlowName::Sd => "sd",
            FlowName::Mmd => "mmd",
        }
    }
}

/// Whether particle `i` is a source of its own field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SelfTerm {
    Include,
    Exclude,
}

/// A measurement.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// What to measure
    #[arg(default_value = "pairwise")]
    pub task: String,
    /// Particles
    #[arg(long)]
    pub n: Option<usize>,
    /// Target points [default: as many as particles]
    #[arg(long)]
    pub m: Option<usize>,
    /// Coordinates
    #[arg(long)]
    pub dim: Option<usize>,
    /// Noise level [default: .3 sqrt(dim)]
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub sigma: Option<f64>,
    /// The points: gauss, mixture25
    #[arg(long, default_value = "gauss", value_parser = named::<Data>)]
    pub data: Data,
    /// Arithmetic: f64, f32
    #[arg(long, value_name = "P", value_parser = named::<Precision>)]
    pub precision: Option<Precision>,
    /// Loops: auto, naive, direct, fused
    #[arg(long, default_value = "auto", value_name = "B", value_parser = named::<Backend>)]
    pub backend: Backend,
    /// Instruction set: auto, scalar, avx2, avx512
    #[arg(long, default_value = "auto", value_parser = named::<Isa>)]
    pub isa: Isa,
    /// May blocks without weight be skipped?
    #[arg(long, default_value = "on", value_name = "on|off", value_parser = switch, action = clap::ArgAction::Set)]
    pub skip: bool,
    #[command(flatten)]
    pub threads: Threads,
    /// Measure the whole table of the documentation instead of one case
    #[arg(long)]
    pub matrix: bool,
    /// The result as one JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

impl Command {
    /// Does standard output belong to one JSON object?
    pub fn wants_json(&self) -> bool {
        match self {
            Command::Run(args) => args.json,
            Command::Field(args) => args.json,
            Command::Bench(args) => args.json,
            _ => false,
        }
    }

    /// The number of threads asked for.
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
    after_help = "A first word that ends in .rhai, or is a file, is a script: `sdflow-engine x.rhai` means \
                  `sdflow-engine run x.rhai`.\nExit codes: 0 done, 1 internal, 2 usage, 3 script, 4 a check failed, \
                  5 diverged, 6 file or data, 130 interrupted.",
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Commands of a later version: refused by name, so that nobody searches for a typing error.
const LATER: [&str; 5] = ["sweep", "compare", "report", "new", "doctor"];

/// What was understood.
#[derive(Debug)]
pub enum Parsed {
    /// A command to carry out.
    Command(Box<Command>),
    /// Help, version or a complaint was printed; leave with this code.
    Printed(u8),
}

/// The command in `words`, the program's name first.
///
/// # Errors
/// A flag or command that this version does not have yet.
pub fn parsed(words: impl IntoIterator<Item = OsString>) -> Result<Parsed, Diagnostic> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    let first = words.get(1).map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    if LATER.contains(&first.as_str()) {
        return Err(message::usage(
            format!("the command `{first}` is not there yet"),
            "`sdflow-engine --help` lists the commands of this version",
        ));
    }
    if means_run(&first) {
        words.insert(1, "run".into());
    }
    let cli = grammar().try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches));
    let command = match cli {
        Ok(cli) => cli.command,
        Err(complaint) => {
            // A closed standard output leaves nobody to tell.
            let _ = complaint.print();
            return Ok(Parsed::Printed(complaint.exit_code().try_into().unwrap_or(2)));
        }
    };
    if let Command::Run(RunArgs { max_time: Some(_), .. }) = &command {
        return Err(message::usage(
            "`--max-time` is not there yet",
            "stop a long run with Ctrl-C; what exists is kept",
        ));
    }
    Ok(Parsed::Command(Box::new(command)))
}

/// The completion script for `shell`.
pub fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut grammar(), "sdflow-engine", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// A script, or a flag of `run`, with the word `run` left out.
fn means_run(first: &str) -> bool {
    let mut commands =
        Cli::command().get_subcommands().map(|c| c.get_name().to_string()).collect::<Vec<_>>().into_iter();
    let known = commands.any(|name| name == first) || ["-h", "--help", "-V", "--version", ""].contains(&first);
    !known && (first.ends_with(".rhai") || first.starts_with('-') || Path::new(first).is_file())
}

fn grammar() -> clap::Command {
    static VERSION: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let version = VERSION.get_or_init(|| format!("{} ({})", env!("CARGO_PKG_VERSION"), machine::isa()));
    Cli::command().version(version.as_str())
}

/// The value that serde knows by this name.
fn named<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(name.into()).map_err(|e| e.to_string())
}

/// A precision by name; `auto` leaves the choice to the engine, whose options say what that is.
fn precision(name: &str) -> Result<Precision, String> {
    if name == "auto" { Ok(PairwiseOptions::default().precision) } else { named(name) }
}

fn switch(word: &str) -> Result<bool, String> {
    match word {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("it is either on or off".into()),
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
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

    fn command(line: &str) -> Command {
        match parsed(line.split(' ').map(OsString::from)) {
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
    fn every_shell_has_completions() {
        for shell in clap_complete::Shell::value_variants() {
            assert!(completions(*shell).contains("sdflow-engine"));
        }
    }

    #[test]
    fn parameters_need_a_name_and_a_value() {
        assert_eq!(assignment("a=b=c").unwrap(), ("a".into(), "b=c".into()));
        for bad in ["dim", "=3", "1x=2", "a b=1"] {
            assert!(assignment(bad).is_err(), "{bad}");
        }
    }
}
