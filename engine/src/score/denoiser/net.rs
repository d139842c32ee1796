//! The preconditioned net of a denoiser.

use super::noise_features::{FEATURES, NoiseFeatures};
use super::option::DenoiserOptions;
use crate::archive::{Archive, Archived};
use crate::net::{AdamOptions, Mlp, Trainer};
use crate::points::AffineMap;
use crate::rng::Stream;
use crate::{Points, Result};
use std::ops::Range;

/// A denoiser in units in which the data have mean 0 and mean variance 1. In these units,
/// `D(u; s) = u / (1 + s^2) + s / sqrt(1 + s^2) F(u / sqrt(1 + s^2), log s)` with the net `F`
/// \[karras2022elucidating\].
#[derive(Debug, Clone)]
pub struct Preconditioned {
    trainer: Trainer<f32>,
    features: NoiseFeatures,
    /// The map from the units of the net to those of the data, with one factor for all coordinates.
    units: AffineMap,
    /// Buffers of a batch: noise, the input of the net, and its output or the desired output.
    noise: Points,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Preconditioned {
    pub(crate) fn new(
        data: &Points,
        options: &DenoiserOptions,
        average: f64,
        stream: Stream,
    ) -> Result<Preconditioned> {
        let net = Mlp::new(&options.widths(data.dim())?, options.activation, true, stream)?;
        Ok(Preconditioned::of(net, AffineMap::common(data), average))
    }

    /// Returns a net for `dim` coordinates into which an archived net can be read.
    pub(crate) fn blank(dim: usize, options: &DenoiserOptions, archive: &Archive) -> Result<Preconditioned> {
        archive.expect_room(size_of::<f32>().saturating_mul(dim))?;
        let widths = options.widths(dim)?;
        archive.expect_room(Mlp::<f32>::bytes(&widths)?)?;
        let net = Mlp::zeros(&widths, options.activation, true)?;
        Ok(Preconditioned::of(net, AffineMap::uniform(1.0, vec![0.0; dim]), 0.0))
    }

    fn of(net: Mlp<f32>, units: AffineMap, average: f64) -> Preconditioned {
        Preconditioned {
            trainer: Trainer::new(net, AdamOptions::default(), average),
            features: NoiseFeatures::default(),
            units,
            noise: Points::default(),
            input: Vec::new(),
            output: Vec::new(),
        }
    }

    /// Creates a denoiser from a trained net and from the mean and the scale of the data of this
    /// net.
    ///
    /// # Errors
    /// Input and output of the net do not match, or the scale is not positive.
    #[cfg(feature = "files")]
    pub fn from_net(net: Mlp<f32>, centre: Vec<f64>, scale: f64) -> Result<Preconditioned> {
        let dim = centre.len();
        if net.dim() != dim || net.input_dim() != dim + FEATURES {
            let got = format!("{} inputs and {} outputs", net.input_dim(), net.dim());
            return Err(crate::Error::shape(
                "the net",
                got,
                format!("a denoiser of {dim} coordinates has {} and {dim}", dim + FEATURES),
            ));
        }
        if !(scale > 0.0 && scale.is_finite() && centre.iter().all(|c| c.is_finite())) {
            return Err(crate::Error::argument(
                "scale",
                scale,
                "scale and centre must be finite, and the scale positive",
            ));
        }
        Ok(Preconditioned::of(net, AffineMap::uniform(scale, centre), 0.0))
    }

    /// Returns the number of coordinates of the data.
    pub fn dim(&self) -> usize {
        self.units.dim()
    }

    /// Returns the net to be evaluated.
    #[cfg(feature = "files")]
    pub fn mlp(&self) -> &Mlp<f32> {
        self.trainer.mean()
    }

    /// Returns the mean of the data.
    pub fn centre(&self) -> &[f64] {
        self.units.shift()
    }

    /// Returns the square root of the mean variance of the data.
    pub fn scale(&self) -> f64 {
        self.units.scale()[0]
    }

    /// Sets the units to those of these points, so that the motion or growth of a cloud does not
    /// change the input of the net.
    pub(super) fn centre_on(&mut self, data: &Points) {
        self.units = AffineMap::common(data);
    }

    /// True if the units are finite.
    pub(super) fn has_units(&self) -> bool {
        self.units.is_finite()
    }

    /// Moves the units by `share` towards the units of these points. The mean and the square of the
    /// scale move linearly.
    pub(crate) fn follow(&mut self, data: &Points, share: f64) {
        let (to, scale) = (AffineMap::common(data), self.scale());
        let centre = to.shift().iter().zip(self.centre()).map(|(to, from)| from + share * (*to - from)).collect();
        let new = to.scale()[0];
        self.units = AffineMap::uniform((scale * scale + share * (new * new - scale * scale)).sqrt(), centre);
    }

    /// Takes one optimiser step on these points. Each point has its own noise level from the
    /// log-uniform range. Returns the mean loss per coordinate, which is not finite after a
    /// divergence.
    pub(crate) fn learn(&mut self, points: &Points, range: (f64, f64), rate: f64, stream: Stream) -> f64 {
        let (n, dim, scale) = (points.n(), self.dim(), self.scale());
        let (width, centre) = (dim + FEATURES, self.units.shift());
        self.noise.reshape(n, dim);
        stream.label("noise").fill_normal(self.noise.data_mut());
        self.input.resize(n * width, 0.0);
        self.output.resize(n * dim, 0.0);
        let (low, high) = ((range.0 / scale).ln(), (range.1 / scale).ln());
        let mut rng = stream.label("sigma").rng();
        let rows = self.input.chunks_exact_mut(width).zip(self.output.chunks_exact_mut(dim)).enumerate();
        for (i, (input, want)) in rows {
            // Sampling is stratified: the noise levels of every batch cover the whole range.
            let log = low + (high - low) * (i as f64 + rng.uniform()) / n as f64;
            let s = log.exp();
            let root = (1.0 + s * s).sqrt();
            for j in 0..dim {
                let clean = (points.row(i)[j] - centre[j]) / scale;
                let noisy = clean + s * self.noise.row(i)[j];
                input[j] = (noisy / root) as f32;
                // This is (clean - noisy / root^2) / (s / root), without cancellation.
                want[j] = ((s * clean - self.noise.row(i)[j]) / root) as f32;
            }
            self.features.write(log, &mut input[dim..]);
        }
        let want = &self.output;
        let share = 1.0 / dim as f64;
        let loss = |rows: Range<usize>, out: &mut [f32]| {
            let mut sum = 0.0;
            for (y, want) in out.iter_mut().zip(&want[rows.start * dim..rows.end * dim]) {
                *y -= want;
                sum += f64::from(*y * *y);
            }
            out.iter_mut().for_each(|y| *y *= 2.0 * share as f32);
            share * sum
        };
        self.trainer.step(&self.input, rate, loss)
    }

    /// Writes `D(z; sigma) - z` at every row.
    pub(crate) fn displacement(&mut self, z: &Points, sigma: f64, out: &mut Points) {
        let (n, dim, scale) = (z.n(), self.dim(), self.scale());
        let (width, centre) = (dim + FEATURES, self.units.shift());
        let s = sigma / scale;
        let root = (1.0 + s * s).sqrt();
        let mut features = [0f32; FEATURES];
        self.features.write(s.ln(), &mut features);
        self.input.resize(n * width, 0.0);
        self.output.resize(n * dim, 0.0);
        for (input, z) in self.input.chunks_exact_mut(width).zip(z.iter()) {
            for j in 0..dim {
                input[j] = ((z[j] - centre[j]) / (scale * root)) as f32;
            }
            input[dim..].copy_from_slice(&features);
        }
        self.trainer.forward(&self.input, &mut self.output);
        out.reshape(n, dim);
        // (1 / root^2 - 1) u + s / root F
        let (skip, net) = (-s * s / (root * root), s / root * scale);
        for (i, output) in self.output.chunks_exact(dim).enumerate() {
            for (j, (out, output)) in out.row_mut(i).iter_mut().zip(output).enumerate() {
                *out = skip * (z.row(i)[j] - centre[j]) + net * f64::from(*output);
            }
        }
    }
}

/// Archives the net with its optimiser, and its units.
impl Archived for Preconditioned {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("trainer", &mut self.trainer)?;
        archive.part("units", &mut self.units)
    }
}
