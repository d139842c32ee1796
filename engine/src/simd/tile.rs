//! The shape of a tile of matrix units, and which products of parts make a number.

/// Elements of a bfloat16 tile.
pub const TILE: usize = 512;

/// Rows and columns of the accumulated square.
pub const SIDE: usize = 32;

/// Which products of parts are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// Two parts, three products: relative error about `2^-17`.
    Three,
    /// Three parts, six products: about `2^-24`.
    Six,
}

impl Terms {
    /// Parts that a number is split into.
    pub fn parts(self) -> usize {
        if self == Terms::Three { 2 } else { 3 }
    }
}
