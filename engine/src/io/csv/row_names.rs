//! The check whether a column names the rows, as an index does.

use super::cell::Kind;
use std::collections::HashSet;

/// Statistics of the first column, which tell whether it names the rows.
#[derive(Debug, Default)]
pub(super) struct RowNames {
    rows: u64,
    /// The first value, if it is a whole number.
    first: Option<u64>,
    /// The number of cells that do not continue the count from the first cell.
    jumps: usize,
    words: usize,
    /// The number of cells with fractions or missing values.
    others: usize,
    whole: HashSet<u64>,
    repeated: bool,
}

impl RowNames {
    /// Adds the next cell. With `distinct`, whole numbers are remembered, so that duplicates are
    /// found.
    pub fn add(&mut self, cell: &str, distinct: bool) {
        let value = cell.parse::<u64>().ok();
        match (value, Kind::of(cell)) {
            (Some(value), _) if distinct => self.repeated |= !self.whole.insert(value),
            (Some(_), _) => {}
            (None, Kind::Text | Kind::Odd) => self.words += 1,
            (None, _) => self.others += 1,
        }
        if self.rows == 0 {
            self.first = value;
        }
        self.jumps += usize::from(value.is_none() || value != self.first.map(|first| first + self.rows));
        self.rows += 1;
    }

    /// True if the column counts the rows from 0 or 1.
    pub fn counts(&self) -> bool {
        self.jumps == 0 && self.first.is_some_and(|first| first <= 1)
    }

    /// True if the column is text, or whole numbers without duplicates.
    pub fn is_plausible(&self) -> bool {
        self.others == 0 && (self.words > 0 || !self.repeated)
    }

    /// True if the column is text, or counts the rows.
    pub fn is_certain(&self) -> bool {
        self.is_plausible() && (self.words > 0 || self.counts())
    }
}
