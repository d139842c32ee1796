//! Points that are read block by block, because they may be larger than the memory.

use super::Points;
use crate::Result;
use std::fmt;
use std::ops::Range;

/// The number of values of a block: 64 MiB.
pub(crate) const BLOCK_VALUES: usize = 1 << 23;

/// Rows that are read when they are needed.
pub trait RowSource: Send + Sync + fmt::Debug {
    /// Returns the name for messages, such as "x.npy".
    fn name(&self) -> String;

    /// Returns the number of rows.
    fn n(&self) -> usize;

    /// Returns the number of columns.
    fn dim(&self) -> usize;

    /// Returns these rows, which lie within `0..n`.
    ///
    /// # Errors
    /// The rows cannot be read, or a value is not finite.
    fn read(&self, rows: Range<usize>) -> Result<Points>;
}

impl dyn RowSource + '_ {
    /// Returns consecutive ranges of rows, each of at most `values` values and at least one row.
    pub(crate) fn blocks(&self, values: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let (n, rows) = (self.n(), (values / self.dim()).max(1));
        (0..n).step_by(rows).map(move |from| from..n.min(from + rows))
    }

    /// Returns the rows with these indices, in their order. The cost is one read per row.
    ///
    /// # Errors
    /// Those of [`RowSource::read`].
    pub(crate) fn select(&self, index: &[usize]) -> Result<Points> {
        let mut places: Vec<(usize, usize)> = index.iter().copied().zip(0..).collect();
        places.sort_unstable();
        let mut out = Points::zeros(index.len(), self.dim());
        for (row, place) in places {
            out.row_mut(place).copy_from_slice(self.read(row..row + 1)?.data());
        }
        Ok(out)
    }
}

impl RowSource for Points {
    fn name(&self) -> String {
        "points".into()
    }

    fn n(&self) -> usize {
        Points::n(self)
    }

    fn dim(&self) -> usize {
        Points::dim(self)
    }

    fn read(&self, rows: Range<usize>) -> Result<Points> {
        Ok(self.rows(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn blocks_cover_the_rows_and_rows_are_selected_in_their_order() {
        let points = Stream::new(1).normal(10, 3);
        let rows: &dyn RowSource = &points;
        assert_eq!(rows.blocks(12).collect::<Vec<_>>(), [0..4, 4..8, 8..10]);
        assert_eq!(rows.blocks(1).count(), 10);
        assert_eq!(rows.select(&[7, 0, 9]).unwrap(), points.select(&[7, 0, 9]));
    }
}
