//! Bridges.

use rhai::Engine;
use sdflow::bridge::{Bridge, PotentialBridge};
use sdflow::target::Target;
use std::sync::Arc;

/// A bridge as a value of the script, with its ends if they are known.
#[derive(Debug, Clone)]
pub struct BridgeHandle {
    /// The bridge.
    pub bridge: Arc<dyn Bridge>,
    /// The same bridge, if it can be saved.
    pub potential: Option<Arc<PotentialBridge>>,
    /// The distribution at time 0; None for a bridge from a file.
    pub source: Option<Arc<dyn Target>>,
    /// The distribution at time 1; None for a bridge from a file.
    pub target: Option<Arc<dyn Target>>,
}

impl BridgeHandle {
    /// Returns a bridge with a mixture potential.
    pub fn potential(bridge: PotentialBridge) -> BridgeHandle {
        let bridge = Arc::new(bridge);
        BridgeHandle { bridge: bridge.clone(), potential: Some(bridge), source: None, target: None }
    }

    /// Adds the ends.
    pub fn between(self, source: Arc<dyn Target>, target: Arc<dyn Target>) -> BridgeHandle {
        BridgeHandle { source: Some(source), target: Some(target), ..self }
    }
}

/// Registers how a bridge prints.
pub fn register(engine: &mut Engine) {
    let text = |handle: &mut BridgeHandle| handle.bridge.name();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
