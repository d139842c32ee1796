//! The noise level as an input of a net.

use crate::net::Fourier;

/// The number of frequencies and the highest frequency, for a range of about 10 of `log sigma`.
const FREQUENCIES: (usize, f64) = (4, 8.0);

/// The number of features of the noise level: its logarithm, and sines and cosines.
pub const FEATURES: usize = 1 + 2 * FREQUENCIES.0;

/// Computes the features of a noise level.
#[derive(Debug, Clone)]
pub struct NoiseFeatures(Fourier);

impl Default for NoiseFeatures {
    fn default() -> NoiseFeatures {
        NoiseFeatures(Fourier::new(FREQUENCIES.0, FREQUENCIES.1))
    }
}

impl NoiseFeatures {
    /// Writes the [`FEATURES`] features of a noise level into `out`. `log` is the logarithm of the
    /// noise level.
    pub fn write(&self, log: f64, out: &mut [f32]) {
        out[0] = (0.25 * log) as f32;
        self.0.write(log, &mut out[1..]);
    }
}
