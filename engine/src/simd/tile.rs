//! The shape of a tile of matrix units, and the products of parts that give a number.

/// Number of elements of a bfloat16 tile.
pub const TILE: usize = 512;

/// Number of rows and columns of the accumulated block.
pub const SIDE: usize = 32;

/// The products of parts that are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Terms {
    /// Two parts, three products: the relative error is about `2^-17`.
    Three,
    /// Three parts, six products: the relative error is about `2^-24`.
    Six,
}

impl Terms {
    /// Returns the number of parts of a number.
    pub fn parts(self) -> usize {
        if self == Terms::Three { 2 } else { 3 }
    }
}
