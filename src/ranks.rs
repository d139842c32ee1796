//! The ranks of this start of `mpirun`. Rank 0 performs the command; the other ranks compute their
//! parts of its large sums.

#[cfg(feature = "mpi")]
use crate::args::{Command, Shard};
use crate::diagnostics::usage;
#[cfg(feature = "mpi")]
use crate::exit::Exit;
use sdflow::pairwise::Ranks;
use sdflow_dsl::Diagnostic;
use std::sync::Arc;

/// The environment variables in which a launcher gives the number of processes that it started: of
/// Open MPI, and of MPICH and its relatives.
const SIZES: [&str; 2] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"];

/// The place of this process among those that were started together.
pub enum Place {
    /// No other process was started with it.
    Alone,
    /// It performs the command.
    #[cfg(feature = "mpi")]
    First { ranks: Arc<Ranks>, _mpi: sdflow::comm::mpi::Mpi },
    /// It computes parts of sums.
    #[cfg(feature = "mpi")]
    Other { _mpi: sdflow::comm::mpi::Mpi },
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
}

/// Returns the number of processes that were started together. The shards of a sweep do not share
/// their work.
pub fn started() -> usize {
    if std::env::args().any(|word| word.starts_with("--shard")) {
        return 1;
    }
    let size = |name: &&str| std::env::var(name).ok()?.parse().ok();
    SIZES.iter().find_map(size).unwrap_or(1)
}

/// Returns the number of these processes on this machine.
pub fn on_this_machine() -> usize {
    let size = |name: &&str| std::env::var(name).ok()?.parse().ok();
    if started() < 2 {
        return 1;
    }
    ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"].iter().find_map(size).unwrap_or(1)
}

/// Finds the place of this process.
///
/// # Errors
/// The ranks do not run the same program on processors with the same instruction set, or this
/// program cannot use MPI.
#[cfg(feature = "mpi")]
pub fn enter() -> Result<Place, Diagnostic> {
    use sdflow::comm::Comm;
    use sdflow::comm::mpi::{Mpi, World};
    if started() < 2 {
        return Ok(Place::Alone);
    }
    let Some(mpi) = Mpi::enter() else { return Ok(Place::Alone) };
    match World.rank() {
        0 => {
            let hint = "start one program on machines of one kind, or set SDFLOW_ISA for all ranks (`mpirun -x`)";
            let ranks = Ranks::lead(Box::new(World), &identity()).map_err(|e| usage(e.to_string(), hint))?;
            Ok(Place::First { ranks: Arc::new(ranks), _mpi: mpi })
        }
        _ => Ok(Place::Other { _mpi: mpi }),
    }
}

/// Finds the place of this process: without MPI it is alone.
///
/// # Errors
/// Several processes were started together.
#[cfg(not(feature = "mpi"))]
pub fn enter() -> Result<Place, Diagnostic> {
    match started() {
        0 | 1 => Ok(Place::Alone),
        several => Err(usage(
            format!("{several} processes were started together, but this program was built without MPI"),
            "build it by `cargo build --release --features mpi`, or start it without `mpirun`",
        )),
    }
}

/// Performs the command on a rank other than rank 0: its share of the cells of a sweep, or parts of
/// sums until rank 0 has ended.
#[cfg(feature = "mpi")]
pub fn perform(command: &Command) -> Exit {
    use sdflow::comm::Comm;
    use sdflow::comm::mpi::World;
    match command {
        Command::Sweep(args) if args.slurm.is_none() => {
            let work = || crate::sweep::sweep_part(args, Shard { index: World.rank() + 1, of: World.size() });
            sdflow::pairwise::work_apart(&World, &identity(), work)
        }
        _ => {
            // The launcher passes signals on to all ranks; rank 0 decides when the others end.
            crate::signals::ignore();
            sdflow::pairwise::serve(&World, &identity());
            Exit::Done
        }
    }
}

/// Returns what must be equal on all ranks: the program and the instruction sets.
#[cfg(feature = "mpi")]
fn identity() -> String {
    use crate::machine;
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    let program = std::env::current_exe().and_then(std::fs::read);
    hasher.write(&program.unwrap_or_default());
    let (version, program) = (env!("CARGO_PKG_VERSION"), hasher.finish());
    format!("sdflow {version} (program {program:016x}) with {} and {}", machine::isa(), machine::net_isa())
}
