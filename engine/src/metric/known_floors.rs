//! Noise floors that were computed before.

use super::Floor;
use crate::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// The noise floors of one reference distribution. A key contains the metric, its options and the
/// sizes.
#[derive(Debug, Default)]
pub struct KnownFloors {
    floors: Mutex<BTreeMap<String, Place>>,
    /// The keys of the floors whose cost was estimated.
    estimated: Mutex<BTreeSet<String>>,
    waits: bool,
}

/// The place of a floor, which is locked while the floor is computed.
type Place = Arc<Mutex<Option<Floor>>>;

impl KnownFloors {
    /// Creates a memory in which a thread waits for a floor that another thread is computing, so
    /// that the work does not depend on the number of threads. It must not be used by tasks that
    /// share a thread pool: a thread that waits for a part of its own floor could take over a task
    /// that waits for the same floor, and neither would end.
    pub fn waiting() -> KnownFloors {
        KnownFloors { waits: true, ..KnownFloors::default() }
    }

    /// Returns the floor under `key`, if it was kept.
    pub(super) fn find(&self, key: &str) -> Option<Floor> {
        *now(&self.place(key))?
    }

    /// Keeps a floor under `key`.
    pub(super) fn keep(&self, key: &str, floor: Floor) {
        *locked(&self.place(key)) = Some(floor);
    }

    /// Returns the floor under `key`. `compute` computes it if it is not known.
    ///
    /// # Errors
    /// Those of `compute`.
    pub(super) fn find_or(&self, key: &str, compute: impl FnOnce() -> Result<Floor>) -> Result<Floor> {
        let place = self.place(key);
        let held = if self.waits { Some(locked(&place)) } else { now(&place) };
        let Some(mut known) = held else { return compute() };
        match *known {
            Some(floor) => Ok(floor),
            None => Ok(*known.insert(compute()?)),
        }
    }

    /// True the first time that a dry run estimates the cost of the floor under `key`.
    pub(super) fn is_first_estimate(&self, key: &str) -> bool {
        locked(&self.estimated).insert(key.to_string())
    }

    fn place(&self, key: &str) -> Place {
        Arc::clone(locked(&self.floors).entry(key.to_string()).or_default())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the content of the mutex; None if another task has locked it.
fn now<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
