//! Points that are read block by block, because they may be larger than the memory.

use super::Points;
use crate::Result;
use crate::number::counted;
use std::fmt;
use std::ops::Range;

/// The number of values of a block: 64 MiB.
pub(crate) const BLOCK_VALUES: usize = 1 << 23;

/// Rows are read together if at most this many values lie between them.
const NEAR_VALUES: usize = 1 << 10;

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
    /// Returns the number and the name of the rows, such as "300 rows in x.npy".
    pub(crate) fn title(&self) -> String {
        format!("{} in {}", counted(self.n(), "row"), self.name())
    }

    /// Returns consecutive ranges of rows, each of at most `values` values and at least one row.
    pub(crate) fn blocks(&self, values: usize) -> Vec<Range<usize>> {
        let (n, rows) = (self.n(), (values / self.dim()).max(1));
        (0..n).step_by(rows).map(|from| from..n.min(from + rows)).collect()
    }

    /// Returns the rows with these indices, in their order. Rows that are near each other are read
    /// together.
    ///
    /// # Errors
    /// Those of [`RowSource::read`].
    pub(crate) fn select(&self, index: &[usize]) -> Result<Points> {
        let mut places: Vec<(usize, usize)> = index.iter().copied().zip(0..).collect();
        places.sort_unstable();
        let (gap, most) = (NEAR_VALUES / self.dim() + 1, (BLOCK_VALUES / self.dim()).max(1));
        let mut out = Points::zeros(index.len(), self.dim());
        let mut left = &places[..];
        while let Some((first, _)) = left.first() {
            let near = |k: usize| left[k].0 - left[k - 1].0 <= gap && left[k].0 - first < most;
            let count = (1..left.len()).take_while(|k| near(*k)).count() + 1;
            let (together, others) = left.split_at(count);
            let rows = self.read(*first..together[count - 1].0 + 1)?;
            for (row, place) in together {
                out.row_mut(*place).copy_from_slice(rows.row(row - first));
            }
            left = others;
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
        assert_eq!(rows.blocks(12), [0..4, 4..8, 8..10]);
        assert_eq!(rows.blocks(1).len(), 10);
        assert_eq!(rows.select(&[7, 0, 9]).unwrap(), points.select(&[7, 0, 9]));
        let long = Stream::new(2).normal(20_000, 2);
        let index = Stream::new(3).rng().choose(20_000, 50);
        assert_eq!((&long as &dyn RowSource).select(&index).unwrap(), long.select(&index));
        assert_eq!(rows.select(&[]).unwrap().n(), 0);
    }
}
