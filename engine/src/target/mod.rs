//! Target and base distributions.
//!
//! A [`Target`] can be sampled, unless it is a [`CustomDensity`]. Its other abilities (log density
//! and score, moments, modes, data) are optional; exact results are used wherever they exist. Most
//! files contain one family. `gaussian` and `mixture` only define the distributions; their modules
//! `as_target` implement [`Target`] for them. These are separate because the trait itself refers to
//! [`Mixture`].

mod checkerboard;
mod covariance;
mod curved;
mod custom;
mod dataset;
mod density;
mod distribution;
mod gaussian;
mod gaussian_components;
mod labelled;
mod mixture;
mod option;
mod samples;
mod shape;
mod shape_plane;
mod shape_space;
mod stored;
mod student_t;
#[cfg(test)]
mod tests;

pub use curved::{Banana, Funnel};
pub use custom::CustomDensity;
pub use dataset::{DATASETS, DatasetOptions, Style, dataset};
pub use density::Density;
pub use distribution::{DataView, FiniteSample, Moments, Target};
pub use gaussian::Gaussian;
pub use labelled::Labelled;
pub use mixture::Mixture;
#[doc(hidden)]
pub use option::{BananaOptions, FunnelOptions, GaussianOptions, MixtureOptions, Numbers, StudentTOptions};
#[doc(hidden)]
pub use samples::scale_warning;
pub(crate) use samples::{STANDARDISE_POINTS, STANDARDISE_SAMPLES, format_ratio, uneven_columns};
pub use samples::{Samples, SamplesOptions};
pub use stored::Stored;
pub use student_t::StudentT;
