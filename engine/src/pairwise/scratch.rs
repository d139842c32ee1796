//! Memory kept between calls.

use super::loops::{amx, portable, symmetric};
use super::pack::Packed;
use super::pack::bf16_split::Split;
use crate::simd::{Pool, Real};

/// Buffers of all loops, shared by all clones of an engine.
#[derive(Debug, Default)]
pub struct Memory {
    f32: Pad<f32>,
    f64: Pad<f64>,
    pub split: Pool<Split>,
    pub amx: Pool<amx::Scratch>,
}

/// Buffers of the loops in one working type.
#[derive(Debug)]
pub struct Pad<T> {
    pub packed: Pool<Packed<T>>,
    pub portable: Pool<portable::Scratch<T>>,
    pub symmetric: Pool<symmetric::Scratch<T>>,
}

impl<T: Default> Default for Pad<T> {
    fn default() -> Pad<T> {
        Pad { packed: Pool::default(), portable: Pool::default(), symmetric: Pool::default() }
    }
}

/// A type in which the portable loops work.
pub trait Working: Real {
    /// Its buffers.
    fn pad(memory: &Memory) -> &Pad<Self>;
}

impl Working for f32 {
    fn pad(memory: &Memory) -> &Pad<f32> {
        &memory.f32
    }
}

impl Working for f64 {
    fn pad(memory: &Memory) -> &Pad<f64> {
        &memory.f64
    }
}
