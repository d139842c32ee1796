//! Bytes in a file that goes away.

use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A file in a folder of its own, which goes away with this value.
pub struct File {
    folder: TempDir,
    /// Where it is.
    pub path: PathBuf,
}

impl File {
    /// A file of this name with these bytes.
    pub fn new(name: &str, bytes: &[u8]) -> File {
        // In memory where the system offers it: the program waits for the disk whenever it writes.
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

/// Asserts that a message can be read by a person: it ends, and it is not a copy of the file.
pub fn check_message(error: &sdflow::Error) {
    let message = error.to_string();
    assert!(!message.is_empty() && message.len() < 20_000, "a message of {} bytes", message.len());
}
