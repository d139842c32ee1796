//! The named data sets in two and three dimensions.

use super::checkerboard::Checkerboard;
use super::shape::Shape;
use super::{Gaussian, Mixture, Target, shape_plane as plane, shape_space as space};
use crate::{Error, Result, Rule};
use std::sync::Arc;

/// All names that [`dataset`] accepts, with descriptions.
pub const DATASETS: &[(&str, &str)] = &[
    ("8gaussians", "eight Gaussians on a circle of radius 2.83, standard deviation 0.35 (torchcfm: 5 and 0.56)"),
    ("25gaussians", "a 5 x 5 grid of Gaussians from -4 to 4, standard deviation 0.1"),
    ("moons", "two interleaved half circles of radius 2 (torchcfm: radius 3)"),
    ("swissroll", "a spiral band in the plane, about 2.8 in radius"),
    ("circles", "two concentric circles of radius 1.5 and 3"),
    ("rings", "four concentric circles of radius 0.75, 1.5, 2.25 and 3"),
    ("checkerboard", "eight squares of side 2 on [-4, 4]^2, with density and smoothed score"),
    ("pinwheel", "five curved blades around the origin"),
    ("2spirals", "two spiral arms; half a turn maps each arm to the other"),
    ("scurve", "an S-shaped sheet in space, 4 x 4 x 8"),
    ("torus", "the surface of a torus in space, radii 3 and 1"),
    ("helix", "a helix of three turns in space, radius 2, height 6"),
    ("mystery", "a closed curve in space that cannot be untangled (a trefoil knot), radius 3"),
];

crate::options! {
    /// Options of `dataset`, a distribution by name.
    pub struct DatasetOptions {
        /// Standard deviation of the Gaussian noise, in the units of the data set before `scale`.
        /// It is at least 0, and above 0 for `8gaussians` and `25gaussians`. For `pinwheel` it is
        /// the spread across a blade, which is a third of the spread along the blade. For `moons`
        /// in the style of torchcfm it is the length of a uniform shift along (1, 1). Left out: the
        /// value that defines the data set.
        noise: Option<f64> = None,
        /// The project whose scales are used, `"ffjord"` or `"torchcfm"`; they differ for
        /// `8gaussians` and `moons`.
        style: Style = Style::Ffjord,
        /// Factor on all coordinates, noise included, above 0.
        scale: f64 = 1.0,
    }
}

/// The project whose scales a data set has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// The scales of the code of the FFJORD paper \[grathwohl2019ffjord\].
    Ffjord,
    /// The scales of the TorchCFM library \[tong2024improving\]. Its eight Gaussians have the
    /// covariance `sqrt(0.1) I`, because the code of the library passes a square root where a
    /// covariance is meant.
    Torchcfm,
}

crate::choices!(Style);

/// Returns the data set called `name`, one of [`DATASETS`], as a distribution: points are
/// independent, not evenly spaced.
///
/// `8gaussians` and `25gaussians` are [`Mixture`]s. `checkerboard` has a density and a smoothed
/// score. The other data sets can only be sampled.
///
/// ```
/// use sdflow::rng::Stream;
/// use sdflow::target::{DatasetOptions, dataset};
/// let grid = dataset("25gaussians", &DatasetOptions::default())?;
/// assert_eq!(grid.modes().map(|m| m.components().len()), Some(25));
/// assert_eq!(grid.sample(1000, Stream::new(7))?.n(), 1000);
/// # Ok::<(), sdflow::Error>(())
/// ```
///
/// # Errors
/// The name is unknown; `noise` or `scale` is out of range.
pub fn dataset(name: &str, options: &DatasetOptions) -> Result<Arc<dyn Target>> {
    let scale = options.scale;
    if !(scale > 0.0 && scale.is_finite()) {
        return Err(Error::argument("scale", scale, Rule::Positive));
    }
    if let Some(noise) = options.noise.filter(|n| !(*n >= 0.0 && n.is_finite())) {
        return Err(Error::argument("noise", noise, Rule::NotNegative));
    }
    let torchcfm = options.style == Style::Torchcfm;
    let noise = |own: f64| options.noise.unwrap_or(own);
    let shape = |name, dim, own, draw| Ok(Arc::new(Shape::new(name, dim, noise(own), scale, draw)) as Arc<dyn Target>);
    let half = std::f64::consts::FRAC_1_SQRT_2;
    match name {
        "8gaussians" if torchcfm => ring(5.0 * scale, noise(0.1f64.powf(0.25)) * scale),
        "8gaussians" => ring(4.0 * half * scale, noise(0.5 * half) * scale),
        "25gaussians" => grid(2.0 * scale, noise(0.1) * scale),
        "moons" if torchcfm => shape("moons", 2, 0.6, plane::moons_torchcfm),
        "moons" => shape("moons", 2, 0.2, plane::moons),
        "swissroll" => shape("swissroll", 2, 0.2, plane::swissroll),
        "circles" => shape("circles", 2, 0.24, plane::circles),
        "rings" => shape("rings", 2, 0.08, plane::rings),
        "checkerboard" => Ok(Arc::new(Checkerboard::new(2.0 * scale, noise(0.0) * scale))),
        "pinwheel" => shape("pinwheel", 2, 0.2, plane::pinwheel),
        "2spirals" => shape("2spirals", 2, 0.1, plane::spirals),
        "scurve" => shape("scurve", 3, 0.1, space::scurve),
        "torus" => shape("torus", 3, 0.1, space::torus),
        "helix" => shape("helix", 3, 0.1, space::helix),
        "mystery" => shape("mystery", 3, 0.1, space::trefoil),
        _ => Err(Error::unknown("data set", name, DATASETS.iter().map(|(known, _)| *known))),
    }
}

fn ring(radius: f64, std: f64) -> Result<Arc<dyn Target>> {
    Ok(Arc::new(Mixture::ring(8, radius, positive(std)?)?))
}

/// Returns the mixture with means `{-2, .., 2}^2` times `spacing`.
fn grid(spacing: f64, std: f64) -> Result<Arc<dyn Target>> {
    let std = positive(std)?;
    let mean = |k: usize| vec![spacing * ((k / 5) as f64 - 2.0), spacing * ((k % 5) as f64 - 2.0)];
    let modes = (0..25).map(|k| Gaussian::isotropic(mean(k), std)).collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(Mixture::new(vec![1.0; 25], modes)?))
}

fn positive(std: f64) -> Result<f64> {
    if std > 0.0 {
        Ok(std)
    } else {
        Err(Error::argument("noise", std, Rule::Positive.worded("it must be positive for a mixture")))
    }
}

#[cfg(test)]
mod tests;
