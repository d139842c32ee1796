//! What a run folder holds for its report, thinned to a size that a browser loads at once.

use crate::record::Record;
use crate::run_files::FILM_FOLDER;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The largest size of the films and the pictures of a report, in bytes of its text.
const FILMS: usize = 3_000_000;
const PICTURES: usize = 1_500_000;
/// The largest number of rows of the history, and of a table.
const ROWS: usize = 1500;
const TABLE_ROWS: usize = 100;

/// The content of a run folder.
#[derive(Debug, Default)]
pub struct Content {
    pub script: String,
    /// The history of each run of a flow, in order.
    pub curves: Vec<Value>,
    /// The films as JSON.
    pub films: Vec<String>,
    /// Pictures: their file in the run folder, and their content as the source of an image.
    pub pictures: Vec<(PathBuf, String)>,
    /// Tables: their file in the run folder, the header, and rows.
    pub tables: Vec<(PathBuf, Vec<Vec<String>>)>,
    /// What the report leaves out, in sentences.
    pub left_out: Vec<String>,
}

impl Content {
    /// Reads the folder of a run. What cannot be read is left out, with a sentence that says so.
    pub fn read(record: &Record, folder: &Path) -> Content {
        let mut content = Content::default();
        content.script = fs::read_to_string(folder.join("script.rhai")).unwrap_or_default();
        content.read_curves(folder);
        content.read_films(folder);
        content.read_pictures(record, folder);
        content.read_tables(record, folder);
        content
    }

    fn read_curves(&mut self, folder: &Path) {
        let Ok(text) = fs::read_to_string(folder.join("metrics.jsonl")) else { return };
        let rows = text.lines().filter_map(|line| serde_json::from_str::<Map<String, Value>>(line).ok());
        let mut runs: Vec<Vec<Map<String, Value>>> = Vec::new();
        let step = |row: &Map<String, Value>| row.get("step").and_then(Value::as_f64);
        for mut row in rows {
            row.remove("flags");
            match runs.last_mut() {
                Some(run) if run.last().and_then(step) < step(&row) => run.push(row),
                _ => runs.push(vec![row]),
            }
        }
        let total: usize = runs.iter().map(Vec::len).sum();
        let every = total.div_ceil(ROWS).max(1);
        if every > 1 {
            self.left_out.push(format!("The curves show every {every}th row of metrics.csv."));
        }
        self.curves = runs.iter().map(|run| columns(run, every)).collect();
    }

    fn read_films(&mut self, folder: &Path) {
        let mut size = 0;
        for number in 0.. {
            let Ok(text) = fs::read_to_string(folder.join(FILM_FOLDER).join(format!("{number}.json"))) else { break };
            size += text.len();
            let is_film = serde_json::from_str::<Value>(&text).is_ok_and(|film| film["frames"].is_string());
            if size > FILMS || !is_film {
                self.left_out.push(format!("The film {FILM_FOLDER}/{number}.json is left out."));
                continue;
            }
            self.films.push(text);
        }
    }

    fn read_pictures(&mut self, record: &Record, folder: &Path) {
        let mut size = 0;
        for file in &record.files {
            let kind = match file.extension().and_then(|ending| ending.to_str()) {
                Some("svg") => "svg+xml",
                Some("png") => "png",
                _ => continue,
            };
            let Ok(bytes) = fs::read(folder.join(file)) else {
                self.left_out.push(format!("The picture {} cannot be read.", file.display()));
                continue;
            };
            let source = format!("data:image/{kind};base64,{}", BASE64_STANDARD.encode(&bytes));
            if size + source.len() > PICTURES {
                self.left_out.push(format!("The picture {} is left out because of its size.", file.display()));
                continue;
            }
            size += source.len();
            self.pictures.push((file.clone(), source));
        }
    }

    fn read_tables(&mut self, record: &Record, folder: &Path) {
        let is_table = |file: &&PathBuf| file.starts_with("tables") && file.extension().is_some_and(|e| e == "csv");
        for file in record.files.iter().filter(is_table) {
            let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_path(folder.join(file));
            let Ok(mut reader) = reader else {
                self.left_out.push(format!("The table {} cannot be read.", file.display()));
                continue;
            };
            let rows = reader.records().flatten().map(|row| row.iter().map(String::from).collect());
            let mut rows: Vec<Vec<String>> = rows.take(TABLE_ROWS + 2).collect();
            if rows.len() > TABLE_ROWS + 1 {
                rows.truncate(TABLE_ROWS + 1);
                self.left_out.push(format!("The report shows {TABLE_ROWS} rows of {}.", file.display()));
            }
            self.tables.push((file.clone(), rows));
        }
    }
}

/// Returns every k-th row and the last one as columns: an object of arrays.
fn columns(rows: &[Map<String, Value>], every: usize) -> Value {
    let last = rows.len().saturating_sub(1);
    let kept: Vec<_> = rows.iter().enumerate().filter(|(i, _)| i % every == 0 || *i == last).map(|(_, r)| r).collect();
    let mut names: Vec<&String> = Vec::new();
    for name in kept.iter().flat_map(|row| row.keys()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let column = |name: &String| kept.iter().map(|row| row.get(name).cloned().unwrap_or(Value::Null)).collect();
    let columns: Map<String, Value> = names.iter().map(|name| ((*name).clone(), Value::Array(column(name)))).collect();
    json!(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Content {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("metrics.jsonl"), text).unwrap();
        Content::read(&Record::new("a.rhai".into(), "0", 0, false), dir.path())
    }

    #[test]
    fn a_smaller_step_begins_another_run() {
        let text = "{\"step\":0,\"energy\":3}\n{\"step\":5,\"energy\":null,\"flags\":{\"energy\":\"nan\"}}\n{\"step\":0,\"mmd\":1}\n";
        let curves = rows(text).curves;
        assert_eq!(curves[0], json!({"step": [0, 5], "energy": [3, null]}));
        assert_eq!(curves[1], json!({"step": [0], "mmd": [1]}));
        assert!(rows("").curves.is_empty() && rows("{\n[1]").curves.is_empty());
    }

    #[test]
    fn a_long_history_is_thinned_and_that_is_said() {
        let text: String = (0..4000).map(|step| format!("{{\"step\":{step}}}\n")).collect();
        let content = rows(&text);
        let steps = content.curves[0]["step"].as_array().unwrap();
        assert!(steps.len() <= ROWS + 1 && steps.last() == Some(&json!(3999)), "{}", steps.len());
        assert_eq!(content.left_out, ["The curves show every 3th row of metrics.csv."]);
    }
}
