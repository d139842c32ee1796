//! Rhai as sdflow speaks it: its rules and its limits.

use rhai::{Engine, OptimizationLevel};

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
        .disable_symbol("eval");
    engine
}
