//! The gradient of the logarithm of a kernel density.

use super::{Kernel, KernelSum, KernelSums, Pairwise, Part, Values};
use crate::{Points, Result, points::squared_distance};
use rayon::prelude::*;

/// A kernel sum below this has lost its precision in f32.
const FAINT: f64 = 1e-30;

/// Buffers of [`Pairwise::log_gradient`], reused between calls.
#[derive(Debug, Clone, Default)]
pub struct LogGradient {
    mass: KernelSums,
    slope: KernelSums,
}

impl Pairwise {
    /// Writes `grad log sum_j w_j k(z_i, x_j)` at the query `z_i` into row `i` of `out`. Without
    /// weights, all `w_j` are 1. For a Gaussian kernel the result is the score of the sources
    /// smoothed by the bandwidth. The result is finite at any distance: if the kernel sum at a
    /// query is too small for the arithmetic, the query is computed from logarithms of the kernel
    /// in f64. Cost: two pairwise passes.
    ///
    /// # Errors
    /// Those of [`Pairwise::kernel_sum`], or the kernel is the energy kernel, which is not a
    /// density.
    pub fn log_gradient(
        &self,
        queries: &Points,
        (sources, weights): (&Points, Option<&[f64]>),
        kernel: Kernel,
        buffers: &mut LogGradient,
        out: &mut Points,
    ) -> Result<()> {
        kernel.check_positive()?;
        let mut sum =
            KernelSum { kernel, part: Part::Slope, weights, values: Some(Values::Own), leave_out_self: false };
        self.kernel_sum(queries, sources, &sum, &mut buffers.slope)?;
        (sum.part, sum.values) = (Part::Value, None);
        self.kernel_sum(queries, sources, &sum, &mut buffers.mass)?;
        let dim = queries.dim();
        out.reshape(queries.n(), dim);
        let LogGradient { mass, slope } = buffers;
        let sums = mass.mass.par_iter().zip(&slope.mass).zip(slope.moment.data().par_chunks(dim));
        let rows = out.data_mut().par_chunks_mut(dim).zip(queries.data().par_chunks(dim)).zip(sums);
        rows.with_min_len(64).for_each(|((out, z), ((value, slope), moment))| {
            if *value < FAINT {
                return far(z, sources, weights, kernel, out);
            }
            let pairs = z.iter().zip(moment);
            out.iter_mut().zip(pairs).for_each(|(o, (z, m))| *o = (slope * z - m) / value);
        });
        Ok(())
    }
}

/// Computes the gradient at one query by a softmax of the logarithms of the kernel.
fn far(z: &[f64], sources: &Points, weights: Option<&[f64]>, kernel: Kernel, out: &mut [f64]) {
    let log = |(j, x): (usize, &[f64])| {
        let log_weight = weights.map_or(0.0, |weights| weights[j].ln());
        log_weight + kernel.log_value(squared_distance(z, x))
    };
    let most = sources.iter().enumerate().map(log).fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    out.fill(0.0);
    for (j, x) in sources.iter().enumerate() {
        let d2 = squared_distance(z, x);
        let weight = (log((j, x)) - most).exp();
        total += weight;
        let pull = weight * kernel.log_slope(d2);
        out.iter_mut().zip(z.iter().zip(x)).for_each(|(o, (z, x))| *o += pull * (z - x));
    }
    out.iter_mut().for_each(|o| *o /= total);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairwise::{PairwiseOptions, Precision};
    use crate::rng::Stream;

    #[test]
    fn the_gradient_is_that_of_the_logarithm_near_and_far() {
        let sources = Stream::new(1).normal(40, 2);
        // Some weights are 0.
        let weights: Vec<f64> = (0..40).map(|j| f64::from(j % 7) / 120.0).collect();
        let z = Points::from_rows(&[[0.3, -0.4], [4.0, 1.0], [900.0, -2000.0]]).unwrap();
        for kernel in Kernel::all(0.7).into_iter().filter(Kernel::is_positive) {
            // The largest term is factored out, so that the logarithm exists far away.
            let log_sum = |z: &[f64]| {
                let logs: Vec<f64> = (sources.iter().zip(&weights))
                    .map(|(x, w)| w.ln() + kernel.log_value(squared_distance(z, x)))
                    .collect();
                let most = logs.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
                most + logs.iter().map(|l| (l - most).exp()).sum::<f64>().ln()
            };
            for (precision, tolerance) in [(Precision::F64, 1e-6), (Precision::F32, 1e-3)] {
                let pairwise =
                    Pairwise::new(PairwiseOptions { precision, ..PairwiseOptions::default() }, Default::default());
                let mut out = Points::default();
                let weighted = (&sources, Some(weights.as_slice()));
                pairwise.log_gradient(&z, weighted, kernel, &mut LogGradient::default(), &mut out).unwrap();
                for i in 0..z.n() {
                    for j in 0..2 {
                        let step = 1e-5 * z.row(i)[j].abs().max(1.0);
                        let at = |by: f64| {
                            let mut moved = z.row(i).to_vec();
                            moved[j] += by;
                            log_sum(&moved)
                        };
                        let want = (at(step) - at(-step)) / (2.0 * step);
                        let got = out.row(i)[j];
                        assert!((got - want).abs() < tolerance * (1.0 + want.abs()), "{kernel:?} {i}: {got} {want}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_energy_kernel_is_refused() {
        let x = Stream::new(1).normal(4, 2);
        let (mut buffers, mut out) = (LogGradient::default(), Points::default());
        assert!(Pairwise::default().log_gradient(&x, (&x, None), Kernel::Energy, &mut buffers, &mut out).is_err());
    }
}
