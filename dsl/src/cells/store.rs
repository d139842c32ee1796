//! Finished cells on disk, so that an interrupted run does not compute them again.

use crate::context::{CELLS, CellRecord, Context};
use crate::language::{Exact, Fail, exact};
use crate::value::Reading;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A sweep of a run on disk: a line per finished cell, and the files that the cells wrote.
pub struct Store {
    /// Parent of the folders of the cells.
    folder: PathBuf,
    lines: PathBuf,
    file: Mutex<File>,
    run: String,
}

/// The results of a finished cell.
pub struct Finished {
    /// The readings that its function returned.
    pub readings: Vec<(String, Reading)>,
    /// Its record: what it printed, wrote and counted.
    pub trace: CellRecord,
}

#[derive(Serialize, Deserialize)]
struct Line {
    /// The identity of the run, and the instruction set, on which the bytes of the results depend.
    run: String,
    cell: usize,
    /// The name of the cell, which lists the values of its parameters.
    at: String,
    readings: Vec<(String, Kept)>,
    trace: CellRecord,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    value: Exact,
    se: Option<Exact>,
    floor: Option<Exact>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parts: BTreeMap<String, Exact>,
}

impl Store {
    /// Opens the `number`-th sweep of a run and reads its finished cells; `name` returns the name
    /// of a cell.
    ///
    /// # Errors
    /// The run folder cannot be written.
    pub fn open(
        context: &Context,
        number: u64,
        name: impl Fn(usize) -> Option<String>,
    ) -> Result<(Store, BTreeMap<usize, Finished>), Fail> {
        let folder = context.sandbox.folder().join(CELLS).join(number.to_string());
        let lines = folder.with_extension("jsonl");
        let run = format!("{} {}", context.identity, context.pairwise.options().isa.resolved().name());
        let text = sdflow::io::read_regular(&lines).unwrap_or_default();
        // A process that is killed while writing leaves a partial last line, which is skipped.
        let own = |line: &Line| line.run == run && name(line.cell).is_some_and(|name| name == line.at);
        let whole =
            |line: &Line| line.trace.files.iter().all(|file| folder.join(line.cell.to_string()).join(file).is_file());
        let read = text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok());
        let found: Vec<Line> = read.filter(own).filter(whole).collect();
        let refused = |e: std::io::Error| write_error(&lines, &e);
        fs::create_dir_all(context.sandbox.folder().join(CELLS)).map_err(refused)?;
        let kept = found.iter().map(encode_line).collect::<Result<String, _>>()?;
        sdflow::io::write_atomic(&lines, |out| out.write_all(kept.as_bytes())).map_err(Fail::from)?;
        let file = Mutex::new(OpenOptions::new().append(true).open(&lines).map_err(refused)?);
        let finished = found.into_iter().map(|line| (line.cell, line.into_results())).collect();
        Ok((Store { folder, lines, file, run }, finished))
    }

    /// Returns the empty folder for the files of cell `index`; files of an earlier run are deleted.
    ///
    /// # Errors
    /// The I/O error of the operating system.
    pub fn clear(&self, index: usize) -> Result<PathBuf, Fail> {
        let folder = self.folder.join(index.to_string());
        match fs::remove_dir_all(&folder) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(write_error(&folder, &e)),
            _ => Ok(folder),
        }
    }

    /// Records a finished cell and returns its record.
    ///
    /// # Errors
    /// The I/O error of the operating system.
    pub fn keep(&self, index: usize, name: &str, Finished { readings, trace }: Finished) -> Result<CellRecord, Fail> {
        let readings = readings.into_iter().map(|(name, reading)| (name, Kept::of(&reading))).collect();
        let line = Line { run: self.run.clone(), cell: index, at: name.into(), readings, trace };
        let text = encode_line(&line)?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(text.as_bytes()).map_err(|e| write_error(&self.lines, &e))?;
        Ok(line.trace)
    }

    /// Copies the files of a cell to the run folder. The originals stay until the run ends.
    ///
    /// # Errors
    /// The I/O error of the operating system.
    pub fn deliver(&self, context: &Context, index: usize, trace: &CellRecord) -> Result<(), Fail> {
        for file in &trace.files {
            let path = context.sandbox.writable(&file.to_string_lossy(), "")?;
            fs::copy(self.folder.join(index.to_string()).join(file), &path).map_err(|e| write_error(&path, &e))?;
            context.record_file(&path);
        }
        Ok(())
    }
}

impl Line {
    fn into_results(self) -> Finished {
        let reading = |kept: Kept| Reading {
            value: kept.value.0,
            se: kept.se.map(|se| se.0),
            floor: kept.floor.map(|floor| floor.0),
            parts: exact(kept.parts),
        };
        let readings = self.readings.into_iter().map(|(name, kept)| (name, reading(kept))).collect();
        Finished { readings, trace: self.trace }
    }
}

impl Kept {
    fn of(reading: &Reading) -> Kept {
        Kept {
            value: Exact(reading.value),
            se: reading.se.map(Exact),
            floor: reading.floor.map(Exact),
            parts: reading.parts.iter().map(|(name, value)| (name.clone(), Exact(*value))).collect(),
        }
    }
}

fn encode_line(line: &Line) -> Result<String, Fail> {
    let text = serde_json::to_string(line).map_err(|e| Fail::data(format!("a cell cannot be recorded: {e}")))?;
    Ok(text + "\n")
}

fn write_error(path: &Path, error: &std::io::Error) -> Fail {
    Fail::data(format!("cannot write {}: {error}", path.display()))
        .hint("free some space, or choose another folder with `--out`")
}
