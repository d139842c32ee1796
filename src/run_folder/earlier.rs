//! The use of checkpoints that a run of an earlier version of the script has left.

use super::{RunFolder, cannot_write, read_record};
use crate::record::Status;
use sdflow_dsl::{CHECKPOINTS, Diagnostic, EARLIER};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

impl RunFolder {
    /// Copies the checkpoints of the last unfinished run of `script` in the same parent folder. A
    /// call of the new run continues from them if nothing before it has changed. Returns the folder
    /// of the earlier run, if there is one.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn take_earlier(&self, script: &Path) -> Result<Option<PathBuf>, Diagnostic> {
        let Some((_, found)) = self.unfinished_beside(script).into_iter().max() else { return Ok(None) };
        let to = self.path.join(CHECKPOINTS).join(EARLIER);
        let failed = |e: std::io::Error| cannot_write(&to, &e);
        fs::create_dir_all(&to).map_err(failed)?;
        for entry in fs::read_dir(found.join(CHECKPOINTS)).map_err(failed)?.flatten() {
            if entry.path().is_file() {
                fs::copy(entry.path(), to.join(entry.file_name())).map_err(failed)?;
            }
        }
        Ok(Some(found))
    }

    /// Returns the unfinished runs of the script that have checkpoints, each with the time of its
    /// last checkpoint.
    fn unfinished_beside(&self, script: &Path) -> Vec<(SystemTime, PathBuf)> {
        let runs = self.path.parent().and_then(|parent| fs::read_dir(parent).ok()).into_iter().flatten().flatten();
        let unfinished = |path: &PathBuf| {
            let record = read_record(path).ok().flatten()?;
            let kept = fs::metadata(path.join(CHECKPOINTS)).ok()?.modified().ok()?;
            (record.script == script && record.status != Status::Done).then_some(kept)
        };
        let others = runs.map(|entry| entry.path()).filter(|path| *path != self.path);
        others.filter_map(|path| Some((unfinished(&path)?, path))).collect()
    }
}
