//! Memory that is reused between calls: buffers aligned to cache lines, and a pool of buffers.

use super::tile_amx::advise_large_pages;
use std::sync::{Mutex, PoisonError};

/// Bytes of a cache line. This is also the width of the widest register.
const LINE: usize = 64;

/// Buffers of at least this size profit from large pages.
const LARGE: usize = 1 << 22;

/// A block of numbers that can grow, aligned to a cache line.
#[derive(Debug, Default)]
pub struct Buffer<T>(Vec<T>);

impl<T: Copy + Default> Buffer<T> {
    /// Returns the first `len` numbers, mutable, with unspecified values.
    pub fn take(&mut self, len: usize) -> &mut [T] {
        let spare = LINE / size_of::<T>();
        if self.0.len() < len + spare {
            // The block is replaced, not resized. The old content need not be copied, and new
            // zeroed memory has no pages yet, so large pages can be chosen for it.
            self.0 = Vec::new();
            self.0 = vec![T::default(); len + spare];
            if size_of_val(&self.0[..]) >= LARGE {
                advise_large_pages(&mut self.0);
            }
        }
        let start = self.start();
        &mut self.0[start..start + len]
    }

    /// Returns the first `len` numbers, after [`Buffer::take`] of at least as many.
    pub fn slice(&self, len: usize) -> &[T] {
        // A block is empty before the first `take`.
        let start = self.start().min(self.0.len());
        &self.0[start..start + len]
    }

    /// Does the same as [`Buffer::slice`], mutable.
    pub fn slice_mut(&mut self, len: usize) -> &mut [T] {
        let start = self.start().min(self.0.len());
        &mut self.0[start..start + len]
    }

    fn start(&self) -> usize {
        self.0.as_ptr().align_offset(LINE).min(LINE / size_of::<T>())
    }
}

/// A pool of objects of one type. With a pool, no step after the first allocates memory.
#[derive(Debug, Default)]
pub struct Pool<B>(Mutex<Vec<B>>);

impl<B: Default> Pool<B> {
    /// Calls `f` with an object from the pool, or a new one.
    pub fn with<R>(&self, f: impl FnOnce(&mut B) -> R) -> R {
        // The lock is held only for a push or a pop, and the content of the list has no meaning. A
        // panic elsewhere therefore cannot damage the list.
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut thing = taken.unwrap_or_default();
        let result = f(&mut thing);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(thing);
        result
    }
}
