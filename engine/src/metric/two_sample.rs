//! Kernel discrepancies of two samples, which [`super::Mmd`] and [`super::Energy`] share.

use super::estimate::{Estimate, mean, variance_of_mean, variance_of_weighted_mean, weighted_mean};
use super::reference::Reference;
use crate::pairwise::{Kernel, KernelSum, KernelSums, Pairwise, Part, Precision};
use crate::{Error, Points, Result, Subject};

/// The relative rounding error of sums of kernel values in f64.
const ROUNDING: f64 = 1e-12;

/// Returns `E k(x, x') + E k(y, y') - 2 E k(x, y)`, averaged over `kernels`, with its standard
/// error. `y` is the reference with its weights.
///
/// The V-statistic keeps the pairs of a point with itself; the U-statistic (`unbiased`) leaves them
/// out. With the witness `f(z) = mean_i k(z, x_i) - sum_j w_j k(z, y_j)`, the V-statistic is
/// `mean_i f(x_i) - sum_j w_j f(y_j)`. The first-order projection of a point is `2 f`
/// \[gretton2012kernel\]. One pass therefore gives both.
///
/// # Errors
/// `unbiased` with a side of one point; an interrupt.
pub fn discrepancy(
    x: &Points,
    reference: &Reference,
    kernels: &[Kernel],
    unbiased: bool,
    pairwise: &Pairwise,
) -> Result<Estimate> {
    let (y, weights) = (reference.points(), reference.weights());
    let (n, m) = (x.n(), y.n());
    let alone = [(Subject::points(), n as f64), (Subject::argument("reference"), reference.effective_n())];
    if let Some((what, _)) = alone.into_iter().find(|(_, n)| unbiased && *n < 1.0 + 1e-9) {
        let want = "`unbiased` leaves out the pairs of a point with itself and needs at least two";
        return Err(Error::shape(what, "one point", want));
    }
    let pooled = concatenated(x, y);
    // The difference of nearly equal means needs f64.
    let mut options = pairwise.options().clone();
    options.precision = Precision::F64;
    let engine = pairwise.with(options);
    let mut witness = vec![0.0; n + m];
    let (mut correction, mut size) = (0.0, 0.0);
    let (mut to_x, mut to_y) = (KernelSums::default(), KernelSums::default());
    let scale = if weights.is_some() { 1.0 } else { m as f64 };
    for &kernel in kernels {
        let sum = KernelSum { kernel, part: Part::Value, weights: None, values: None, leave_out_self: false };
        engine.kernel_sum(&pooled, x, &sum, &mut to_x)?;
        engine.kernel_sum(&pooled, y, &KernelSum { weights, ..sum }, &mut to_y)?;
        let sums = to_x.mass.iter().zip(&to_y.mass);
        witness.iter_mut().zip(sums).for_each(|(f, (a, b))| *f += a / n as f64 - b / scale);
        size += mean(&to_x.mass).abs() / n as f64;
        if unbiased {
            let at_zero = kernel.value(0.0);
            let own: Vec<f64> = to_y.mass[n..].iter().map(|sum| sum / scale).collect();
            correction += self_bias(mean(&to_x.mass[..n]) / n as f64, 1.0 / n as f64, at_zero);
            correction += self_bias(weighted_mean(&own, weights), 1.0 / reference.effective_n(), at_zero);
        }
    }
    let count = kernels.len() as f64;
    witness.iter_mut().for_each(|f| *f /= count);
    let (on_x, on_y) = witness.split_at(n);
    let value = mean(on_x) - weighted_mean(on_y, weights) - correction / count;
    // A V-statistic that is negative by rounding is 0.
    let value = if !unbiased && value.abs() <= ROUNDING * size / count { value.max(0.0) } else { value };
    let se = 2.0 * (variance_of_mean(on_x) + variance_of_weighted_mean(on_y, weights)).sqrt();
    Ok(Estimate::new(value, se))
}

/// Returns the V-statistic minus the U-statistic of one sample: the contribution of the pairs of a
/// point with itself to `sum_ij w_i w_j k(x_i, x_j)`. The kernel value of such a pair is `at_zero`.
/// `squares` is `sum w^2`.
fn self_bias(v_statistic: f64, squares: f64, at_zero: f64) -> f64 {
    v_statistic - (v_statistic - squares * at_zero) / (1.0 - squares)
}

fn concatenated(x: &Points, y: &Points) -> Points {
    let mut both = Points::zeros(x.n() + y.n(), x.dim());
    let (head, tail) = both.data_mut().split_at_mut(x.data().len());
    head.copy_from_slice(x.data());
    tail.copy_from_slice(y.data());
    both
}
