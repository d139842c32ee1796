//! The marks of a picture after its layout, and the surface on which plotters draws.
//!
//! Coordinates are tenths of a pixel, so that curves stay smooth although plotters works with
//! integers.

pub(super) mod font;
mod gif;
mod png;
mod scene;
mod sheet;
mod svg;

pub(super) use gif::bytes as gif_bytes;
pub(super) use png::bytes as png_bytes;
pub(super) use scene::{Align, Mark, PX, Paint, Place, Scene};
pub(super) use sheet::Sheet;
pub(super) use svg::text as svg_text;
