//! A replacement for `tile_amx` on machines without matrix units.

use super::tile::Terms;

/// The tile registers. There are none.
#[derive(Debug)]
pub struct Tiles(std::convert::Infallible);

/// Does nothing.
pub fn advise_large_pages<T>(_: &mut [T]) {}

/// Returns false.
pub fn available() -> bool {
    false
}

impl Tiles {
    /// Returns None.
    pub fn acquire() -> Option<Tiles> {
        None
    }

    /// Cannot be called.
    pub fn clear(&self) {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn load(&self, _: &[f32]) {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn fetch(&self, _: &[u16]) {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn add(&self, _: Terms, _: usize, _: [&[u16]; 2], _: [&[u16]; 2]) {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn store(&self, _: &mut [f32]) {
        match self.0 {}
    }
}
