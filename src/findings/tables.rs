//! The tables of runs that differ in the seed only.

use super::Run;
use super::merged::merged;
use sdflow::number::{estimate, number};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Tables with more rows are left out: they are the data of a picture.
const ROWS: usize = 48;

/// The ending of the column with the standard errors of another column in a file of CSV.
const ERROR: &str = "_se";

/// The cells of a table, row by row; the first row is the header.
type Rows = Vec<Vec<String>>;

/// Returns the tables that all these runs wrote, in Markdown, each below a line with its name. A
/// cell whose words differ from run to run holds all of them.
pub fn of_runs(runs: &[Run]) -> Vec<String> {
    let is_table = |file: &&PathBuf| file.parent() == Some(Path::new("tables"));
    let files: Vec<&PathBuf> = runs[0].record.files.iter().filter(is_table).collect();
    let is_twin = |file: &Path| file.extension() == Some("csv".as_ref()) && files.contains(&&file.with_extension("md"));
    files.iter().filter(|file| !is_twin(file)).filter_map(|file| table(file, runs)).collect()
}

/// Returns one table of the runs. None if a run does not have it, if it has another shape there, or
/// if it is long.
fn table(file: &Path, runs: &[Run]) -> Option<String> {
    let all: Vec<Rows> = runs.iter().map(|run| read(&run.folder.join(file))).collect::<Option<_>>()?;
    let first = &all[0];
    let shape = |rows: &Rows| rows.iter().map(Vec::len).collect::<Vec<_>>();
    if first.len() > ROWS + 1 || all.iter().any(|rows| shape(rows) != shape(first)) {
        return None;
    }
    let cell = |i: usize, j: usize| {
        let seen: Vec<&str> = all.iter().map(|rows| rows[i][j].as_str()).collect();
        merged(&seen).unwrap_or_else(|| distinct(seen).join(", "))
    };
    let row = |i: usize| format!("| {} |", (0..first[i].len()).map(|j| cell(i, j)).collect::<Vec<_>>().join(" | "));
    let rule = format!("|{}", "---|".repeat(first.first()?.len()));
    let mut lines: Vec<String> = (0..first.len()).map(row).collect();
    lines.insert(1, rule);
    Some(format!("Table `{}`:\n\n{}", file.file_stem()?.to_string_lossy(), lines.join("\n")))
}

/// Reads a table in Markdown or CSV.
fn read(file: &Path) -> Option<Rows> {
    let text = String::from_utf8(sdflow::io::read_regular(file).ok()?).ok()?;
    match file.extension()?.to_str()? {
        "md" => Some(from_markdown(&text)),
        "csv" => from_csv(&text),
        _ => None,
    }
}

fn from_markdown(text: &str) -> Rows {
    // A bar inside a cell has a backslash before it.
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_string()).collect();
    text.lines().enumerate().filter(|(i, _)| *i != 1).map(|(_, line)| cells(line)).collect()
}

/// Returns the cells; a value and its standard error share one.
fn from_csv(text: &str) -> Option<Rows> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().ok()?;
    let header = records.first()?;
    let has_error = |j: usize| header.get(j + 1) == Some(format!("{}{ERROR}", &header[j]).as_str());
    let columns: Vec<usize> = (0..header.len()).filter(|j| *j == 0 || !has_error(j - 1)).collect();
    let cell = |record: &csv::StringRecord, j: usize| {
        let value = |k: usize| record.get(k)?.parse::<f64>().ok();
        match (value(j), value(j + 1).filter(|_| has_error(j))) {
            (Some(value), Some(se)) => estimate(value, se),
            (Some(value), None) => number(value),
            _ => record.get(j).unwrap_or_default().replace('|', "\\|"),
        }
    };
    Some(records.iter().map(|record| columns.iter().map(|j| cell(record, *j)).collect()).collect())
}

/// Returns the distinct texts in the order in which they first occur.
fn distinct(mut texts: Vec<&str>) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    texts.retain(|text| seen.insert(*text));
    texts
}
