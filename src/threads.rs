//! The threads of the engine.

use crate::diagnostics::usage;
use crate::{machine, ranks, terminal};
use sdflow_dsl::Diagnostic;

/// With more threads per core than this, threads wait for each other.
const PER_CORE: usize = 4;

/// So many threads are always started if they are requested, so that a run on several threads can
/// be repeated on a small machine.
const ALWAYS: usize = 16;

/// Starts the threads of this process: the requested number, or one per core. A warning says if
/// fewer are started than requested.
///
/// # Errors
/// The threads cannot be started.
pub fn start(asked: Option<usize>) -> Result<(), Diagnostic> {
    let threads = asked.map(|asked| asked.min(most(machine::cores())));
    if let (Some(asked), Some(threads)) = (asked, threads)
        && threads < asked
    {
        let cores = machine::cores();
        let warning = format!("{asked} threads on {cores} cores would wait for each other: {threads} are started");
        terminal::print_message(&format!("warning: {warning}"));
    }
    let started = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or_else(usual)).build_global();
    started.map_err(|e| {
        usage(format!("the threads cannot be started: {e}"), "raise the limit on processes, or pass `--threads 1`")
    })
}

/// Returns the usual number of threads: the share of this rank, if several ranks were started on
/// this machine; otherwise 0, which means one thread per core.
fn usual() -> usize {
    match ranks::on_this_machine() {
        1 => 0,
        ranks => share(machine::cores(), machine::cores_online(), ranks),
    }
}

/// Returns the threads of one of `ranks` ranks that may use `cores` of the `online` cores of the
/// machine. A launcher that binds ranks to cores leaves each rank its own.
fn share(cores: usize, online: usize, ranks: usize) -> usize {
    let online = if cores < online { online } else { cores };
    cores.min(online / ranks.max(1)).max(1)
}

fn most(cores: usize) -> usize {
    ALWAYS.max(PER_CORE * cores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_on_one_machine_share_its_cores() {
        // Alone; unbound; bound to one core each; bound to one of two sockets each.
        assert_eq!([share(8, 8, 1), share(8, 8, 4), share(1, 8, 8), share(32, 64, 4)], [8, 2, 1, 16]);
        assert_eq!(share(2, 2, 5), 1);
    }

    #[test]
    fn few_threads_are_granted_anywhere_and_many_where_there_are_cores() {
        assert_eq!([1, 4, 64].map(most), [16, 16, 256]);
    }
}
