//! A linear layer, by the places of its numbers.

use std::ops::Range;

/// Where a linear layer `x -> W x + b` keeps its numbers among the parameters of a generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// `W`, out x in and row-major.
    pub weights: Range<usize>,
    /// `b`.
    pub bias: Range<usize>,
    /// Does it add its input to its output? No weights then undo a change of its input's units.
    pub adds_input: bool,
}

impl Layer {
    /// Number of inputs.
    fn dim_in(&self) -> usize {
        self.weights.len() / self.bias.len()
    }

    /// Where row `i` of `W` lies.
    pub(super) fn row(&self, i: usize) -> Range<usize> {
        let start = self.weights.start + i * self.dim_in();
        start..start + self.dim_in()
    }
}
