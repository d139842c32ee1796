//! Rhai as sdflow speaks it: its rules and its limits.

use super::fail::Fail;
use rhai::{Engine, EvalAltResult, OptimizationLevel, Position};
use sdflow::points::is_memory_short;

/// Operations a script may execute; a loop of this many takes some ten seconds.
pub const OPERATIONS: u64 = 50_000_000;
/// Depth of function calls.
pub const CALLS: usize = 64;
/// Depth of an expression, at the top level and inside functions.
pub const DEPTH: usize = 64;
/// Bytes of a string.
pub const STRING: usize = 1 << 20;
/// Elements of an array, nested ones included.
pub const ARRAY: usize = 100_000;
/// Keys of a map, nested ones included.
pub const MAP: usize = 10_000;
/// Variables alive at once.
pub const VARIABLES: usize = 10_000;
/// Bytes that `print` may write in one run.
pub const PRINTED: usize = 4 << 20;

/// Stack in bytes of a thread that runs a script: the deepest script that the limits allow fits
/// several times.
pub const STACK: usize = 256 << 20;

/// Operations between two looks at the memory: what they can add, strings included, is a fraction
/// of a gigabyte.
const LOOK: u64 = 1024;

/// The failure of a script whose values fill the machine's memory. Sizes of strings, arrays and
/// maps are bounded one by one, but neither their number nor a map that grows by `m[key] = value`.
pub fn exhausted(operations: u64) -> Option<Fail> {
    let full = operations.is_multiple_of(LOOK) && is_memory_short();
    full.then(|| {
        Fail::script("the run takes 90 % of this machine's memory, the limit")
            .hint("large data belongs into points: `load` a file, or sample a target; `save` writes them")
    })
}

/// Rhai with our rules and limits, the same in every build, and none of our functions.
pub fn engine() -> Engine {
    let mut engine = Engine::new();
    engine
        // The tree must stay as written: messages point at its tokens.
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
        .disable_symbol("eval")
        .register_fn("sleep", |_: i64| no_sleep())
        .register_fn("sleep", |_: f64| no_sleep());
    engine
}

/// Rhai's own `sleep` hears neither an interrupt nor a limit.
fn no_sleep() -> Result<(), Box<EvalAltResult>> {
    let fail = Fail::script("a script does not sleep").hint("leave the line out: nothing here has to be waited for");
    Err(fail.into_rhai(Position::NONE))
}
