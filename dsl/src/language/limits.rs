//! The configuration of Rhai: its rules and its limits.

use super::{fail::Fail, guards};
use rhai::{Engine, OptimizationLevel};
use sdflow::points::{is_memory_short, memory_limit};
use std::sync::Mutex;

/// Operations that a script may execute; a loop of this many operations takes about ten seconds.
pub const OPERATIONS: u64 = 50_000_000;
/// Depth of function calls.
pub const CALLS: usize = 64;
/// Depth of nested sweeps. A cell that fails does not stop the other cells. Without this limit, a
/// function that calls `sweep` on itself would multiply the number of cells with every level.
pub const SWEEPS: usize = 4;
/// Depth of an expression, at the top level and inside functions.
pub const DEPTH: usize = 64;
/// Bytes of a string.
pub const STRING: usize = 1 << 20;
/// Elements of an array, including nested ones.
pub const ARRAY: usize = 100_000;
/// Keys of a map, including nested ones.
pub const MAP: usize = 10_000;
/// Variables that exist at once.
pub const VARIABLES: usize = 10_000;
/// Bytes that `print` may write in one run.
pub const PRINTED: usize = 4 << 20;

/// Largest number of bytes of a script or an import.
pub const SOURCE: u64 = 16 << 20;
/// Largest number of files that a run may write.
pub const FILES: usize = 10_000;

/// Smallest stack of a thread that runs a script, in bytes. If each closure of a chain holds the
/// closure before it, dropping the chain needs stack in proportion to its length. This stack is
/// enough for about four million closures.
pub const STACK: usize = 1 << 30;

/// A stack that is enough for the longest chain that [`OPERATIONS`] operations can make: each
/// closure takes at least five operations.
const DEEP_STACK: usize = STACK.saturating_mul(3);

/// Returns the stack of each of `threads` threads that run scripts at the same time, in bytes. It
/// is `DEEP_STACK` if the system grants so much address space to all of these threads, and
/// otherwise [`STACK`]. Memory is used only where a chain is dropped.
pub fn stack(threads: usize) -> usize {
    let gate = Mutex::new(());
    let granted = std::thread::scope(|scope| {
        let all_wait = gate.lock();
        let wait = || drop(gate.lock());
        let start = |_| std::thread::Builder::new().stack_size(DEEP_STACK).spawn_scoped(scope, wait).is_ok();
        let granted = (0..threads).all(start);
        drop(all_wait);
        granted
    });
    if granted { DEEP_STACK } else { STACK }
}

/// Operations between two checks of the memory. The memory that this number of operations can add,
/// strings included, is a fraction of a gigabyte.
const LOOK: u64 = 1024;

/// Returns the error for a script whose values fill the machine's memory. The sizes of strings,
/// arrays and maps are limited. Their number is not limited, and neither is a map that grows by
/// `m[key] = value`.
pub fn exhausted(operations: u64) -> Option<Fail> {
    if operations.is_multiple_of(LOOK) { memory_shortage() } else { None }
}

/// Returns the error for a run that has used up its memory.
pub fn memory_shortage() -> Option<Fail> {
    is_memory_short().then(|| {
        Fail::script(format!("the run reached the limit of {}", memory_limit()))
            .hint("keep fewer large values at a time: `save` writes points to files, `load` reads them")
    })
}

/// Returns an interpreter with these rules and limits, but without the functions of sdflow. It is
/// the same in every build.
pub fn engine() -> Engine {
    let mut engine = Engine::new();
    engine
        // The tree must not be optimised, because messages point at its tokens.
        .set_optimization_level(OptimizationLevel::None)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        .set_max_operations(OPERATIONS)
        .set_max_call_levels(CALLS)
        .set_max_expr_depths(DEPTH, DEPTH)
        .set_max_string_size(STRING)
        .set_max_array_size(ARRAY)
        .set_max_map_size(MAP)
        .set_max_variables(VARIABLES)
        .disable_symbol("eval");
    guards::register(&mut engine, STRING);
    engine
}
