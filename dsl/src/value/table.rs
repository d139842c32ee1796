//! Tables.

use rhai::Engine;
use sdflow::table::Table;
use std::sync::Arc;

/// Registers how a table prints.
pub fn register(engine: &mut Engine) {
    let text = |table: &mut Arc<Table>| table.text().trim_end().to_string();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
