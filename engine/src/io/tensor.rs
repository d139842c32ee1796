//! Named tensors as plain data.

use std::collections::BTreeMap;

/// Values in a shape. The last axis varies fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Lengths of the axes.
    pub shape: Vec<usize>,
    /// The values; their number is the product of the shape.
    pub values: Vec<f32>,
}

/// Tensors by name, and strings by key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tensors {
    /// The tensors.
    pub(crate) tensors: BTreeMap<String, Tensor>,
    /// The strings in the header, under `__metadata__`.
    pub(crate) metadata: BTreeMap<String, String>,
}
