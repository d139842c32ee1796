//! The count of work.

use std::sync::atomic::{AtomicU64, Ordering};

/// Work done so far.
#[derive(Debug, Default)]
pub struct Work {
    pairs: AtomicU64,
    flops: AtomicU64,
    repeated: AtomicU64,
    on_grid: AtomicU64,
}

impl Work {
    /// Pairs of a query and a source evaluated since the engine was created; skipped pairs do not
    /// count.
    pub fn pairs(&self) -> u64 {
        self.pairs.load(Ordering::Relaxed)
    }

    /// Multiplications and additions in the products of these pairs: 2 per coordinate of the
    /// distance and 2 per coordinate of the value. Exponentials are not counted.
    pub fn flops(&self) -> u64 {
        self.flops.load(Ordering::Relaxed)
    }

    /// Queries that f32 could not compute precisely enough, and that were computed again in f64.
    pub fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    /// Queries whose sums were computed on a grid, without pairs.
    pub fn on_grid(&self) -> u64 {
        self.on_grid.load(Ordering::Relaxed)
    }

    pub(super) fn add_on_grid(&self, queries: usize) {
        self.on_grid.fetch_add(queries as u64, Ordering::Relaxed);
    }

    pub(super) fn add_repeated(&self, queries: usize) {
        self.repeated.fetch_add(queries as u64, Ordering::Relaxed);
    }

    /// Adds the work of another rank.
    pub(super) fn add_counted(&self, pairs: u64, flops: u64) {
        self.pairs.fetch_add(pairs, Ordering::Relaxed);
        self.flops.fetch_add(flops, Ordering::Relaxed);
    }

    /// Adds pairs that were evaluated before a checkpoint.
    pub(crate) fn add_earlier(&self, pairs: u64) {
        self.pairs.fetch_add(pairs, Ordering::Relaxed);
    }

    /// Adds the work of another engine.
    pub(super) fn add_all(&self, other: &Work) {
        self.pairs.fetch_add(other.pairs(), Ordering::Relaxed);
        self.flops.fetch_add(other.flops(), Ordering::Relaxed);
        self.repeated.fetch_add(other.repeated(), Ordering::Relaxed);
        self.on_grid.fetch_add(other.on_grid(), Ordering::Relaxed);
    }

    pub(super) fn add(&self, pairs: usize, dims: usize) {
        self.pairs.fetch_add(pairs as u64, Ordering::Relaxed);
        self.flops.fetch_add(2 * (pairs * dims) as u64, Ordering::Relaxed);
    }
}
