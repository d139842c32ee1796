//! The ranks of this start of `mpirun`. Rank 0 performs the command; the other ranks compute rows
//! of its large sums, or cells of its sweep.

use crate::args::Command;
use crate::diagnostics::usage;
#[cfg(feature = "mpi")]
use crate::exit::Exit;
use sdflow::pairwise::{Neighbours, Ranks};
use sdflow_dsl::Diagnostic;
use std::sync::Arc;

/// The environment variables in which a launcher gives the number of processes that it started. The
/// first is that of Open MPI, the second that of MPICH and libraries derived from MPICH.
const SIZES: [&str; 2] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"];

/// The environment variable that lets every process perform the command by itself.
const ALONE: &str = "SDFLOW_ALONE";

/// The place of this process among those that were started together.
pub enum Place {
    /// This process shares nothing with other processes.
    Alone,
    /// This process is rank 0, which performs the command.
    #[cfg(feature = "mpi")]
    First { ranks: Arc<Ranks>, neighbours: Neighbours, _mpi: sdflow::comm::mpi::Mpi },
    /// This process is another rank. If `neighbours` is None, rank 0 has refused this rank, which
    /// then does nothing.
    #[cfg(feature = "mpi")]
    Other { neighbours: Option<Neighbours>, _mpi: sdflow::comm::mpi::Mpi },
}

impl Place {
    /// Returns the ranks with which large sums are shared.
    pub fn ranks(&self) -> Option<Arc<Ranks>> {
        match self {
            Place::Alone => None,
            #[cfg(feature = "mpi")]
            Place::First { ranks, .. } => Some(Arc::clone(ranks)),
            #[cfg(feature = "mpi")]
            Place::Other { .. } => None,
        }
    }

    /// Returns how many ranks share the machine and the cores of this process.
    pub fn neighbours(&self) -> Neighbours {
        let known = match self {
            Place::Alone => None,
            #[cfg(feature = "mpi")]
            Place::First { neighbours, .. } => Some(*neighbours),
            #[cfg(feature = "mpi")]
            Place::Other { neighbours, .. } => *neighbours,
        };
        known.unwrap_or(Neighbours { machine: 1, cores: 1 })
    }
}

/// Returns the number of processes that were started together to share this command. The shards of
/// a sweep share nothing.
fn started(command: &Command) -> usize {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    let shares = match command {
        Command::Run(_) => true,
        Command::Sweep(args) => args.shard.is_none() && args.slurm.is_none(),
        _ => false,
    };
    if !shares || std::env::var_os(ALONE).is_some_and(|value| !value.is_empty()) {
        return 1;
    }
    let by_slurm = || std::env::var_os("PMIX_RANK").and_then(|_| number("SLURM_STEP_NUM_TASKS"));
    SIZES.iter().find_map(|name| number(name)).or_else(by_slurm).unwrap_or(1)
}

/// Finds the place of this process.
///
/// # Errors
/// The ranks do not run the same command with the same instruction sets, the launcher belongs to
/// another MPI library, or the library cannot be called from several threads.
#[cfg(feature = "mpi")]
pub fn enter(command: &Command) -> Result<Place, Diagnostic> {
    use sdflow::comm::Comm;
    use sdflow::comm::mpi::{Mpi, World};
    let started = started(command);
    if started < 2 {
        return Ok(Place::Alone);
    }
    let other = format!("or set {ALONE}=1 if every process shall run the command by itself");
    let Some(mpi) = Mpi::enter() else {
        return Err(usage(
            "this MPI library cannot be called from several threads",
            format!("use another one, {other}"),
        ));
    };
    if World.size() != started {
        let message = format!("the launcher started {started} processes, but MPI connects {}", World.size());
        return Err(usage(message, format!("use the `mpirun` of the library that sdflow was built with, {other}")));
    }
    if World.rank() > 0 {
        // Rank 0 reports the reason if it refuses a rank.
        return Ok(Place::Other { neighbours: sdflow::pairwise::join(&World, &hello()), _mpi: mpi });
    }
    let hint =
        "start one command on machines of one kind; if only matrix units differ, use `mpirun -x SDFLOW_ISA=avx512`";
    let (ranks, neighbours) = Ranks::lead(Box::new(World), &hello()).map_err(|e| usage(e.to_string(), hint))?;
    Ok(Place::First { ranks: Arc::new(ranks), neighbours, _mpi: mpi })
}

/// Finds the place of this process: without MPI it is alone.
///
/// # Errors
/// Several processes were started together.
#[cfg(not(feature = "mpi"))]
pub fn enter(command: &Command) -> Result<Place, Diagnostic> {
    match started(command) {
        0 | 1 => Ok(Place::Alone),
        several => Err(usage(
            format!("{several} processes were started together, but this program was built without MPI"),
            format!(
                "build it by `cargo build --release --features mpi`, start it without a launcher, or set {ALONE}=1 if \
                 every process shall run the command by itself"
            ),
        )),
    }
}

/// Does the work of a rank other than rank 0: its cells of a sweep, or its rows of sums until rank
/// 0 has ended. The exit code of the command is that of rank 0.
#[cfg(feature = "mpi")]
pub fn perform(command: &Command) -> Exit {
    use sdflow::comm::Comm;
    use sdflow::comm::mpi::{World, abort};
    // The launcher passes signals on to all ranks; rank 0 decides when the other ranks end.
    crate::signals::ignore();
    match command {
        Command::Sweep(args) => sdflow::pairwise::work_apart(&World, |task, interrupt| {
            let shard = crate::args::Shard { index: World.rank() + 1, of: World.size() };
            crate::sweep::sweep_part(args, task, shard, interrupt)
        }),
        _ => {
            if let Err(error) = sdflow::pairwise::serve(&World) {
                crate::terminal::print_message(&format!("rank {}: {error}", World.rank()));
                abort();
            }
        }
    }
    Exit::Done
}

/// Returns what rank 0 must know of a rank.
#[cfg(feature = "mpi")]
fn hello() -> sdflow::pairwise::Hello {
    use crate::machine;
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    let program = std::env::current_exe().and_then(std::fs::read);
    hasher.write(&program.unwrap_or_default());
    let (version, program) = (env!("CARGO_PKG_VERSION"), hasher.finish());
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let identity = format!(
        "sdflow {version} (program {program:016x}) with {} and {} for `{}`",
        machine::isa(),
        machine::net_isa(),
        words.join(" ")
    );
    sdflow::pairwise::Hello { identity, machine: machine::host(), cores: machine::allowed_cores() }
}
