//! What a reader of untrusted input must bear, as one function of bytes for each reader.
//!
//! A body ends for any bytes, without a panic, a hang or an allocation out of proportion, and
//! asserts what holds of whatever was read. The fuzz targets in `fuzz/` and the property tests in
//! `tests/fuzz` call the same bodies and begin with the same seeds, valid files of each kind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checkpoint;
mod expression;
mod file;
mod points;
mod script;
mod seed;

pub use checkpoint::{checkpoint, safetensors};
pub use expression::expression;
pub use points::{csv, npy, npz};
pub use script::script;

/// A reader and what it is tried with.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// The name of its fuzz target.
    pub name: &'static str,
    /// What it must bear.
    pub body: fn(&[u8]),
    /// Valid inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every reader of untrusted input.
pub const READERS: [Reader; 7] = [
    Reader { name: "npy", body: npy, seeds: seed::npy },
    Reader { name: "npz", body: npz, seeds: seed::npz },
    Reader { name: "csv", body: csv, seeds: seed::csv },
    Reader { name: "safetensors", body: safetensors, seeds: seed::safetensors },
    Reader { name: "checkpoint", body: checkpoint, seeds: seed::checkpoint },
    Reader { name: "script", body: script, seeds: seed::script },
    Reader { name: "expression", body: expression, seeds: seed::expression },
];
