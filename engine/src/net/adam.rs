//! The Adam optimiser \[kingma2015adam\], with decoupled weight decay \[loshchilov2019decoupled\].

use crate::Result;
use crate::archive::{Archive, Archived};
use crate::simd::{Isa, Real};
use pulp::{Scalar, Simd, WithSimd};
use rayon::prelude::*;

/// Constants of the optimiser Adam \[kingma2015adam\].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamOptions {
    /// Decay of the running mean of the gradient.
    pub beta_1: f64,
    /// Decay of the running mean of the squared gradient.
    pub beta_2: f64,
    /// The number that is added to the root of the mean square.
    pub epsilon: f64,
    /// Weight decay of AdamW. A step also subtracts `rate weight_decay theta` from every parameter
    /// `theta`.
    pub weight_decay: f64,
}

impl Default for AdamOptions {
    fn default() -> Self {
        AdamOptions { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

/// The running moments of a gradient.
#[derive(Debug, Clone)]
pub struct Adam<T> {
    options: AdamOptions,
    first: Vec<T>,
    second: Vec<T>,
    steps: i32,
}

/// The number of parameters that one thread updates at a time.
const CHUNK: usize = 8192;

impl<T: Real> Adam<T> {
    /// Creates the optimiser of `count` parameters.
    pub fn new(count: usize, options: AdamOptions) -> Adam<T> {
        Adam { options, first: vec![T::default(); count], second: vec![T::default(); count], steps: 0 }
    }

    /// Updates `theta -= rate (m / (sqrt(v) + epsilon) + decay theta)` with the bias-corrected
    /// running means `m` of `gradient` and `v` of its square.
    pub fn step(&mut self, parameters: &mut [T], gradient: &[T], rate: f64) {
        self.steps = self.steps.saturating_add(1);
        let AdamOptions { beta_1, beta_2, epsilon, weight_decay } = self.options;
        let root = (1.0 - beta_2.powi(self.steps)).sqrt();
        let constants = [
            beta_1,
            1.0 - beta_1,
            beta_2,
            1.0 - beta_2,
            // This is m / c1 / (sqrt(v / c2) + epsilon), with both corrections moved out of the
            // loop.
            rate * root / (1.0 - beta_1.powi(self.steps)),
            epsilon * root,
            1.0 - rate * weight_decay,
        ]
        .map(T::from_f64);
        let moments = self.first.par_chunks_mut(CHUNK).zip(self.second.par_chunks_mut(CHUNK));
        let chunks = parameters.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK)).zip(moments);
        chunks.for_each(|((theta, gradient), (first, second))| {
            Isa::Auto.run(Step { constants, theta, gradient, first, second });
        });
    }
}

impl<T: Real> Archived for Adam<T> {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("steps", &mut self.steps)?;
        archive.part("first", self.first.as_mut_slice())?;
        archive.part("second", self.second.as_mut_slice())
    }
}

struct Step<'a, T> {
    constants: [T; 7],
    theta: &'a mut [T],
    gradient: &'a [T],
    first: &'a mut [T],
    second: &'a mut [T],
}

impl<T: Real> WithSimd for Step<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let whole = self.theta.len() - self.theta.len() % T::lanes::<S>();
        let Step { constants, theta, gradient, first, second } = self;
        let ((theta, theta_rest), (gradient, gradient_rest)) = (theta.split_at_mut(whole), gradient.split_at(whole));
        let ((first, first_rest), (second, second_rest)) = (first.split_at_mut(whole), second.split_at_mut(whole));
        Step { constants, theta, gradient, first, second }.take(simd);
        let rest =
            Step { constants, theta: theta_rest, gradient: gradient_rest, first: first_rest, second: second_rest };
        rest.take(Scalar);
    }
}

impl<T: Real> Step<'_, T> {
    /// The update of slices that are whole registers of `S`.
    #[inline(always)]
    fn take<S: Simd>(self, simd: S) {
        let [keep_1, new_1, keep_2, new_2, rate, epsilon, decay] = self.constants.map(|c| T::splat(simd, c));
        let moments = T::registers_mut::<S>(self.first).iter_mut().zip(T::registers_mut::<S>(self.second));
        let theta = T::registers_mut::<S>(self.theta).iter_mut();
        for ((theta, g), (m, v)) in theta.zip(T::registers::<S>(self.gradient)).zip(moments) {
            *m = T::mul_add(simd, keep_1, *m, T::mul(simd, new_1, *g));
            *v = T::mul_add(simd, keep_2, *v, T::mul(simd, new_2, T::mul(simd, *g, *g)));
            let size = T::add(simd, T::sqrt(simd, *v), epsilon);
            let step = T::div(simd, T::mul(simd, rate, *m), size);
            *theta = T::sub(simd, T::mul(simd, decay, *theta), step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_size_of_the_rate() {
        let mut theta = [1.0f64, -2.0];
        Adam::new(2, AdamOptions::default()).step(&mut theta, &[3.0, -0.01], 0.1);
        assert!((theta[0] - 0.9).abs() < 1e-6 && (theta[1] + 1.9).abs() < 1e-6, "{theta:?}");
    }

    #[test]
    fn it_finds_the_bottom_of_a_valley() {
        let (mut theta, mut adam) = ([4.0f64, -3.0], Adam::new(2, AdamOptions::default()));
        for k in 0..2000 {
            let gradient = [2.0 * (theta[0] - 1.0), 200.0 * (theta[1] - 2.0)];
            adam.step(&mut theta, &gradient, 0.05 * (1.0 - f64::from(k) / 2000.0));
        }
        assert!((theta[0] - 1.0).abs() < 1e-3 && (theta[1] - 2.0).abs() < 1e-3, "{theta:?}");
    }

    /// Computes the formula directly, for one parameter at a time.
    #[test]
    fn wide_steps_are_the_formula() {
        let options = AdamOptions { weight_decay: 0.1, ..AdamOptions::default() };
        let (mut theta, mut want) = (vec![0.5f64; 20_003], vec![0.5f64; 20_003]);
        let (mut m, mut v) = (vec![0.0; theta.len()], vec![0.0; theta.len()]);
        let mut adam = Adam::new(theta.len(), options);
        for step in 1..=4 {
            let gradient: Vec<f64> = (0..theta.len()).map(|i| ((i * 31 + step) % 17) as f64 - 8.0).collect();
            adam.step(&mut theta, &gradient, 0.01);
            for i in 0..want.len() {
                m[i] = 0.9 * m[i] + 0.1 * gradient[i];
                v[i] = 0.999 * v[i] + 0.001 * gradient[i] * gradient[i];
                let (m, v) = (m[i] / (1.0 - 0.9f64.powi(step as i32)), v[i] / (1.0 - 0.999f64.powi(step as i32)));
                want[i] -= 0.01 * (m / (v.sqrt() + 1e-8) + 0.1 * want[i]);
            }
        }
        let error = theta.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(error < 1e-13, "{error}");
    }
}
