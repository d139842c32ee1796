//! The threads of the engine.

use crate::diagnostics::usage;
use crate::{machine, terminal};
use sdflow_dsl::Diagnostic;

/// With more threads per core than this, threads wait for each other.
const PER_CORE: usize = 4;

/// Up to this many threads are started on request on any machine, so that a run on several threads
/// can be repeated on a small machine.
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

/// Returns the usual number of threads: the share of this rank if other ranks may use the same
/// cores; otherwise 0, which means one thread per core.
fn usual() -> usize {
    if machine::sharers() > 1 { machine::cores() } else { 0 }
}

fn most(cores: usize) -> usize {
    ALWAYS.max(PER_CORE * cores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_threads_are_granted_anywhere_and_many_where_there_are_cores() {
        assert_eq!([1, 4, 64].map(most), [16, 16, 256]);
    }
}
