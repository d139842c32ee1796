//! The decision whether the first column names the rows of a table.

use super::super::origin::Origin;
use super::survey::Survey;
use crate::{Result, Rule};

/// The values of the option `columns` that decide in a table of two columns.
const TWO: [(&str, &str); 2] = [("columns", "[0, 1]"), ("columns", "[1]")];
/// The values of the option `columns` that decide in a table of more than two columns.
const MORE: [(&str, &str); 2] = [("columns", "[0, 1, 2]"), ("columns", "[1, 2]")];

/// The decision whether the first column of a table names its rows.
pub(super) struct Index {
    pub is_there: bool,
    /// A note on the decision, if another reading was possible.
    pub note: Option<String>,
}

impl Index {
    /// Returns the decision that the first column is a coordinate like the others.
    pub fn none() -> Index {
        Index { is_there: false, note: None }
    }
}

/// Decides whether the first column of a table names the rows. The table has a header, which begins
/// in line `line`. The first column names the rows if it has no name itself, as in files of pandas
/// and R.
///
/// # Errors
/// The column has no name, and contains fractions or a number twice: it could be a coordinate.
pub(super) fn index(survey: &Survey, line: usize, origin: &Origin) -> Result<Index> {
    let there = |note: &str| Ok(Index { is_there: true, note: Some(note.into()) });
    let name = &survey.first[0];
    if survey.first.len() == 1 || survey.rows == 0 {
        return Ok(Index::none());
    }
    if survey.is_short {
        return there(
            "the header has one name fewer than the rows have cells, so that the first column was taken as the names \
             of the rows and left out",
        );
    }
    if !name.is_empty() {
        let counts = survey.row_names.counts() && survey.rows > 2;
        let note = counts.then(|| format!("the column {name} counts the rows and was taken as a coordinate"));
        return Ok(Index { is_there: false, note });
    }
    if survey.row_names.is_plausible() {
        return there("the unnamed first column was taken as the row index and left out");
    }
    let rule = Rule::Stated(if survey.first.len() == 2 { &TWO } else { &MORE });
    let want = rule.worded("the option `columns` must say whether it is a coordinate");
    Err(origin.wrong_at(
        format!("line {line}, column 1"),
        "the column has no name and is not an index of the rows",
        want,
    ))
}
