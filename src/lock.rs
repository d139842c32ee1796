//! Locking of mutexes, also after a thread that held one has panicked.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`. A thread that panicked while it held the lock may leave a log line missing, but
/// no half-written value: every change under these locks is one assignment or one call.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
