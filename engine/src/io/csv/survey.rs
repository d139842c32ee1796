//! Statistics of a whole table, split by one separator.

use super::cell::Kind;
use super::content::Content;
use super::records::Split;
use super::row_names::RowNames;

/// The number of cells of each kind in a column.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally([usize; 7]);

impl Tally {
    /// Counts a cell of this kind.
    pub fn add(&mut self, kind: Kind) {
        self.0[kind as usize] += 1;
    }

    /// Returns the number of cells of this kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.0[kind as usize]
    }

    /// True if the cells of the column are numbers or missing; `comma` says whether a cell with a
    /// comma counts as a number.
    fn is_numeric(&self, comma: bool) -> bool {
        let commas = self.count(Kind::Comma);
        let numbers = self.count(Kind::Whole) + self.count(Kind::Point) + self.count(Kind::Exponent) + commas;
        numbers > 0 && (comma || commas == 0) && self.count(Kind::Odd) + self.count(Kind::Text) == 0
    }
}

/// A table in which all records have the same number of cells.
#[derive(Debug)]
pub(super) struct Survey {
    pub split: Split,
    /// The first record. If it has one cell fewer than the others, an empty name is inserted at its
    /// beginning.
    pub first: Vec<String>,
    /// True if the first record has one cell fewer than the others. R writes tables with row names
    /// in this form.
    pub is_short: bool,
    /// The number of records below the first record.
    pub rows: usize,
    /// The columns below the first record.
    pub columns: Vec<Tally>,
    pub row_names: RowNames,
}

impl Survey {
    /// Reads all records. Returns None if they have unequal numbers of cells, or cannot be split in
    /// this way.
    pub fn new(content: &Content, split: Split, short_allowed: bool) -> Option<Survey> {
        let mut records = content.records(split);
        if !records.advance().ok()? {
            return None;
        }
        let mut first: Vec<String> = records.cells.iter().map(|c| c.to_string()).collect();
        let more = records.advance().ok()?;
        let is_short = more && short_allowed && first.len() + 1 == records.cells.len() && are_names(&first);
        if is_short {
            first.insert(0, String::new());
        }
        let (mut columns, mut row_names, mut rows) = (vec![Tally::default(); first.len()], RowNames::default(), 0);
        while !records.cells.is_empty() {
            if records.cells.len() != first.len() {
                return None;
            }
            columns.iter_mut().zip(&records.cells).for_each(|(column, cell)| column.add(Kind::of(cell)));
            row_names.add(&records.cells[0], first[0].is_empty());
            rows += 1;
            records.advance().ok()?;
        }
        // A title above two columns must not turn the first column into row names.
        let named = if first.len() == 2 { row_names.is_certain() } else { row_names.is_plausible() };
        (!is_short || named).then_some(Survey { split, first, is_short, rows, columns, row_names })
    }

    /// Returns the number of columns of numbers minus the number of other columns.
    pub fn score(&self, comma: bool) -> i64 {
        let numeric = if self.rows > 0 {
            self.columns.iter().filter(|column| column.is_numeric(comma)).count()
        } else {
            self.first.iter().filter(|cell| Kind::of(cell).is_number()).count()
        };
        2 * numeric as i64 - self.first.len() as i64
    }
}

/// True if these are names, none of which contains a separator at which it should have been split.
fn are_names(cells: &[String]) -> bool {
    cells.iter().all(|cell| Kind::of(cell) == Kind::Text && !cell.contains([',', ';', '\t']))
}
