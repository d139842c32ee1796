//! Locks of mutexes and of folders. A mutex can be locked even after a thread has panicked while it
//! held the lock.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`. If a thread panicked while it held the lock, a log line may be missing, but no
/// value is half-written: every change under these locks is one assignment or one call.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the lock file of a folder that is in use. The content of the file is not changed. A link
/// is refused, because it could lead to any file of the user.
///
/// # Errors
/// The I/O error of the operating system; the path is a link or no regular file.
pub fn open_lock(path: &Path) -> io::Result<File> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let refused =
        |what: &str| Err(io::Error::new(ErrorKind::InvalidInput, format!("`{name}` in it is {what}; remove it")));
    if path.is_symlink() {
        return refused("a link");
    }
    // Opening a named pipe would wait for a reader.
    if path.exists() && !path.is_file() {
        return refused("no regular file");
    }
    File::options().create(true).write(true).truncate(false).open(path)
}
