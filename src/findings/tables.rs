//! The tables of runs that differ in the seed only.

use super::merged::{is_number, mean_and_spread, merged};
use super::source::Run;
use crate::report::read_table;
use sdflow::number::{estimate, number};
use std::path::{Path, PathBuf};

/// Longer tables are left out: they are the data of a picture.
const ROWS: usize = 48;

/// The ending of the column with the standard errors of another column in a file of CSV.
const ERROR: &str = "_se";

/// A cell of a table.
#[derive(Debug, Clone, PartialEq)]
enum TableCell {
    Text(String),
    Value { value: f64, se: Option<f64> },
}

/// A table; the first row is the header.
type Rows = Vec<Vec<TableCell>>;

/// Returns the tables that these runs wrote, in Markdown, each below a line with its name. A last
/// line names those that are left out.
pub fn of_runs(runs: &[Run]) -> Vec<String> {
    let is_table = |file: &&PathBuf| file.parent() == Some(Path::new("tables"));
    let files: Vec<&PathBuf> = runs[0].record.files.iter().filter(is_table).collect();
    // Of the two forms of a table, CSV has all digits.
    let is_twin = |file: &Path| file.extension() == Some("md".as_ref()) && files.contains(&&file.with_extension("csv"));
    let mut parts = Vec::new();
    let mut left_out = Vec::new();
    for file in files.iter().filter(|file| !is_twin(file)) {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        match table(file, runs) {
            Ok(table) => parts.push(format!("Table `{name}`:\n\n{table}")),
            Err(why) => left_out.push(format!("`{name}` ({why})")),
        }
    }
    if !left_out.is_empty() {
        parts.push(format!("Tables not shown: {}.", left_out.join(", ")));
    }
    parts
}

/// Returns one table of the runs, or why it is not shown.
fn table(file: &Path, runs: &[Run]) -> Result<String, String> {
    let read = |run: &Run| read(&run.folder.join(file)).ok_or("it cannot be read");
    let first = read(&runs[0])?;
    match first.len() {
        0 => return Err("it is empty".into()),
        long if long > ROWS + 1 => return Err(format!("{} rows", long - 1)),
        _ => {}
    }
    let other = |run| in_order_of(&first, &read(run)?).ok_or("the runs have other rows");
    let others: Vec<Rows> = runs[1..].iter().map(other).collect::<Result<_, _>>()?;
    let all: Vec<&Rows> = std::iter::once(&first).chain(&others).collect();
    let cell = |i: usize, j: usize| common(&all.iter().map(|rows| &rows[i][j]).collect::<Vec<_>>());
    let row = |i: usize| format!("| {} |", (0..first[i].len()).map(|j| cell(i, j)).collect::<Vec<_>>().join(" | "));
    let mut lines: Vec<String> = (0..first.len()).map(row).collect();
    lines.insert(1, format!("|{}", "---|".repeat(first[0].len())));
    Ok(lines.join("\n"))
}

/// Returns `rows` in the order in which `first` has the same words. None if it has other ones.
fn in_order_of(first: &Rows, rows: &Rows) -> Option<Rows> {
    let words = |row: &[TableCell]| -> Vec<Option<String>> {
        let word = |cell: &TableCell| match cell {
            TableCell::Text(text) if !is_number(text) => Some(text.clone()),
            _ => None,
        };
        row.iter().map(word).collect()
    };
    let mut left: Vec<&Vec<TableCell>> = rows.iter().collect();
    let mut next = |row: &Vec<TableCell>| {
        let k = left.iter().position(|other| words(other) == words(row))?;
        Some(left.remove(k).clone())
    };
    let found: Option<Rows> = first.iter().map(&mut next).collect();
    found.filter(|_| left.is_empty())
}

/// Returns what these cells of several runs have in common.
fn common(cells: &[&TableCell]) -> String {
    if cells.iter().all(|cell| *cell == cells[0]) {
        return match cells[0] {
            TableCell::Text(text) => text.clone(),
            TableCell::Value { value, se: Some(se) } => estimate(*value, *se),
            TableCell::Value { value, se: None } => number(*value),
        };
    }
    let value = |cell: &&TableCell| if let TableCell::Value { value, .. } = cell { Some(*value) } else { None };
    if let Some(values) = cells.iter().map(value).collect::<Option<Vec<f64>>>() {
        return mean_and_spread(&values, None);
    }
    let texts: Vec<String> = cells.iter().map(|cell| common(&[cell])).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    merged(&texts).unwrap_or_else(|| texts.join(", "))
}

/// Reads a table in Markdown or CSV.
fn read(file: &Path) -> Option<Rows> {
    match file.extension()?.to_str()? {
        "md" => Some(from_markdown(&String::from_utf8(sdflow::io::read_regular(file).ok()?).ok()?)),
        "csv" => Some(from_csv(&read_table(file, usize::MAX / 2)?.0)),
        _ => None,
    }
}

fn from_markdown(text: &str) -> Rows {
    // A bar inside a cell has a backslash before it.
    let cells =
        |line: &str| line.trim_matches('|').split(" | ").map(|cell| TableCell::Text(cell.trim().into())).collect();
    text.lines().enumerate().filter(|(i, _)| *i != 1).map(|(_, line)| cells(line)).collect()
}

/// Returns the cells; a value and its standard error share one.
fn from_csv(records: &[Vec<String>]) -> Rows {
    let Some(header) = records.first() else { return Rows::new() };
    let has_error = |j: usize| header.get(j + 1) == Some(&format!("{}{ERROR}", header[j]));
    let columns: Vec<usize> = (0..header.len()).filter(|j| *j == 0 || !has_error(j - 1)).collect();
    let cell = |(i, record): (usize, &Vec<String>), j: usize| {
        let value = |k: usize| record.get(k)?.parse::<f64>().ok().filter(|value| value.is_finite());
        match value(j) {
            Some(value_here) if i > 0 => {
                TableCell::Value { value: value_here, se: value(j + 1).filter(|_| has_error(j)) }
            }
            _ => {
                TableCell::Text(record.get(j).map_or("", String::as_str).replace('|', "\\|").replace(['\n', '\r'], " "))
            }
        }
    };
    records.iter().enumerate().map(|row| columns.iter().map(|j| cell(row, *j)).collect()).collect()
}
