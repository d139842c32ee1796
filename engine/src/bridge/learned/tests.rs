//! Bridges learned by nets.
