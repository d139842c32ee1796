//! Transport plans.

use rhai::Engine;
use sdflow::sinkhorn::Coupling;
use std::sync::Arc;

/// Registers how a coupling prints.
pub fn register(engine: &mut Engine) {
    let text = |coupling: &mut Arc<Coupling>| {
        let potentials = coupling.potentials();
        format!("a coupling of {} and {} points", potentials.f.len(), potentials.g.len())
    };
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
