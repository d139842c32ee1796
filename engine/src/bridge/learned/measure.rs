//! The moments of both ends, from which the units and the baseline of a learned bridge follow.

use super::drawn::draw;
use super::frame::Spread;
use crate::matrix::Spectrum;
use crate::points::check_matrix;
use crate::rng::Stream;
use crate::target::{Gaussian, Moments, Target};
use crate::{Error, Result};

/// The number of sample points from which moments are measured if the moments of a distribution are
/// not known.
const MEASURED: usize = 16384;

/// The least variance of a direction in a baseline, as a share of the mean variance.
const RIDGE: f64 = 1e-6;

/// A coordinate counts as constant if its variance is at most this share of the mean variance. Its
/// standard deviation is then like a rounding error of the other coordinates.
const CONSTANT: f64 = 1e-12;

/// What was measured of one end.
#[derive(Debug)]
pub struct Measured {
    /// Mean and mean variance.
    pub spread: Spread,
    /// The Gaussian of the baseline.
    pub gaussian: Option<Gaussian>,
    /// For each coordinate, whether it is constant. Empty if the covariance was not needed.
    pub constant: Vec<bool>,
}

/// Measures the spreads of both distributions. With `least`, it also returns the Gaussians with the
/// means and covariances of the distributions, at a cost of `O(dim^3)`. Every eigenvalue of these
/// covariances below `least`, or below [`RIDGE`] times the mean variance, is raised to the larger
/// of both bounds. Otherwise the drift of a bridge between Gaussians would grow without bound as a
/// variance of an end falls to 0.
///
/// # Errors
/// A distribution cannot be sampled or does not vary.
pub fn measure(ends: [&dyn Target; 2], least: Option<f64>, stream: Stream) -> Result<[Measured; 2]> {
    Ok([one(ends[0], "source", least, stream)?, one(ends[1], "target", least, stream)?])
}

fn one(end: &dyn Target, name: &str, least: Option<f64>, stream: Stream) -> Result<Measured> {
    let dim = end.dim();
    let Some(least) = least else {
        let points = draw(end, MEASURED, stream.label(name))?;
        points.check_scale(&format!("the {name}"))?;
        let variance = check_variance(points.spread().powi(2) / dim as f64, name)?;
        let spread = Spread { mean: points.mean(), variance };
        return Ok(Measured { spread, gaussian: None, constant: Vec::new() });
    };
    check_matrix(dim)?;
    let Moments { mean, cov } = match end.moments() {
        Some(moments) => moments,
        None => {
            let points = draw(end, MEASURED, stream.label(name))?;
            points.check_scale(&format!("the {name}"))?;
            Moments { mean: points.mean(), cov: points.covariance() }
        }
    };
    let variance = check_variance((0..dim).map(|j| cov[(j, j)]).sum::<f64>() / dim as f64, name)?;
    let constant = (0..dim).map(|j| cov[(j, j)] <= CONSTANT * variance).collect();
    let spectrum = Spectrum::of(&cov, &format!("the covariance of the {name}"))?;
    let least = least.max(RIDGE * variance);
    let cov = if spectrum.values()[0] < least { spectrum.map(|v| v.max(least)) } else { cov };
    let gaussian = Some(Gaussian::new(mean.clone(), cov)?);
    Ok(Measured { spread: Spread { mean, variance }, gaussian, constant })
}

/// Checks that a distribution varies.
///
/// # Errors
/// The check fails.
fn check_variance(variance: f64, name: &str) -> Result<f64> {
    if variance > 0.0 && variance.is_finite() {
        return Ok(variance);
    }
    let reason = "all its points are the same, and a bridge needs points that vary";
    Err(Error::Numeric { what: format!("the {name}"), reason: reason.into() })
}
