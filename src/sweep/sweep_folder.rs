//! The sweep folder: `sweep.json`, the tables, the picture, and the cells' run folders in `cells/`.

use super::plan::{Cell, SweepPlan};
use crate::diagnostics::{self, of_engine};
use crate::lock::open_lock;
use crate::record::EngineRecord;
use crate::record::read::unreadable;
use crate::run_folder::cannot_write;
use sdflow::io::read_regular;
use sdflow_dsl::Diagnostic;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const PLAN: &str = "sweep.json";
const LOCK: &str = ".lock";

/// A sweep folder; several processes may work in it.
#[derive(Debug)]
pub struct SweepFolder(PathBuf);

/// The content of `sweep.json`, which describes the sweep.
#[derive(Debug, Serialize, Deserialize)]
struct Described {
    schema: u32,
    script: PathBuf,
    /// Hash of the identities of the cells.
    identity: String,
    engine: EngineRecord,
    /// Axes that vary together are one group; the first group varies slowest.
    axes: Vec<Vec<AxisDescribed>>,
    cells: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct AxisDescribed {
    name: String,
    values: Vec<String>,
}

impl SweepFolder {
    /// Opens the folder at `path` for `plan` of `script`. If the folder holds the cells of a
    /// smaller plan, they are used.
    ///
    /// # Errors
    /// The folder contains something else or the sweep of another script, or cannot be written.
    pub fn open(path: &Path, script: &Path, plan: &SweepPlan) -> Result<SweepFolder, Diagnostic> {
        let folder = SweepFolder(path.into());
        folder.is_ours(script)?;
        fs::create_dir_all(path.join("cells")).map_err(|e| cannot_write(path, &e))?;
        let axis = |axis: &super::axis::Axis| AxisDescribed { name: axis.name.clone(), values: axis.values.clone() };
        let described = Described {
            schema: 1,
            script: script.into(),
            identity: plan.identity(),
            engine: EngineRecord::this(),
            axes: plan.groups.iter().map(|group| group.0.iter().map(axis).collect()).collect(),
            cells: plan.cells.len(),
        };
        let text = serde_json::to_string_pretty(&described).map_err(|e| diagnostics::data(e.to_string(), None))?;
        folder.locked(|| folder.write(PLAN, text + "\n"))?;
        Ok(folder)
    }

    /// Checks that the folder is empty or contains a sweep of `script`.
    fn is_ours(&self, script: &Path) -> Result<(), Diagnostic> {
        let path = &self.0;
        let file = path.join(PLAN);
        match read_regular(&file) {
            Ok(bytes) => {
                let described: Described = serde_json::from_slice(&bytes).map_err(|e| {
                    let hint = "choose another `--out`, or delete that folder if you do not need it";
                    diagnostics::data(unreadable(&file, &e), Some(hint))
                })?;
                match described.script.file_name() == script.file_name() {
                    true => Ok(()),
                    false => Err(diagnostics::usage(
                        format!("{} holds a sweep of {}", path.display(), described.script.display()),
                        "choose another `--out`",
                    )),
                }
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {
                // Another process may have written the plan after this process looked for it.
                let own = |name: &str| [PLAN, "cells"].contains(&name) || name.starts_with('.');
                let entries = fs::read_dir(path).into_iter().flatten().flatten();
                let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
                match names.find(|name| !own(name)) {
                    None => Ok(()),
                    Some(name) => Err(diagnostics::usage(
                        format!("{} is not a sweep folder: it holds {name}", path.display()),
                        "choose an empty folder, or one that does not exist yet, for `--out`",
                    )),
                }
            }
            Err(e) => Err(cannot_write(&file, &e)),
        }
    }

    /// Returns the run folder of a cell, relative to the folder of the sweep.
    pub fn relative(cell: &Cell) -> PathBuf {
        let name = cell.prepared.script().file_stem().unwrap_or_default().to_string_lossy();
        Path::new("cells").join(format!("{name}-{}", cell.prepared.identity()))
    }

    /// Returns the run folder of a cell.
    pub fn cell(&self, cell: &Cell) -> PathBuf {
        self.0.join(SweepFolder::relative(cell))
    }

    /// Calls `act` while it holds the lock of the folder, which the system releases if a process is
    /// killed.
    ///
    /// # Errors
    /// Those of `act`; the folder cannot be written.
    pub fn locked<T>(&self, act: impl FnOnce() -> Result<T, Diagnostic>) -> Result<T, Diagnostic> {
        let path = self.0.join(LOCK);
        let lock =
            open_lock(&path).and_then(|file| file.lock().map(|()| file)).map_err(|e| cannot_write(&self.0, &e))?;
        // No other process writes now, so a partial file is from a process that was killed.
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') && name.ends_with(".tmp") {
                let _ = fs::remove_file(entry.path());
            }
        }
        let done = act();
        drop(lock);
        done
    }

    /// Writes a file of the folder, completely or not at all.
    ///
    /// # Errors
    /// The I/O error of the operating system.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<(), Diagnostic> {
        sdflow::io::write_atomic(&self.0.join(name), |out| out.write_all(text.as_ref())).map_err(|e| of_engine(&e))
    }
}
