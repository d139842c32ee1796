//! Fourier features of time as an input of a net: sines and cosines of several frequencies.

use crate::simd::Real;

/// The features `sin(f_k t)`, `cos(f_k t)` with `f_k` from 1 to `highest` in geometric steps and
/// `t` in radians. They are smooth in `t`, and distinguish times that differ by `1 / highest`
/// \[vaswani2017attention\].
#[derive(Debug, Clone, PartialEq)]
pub struct Fourier {
    frequencies: Vec<f64>,
}

impl Fourier {
    /// Creates `count` frequencies, that is, `2 count` features.
    pub fn new(count: usize, highest: f64) -> Fourier {
        let share = |k: usize| if count > 1 { k as f64 / (count - 1) as f64 } else { 0.0 };
        Fourier { frequencies: (0..count).map(|k| highest.powf(share(k))).collect() }
    }

    /// Writes the features of `t`, all sines first.
    pub fn write<T: Real>(&self, t: f64, out: &mut [T]) {
        let (sines, cosines) = out.split_at_mut(self.frequencies.len());
        for ((f, sine), cosine) in self.frequencies.iter().zip(sines).zip(cosines) {
            let (s, c) = (f * t).sin_cos();
            (*sine, *cosine) = (T::from_f64(s), T::from_f64(c));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_run_from_one_to_the_highest() {
        let fourier = Fourier::new(3, 16.0);
        let mut features = [0f64; 6];
        fourier.write(0.1, &mut features);
        for (k, f) in [1.0f64, 4.0, 16.0].into_iter().enumerate() {
            assert!((features[k] - (0.1 * f).sin()).abs() < 1e-14);
            assert!((features[3 + k] - (0.1 * f).cos()).abs() < 1e-14);
        }
    }
}
