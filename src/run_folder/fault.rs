//! The errors of a run folder.

use crate::diagnostics;
use sdflow_dsl::Diagnostic;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Returns the error for a run that another process is computing at `path`.
pub fn busy(path: &Path) -> Diagnostic {
    let hint = "wait until it has ended; the same command then prints its results. Or choose another `--out`";
    diagnostics::data(format!("another process is computing this run in {}", path.display()), Some(hint))
}

/// Returns the error for a path that cannot be written.
pub fn cannot_write(path: &Path, error: &io::Error) -> Diagnostic {
    let hint = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free some space, or choose a folder on another disk with `--out`"
        }
        ErrorKind::FileTooLarge => "raise the limit on the size of files, `ulimit -f`, or let the run write less",
        _ => "choose a folder that you can write to with `--out`",
    };
    diagnostics::data(format!("cannot write {}: {error}", path.display()), Some(hint))
}
