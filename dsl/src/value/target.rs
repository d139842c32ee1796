//! Targets and bases.

use rhai::Engine;
use sdflow::target::{Gaussian, Target};
use std::sync::Arc;

/// `N(0, I)`, the base of an untrained generator.
pub fn standard_normal(dim: usize) -> sdflow::Result<Arc<dyn Target>> {
    Ok(Arc::new(Gaussian::isotropic(vec![0.0; dim], 1.0)?))
}

/// Registers how a target prints.
pub fn register(engine: &mut Engine) {
    let text = |target: &mut Arc<dyn Target>| target.name();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
