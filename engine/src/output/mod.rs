//! Pictures and tables: what a run shows.
//!
//! A [`Chart`] is plain data made of layers ([`Cloud`], [`Curve`], [`Level`], [`Images`], [`Heat`]); a [`Picture`] sets charts
//! side by side. Both are saved as `.svg` or `.png`; equal data give equal bytes. A [`Table`] holds named cells and
//! becomes text, Markdown, CSV or JSON; [`survey`] draws a quantity over the parameters for which it was measured.

mod chart;
mod colour;
mod draw;
mod heat;
mod ink;
mod legend;
mod panel;
mod picture;
mod plane;
mod scale;
mod survey;
mod table;
mod view;

pub use crate::number::{estimate, number, significant};
pub use chart::{Axis, Chart, Cloud, Curve, Images, Layer, Level};
pub use colour::Colour;
pub use heat::Heat;
pub use picture::Picture;
pub use survey::{Place, survey};
pub use table::{Cell, Table};

#[cfg(test)]
mod tests;
