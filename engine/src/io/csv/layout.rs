//! The layout of a table. It is decided once from all lines, with notes.

use super::super::load_options::{Column, Header, LoadOptions, positions};
use super::super::origin::Origin;
use super::super::table_options::Decimal;
use super::cell::Kind;
use super::content::Content;
use super::decimal::is_comma;
use super::header::judge;
use super::index::{Index, index};
use super::records::{Records, Split};
use super::separator::{cannot_be_cut, survey};
use super::survey::Survey;
use crate::Result;

/// The layout of a table.
pub(super) struct Layout {
    pub split: Split,
    /// True if the first record is a header.
    pub skips_first: bool,
    pub names: Option<Vec<String>>,
    /// The columns to read, in this order.
    pub columns: Vec<usize>,
    /// True if the decimal mark is a comma.
    pub comma: bool,
    /// Notes on decisions for which another reading was possible.
    pub notes: Vec<String>,
}

impl Layout {
    /// Decides the layout from the whole table.
    ///
    /// # Errors
    /// Lines differ in length; the table can be read in two ways; a column is missing.
    pub fn new(content: &Content, options: &LoadOptions, origin: &Origin) -> Result<Layout> {
        let survey = survey(content, options, origin)?;
        check_comments(content, &survey, origin)?;
        let above = names_above(content, &survey, options);
        let verdict = judge(&survey, content, options, origin)?;
        let skips_first = verdict.is_header && above.is_none();
        let mut notes: Vec<String> = verdict.note.into_iter().collect();
        notes.extend(comments_told(content.comments.len(), above.is_some()));
        let names = above.or_else(|| skips_first.then(|| survey.first.clone()));
        let columns = match &options.columns {
            Some(columns) => positions(columns, survey.first.len(), names.as_deref(), origin)?,
            None => {
                let index = if skips_first { index(&survey, content.line, origin)? } else { Index::none() };
                notes.extend(index.note);
                (usize::from(index.is_there)..survey.first.len()).collect()
            }
        };
        let comma = match options.decimal {
            Decimal::Auto => is_comma(content, &survey, skips_first, &columns, origin)?,
            stated => stated == Decimal::Comma,
        };
        if comma && options.decimal == Decimal::Auto {
            notes.push("the comma was taken as the decimal mark".into());
        }
        Ok(Layout { split: survey.split, skips_first, names, columns, comma, notes })
    }

    /// Returns the records that contain values.
    ///
    /// # Errors
    /// The first record cannot be split.
    pub fn rows<'a>(&self, content: &Content<'a>, origin: &Origin) -> Result<Records<'a>> {
        let mut records = content.records(self.split);
        if self.skips_first {
            records.advance().map_err(|malformed| cannot_be_cut(malformed, origin))?;
        }
        Ok(records)
    }
}

/// Refuses a line that begins with `#` but otherwise looks like a row, because such a row would be
/// lost.
fn check_comments(content: &Content, survey: &Survey, origin: &Origin) -> Result<()> {
    for (line, comment) in &content.comments {
        let cells = cells_of(comment, survey.split);
        let numbers = cells.iter().skip(usize::from(cells.len() > 1)).all(|cell| Kind::of(cell).is_number());
        if cells.len() == survey.first.len() && numbers {
            let want = "a comment or a row is expected: remove the line or its `#`";
            let seen = "it begins with `#` but holds numbers like a row";
            return Err(origin.wrong_at(format!("line {line}"), seen, want));
        }
    }
    Ok(())
}

/// Returns the names in the last comment, where NumPy writes them, if names are requested and the
/// first record contains numbers.
fn names_above(content: &Content, survey: &Survey, options: &LoadOptions) -> Option<Vec<String>> {
    let by_name = options.columns.iter().flatten().any(|column| matches!(column, Column::Named(_)));
    let wanted = options.header == Header::Yes || options.header == Header::Auto && by_name;
    let (_, comment) = content.comments.last().filter(|_| wanted)?;
    let names = cells_of(comment, survey.split);
    let numbers = survey.first.iter().all(|cell| Kind::of(cell) != Kind::Text);
    let fits = names.len() == survey.first.len() && names.iter().all(|name| Kind::of(name) == Kind::Text);
    (numbers && fits).then_some(names)
}

fn cells_of(line: &str, split: Split) -> Vec<String> {
    let mut records = Records::new(line, 1, split);
    match records.advance() {
        Ok(_) => records.cells.iter().map(|cell| cell.to_string()).collect(),
        Err(_) => Vec::new(),
    }
}

fn comments_told(count: usize, named: bool) -> Option<String> {
    let lines = if count == 1 { "1 comment line".to_string() } else { format!("{count} comment lines") };
    match (count, named) {
        (0, _) => None,
        (_, true) => Some("the names are those of the comment above the first row".into()),
        (_, false) => Some(format!("{lines} above the first row left out")),
    }
}
