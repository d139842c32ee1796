//! The points in a table.

use super::super::array::rounding_told;
use super::super::load_options::LoadOptions;
use super::super::loaded::Loaded;
use super::super::origin::Origin;
use super::super::table_options::MissingCells;
use super::cell::{is_integer, is_missing, number};
use super::content::Content;
use super::layout::Layout;
use super::records::Records;
use super::separator::cannot_be_cut;
use crate::number::counted;
use crate::{Error, Points, Result, Rule};

/// Reads the points in a table, with the names of its columns and a note on decisions for which
/// another reading was possible.
///
/// # Errors
/// A cell is not a finite number, a line is longer or shorter than others, or text is not UTF-8
/// (the error gives the place); or the table can be read in two ways.
pub(in super::super) fn read(bytes: &[u8], origin: &Origin, options: &LoadOptions) -> Result<Loaded> {
    let content = Content::new(bytes, origin)?;
    let mut layout = Layout::new(&content, options, origin)?;
    let mut records = layout.rows(&content, origin)?;
    let (mut data, mut dropped, mut rounding) = (Vec::new(), 0, None);
    while records.advance().map_err(|malformed| cannot_be_cut(malformed, origin))? {
        let kept = data.len();
        // In a single column, a row without a value is a blank line.
        if records.cells.len() == 1 && records.blank > 0 {
            if options.missing != MissingCells::Drop {
                let place = format!("line {}", records.line - 1);
                let want = Rule::Stated(&[("missing", "\"drop\"")]).worded("every row must have a number");
                return Err(origin.wrong_at(place, "it is blank", want));
            }
            dropped += records.blank;
        }
        for &column in &layout.columns {
            match number(&records.cells[column], layout.comma) {
                Some(value) => {
                    if rounding.is_none() && is_integer(&records.cells[column]) {
                        rounding = rounding_told([value].into_iter());
                    }
                    data.push(value);
                }
                None if options.missing == MissingCells::Drop && is_missing(&records.cells[column]) => {
                    data.truncate(kept);
                    dropped += 1;
                    break;
                }
                None => return Err(no_number(&records, (column, layout.names.as_deref()), origin)),
            }
        }
    }
    if dropped > 0 {
        layout.notes.push(format!("{} with missing values left out", counted(dropped, "row")));
    }
    if data.is_empty() {
        let seen = if dropped > 0 { "every row has a missing value" } else { "it has a header and no rows" };
        return Err(origin.wrong(seen, "at least one row of numbers is expected"));
    }
    layout.notes.extend(rounding);
    let points = Points::new(data, layout.columns.len(), &origin.name())?;
    let note = (!layout.notes.is_empty()).then(|| note(&points, &layout));
    let name = |names: &Vec<String>, j: &usize| names.get(*j).cloned().unwrap_or_default();
    let columns = layout.names.iter().flat_map(|names| layout.columns.iter().map(move |j| name(names, j))).collect();
    Ok(Loaded { points, columns, note })
}

/// Returns the note, such as "3 rows, columns a, b; 1 row with missing values left out".
fn note(points: &Points, layout: &Layout) -> String {
    const SHOWN: usize = 8;
    let columns = match &layout.names {
        Some(names) if layout.columns.len() <= SHOWN => {
            let names: Vec<&str> = layout.columns.iter().map(|&j| names[j].as_str()).collect();
            format!("{} {}", if names.len() == 1 { "column" } else { "columns" }, names.join(", "))
        }
        _ if points.dim() == 1 => "1 column".into(),
        _ => format!("{} columns", points.dim()),
    };
    format!("{}, {columns}; {}", counted(points.n(), "row"), layout.notes.join("; "))
}

/// Returns the error for a cell in this column that does not contain a finite number.
fn no_number(records: &Records, (column, names): (usize, Option<&[String]>), origin: &Origin) -> Error {
    let cell = &records.cells[column];
    let seen = match cell.as_ref() {
        "" => "the cell is empty".to_string(),
        _ => format!("the cell holds `{}`", cell.chars().take(40).collect::<String>()),
    };
    let words = "every cell must be a finite number";
    let want = match cell.as_ref() {
        _ if is_missing(cell) => Rule::Stated(&[("missing", "\"drop\"")]).worded(words),
        _ if column == 0 && cell.starts_with('#') => {
            Rule::Finite.worded(format!("{words}; a line that begins with `#` is a comment only above the first row"))
        }
        _ if cell.contains(',') => Rule::Finite.worded(format!("{words}, without separators of thousands")),
        _ => Rule::Finite.worded(words),
    };
    let name = names.and_then(|names| names.get(column)).filter(|name| !name.is_empty());
    let name = name.map_or(String::new(), |name| format!(" ({name})"));
    origin.wrong_at(format!("line {}, column {}{name}", records.line, column + 1), seen, want)
}
