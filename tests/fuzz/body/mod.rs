//! The test bodies of the readers of untrusted input: one function of bytes for each reader.
//!
//! A body ends for any bytes, without a panic, a hang or a very large allocation. It asserts
//! properties of the values that were read. The fuzz targets in `fuzz/` and the property tests in
//! `tests/fuzz` call the same bodies and begin with the same seeds, which are valid files of each
//! kind.
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

/// A reader with its test body and its valid inputs.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// The name of its fuzz target.
    pub name: &'static str,
    /// The test body.
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
