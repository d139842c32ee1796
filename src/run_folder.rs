//! The run folder: how it is opened, locked, cleared and finished.
//!
//! A finished run is replaced only when the run that replaces it is complete.

mod earlier;
mod fault;

pub use fault::{busy, cannot_write};

use crate::diagnostics;
use crate::lock::open_lock;
use crate::record::read::unreadable;
use crate::record::{Record, Status};
use sdflow_dsl::{CELLS, CHECKPOINTS, Diagnostic, FILM_FOLDER};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// The name of the record of a run.
pub const RECORD: &str = "run.json";

/// The name of the page in the folder of a run or a sweep.
pub const REPORT: &str = "report.html";

/// The files of a run folder. Besides these files, only [`DRAFTS`] and the files that the record
/// names are ever deleted. The record is removed last: if the program is killed while it deletes a
/// folder, the folder is still recognised.
const CONTENT: [&str; 13] = [
    CELLS,
    CHECKPOINTS,
    "script.rhai",
    "metrics.csv",
    "metrics.jsonl",
    "log.txt",
    "samples",
    "plots",
    "models",
    "tables",
    FILM_FOLDER,
    REPORT,
    RECORD,
];
/// Files that may have been written only in part.
const DRAFTS: [&str; 2] = ["run.json.draft", "script.rhai.draft"];
/// What is kept only until a run is complete.
const UNFINISHED: [&str; 2] = [CELLS, CHECKPOINTS];
const LOCK: &str = ".lock";

/// A run folder that this process has locked and writes.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// The finished run that this run replaces when it is complete.
    replaces: Option<PathBuf>,
    _lock: File,
}

/// The state of the folder that [`open`] found.
#[derive(Debug)]
pub enum FolderState {
    /// The same run, complete.
    Finished(Box<Record>),
    /// The same run, not finished, with its status. If the run is not forced, its record, its
    /// checkpoints and the finished cells of its sweeps are kept; its other files are deleted.
    Unfinished(RunFolder, Status),
    /// No run, or another run that is overwritten.
    New(RunFolder),
    /// A run that another process is computing now.
    Busy,
}

/// Opens the folder at `path` for the run that begins with the record `wanted`. With `force` a
/// finished run is computed again in another folder beside it. The old folder stays until the new
/// folder is complete.
///
/// # Errors
/// The folder holds other files or another run, its record cannot be read, or it cannot be written.
pub fn open(path: &Path, wanted: &Record, force: bool) -> Result<FolderState, Diagnostic> {
    let refused = |e: io::Error| cannot_write(path, &e);
    let aside = beside(path, "replaced");
    if aside.exists() && !path.exists() {
        // The program was killed between the two renames of a replacement.
        fs::rename(&aside, path).map_err(refused)?;
    }
    let there = match read_record(path) {
        // With `force` a damaged record counts as missing, and the run is replaced.
        Err(_) if force && path.join(RECORD).is_file() => None,
        there => there?,
    };
    let same = there.as_ref().is_some_and(|record| record.identity == wanted.identity);
    match there {
        Some(record) if same && record.status == Status::Done && !force => {
            remove_leftovers(path);
            Ok(FolderState::Finished(Box::new(record)))
        }
        Some(record) if record.status == Status::Done && force => {
            let anew = beside(path, "new");
            let folder = RunFolder::lock_and_clear(&anew, false).map_err(|e| cannot_write(&anew, &e))?;
            Ok(folder.map_or(FolderState::Busy, |folder| {
                FolderState::New(RunFolder { replaces: Some(path.into()), ..folder })
            }))
        }
        Some(record) if !same && !force => Err(diagnostics::usage(
            format!("the folder `{}` holds another run: {}", path.display(), wanted.difference(&record)),
            "choose another folder with `--out`, or overwrite this one with `--force`",
        )),
        Some(record) => {
            let folder = RunFolder::lock_and_clear(path, same && !force).map_err(refused)?;
            Ok(folder.map_or(FolderState::Busy, |folder| match same {
                true => FolderState::Unfinished(folder, record.status),
                false => FolderState::New(folder),
            }))
        }
        None => {
            Ok(RunFolder::lock_and_clear(path, false).map_err(refused)?.map_or(FolderState::Busy, FolderState::New))
        }
    }
}

/// Removes what the finished run in `folder` no longer needs: the program may have been killed
/// between the final record and tidying up. A folder that another process has locked is left to
/// that process. Errors are ignored: leftovers change no result, and the folder may be read-only.
pub fn remove_leftovers(folder: &Path) {
    let aside = beside(folder, "replaced");
    let mut leftovers: Vec<PathBuf> = UNFINISHED.iter().map(|name| folder.join(name)).collect();
    leftovers.extend(matches!(read_record(&aside), Ok(Some(_))).then_some(aside));
    if leftovers.iter().all(|entry| !entry.exists()) {
        return;
    }
    if let Ok(lock) = open_lock(&folder.join(LOCK))
        && lock.try_lock().is_ok()
    {
        for entry in &leftovers {
            let _ = remove(entry);
        }
    }
}

/// Reads the record in the folder at `path`; None if the folder does not exist, is empty, or holds
/// only a lock or a draft.
///
/// # Errors
/// The folder holds something else, or a record that cannot be read.
pub fn read_record(path: &Path) -> Result<Option<Record>, Diagnostic> {
    match sdflow::io::read_regular(&path.join(RECORD)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| {
            let hint = "replace that run with `--force`, or choose another `--out`";
            diagnostics::data(unreadable(&path.join(RECORD), &e), Some(hint))
        }),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let own = |entry: &fs::DirEntry| entry.file_name() == LOCK || entry.file_name() == DRAFTS[0];
            let foreign = fs::read_dir(path).into_iter().flatten().flatten().find(|entry| !own(entry));
            match foreign {
                None => Ok(None),
                Some(entry) => Err(diagnostics::usage(
                    format!(
                        "the folder `{}` is not a run folder: it holds `{}`",
                        path.display(),
                        entry.file_name().to_string_lossy()
                    ),
                    "choose an empty folder, or one that does not exist yet, for `--out`",
                )),
            }
        }
        Err(e) => Err(cannot_write(path, &e)),
    }
}

/// Removes a file, a link or a folder with its content, if it exists.
fn remove(entry: &Path) -> io::Result<()> {
    match fs::symlink_metadata(entry) {
        Ok(kind) if kind.is_dir() => fs::remove_dir_all(entry),
        Ok(_) => fs::remove_file(entry),
        Err(_) => Ok(()),
    }
}

/// Removes the temporary files (`*.tmp`) that a killed process left in `folder`.
fn remove_temporary(folder: &Path) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let is_temporary = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "tmp");
    entries.flatten().map(|entry| entry.path()).filter(is_temporary).try_for_each(|path| remove(&path))
}

impl RunFolder {
    /// Locks the folder at `path` and deletes the files of an earlier run. With `keep`, its record,
    /// its checkpoints and the finished cells of its sweeps stay. None if another process has
    /// locked the folder.
    fn lock_and_clear(path: &Path, keep: bool) -> io::Result<Option<RunFolder>> {
        fs::create_dir_all(path)?;
        let lock = open_lock(&path.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(e),
        }
        // Files that the script of an earlier attempt wrote elsewhere in the folder.
        let recorded = read_record(path).ok().flatten().map(|record| record.files).unwrap_or_default();
        let is_inside = |file: &PathBuf| file.components().all(|part| matches!(part, Component::Normal(_)));
        for file in recorded.iter().filter(|file| is_inside(file)) {
            remove(&path.join(file))?;
        }
        // The record tells the next run whether the kept files belong to it.
        let kept = |name: &str| keep && [CELLS, CHECKPOINTS, RECORD].contains(&name);
        if keep {
            remove_temporary(&path.join(CHECKPOINTS))?;
        }
        for name in DRAFTS.iter().chain(&CONTENT).filter(|name| !kept(name)) {
            remove(&path.join(name))?;
        }
        Ok(Some(RunFolder { path: path.into(), replaces: None, _lock: lock }))
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True if the folder contains checkpoints of an earlier attempt.
    pub fn has_checkpoints(&self) -> bool {
        self.path.join(CHECKPOINTS).is_dir()
    }

    /// True if the folder contains finished cells of an earlier attempt.
    pub fn has_cells(&self) -> bool {
        self.path.join(CELLS).is_dir()
    }

    /// Writes `text` to the file `name`, completely or not at all.
    ///
    /// # Errors
    /// The I/O error of the operating system, with the file.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Diagnostic> {
        let path = self.path.join(name);
        replace(&path, text).map_err(|e| cannot_write(&path, &e))
    }

    /// Writes the final `record`. If the run is complete, deletes its checkpoints and stored cells,
    /// and moves the folder to the place of the run that it replaces, if any. Returns the final
    /// path.
    ///
    /// # Errors
    /// The I/O error of the operating system.
    pub fn finish(self, record: &Record) -> Result<PathBuf, Diagnostic> {
        if !self.path.join(LOCK).exists() {
            let gone = "somebody removed it while the run was computed";
            return Err(cannot_write(&self.path, &io::Error::new(ErrorKind::NotFound, gone)));
        }
        write_record(&self.path, record)?;
        self.move_into_place(record.status == Status::Done)
    }

    fn move_into_place(self, complete: bool) -> Result<PathBuf, Diagnostic> {
        for unfinished in UNFINISHED.map(|name| self.path.join(name)).iter().filter(|_| complete) {
            remove(unfinished).map_err(|e| cannot_write(unfinished, &e))?;
        }
        let Some(old) = self.replaces.filter(|_| complete) else { return Ok(self.path) };
        let aside = beside(&old, "replaced");
        if matches!(read_record(&aside), Ok(Some(_))) {
            // The program was killed after a replacement and before it deleted the old run.
            fs::remove_dir_all(&aside).map_err(|e| cannot_write(&aside, &e))?;
        }
        let swapped = fs::rename(&old, &aside).and_then(|()| fs::rename(&self.path, &old));
        swapped.and_then(|()| fs::remove_dir_all(&aside)).map_err(|e| cannot_write(&old, &e))?;
        Ok(old)
    }
}

/// Writes `record` as `run.json` in `folder`, completely or not at all.
///
/// # Errors
/// The I/O error of the operating system, with the file.
pub fn write_record(folder: &Path, record: &Record) -> Result<(), Diagnostic> {
    let text = serde_json::to_string_pretty(record).map_err(|e| diagnostics::data(e.to_string(), None))?;
    let path = folder.join(RECORD);
    replace(&path, &(text + "\n")).map_err(|e| cannot_write(&path, &e))
}

/// Writes `text` to a draft next to `path` and renames the draft. Afterwards `path` contains the
/// whole text, or is unchanged.
///
/// # Errors
/// The I/O error of the operating system.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let draft = beside(path, "draft");
    fs::write(&draft, text).and_then(|()| fs::rename(&draft, path)).inspect_err(|_| {
        // A partial draft is useless, and the disk may be full.
        let _ = fs::remove_file(&draft);
    })
}

/// Returns `path` with `.ending` after its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{ending}"));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests;
