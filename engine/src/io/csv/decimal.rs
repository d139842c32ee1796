//! The decimal mark of a table.

use super::super::origin::Origin;
use super::cell::{Kind, may_be_thousands};
use super::content::Content;
use super::survey::Survey;
use crate::{Result, Rule};

/// True if the comma is the decimal mark of these columns: some numbers contain commas, and no
/// number contains a point.
///
/// # Errors
/// All commas could separate thousands.
pub(super) fn is_comma(
    content: &Content,
    survey: &Survey,
    skips_first: bool,
    columns: &[usize],
    origin: &Origin,
) -> Result<bool> {
    let first = |kind: Kind| !skips_first && columns.iter().any(|&j| Kind::of(&survey.first[j]) == kind);
    let any = |kind: Kind| first(kind) || columns.iter().any(|&j| survey.columns[j].count(kind) > 0);
    if !any(Kind::Comma) || any(Kind::Point) {
        return Ok(false);
    }
    let mut records = content.records(survey.split);
    let mut is_header = skips_first;
    let mut thousands = None;
    while let Ok(true) = records.advance() {
        if std::mem::take(&mut is_header) {
            continue;
        }
        let cells = columns.iter().map(|&j| &records.cells[j]);
        for cell in cells.filter(|cell| Kind::of(cell) == Kind::Comma) {
            if !may_be_thousands(cell) {
                return Ok(true);
            }
            thousands.get_or_insert_with(|| (format!("line {}", records.line), format!("it holds `{cell}`")));
        }
    }
    let (place, seen) = thousands.unwrap_or_default();
    let want =
        "the option `decimal` must say whether the comma is the decimal mark; separators of thousands must be removed";
    Err(origin.wrong_at(place, seen, Rule::Stated(&[("decimal", "\",\"")]).worded(want)))
}
