//! Bytes in a temporary file.

use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A file in a folder of its own. The folder is deleted when this value is dropped.
pub struct File {
    folder: TempDir,
    /// The path of the file.
    pub path: PathBuf,
}

impl File {
    /// A file of this name with these bytes.
    pub fn new(name: &str, bytes: &[u8]) -> File {
        // The file is in memory if the system offers this, because the program waits for the disk
        // whenever it writes.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        File { folder, path }
    }

    /// The path of a file beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Asserts that a person can read a message: it has a limited length, and is not a copy of the
/// file.
pub fn check_message(error: &sdflow::Error) {
    let message = error.to_string();
    assert!(!message.is_empty() && message.len() < 20_000, "a message of {} bytes", message.len());
}
