//! Estimates of the score of a noise-smoothed distribution.
//!
//! Let `p_sigma` be the convolution of `p` with `N(0, sigma^2 I)`. Its score is
//! `s(z) = grad log p_sigma(z)`, and Tweedie's formula \[efron2011tweedie\] relates it to the
//! denoiser: `D(z) = E[x | z] = z + sigma^2 s(z)`. An estimator returns the score or the
//! displacement `D(z) - z`, whichever the flow needs, so no value is divided by a tiny `sigma^2`
//! only to be multiplied by it again.

mod at;
mod auto;
mod checks;
mod covariance_shape;
mod denoiser;
mod discriminator;
mod estimate;
mod estimator;
mod exact;
mod extent;
mod gaussian_fit;
mod kde;
mod kde_of_rows;
mod mixture_fit;
mod ratio;
pub(crate) mod shrinkage;
mod smoothed;
mod spec;

pub use at::{At, Form};
#[doc(hidden)]
pub use auto::Auto;
pub(crate) use checks::check_sigma;
pub use covariance_shape::Shape;
pub(crate) use denoiser::Preconditioned;
pub use denoiser::{Denoiser, DenoiserOptions};
pub(crate) use discriminator::{Batches, Discriminator, sigmoid, softplus};
pub use discriminator::{DiscriminatorOptions, Features};
pub use estimate::Estimate;
pub use estimator::{Score, ScoreDiagnostics, ScoreProperties, SigmaRange};
pub use exact::Exact;
pub use extent::Extent;
pub(crate) use extent::without_stray;
#[doc(hidden)]
pub use extent::{diameter, spacing};
pub use gaussian_fit::{GaussianFit, GaussianFitOptions};
pub use kde::{Kde, SelfTerm};
pub(crate) use kde::{Sources, displacement};
#[doc(hidden)]
pub use kde_of_rows::{KdeOfRows, StoredRows};
pub use mixture_fit::{FittedMixtureOptions, MixtureFit, MixtureFitOptions, fitted_mixture};
pub(crate) use ratio::Nothing;
pub use ratio::Ratio;
pub use smoothed::{Smoothed, SmoothedOptions};
pub use spec::ScoreSpec;
