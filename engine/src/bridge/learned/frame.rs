//! The units of a learned drift, and the part of the drift that is known before the training.

use crate::bridge::{GaussianBridge, ReferenceProcess};
use crate::matrix::multiply;
use crate::net::Fourier;
use crate::{Points, Result};
use faer::{Accum, Mat, MatMut, MatRef};
use rayon::prelude::*;
use std::borrow::Cow;

/// The number of frequencies of the time, and the highest frequency, which resolves 32 points in
/// time.
const FREQUENCIES: (usize, f64) = (6, 32.0);

/// The number of features of the time: the time itself, and sines and cosines.
pub const FEATURES: usize = 1 + 2 * FREQUENCIES.0;

/// Number of points per matrix product; it is fixed, so that results do not depend on the number of
/// threads.
const BLOCK: usize = 64;

/// The map `x -> value + slope (x - centre)`.
#[derive(Debug, Clone)]
pub struct Affine {
    value: Vec<f64>,
    slope: Mat<f64>,
    centre: Vec<f64>,
}

impl Affine {
    /// Adds `factor` times the value of the map at every row of `rows` to `out`; both are rows x
    /// dim.
    pub fn add(&self, factor: f64, rows: &[f64], out: &mut [f64]) {
        let dim = self.centre.len();
        let blocks = out.par_chunks_mut(BLOCK * dim).zip(rows.par_chunks(BLOCK * dim));
        blocks.for_each_init(Vec::new, |centred: &mut Vec<f64>, (out, rows)| {
            centred.clear();
            centred.extend(rows.iter().zip(self.centre.iter().cycle()).map(|(x, c)| x - c));
            let x = MatRef::from_column_major_slice(centred, dim, rows.len() / dim);
            let y = MatMut::from_column_major_slice_mut(&mut *out, dim, rows.len() / dim);
            multiply(y, Accum::Add, self.slope.as_ref(), x, factor);
            out.iter_mut().zip(self.value.iter().cycle()).for_each(|(y, v)| *y += factor * v);
        });
    }
}

/// What the drift needs at one time: the units of the input of the net, the features of the time,
/// and the baseline.
#[derive(Debug, Clone)]
pub struct Place {
    centre: Vec<f64>,
    scale: f64,
    features: [f32; FEATURES],
    /// The known drift, to which the output of the net is added; None without a baseline.
    pub baseline: Option<Affine>,
}

impl Place {
    /// Writes the input of the net at the point `x` into `input`, dim + [`FEATURES`] numbers.
    pub fn write_input(&self, x: &[f64], input: &mut [f32]) {
        let (place, features) = input.split_at_mut(x.len());
        let coordinates = place.iter_mut().zip(x.iter().zip(&self.centre));
        coordinates.for_each(|(input, (x, c))| *input = ((x - c) / self.scale) as f32);
        features.copy_from_slice(&self.features);
    }
}

/// The mean of a distribution, and the mean variance of its coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// Mean, `dim`.
    pub mean: Vec<f64>,
    /// The mean of the variances of the coordinates.
    pub variance: f64,
}

/// The units of a drift. The time `s` is counted from the start of the process with this drift. The
/// input of the net is `(x - m_s) / c_s`, and its output is in units of `size`. `m_s` and `c_s` are
/// the mean and the standard deviation per coordinate, at time `s`, of the bridge between two
/// isotropic Gaussians with the spreads of both ends.
#[derive(Debug, Clone)]
pub struct Frame {
    ends: [Spread; 2],
    /// Covariance of start and end, per coordinate, in the bridge between isotropic Gaussians.
    cross: f64,
    reference: ReferenceProcess,
    /// The bridge whose drift is the baseline.
    gaussian: Option<GaussianBridge>,
    fourier: Fourier,
    grid: Vec<Place>,
    /// The typical size of the drift, per coordinate.
    pub size: f64,
}

impl Frame {
    /// Creates the units for the ends in the order of the process, and computes what the drift
    /// needs at `steps` times. If `gaussian` is given, its drift is the baseline. Cost `O(steps
    /// dim^3)` with a baseline.
    ///
    /// # Errors
    /// The covariance of a marginal of the baseline is numerically singular.
    pub fn new(
        ends: [Spread; 2],
        reference: ReferenceProcess,
        gaussian: Option<GaussianBridge>,
        steps: usize,
    ) -> Result<Frame> {
        let (r, v) = reference.transition(1.0);
        let [a, b] = [ends[0].variance, ends[1].variance];
        let cross = 2.0 * r * a * b / ((4.0 * r * r * a * b + v * v).sqrt() + v);
        let dim = ends[0].mean.len() as f64;
        let shift = ends[0].mean.iter().zip(&ends[1].mean).map(|(a, b)| (b - a) * (b - a)).sum::<f64>() / dim;
        // The sum of the mean squares of three parts of the drift: the displacement of the plan,
        // epsilon times the score of a marginal, and the return to the origin.
        let (epsilon, pull) = (reference.epsilon(), reference.pull());
        let squares = shift + a + b - 2.0 * cross + epsilon * epsilon / (a + b + epsilon) + pull * pull * (a + b);
        let fourier = Fourier::new(FREQUENCIES.0, FREQUENCIES.1);
        let mut frame =
            Frame { ends, cross, reference, gaussian, fourier, grid: Vec::new(), size: squares.max(0.0).sqrt() };
        frame.grid = (0..steps).map(|k| frame.compute(k as f64 / steps as f64)).collect::<Result<_>>()?;
        Ok(frame)
    }

    /// Number of coordinates.
    pub fn dim(&self) -> usize {
        self.ends[0].mean.len()
    }

    /// Returns the reference process.
    pub fn reference(&self) -> ReferenceProcess {
        self.reference
    }

    /// The spreads of both ends.
    #[cfg(feature = "files")]
    pub fn ends(&self) -> &[Spread; 2] {
        &self.ends
    }

    /// The bridge whose drift is the baseline.
    #[cfg(feature = "files")]
    pub fn gaussian(&self) -> Option<&GaussianBridge> {
        self.gaussian.as_ref()
    }

    /// Returns what the drift needs at the time `k / steps`, for `k < steps`.
    pub fn at_step(&self, k: usize) -> &Place {
        &self.grid[k]
    }

    /// Returns the number of times of the grid.
    pub fn steps(&self) -> usize {
        self.grid.len()
    }

    /// Returns what the drift needs at the time `s` in `[0, 1]`.
    ///
    /// # Errors
    /// Those of [`Frame::new`].
    pub fn at(&self, s: f64) -> Result<Cow<'_, Place>> {
        let place = s * self.grid.len() as f64;
        let near = place.round();
        match self.grid.get(near as usize) {
            Some(known) if (place - near).abs() < 1e-9 => Ok(Cow::Borrowed(known)),
            _ => self.compute(s).map(Cow::Owned),
        }
    }

    fn compute(&self, s: f64) -> Result<Place> {
        let p = self.reference.pinned(s);
        let [from, to] = &self.ends;
        let centre = from.mean.iter().zip(&to.mean).map(|(a, b)| p.start * a + p.end * b).collect();
        let ends = p.start * p.start * from.variance + p.end * p.end * to.variance;
        let scale = (ends + 2.0 * p.start * p.end * self.cross + p.variance).sqrt();
        let mut features = [0.0; FEATURES];
        features[0] = s as f32;
        self.fourier.write(s, &mut features[1..]);
        let baseline = match &self.gaussian {
            Some(bridge) => {
                let (value, slope, centre) = bridge.affine_drift(s)?;
                Some(Affine { value, slope, centre })
            }
            None => None,
        };
        Ok(Place { centre, scale, features, baseline })
    }
}

/// Writes the baseline at every point into `out`, n x dim; 0 without a baseline.
pub fn write_baseline(place: &Place, points: &Points, out: &mut Points) {
    out.reshape(points.n(), points.dim());
    out.data_mut().fill(0.0);
    if let Some(baseline) = &place.baseline {
        baseline.add(1.0, points.data(), out.data_mut());
    }
}
