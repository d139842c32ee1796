//! Whether a column names the rows, as an index does.

use super::cell::Kind;
use std::collections::HashSet;

/// The first column, looked at as names of rows.
#[derive(Debug, Default)]
pub(super) struct RowNames {
    rows: u64,
    /// The first value, if it is whole.
    first: Option<u64>,
    /// Cells that do not follow from the first by counting.
    jumps: usize,
    words: usize,
    /// Numbers that are not whole, and missing values.
    others: usize,
    whole: HashSet<u64>,
    repeated: bool,
}

impl RowNames {
    /// Looks at the next cell; `distinct` remembers whole numbers to see whether one comes twice.
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

    /// Does it count the rows from 0 or 1?
    pub fn counts(&self) -> bool {
        self.jumps == 0 && self.first.is_some_and(|first| first <= 1)
    }

    /// Is it text, or whole numbers of which none comes twice?
    pub fn is_plausible(&self) -> bool {
        self.others == 0 && (self.words > 0 || !self.repeated)
    }

    /// Is it text, or does it count the rows?
    pub fn is_certain(&self) -> bool {
        self.is_plausible() && (self.words > 0 || self.counts())
    }
}
