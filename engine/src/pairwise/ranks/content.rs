//! What distinguishes sets of points, so that a set is sent to other ranks once.

use crate::Points;
use pulp::bytemuck;
use rayon::prelude::*;
use std::hash::{DefaultHasher, Hasher};

/// Numbers that one thread hashes at a time.
const HASHED: usize = 1 << 16;

/// What distinguishes one set of points from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    hash: u64,
    pub n: usize,
    pub dim: usize,
}

impl Content {
    /// Returns what distinguishes this set from others. Equal sets have equal content; different
    /// sets of one shape have equal hashes with probability `2^-64`.
    pub fn of(set: &Points) -> Content {
        let parts: Vec<u64> = set
            .data()
            .par_chunks(HASHED)
            .map(|part| {
                let mut hasher = DefaultHasher::new();
                hasher.write(bytemuck::cast_slice(part));
                hasher.finish()
            })
            .collect();
        let mut hasher = DefaultHasher::new();
        parts.iter().for_each(|part| hasher.write_u64(*part));
        Content { hash: hasher.finish(), n: set.n(), dim: set.dim() }
    }
}
