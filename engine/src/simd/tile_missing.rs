//! The matrix units where there are none: every call of `tile_amx`, with no tiles to be had.

use super::tile::Terms;

/// There are none here.
#[derive(Debug)]
pub struct Tiles(std::convert::Infallible);

/// No advice is known here.
pub fn advise_large_pages<T>(_: &mut [T]) {}

/// Never.
pub fn available() -> bool {
    false
}

impl Tiles {
    /// Never any.
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
