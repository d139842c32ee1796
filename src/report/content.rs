//! What a run folder holds for its report, thinned to a size that a browser loads at once.

use crate::record::Record;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sdflow::io::{open_regular, read_regular, read_regular_text};
use sdflow_dsl::FILM_FOLDER;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The largest size of the films of a report, and of its films and pictures together, in bytes of
/// its text.
const FILMS: usize = 3_000_000;
const FILMS_AND_PICTURES: usize = 4_500_000;
/// The largest number of rows of the history, and of a table.
const ROWS: usize = 400;
/// The largest number of runs whose curves are shown.
const RUNS: usize = 40;
const TABLE_ROWS: usize = 100;

/// The content of a run folder.
#[derive(Debug, Default)]
pub struct Content {
    pub script: String,
    /// The history of each run of a flow, in order.
    pub curves: Vec<Value>,
    /// The number of earlier runs, whose history is left out.
    pub runs_before: usize,
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
        let script = read_regular_text(&folder.join("script.rhai")).unwrap_or_default();
        let mut content = Content { script, ..Content::default() };
        content.read_curves(folder);
        content.read_films(folder);
        let of_films = content.films.iter().map(String::len).sum();
        content.read_pictures(record, folder, of_films);
        content.read_tables(record, folder);
        content
    }

    fn read_curves(&mut self, folder: &Path) {
        let Ok(file) = open_regular(&folder.join("metrics.jsonl")) else { return };
        let rows = BufReader::new(file).lines().map_while(Result::ok);
        let rows = rows.filter_map(|line| serde_json::from_str::<Map<String, Value>>(&line).ok());
        let mut runs: Vec<History> = Vec::new();
        let mut last = f64::INFINITY;
        for mut row in rows {
            let Some(step) = row.get("step").and_then(Value::as_f64) else { continue };
            row.remove("flags");
            if step <= last {
                runs.push(History::default());
            }
            last = step;
            if let Some(run) = runs.last_mut() {
                run.push(row);
            }
        }
        if runs.len() > RUNS {
            self.left_out.push(format!("The curves show the last {RUNS} of {} runs.", runs.len()));
            self.runs_before = runs.len() - RUNS;
            runs.drain(..self.runs_before);
        }
        if runs.iter().any(|run| run.every > 1) {
            self.left_out.push("The curves show some of the rows of metrics.csv.".into());
        }
        self.curves = runs.iter().map(History::columns).collect();
    }

    fn read_films(&mut self, folder: &Path) {
        let (mut size, mut runs) = (0, None);
        for number in 0.. {
            let path = folder.join(FILM_FOLDER).join(format!("{number}.json"));
            if !path.exists() {
                break;
            }
            let text = read_regular_text(&path).unwrap_or_default();
            size += text.len();
            match StoredFilm::checked(&text) {
                Some(film) if size <= FILMS => {
                    runs = Some(film.run);
                    self.films.push(text);
                }
                _ => self.left_out.push(format!("The film {FILM_FOLDER}/{number}.json is left out.")),
            }
        }
        let filmed = self.films.len();
        if runs.is_some_and(|last| last > filmed) {
            self.left_out.push("Only some of the runs were filmed: the first ones and the last one.".into());
        }
    }

    /// Reads the pictures. They may take what the films, whose size is given, have left.
    fn read_pictures(&mut self, record: &Record, folder: &Path, mut size: usize) {
        for file in &record.files {
            let kind = match file.extension().and_then(|ending| ending.to_str()) {
                Some("svg") => "svg+xml",
                Some("png") => "png",
                Some("gif") => "gif",
                _ => continue,
            };
            let path = folder.join(file);
            // Four letters stand for three bytes. The size is known before the file is read.
            let letters = fs::metadata(&path).map_or(0, |found| 4 * (found.len() as usize).div_ceil(3));
            if size + letters > FILMS_AND_PICTURES {
                self.left_out.push(format!("The picture {} is left out because of its size.", file.display()));
                continue;
            }
            let Ok(bytes) = read_regular(&path) else {
                self.left_out.push(format!("The picture {} cannot be read.", file.display()));
                continue;
            };
            size += letters;
            let source = base64_source(kind, &bytes);
            self.pictures.push((file.clone(), source));
        }
    }

    fn read_tables(&mut self, record: &Record, folder: &Path) {
        let is_table = |file: &&PathBuf| file.starts_with("tables") && file.extension().is_some_and(|e| e == "csv");
        for file in record.files.iter().filter(is_table) {
            let Some((rows, is_whole)) = read_table(&folder.join(file), TABLE_ROWS) else {
                self.left_out.push(format!("The table {} cannot be read.", file.display()));
                continue;
            };
            if !is_whole {
                self.left_out.push(format!("The report shows {TABLE_ROWS} rows of {}.", file.display()));
            }
            self.tables.push((file.clone(), rows));
        }
    }
}

/// Returns a picture as the source of an image.
pub fn base64_source(kind: &str, bytes: &[u8]) -> String {
    format!("data:image/{kind};base64,{}", BASE64_STANDARD.encode(bytes))
}

/// Returns the header and at most `most` rows of a CSV file, and whether these are all; None if it
/// cannot be read.
pub fn read_table(path: &Path, most: usize) -> Option<(Vec<Vec<String>>, bool)> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(open_regular(path).ok()?);
    let rows = reader.records().map(|row| row.map(|row| row.iter().map(String::from).collect()));
    let mut rows = rows.take(most + 2).collect::<Result<Vec<Vec<String>>, _>>().ok()?;
    let is_whole = rows.len() <= most + 1;
    rows.truncate(most + 1);
    Some((rows, is_whole))
}

/// The rows of a run, thinned while they are read.
#[derive(Debug)]
struct History {
    kept: Vec<Map<String, Value>>,
    /// The last row, which is always shown.
    last: Option<Map<String, Value>>,
    seen: usize,
    every: usize,
}

impl Default for History {
    fn default() -> History {
        History { kept: Vec::new(), last: None, seen: 0, every: 1 }
    }
}

impl History {
    fn push(&mut self, row: Map<String, Value>) {
        if self.seen.is_multiple_of(self.every) {
            self.kept.push(row.clone());
        }
        self.last = Some(row);
        self.seen += 1;
        if self.kept.len() > ROWS {
            self.every *= 2;
            let mut index = 0;
            self.kept.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
    }

    /// Returns the rows as columns: an object of arrays.
    fn columns(&self) -> Value {
        let is_last_kept = self.seen.checked_sub(1).is_none_or(|last| last.is_multiple_of(self.every));
        let rows: Vec<_> = self.kept.iter().chain(self.last.iter().filter(|_| !is_last_kept)).collect();
        let mut names: Vec<&String> = Vec::new();
        for name in rows.iter().flat_map(|row| row.keys()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let column = |name: &String| rows.iter().map(|row| row.get(name).cloned().unwrap_or(Value::Null)).collect();
        let columns: Map<String, Value> =
            names.iter().map(|name| ((*name).clone(), Value::Array(column(name)))).collect();
        json!(columns)
    }
}

/// The parts of a film that its player relies on.
#[derive(Debug, Deserialize)]
struct StoredFilm {
    /// The number of the run, counted from 1.
    run: usize,
    axes: Vec<String>,
    low: Vec<f64>,
    high: Vec<f64>,
    steps: Vec<u64>,
    shown: usize,
    frames: String,
    reference: String,
}

impl StoredFilm {
    /// Returns the film if its lengths agree.
    fn checked(text: &str) -> Option<StoredFilm> {
        let film: StoredFilm = serde_json::from_str(text).ok()?;
        let dim = film.axes.len();
        let bytes = |text: &str| BASE64_STANDARD.decode(text).ok().map(|bytes| bytes.len());
        let wanted = film.steps.len().checked_mul(film.shown)?.checked_mul(2 * dim)?;
        let fits = (1..=3).contains(&dim)
            && film.low.len() == dim
            && film.high.len() == dim
            && film.steps.len() >= 2
            && film.shown > 0
            && bytes(&film.frames) == Some(wanted)
            && bytes(&film.reference)?.is_multiple_of(2 * dim);
        fits.then_some(film)
    }
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
        assert!(rows("").curves.is_empty() && rows("{\n[1]\n{\"energy\": 1}").curves.is_empty());
        let many: String = (0..50).map(|k| format!("{{\"step\":0,\"k\":{k}}}\n{{\"step\":1,\"k\":{k}}}\n")).collect();
        let content = rows(&many);
        assert_eq!((content.curves.len(), &content.curves[0]["k"][0]), (RUNS, &json!(10)));
        assert_eq!(content.left_out, ["The curves show the last 40 of 50 runs."]);
    }

    #[test]
    fn a_long_history_is_thinned_and_that_is_said() {
        let text: String = (0..4000).map(|step| format!("{{\"step\":{step}}}\n")).collect();
        let content = rows(&text);
        let steps = content.curves[0]["step"].as_array().unwrap();
        assert!((ROWS / 2..=ROWS + 1).contains(&steps.len()), "{}", steps.len());
        assert!(steps.first() == Some(&json!(0)) && steps.last() == Some(&json!(3999)));
        assert_eq!(content.left_out, ["The curves show some of the rows of metrics.csv."]);
    }
}
