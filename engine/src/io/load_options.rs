//! The options for reading a file.

use super::file_kind::Kind;
use super::origin::Origin;
use super::table_options::{Decimal, MissingCells, Separator};
use crate::error::nearest;
use crate::options::{OptionType, OptionValue};
use crate::{Error, Result};
use serde_json::Value;

crate::options! {
    /// Options of `load`.
    pub struct LoadOptions {
        /// Name of the array in an `.npz`; not needed if the file holds a single array.
        key: Option<String> = None,
        /// The columns to read, in this order: positions counted from 0, or names if a `.csv` has a
        /// header. Left out: all columns. (Error messages count the columns of a file from 1, like
        /// its lines.)
        columns: Option<Vec<Column>> = None,
        /// Whether the first line of a `.csv` is a header: `true`, `false` or `"auto"`. With
        /// `"auto"`, the line is a header if it holds names above columns of numbers. A file that
        /// can be read in both ways is an error.
        header: Header = Header::Auto,
        /// The separator of the cells of a `.csv`: `","`, `";"`, `"\t"`, `" "` (any number of
        /// spaces and tabs), or `"auto"`. `"auto"` chooses the separator that gives all lines the
        /// same number of cells and the most columns of numbers.
        separator: Separator = Separator::Auto,
        /// The decimal mark of a `.csv`: `"."`, `","`, or `"auto"`. `"auto"` chooses the comma if
        /// numbers contain commas and no number contains a point, and otherwise the point.
        decimal: Decimal = Decimal::Auto,
        /// What happens if a `.csv` has a missing value (an empty cell, `NA`, `NaN`, `null`, `?`)
        /// in a selected column. `"refuse"` gives an error that names the place; `"drop"` leaves
        /// the row out.
        missing: MissingCells = MissingCells::Refuse,
        /// Whether arrays with more than two axes are flattened: each item along the first axis
        /// becomes a row. A picture becomes a single row.
        flatten: bool = false,
    }
}

impl LoadOptions {
    /// # Errors
    /// An option does not apply to this kind of file.
    pub(super) fn check(&self, kind: Kind) -> Result<()> {
        let refuse = |name: &str, value: String, whose: &str| {
            Err(Error::argument(name, value, format!("only {whose} files have one: leave it out")))
        };
        if let Some(key) = self.key.as_ref().filter(|_| kind != Kind::Npz) {
            return refuse("key", format!("`{key}`"), ".npz");
        }
        if kind == Kind::Csv {
            let flat = || Error::argument("flatten", "true", "a .csv has two axes: leave it out");
            return if self.flatten { Err(flat()) } else { Ok(()) };
        }
        if let Some(columns) = self.columns.as_ref().filter(|_| kind == Kind::Png) {
            let want = "a picture has no columns to choose from: leave it out";
            return Err(Error::argument("columns", format!("a list of {}", columns.len()), want));
        }
        let plain = LoadOptions::default();
        let (own, default) = (self.of_tables(), plain.of_tables());
        match own.into_iter().zip(default).find(|(own, default)| own != default) {
            Some(((name, value), _)) => refuse(name, value.to_string(), ".csv"),
            None => Ok(()),
        }
    }
}

impl LoadOptions {
    /// Returns the options that apply only to tables of text, as data.
    fn of_tables(&self) -> [(&'static str, Value); 4] {
        let LoadOptions { header, separator, decimal, missing, .. } = self;
        [
            ("header", (*header).into()),
            ("separator", serde_json::json!(separator)),
            ("decimal", serde_json::json!(decimal)),
            ("missing", serde_json::json!(missing)),
        ]
    }
}

/// A column by position or by name.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Column {
    /// The position of the column, from 0.
    At(usize),
    /// The name of the column in the header.
    Named(String),
}

impl OptionValue for Column {
    const TYPE: OptionType = OptionType::Either(&[OptionType::Whole, OptionType::Text]);
}

impl TryFrom<Value> for Column {
    type Error = String;

    fn try_from(value: Value) -> std::result::Result<Column, String> {
        match (&value, value.as_u64().and_then(|i| usize::try_from(i).ok())) {
            (_, Some(at)) => Ok(Column::At(at)),
            (Value::String(name), _) => Ok(Column::Named(name.clone())),
            _ => Err(format!("a column is {value}, but it must be a position from 0 or a name")),
        }
    }
}

impl From<Column> for Value {
    fn from(column: Column) -> Value {
        match column {
            Column::At(at) => at.into(),
            Column::Named(name) => name.into(),
        }
    }
}

/// Whether a table begins with a line of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Header {
    /// It does if its first line holds names above columns of numbers. A table that can be read in
    /// both ways is an error.
    Auto,
    /// It begins with a line of names.
    Yes,
    /// It begins with a row of values.
    No,
}

impl OptionValue for Header {
    const TYPE: OptionType = OptionType::Either(&[OptionType::Truth, OptionType::Name(|| vec!["auto"])]);
}

impl TryFrom<Value> for Header {
    type Error = String;

    fn try_from(value: Value) -> std::result::Result<Header, String> {
        match &value {
            Value::Bool(true) => Ok(Header::Yes),
            Value::Bool(false) => Ok(Header::No),
            Value::String(s) if s == "auto" => Ok(Header::Auto),
            _ => Err(format!("`header` is {value}, but it must be true, false or \"auto\"")),
        }
    }
}

impl From<Header> for Value {
    fn from(header: Header) -> Value {
        match header {
            Header::Auto => "auto".into(),
            Header::Yes => true.into(),
            Header::No => false.into(),
        }
    }
}

/// Returns the positions of `columns` in a table of `width` columns with these `names`.
pub(super) fn positions(
    columns: &[Column],
    width: usize,
    names: Option<&[String]>,
    origin: &Origin,
) -> Result<Vec<usize>> {
    if columns.is_empty() {
        return Err(Error::argument(
            "columns",
            "[]",
            "there must be at least one column: leave the option out to read all",
        ));
    }
    columns.iter().map(|column| position(column, width, names, origin)).collect()
}

fn position(column: &Column, width: usize, names: Option<&[String]>, origin: &Origin) -> Result<usize> {
    match (column, names) {
        (Column::At(at), _) if *at < width => Ok(*at),
        (Column::At(at), _) => {
            Err(origin.wrong(format!("`columns` contains {at}"), format!("the columns are 0 to {}", width - 1)))
        }
        (Column::Named(name), None) => {
            let seen = format!("`columns` contains `{name}`");
            Err(origin.wrong(seen, "the file has no header: give the position of the column, from 0"))
        }
        (Column::Named(name), Some(names)) if names.iter().filter(|n| *n == name).count() > 1 => {
            let seen = format!("two of its columns are called `{name}`");
            Err(origin.wrong(seen, "a name must be unique: give the position of the column, from 0"))
        }
        (Column::Named(name), Some(names)) => names.iter().position(|n| n == name).ok_or_else(|| {
            let near = nearest(name, names.iter().map(String::as_str));
            let hint = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
            let want = format!("its header has {}{hint}", list(names));
            origin.wrong(format!("there is no column `{name}`"), want)
        }),
    }
}

/// Formats the first names of a list that may be long, as in "`a`, `b`".
pub(super) fn list(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more > 0 { format!("{} and {more} more", quoted.join(", ")) } else { quoted.join(", ") }
}
