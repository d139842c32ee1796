//! Bridges.

use rhai::Engine;
use sdflow::bridge::{Bridge, LearnedBridge, PotentialBridge, TwoPotentialBridge};
use sdflow::target::Target;
use std::path::Path;
use std::sync::Arc;

/// A bridge as a value of the script, with its distributions at times 0 and 1 if they are known.
#[derive(Debug, Clone)]
pub struct BridgeHandle {
    /// The bridge.
    pub bridge: Arc<dyn Bridge>,
    /// The same bridge, if it can be saved.
    pub saved: Option<SavedBridge>,
    /// The distribution at time 0; None for a bridge from a file.
    pub source: Option<Arc<dyn Target>>,
    /// The distribution at time 1; None for a bridge from a file.
    pub target: Option<Arc<dyn Target>>,
}

/// A bridge that can be saved.
#[derive(Debug, Clone)]
pub enum SavedBridge {
    /// A bridge with a mixture potential.
    Potential(Arc<PotentialBridge>),
    /// A bridge with a mixture potential at each end.
    TwoPotentials(Arc<TwoPotentialBridge>),
    /// A bridge of two nets.
    Learned(Arc<LearnedBridge>),
}

impl SavedBridge {
    /// Writes the bridge to a file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> sdflow::Result<()> {
        match self {
            SavedBridge::Potential(bridge) => bridge.save(path),
            SavedBridge::TwoPotentials(bridge) => bridge.save(path),
            SavedBridge::Learned(bridge) => bridge.save(path),
        }
    }
}

impl BridgeHandle {
    /// Returns a bridge that cannot be saved.
    pub fn closed_form(bridge: Arc<dyn Bridge>) -> BridgeHandle {
        BridgeHandle { bridge, saved: None, source: None, target: None }
    }

    /// Returns a bridge with a mixture potential.
    pub fn potential(bridge: Arc<PotentialBridge>) -> BridgeHandle {
        BridgeHandle { saved: Some(SavedBridge::Potential(bridge.clone())), ..BridgeHandle::closed_form(bridge) }
    }

    /// Returns a bridge with a mixture potential at each end.
    pub fn two_potentials(bridge: TwoPotentialBridge) -> BridgeHandle {
        let bridge = Arc::new(bridge);
        BridgeHandle { saved: Some(SavedBridge::TwoPotentials(bridge.clone())), ..BridgeHandle::closed_form(bridge) }
    }

    /// Returns this handle with `bridge` as its bridge: the same bridge, together with its reversed
    /// process.
    #[must_use]
    pub fn known(self, bridge: Arc<dyn Bridge>) -> BridgeHandle {
        BridgeHandle { bridge, ..self }
    }

    /// Returns a bridge of two nets.
    pub fn learned(bridge: LearnedBridge) -> BridgeHandle {
        let bridge = Arc::new(bridge);
        BridgeHandle { saved: Some(SavedBridge::Learned(bridge.clone())), ..BridgeHandle::closed_form(bridge) }
    }

    /// Adds the distributions at times 0 and 1.
    pub fn between(self, source: Arc<dyn Target>, target: Arc<dyn Target>) -> BridgeHandle {
        BridgeHandle { source: Some(source), target: Some(target), ..self }
    }
}

/// Registers how a bridge prints.
pub fn register(engine: &mut Engine) {
    let text = |handle: &mut BridgeHandle| handle.bridge.name();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
