//! Pictures. They need the feature `plot` of the crate.
//!
//! A [`Chart`] is plain data that consists of layers ([`Cloud`], [`Curve`], [`Level`], [`Paths`],
//! [`Arrows`], [`Contours`], [`Images`], [`Heat`]). A [`Picture`] arranges charts side by side, or
//! all pairs of coordinates ([`Picture::pairs`]). Both are saved as `.svg` or `.png`. Equal data
//! give equal bytes. [`survey`] draws a quantity as a function of the parameters for which it was
//! measured.

mod axes_chart;
mod axes_motion;
mod axis;
mod canvas;
mod chart;
mod colour;
mod contours;
mod coordinates;
mod draw;
mod extent;
mod few_values;
mod heat;
mod histogram;
mod legend;
mod motion;
mod pairs;
mod pca;
mod picture;
mod prepared;
mod save;
mod scale;
mod shared;
mod spot;
mod sweep_plot;
mod tick_text;

pub use axis::Axis;
#[doc(hidden)]
pub use chart::Layer;
pub use chart::{Chart, Cloud, Curve, Images, Level};
pub use colour::Colour;
pub use contours::Contours;
pub use heat::Heat;
pub use motion::{Arrows, Paths};
#[doc(hidden)]
pub use pca::{View, thin};
pub use picture::Picture;
#[doc(hidden)]
pub use sweep_plot::{Place, survey};

#[cfg(test)]
mod tests;
