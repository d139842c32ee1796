//! Kernel discrepancies of two samples, which [`super::Mmd`] and [`super::Energy`] share.

use super::estimate::{Estimate, mean, variance_of_mean};
use crate::pairwise::{Kernel, KernelSum, KernelSums, Pairwise, Part, Precision};
use crate::{Points, Result};

/// `E k(x, x') + E k(y, y') - 2 E k(x, y)`, the mean over `kernels`, with its standard error.
///
/// The V-statistic keeps the pairs of a point with itself; the U-statistic (`unbiased`) leaves them out. With the
/// witness `f(z) = mean_i k(z, x_i) - mean_j k(z, y_j)` the V-statistic is `mean_i f(x_i) - mean_j f(y_j)`, and the
/// first-order projection of a point is `2 f` [gretton2012kernel], so one pass gives both.
pub fn discrepancy(
    x: &Points,
    y: &Points,
    kernels: &[Kernel],
    unbiased: bool,
    pairwise: &Pairwise,
) -> Result<Estimate> {
    let (n, m) = (x.n(), y.n());
    let pooled = concatenated(x, y);
    // The difference of near equal means needs the digits.
    let mut options = pairwise.options().clone();
    options.precision = Precision::F64;
    let engine = pairwise.with(options);
    let mut witness = vec![0.0; n + m];
    let mut correction = 0.0;
    let (mut to_x, mut to_y) = (KernelSums::default(), KernelSums::default());
    for &kernel in kernels {
        let sum = KernelSum { kernel, part: Part::Value, weights: None, values: None, leave_out_self: false };
        engine.kernel_sum(&pooled, x, &sum, &mut to_x)?;
        engine.kernel_sum(&pooled, y, &sum, &mut to_y)?;
        let sums = to_x.mass.iter().zip(&to_y.mass);
        witness.iter_mut().zip(sums).for_each(|(f, (a, b))| *f += a / n as f64 - b / m as f64);
        if unbiased {
            correction += self_bias(&to_x.mass[..n], kernel) + self_bias(&to_y.mass[n..], kernel);
        }
    }
    let count = kernels.len() as f64;
    witness.iter_mut().for_each(|f| *f /= count);
    let (on_x, on_y) = witness.split_at(n);
    let value = mean(on_x) - mean(on_y) - correction / count;
    let se = 2.0 * (variance_of_mean(on_x) + variance_of_mean(on_y)).sqrt();
    Ok(Estimate::new(value, se))
}

/// V-statistic less U-statistic of the mean kernel value within one sample, from its row sums; a single point keeps
/// its V-statistic.
fn self_bias(row_sums: &[f64], kernel: Kernel) -> f64 {
    if row_sums.len() < 2 {
        return 0.0;
    }
    let n = row_sums.len() as f64;
    let total = mean(row_sums);
    total / n - (total - kernel.value(0.0)) / (n - 1.0)
}

fn concatenated(x: &Points, y: &Points) -> Points {
    let mut both = Points::zeros(x.n() + y.n(), x.dim());
    let (head, tail) = both.data_mut().split_at_mut(x.data().len());
    head.copy_from_slice(x.data());
    tail.copy_from_slice(y.data());
    both
}
