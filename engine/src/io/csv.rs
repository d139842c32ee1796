//! Tables of numbers as text.

use super::load_options::{self, Header, LoadOptions};
use super::origin::Origin;
use crate::{Points, Result, Rule};
use csv::{ErrorKind, StringRecord, Trim};

/// The points in a table; its cells are separated by a tab, `;`, `,` or one space, whichever its
/// first line has. Lines that begin with `#` are comments.
pub(super) fn read(text: &[u8], origin: &Origin, options: &LoadOptions) -> Result<Points> {
    let mut table = Table::new(text, origin);
    if !table.next()? {
        return Err(origin.wrong("it has no rows", "at least one row of numbers is wanted"));
    }
    let names: Vec<String> = table.record.iter().map(str::to_string).collect();
    let chosen = |names: Option<&[String]>, width: usize| match &options.columns {
        None => Ok((0..width).collect::<Vec<_>>()),
        Some(columns) => load_options::positions(columns, width, names, origin),
    };
    let header = match options.header {
        Header::Yes => true,
        Header::No => false,
        Header::Auto => chosen(Some(&names), names.len())?.iter().any(|&j| names[j].parse::<f64>().is_err()),
    };
    let columns = chosen(header.then_some(&names), names.len())?;
    let mut data = Vec::new();
    let mut more = !header || table.next()?;
    while more {
        for &j in &columns {
            data.push(table.value(j)?);
        }
        more = table.next()?;
    }
    if data.is_empty() {
        return Err(origin.wrong("it has a header and no rows", "at least one row of numbers is wanted"));
    }
    Points::new(data, columns.len(), &origin.name())
}

/// A table being read, at one of its records.
struct Table<'a> {
    text: &'a [u8],
    origin: &'a Origin<'a>,
    reader: csv::Reader<&'a [u8]>,
    record: StringRecord,
}

impl<'a> Table<'a> {
    fn new(text: &'a [u8], origin: &'a Origin) -> Table<'a> {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter(text))
            .comment(Some(b'#'))
            .trim(Trim::All)
            .from_reader(text);
        Table { text, origin, reader, record: StringRecord::new() }
    }

    /// Goes to the next record; false at the end.
    fn next(&mut self) -> Result<bool> {
        self.reader.read_record(&mut self.record).map_err(|e| {
            let place = self.line(e.position());
            let (seen, want) = match e.kind() {
                ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    (format!("it has {len} cells"), format!("the lines before have {expected_len}"))
                }
                ErrorKind::Utf8 { .. } => ("it is not UTF-8 text".into(), "a table of numbers is wanted".into()),
                _ => (e.to_string(), "a table of numbers is wanted".into()),
            };
            self.origin.wrong_at(place, seen, want)
        })
    }

    /// The number in this column of the record.
    fn value(&self, column: usize) -> Result<f64> {
        let cell = &self.record[column];
        if let Some(value) = cell.parse().ok().filter(|v: &f64| v.is_finite()) {
            return Ok(value);
        }
        let place = format!("{}, column {}", self.line(self.record.position()), column + 1);
        let seen = match cell {
            "" => "the cell is empty".to_string(),
            _ => format!("the cell holds `{}`", cell.chars().take(40).collect::<String>()),
        };
        Err(self.origin.wrong_at(place, seen, Rule::Finite.worded("every cell must be a finite number")))
    }

    /// "line 3". The reader's own position lies before the empty lines and comments that it
    /// skipped.
    fn line(&self, position: Option<&csv::Position>) -> String {
        let byte = position.map_or(0, |p| p.byte() as usize).min(self.text.len());
        let before = self.text[..byte].iter().filter(|b| **b == b'\n').count();
        let skipped = self.text[byte..].split(|b| *b == b'\n').take_while(|l| matches!(l, [] | [b'\r'] | [b'#', ..]));
        format!("line {}", 1 + before + skipped.count())
    }
}

/// The separator used in the first line that is not a comment.
fn delimiter(text: &[u8]) -> u8 {
    let lines = text.split(|b| matches!(b, b'\n' | b'\r'));
    let first = lines.map(<[u8]>::trim_ascii).find(|line| !line.is_empty() && !line.starts_with(b"#"));
    let first = first.unwrap_or_default();
    *b"\t;, ".iter().find(|d| first.contains(d)).unwrap_or(&b',')
}
