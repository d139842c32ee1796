//! Tables of named cells, as text for a terminal, as Markdown, CSV or JSON.

use crate::number::{estimate, number};
#[cfg(feature = "files")]
use crate::{Error, Result};
use serde_json::{Map, Value, json};
#[cfg(feature = "files")]
use std::path::Path;

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// An empty cell.
    Empty,
    /// A word.
    Text(String),
    /// A number.
    Number(f64),
    /// A number with its standard error.
    Estimate {
        /// The value.
        value: f64,
        /// The standard error of the value.
        se: f64,
    },
}

/// Rows of named cells. The columns are in the order in which their names first occurred. A row
/// without a value for a name has an empty cell in its column.
///
/// ```
/// use sdflow::table::{Cell, Table};
/// let mut table = Table::default();
/// let energy = Cell::Estimate { value: 0.0021, se: 0.0003 };
/// table.push([("flow", Cell::from("SD")), ("energy", energy)]);
/// table.push([("flow", Cell::from("MMD")), ("modes", Cell::from(7.0))]);
/// assert_eq!(table.columns(), ["flow", "energy", "modes"]);
/// assert_eq!(table.markdown().lines().next(), Some("| flow |            energy | modes |"));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
    axes: Vec<(String, bool)>,
}

impl Table {
    /// Creates an empty table. Its first columns are `axes`, the parameters for which the other
    /// columns were measured; `true` marks an axis of integers.
    pub fn over(axes: Vec<(String, bool)>) -> Table {
        Table { columns: axes.iter().map(|(name, _)| name.clone()).collect(), rows: Vec::new(), axes }
    }

    /// Returns the axes, each with a flag that marks an axis of integers; empty unless the table
    /// was created by [`Table::over`].
    pub fn axes(&self) -> &[(String, bool)] {
        &self.axes
    }

    /// Adds a row. If two cells have the same name, the last one is kept.
    pub fn push<N: Into<String>>(&mut self, row: impl IntoIterator<Item = (N, Cell)>) {
        let mut cells = vec![Cell::Empty; self.columns.len()];
        for (name, cell) in row {
            let name = name.into();
            match self.columns.iter().position(|c| *c == name) {
                Some(at) => cells[at] = cell,
                None => {
                    self.columns.push(name);
                    cells.push(cell);
                }
            }
        }
        self.rows.push(cells);
    }

    /// Returns the names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns the number of rows.
    pub fn n(&self) -> usize {
        self.rows.len()
    }

    /// Returns the cell of a row in the column of this name; `Empty` if there is none.
    pub fn cell(&self, row: usize, column: &str) -> &Cell {
        let at = self.columns.iter().position(|c| c == column);
        self.rows.get(row).zip(at).and_then(|(cells, at)| cells.get(at)).unwrap_or(&Cell::Empty)
    }

    /// Returns the values of a column. A cell that is not a number gives `NaN`, so that a
    /// [`Curve`](crate::plot::Curve) has a gap there.
    pub fn values(&self, column: &str) -> Vec<f64> {
        (0..self.n())
            .map(|row| match self.cell(row, column) {
                Cell::Number(value) | Cell::Estimate { value, .. } => *value,
                Cell::Empty | Cell::Text(_) => f64::NAN,
            })
            .collect()
    }

    /// Returns the table aligned for a terminal: words to the left, numbers to the right. The text
    /// ends with a line break.
    pub fn text(&self) -> String {
        self.laid_out("", "  ", "", '─')
    }

    /// Returns a Markdown table whose source is aligned too.
    pub fn markdown(&self) -> String {
        self.laid_out("| ", " | ", " |", '-')
    }

    /// Returns CSV with a header. A column with an estimate adds a second column `name_se`.
    ///
    /// # Errors
    /// It does not fail in practice, because it writes to memory.
    #[cfg(feature = "files")]
    pub fn csv(&self) -> Result<String> {
        let failure = |reason: String| Error::Numeric { what: "the table as CSV".into(), reason };
        let with_error: Vec<bool> = (0..self.columns.len())
            .map(|j| self.rows.iter().any(|row| matches!(row.get(j), Some(Cell::Estimate { .. }))))
            .collect();
        let mut out = csv::Writer::from_writer(Vec::new());
        let mut header = Vec::new();
        for (name, double) in self.columns.iter().zip(&with_error) {
            header.push(name.clone());
            header.extend(double.then(|| format!("{name}_se")));
        }
        if header.is_empty() {
            return Ok(String::new());
        }
        out.write_record(&header).map_err(|e| failure(e.to_string()))?;
        for row in &self.rows {
            let mut record = Vec::new();
            for (j, double) in with_error.iter().enumerate() {
                let (value, se) = match row.get(j).unwrap_or(&Cell::Empty) {
                    Cell::Empty => (String::new(), String::new()),
                    Cell::Text(text) => (text.clone(), String::new()),
                    Cell::Number(value) => (value.to_string(), String::new()),
                    Cell::Estimate { value, se } => (value.to_string(), se.to_string()),
                };
                record.push(value);
                record.extend(double.then_some(se));
            }
            out.write_record(&record).map_err(|e| failure(e.to_string()))?;
        }
        let bytes = out.into_inner().map_err(|e| failure(e.to_string()))?;
        String::from_utf8(bytes).map_err(|e| failure(e.to_string()))
    }

    /// Returns a list of objects. An estimate is `{"value": .., "se": ..}`, a value that is not
    /// finite is `null`, and an empty cell is left out.
    pub fn json(&self) -> Value {
        let object = |row: &Vec<Cell>| {
            let named = self.columns.iter().zip(row).filter(|(_, cell)| **cell != Cell::Empty);
            named.map(|(name, cell)| (name.clone(), cell.json())).collect::<Map<_, _>>()
        };
        self.rows.iter().map(|row| Value::Object(object(row))).collect()
    }

    /// Writes the table. The extension `.csv`, `.json`, `.md` or `.txt` determines the format. The
    /// file is written completely or not at all.
    ///
    /// # Errors
    /// The file has another extension, or it cannot be written.
    #[cfg(feature = "files")]
    pub fn save(&self, path: &Path) -> Result<()> {
        let text = match path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase().as_str() {
            "csv" => self.csv()?,
            "json" => format!("{:#}\n", self.json()),
            "md" => self.markdown(),
            "txt" => self.text(),
            _ => {
                let want = "a table's name must end in .csv, .json, .md or .txt";
                return Err(Error::argument("file", path.display(), want));
            }
        };
        crate::io::write_atomic(path, |out| out.write_all(text.as_bytes()))
    }

    fn laid_out(&self, begin: &str, between: &str, end: &str, rule: char) -> String {
        let markdown = rule == '-';
        let shown = |text: &str| if markdown { text.replace('|', "\\|").replace('\n', " ") } else { text.to_string() };
        let header: Vec<String> = self.columns.iter().map(|c| shown(c)).collect();
        let body: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| (0..header.len()).map(|j| row.get(j).map(|c| shown(&c.text())).unwrap_or_default()).collect())
            .collect();
        let numeric: Vec<bool> = (0..header.len()).map(|j| self.is_numeric(j)).collect();
        let widths: Vec<usize> = (0..header.len())
            .map(|j| body.iter().map(|row| row[j].chars().count()).fold(header[j].chars().count().max(3), usize::max))
            .collect();
        let line = |cells: &[String]| {
            let padded: Vec<String> = (0..cells.len())
                .map(|j| match numeric[j] {
                    true => format!("{:>w$}", cells[j], w = widths[j]),
                    false => format!("{:<w$}", cells[j], w = widths[j]),
                })
                .collect();
            format!("{}\n", format!("{begin}{}{end}", padded.join(between)).trim_end())
        };
        let rules: Vec<String> = (0..header.len())
            .map(|j| match markdown && numeric[j] {
                true => format!("{}:", "-".repeat(widths[j] - 1)),
                false => rule.to_string().repeat(widths[j]),
            })
            .collect();
        let lines = [line(&header), line(&rules)];
        lines.into_iter().chain(body.iter().map(|row| line(row))).collect()
    }

    /// True if the column contains numbers and no words.
    fn is_numeric(&self, column: usize) -> bool {
        let cells = || self.rows.iter().filter_map(|row| row.get(column));
        cells().any(|c| matches!(c, Cell::Number(_) | Cell::Estimate { .. }))
            && !cells().any(|c| matches!(c, Cell::Text(_)))
    }
}

impl Cell {
    /// Returns the cell formatted for people, by [`number`] and [`estimate`].
    pub fn text(&self) -> String {
        match self {
            Cell::Empty => String::new(),
            Cell::Text(text) => text.clone(),
            Cell::Number(value) => number(*value),
            Cell::Estimate { value, se } => estimate(*value, *se),
        }
    }

    fn json(&self) -> Value {
        match self {
            Cell::Empty => Value::Null,
            Cell::Text(text) => json!(text),
            Cell::Number(value) => json!(value),
            Cell::Estimate { value, se } => json!({ "value": value, "se": se }),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.into())
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Cell {
        Cell::Number(value)
    }
}

#[cfg(test)]
mod tests;
