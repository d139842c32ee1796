//! A linear layer, given by the positions of its parameters.

use std::ops::Range;

/// The positions of a linear layer `x -> W x + b` among the parameters of a generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// `W`, out x in and row-major.
    pub weights: Range<usize>,
    /// `b`.
    pub bias: Range<usize>,
    /// True if the layer adds its input to its output. No weights can then undo a change of the
    /// units of its input.
    pub adds_input: bool,
    /// True if the function `f` after the layer has `f(x) - f(-x) = x`; false after the last layer.
    pub paired: bool,
}

impl Layer {
    /// Returns the number of inputs.
    fn dim_in(&self) -> usize {
        self.weights.len() / self.bias.len()
    }

    /// Returns the positions of row `i` of `W`.
    pub(super) fn row(&self, i: usize) -> Range<usize> {
        let start = self.weights.start + i * self.dim_in();
        start..start + self.dim_in()
    }
}
