//! The files that grow during a run: `metrics.csv`, `metrics.jsonl` and `log.txt`. Each line is
//! written to disk at once.

use crate::record::finite;
use crate::run_folder::cannot_write;
use crate::visible::visible;
use sdflow_dsl::{Diagnostic, FILM_FOLDER};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The largest number of films that are kept: those of the first runs of a script, and that of its
/// last run.
const FILMS: usize = 4;

/// The growing files of a run.
#[derive(Debug)]
pub struct RunFiles {
    folder: PathBuf,
    columns: Vec<String>,
    csv: Option<File>,
    jsonl: Option<File>,
    log: File,
    films: usize,
}

impl RunFiles {
    /// Creates the files of the run in `folder`.
    ///
    /// # Errors
    /// The I/O error of the operating system.
    pub fn create(folder: &Path) -> Result<RunFiles, Diagnostic> {
        let path = folder.join("log.txt");
        let log = File::create(&path).map_err(|e| cannot_write(&path, &e))?;
        Ok(RunFiles { folder: folder.into(), columns: Vec::new(), csv: None, jsonl: None, log, films: 0 })
    }

    /// Adds a line to the log.
    ///
    /// # Errors
    /// The I/O error of the operating system.
    pub fn note(&mut self, line: &str) -> Result<(), Diagnostic> {
        writeln!(self.log, "{}", visible(line)).map_err(|e| cannot_write(&self.folder.join("log.txt"), &e))
    }

    /// Adds a row to both tables. In `metrics.jsonl` a value that is not finite becomes null and is
    /// named under `flags`.
    ///
    /// # Errors
    /// The I/O error of the operating system.
    pub fn row(&mut self, row: &BTreeMap<String, f64>) -> Result<(), Diagnostic> {
        let jsonl = self.folder.join("metrics.jsonl");
        self.append_json(&jsonl, row).map_err(|e| cannot_write(&jsonl, &e))?;
        let csv = self.folder.join("metrics.csv");
        self.append_csv(&csv, row).map_err(|e| cannot_write(&csv, &e))
    }

    /// Writes a film as JSON.
    ///
    /// # Errors
    /// The I/O error of the operating system.
    pub fn film(&mut self, json: &str) -> Result<(), Diagnostic> {
        let path = self.folder.join(FILM_FOLDER).join(format!("{}.json", self.films.min(FILMS - 1)));
        self.films += 1;
        let folder = self.folder.join(FILM_FOLDER);
        std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, json)).map_err(|e| cannot_write(&path, &e))
    }

    fn append_json(&mut self, path: &Path, row: &BTreeMap<String, f64>) -> io::Result<()> {
        let file = match &mut self.jsonl {
            Some(file) => file,
            none => none.insert(File::create(path)?),
        };
        file.write_all(json_line(row).as_bytes())
    }

    fn append_csv(&mut self, path: &Path, row: &BTreeMap<String, f64>) -> io::Result<()> {
        let fresh: Vec<String> = row.keys().filter(|name| !self.columns.contains(name)).cloned().collect();
        if !fresh.is_empty() || self.csv.is_none() {
            self.columns.extend(fresh);
            // The column `step` comes first.
            self.columns.sort_by_key(|name| name != "step");
            return self.widen_csv(path);
        }
        let line = csv_line(self.columns.iter().map(|name| row.get(name).map_or(String::new(), |v| number(*v))))?;
        self.csv.as_mut().map_or(Ok(()), |file| file.write_all(&line))
    }

    /// Rewrites metrics.csv from metrics.jsonl, with all present columns.
    fn widen_csv(&mut self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(&csv_line(self.columns.iter().cloned())?)?;
        for line in sdflow::io::read_regular_text(&self.folder.join("metrics.jsonl"))?.lines() {
            let row: Map<String, Value> = serde_json::from_str(line)?;
            file.write_all(&csv_line(self.columns.iter().map(|name| cell(&row, name)))?)?;
        }
        self.csv = Some(file);
        Ok(())
    }
}

fn json_line(row: &BTreeMap<String, f64>) -> String {
    let mut object = Map::new();
    let mut flags = Map::new();
    for (name, value) in row {
        let (value, flag) = finite(*value);
        object.insert(name.clone(), json!(value));
        if flag.is_some() {
            flags.insert(name.clone(), json!(flag));
        }
    }
    if !flags.is_empty() {
        object.insert("flags".into(), Value::Object(flags));
    }
    Value::Object(object).to_string() + "\n"
}

fn cell(row: &Map<String, Value>, name: &str) -> String {
    match row.get(name) {
        None => String::new(),
        Some(value) => value.as_f64().map_or_else(
            || {
                row["flags"][name]
                    .as_str()
                    .map_or(String::new(), |flag| if flag == "nan" { "NaN".into() } else { flag.into() })
            },
            number,
        ),
    }
}

/// Returns the shortest text that reads back as `value`; whole numbers have no point.
pub fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value:?}") }
}

/// Returns one line of a table according to RFC 4180, with its line break.
///
/// # Errors
/// None in practice, because it writes to memory.
pub fn csv_line(cells: impl Iterator<Item = String>) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(|e| io::Error::other(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[(&str, f64)]) -> BTreeMap<String, f64> {
        values.iter().map(|(name, value)| (name.to_string(), *value)).collect()
    }

    #[test]
    fn rows_are_on_disk_at_once_and_new_columns_widen_the_table() {
        let dir = tempfile::tempdir().unwrap();
        let mut files = RunFiles::create(dir.path()).unwrap();
        files.row(&row(&[("step", 0.0), ("energy", 0.25)])).unwrap();
        files.row(&row(&[("step", 10.0), ("energy", f64::NAN)])).unwrap();
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read("metrics.csv"), "step,energy\n0,0.25\n10,NaN\n");
        files.row(&row(&[("step", 0.0), ("a,b", f64::INFINITY)])).unwrap();
        assert_eq!(read("metrics.csv"), "step,energy,\"a,b\"\n0,0.25,\n10,NaN,\n0,,inf\n");
        assert_eq!(
            read("metrics.jsonl").lines().nth(1),
            Some(r#"{"energy":null,"step":10.0,"flags":{"energy":"nan"}}"#)
        );
    }

    #[test]
    fn numbers_read_back_exactly() {
        for value in [0.1, 1e-300, 1e300, -3.0, 1.0 / 3.0, 4503599627370497.5] {
            assert_eq!(number(value).parse::<f64>().unwrap(), value);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_a_message() {
        let dir = tempfile::tempdir().unwrap();
        let mut files = RunFiles::create(dir.path()).unwrap();
        std::os::unix::fs::symlink("/dev/full", dir.path().join("metrics.jsonl")).unwrap();
        let full = files.row(&row(&[("step", 0.0)])).unwrap_err();
        assert!(
            full.message.contains("metrics.jsonl") && full.hint.unwrap().contains("free some space"),
            "{}",
            full.message
        );
    }
}
