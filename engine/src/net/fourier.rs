//! Time as a net sees it: sines and cosines of several frequencies.

use crate::pairwise::Real;

/// The features `sin(f_k t)`, `cos(f_k t)` with `f_k` from 1 to `highest` geometrically, `t` in radians: smooth in `t`, and
/// fine enough to tell apart times that differ by `1 / highest` [vaswani2017attention].
#[derive(Debug, Clone, PartialEq)]
pub struct Fourier {
    frequencies: Vec<f64>,
}

impl Fourier {
    /// `count` frequencies; `2 count` features.
    pub fn new(count: usize, highest: f64) -> Fourier {
        let share = |k: usize| if count > 1 { k as f64 / (count - 1) as f64 } else { 0.0 };
        Fourier { frequencies: (0..count).map(|k| highest.powf(share(k))).collect() }
    }

    /// Features of one time.
    pub fn len(&self) -> usize {
        2 * self.frequencies.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.frequencies.is_empty()
    }

    /// Writes the features of `t`, all sines first.
    pub fn write<T: Real>(&self, t: f64, out: &mut [T]) {
        let (sines, cosines) = out.split_at_mut(self.frequencies.len());
        for ((f, sine), cosine) in self.frequencies.iter().zip(sines).zip(cosines) {
            let (s, c) = (f * t).sin_cos();
            (*sine, *cosine) = (T::from_f64(s), T::from_f64(c));
        }
    }

    /// The derivative with respect to `t` of the features' product with `cotangent`.
    pub fn pull_back<T: Real>(&self, t: f64, cotangent: &[T]) -> f64 {
        let (sines, cosines) = cotangent.split_at(self.frequencies.len());
        let terms = self.frequencies.iter().zip(sines).zip(cosines).map(|((f, s), c)| {
            let (sine, cosine) = (f * t).sin_cos();
            f * (s.to_f64() * cosine - c.to_f64() * sine)
        });
        terms.sum()
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
        assert_eq!((fourier.len(), Fourier::new(1, 8.0).len(), Fourier::new(0, 8.0).is_empty()), (6, 2, true));
    }

    #[test]
    fn pull_back_is_the_derivative_by_finite_differences() {
        let (fourier, weights, t, h) = (Fourier::new(4, 20.0), [0.3, -1.2, 0.7, 0.1, 2.0, -0.4, 0.9, 0.5], 0.37, 1e-6);
        let product = |t: f64| {
            let mut features = [0f64; 8];
            fourier.write(t, &mut features);
            features.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>()
        };
        let want = (product(t + h) - product(t - h)) / (2.0 * h);
        assert!((fourier.pull_back(t, &weights) - want).abs() < 1e-7);
    }
}
