//! Kernel discrepancies of two samples, which [`super::Mmd`] and [`super::Energy`] share.

use super::estimate::{Estimate, mean, variance_of_mean, variance_of_weighted_mean, weighted_mean};
use super::reference::Reference;
use crate::pairwise::{Backend, Kernel, KernelSum, KernelSums, Pairwise, PairwiseOptions, Part, Precision};
use crate::{Error, Points, Result, Subject};

/// The relative rounding error of sums of kernel values in f64.
const ROUNDING: f64 = 1e-12;

/// The largest number of points, both sets together, for which all pairs are evaluated although
/// there is a quicker way. All pairs of so many points take about a minute on two threads.
pub const MANY: usize = 1 << 18;

/// How the sums of kernel values are computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sums {
    /// From all pairs of points.
    #[default]
    Pairs,
    /// On a grid, if the backend is "auto": for smooth kernels in few dimensions.
    Grid,
}

/// Checks that both sets have the two points that `unbiased` needs.
///
/// # Errors
/// The check fails.
pub fn check_two_each(x: &Points, reference: &Reference) -> Result<()> {
    let sizes = [(Subject::points(), x.n() as f64), (Subject::argument("reference"), reference.effective_n())];
    match sizes.into_iter().find(|(_, n)| *n < 1.0 + 1e-9) {
        Some((what, _)) => {
            let want = "`unbiased` leaves out the pairs of a point with itself and needs at least two";
            Err(Error::shape(what, "one point", want))
        }
        None => Ok(()),
    }
}

/// Returns `E k(x, x') + E k(y, y') - 2 E k(x, y)`, averaged over `kernels`, with its standard
/// error. `y` is the reference with its weights.
///
/// The V-statistic keeps the pairs of a point with itself; the U-statistic (`unbiased`) leaves them
/// out. With the witness `f(z) = mean_i k(z, x_i) - sum_j w_j k(z, y_j)`, the V-statistic is
/// `mean_i f(x_i) - sum_j w_j f(y_j)`. The first-order projection of a point is `2 f`
/// \[gretton2012kernel\]. One pass therefore gives the value and its standard error.
///
/// # Errors
/// `unbiased` with a side of one point; an interrupt.
pub fn discrepancy(
    x: &Points,
    reference: &Reference,
    kernels: &[Kernel],
    unbiased: bool,
    sums: Sums,
    pairwise: &Pairwise,
) -> Result<Estimate> {
    let (y, weights) = (reference.points(), reference.weights());
    let (n, m) = (x.n(), y.n());
    if unbiased {
        check_two_each(x, reference)?;
    }
    let pooled = x.concat(y)?;
    // The difference of nearly equal means needs f64.
    let mut options = PairwiseOptions { precision: Precision::F64, ..pairwise.options().clone() };
    let on_grid = sums == Sums::Grid && options.backend == Backend::Auto;
    if on_grid {
        options.backend = Backend::Grid;
    }
    let engine = pairwise.with(options);
    let mut witness = vec![0.0; n + m];
    let (mut correction, mut size) = (0.0, 0.0);
    for &kernel in kernels {
        let [to_x, to_y] = match on_grid {
            true => means_of_grid(&engine, kernel, &pooled, (n, weights))?,
            false => means_of_pairs(&engine, kernel, &pooled, x, (y, weights))?,
        };
        witness.iter_mut().zip(to_x.iter().zip(&to_y)).for_each(|(f, (a, b))| *f += a - b);
        size += mean(&to_x).abs();
        if unbiased {
            let at_zero = kernel.value(0.0);
            correction += self_bias(mean(&to_x[..n]), 1.0 / n as f64, at_zero);
            correction += self_bias(weighted_mean(&to_y[n..], weights), 1.0 / reference.effective_n(), at_zero);
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

/// Returns, for each point of `pooled`, the mean of its kernel values with the points of `x` and
/// the mean of those with the points of `y`.
fn means_of_pairs(
    engine: &Pairwise,
    kernel: Kernel,
    pooled: &Points,
    x: &Points,
    (y, weights): (&Points, Option<&[f64]>),
) -> Result<[Vec<f64>; 2]> {
    let means = |points: &Points, weights: Option<&[f64]>| {
        let sum = KernelSum { kernel, part: Part::Value, weights, values: None, leave_out_self: false };
        let mut sums = KernelSums::default();
        engine.kernel_sum(pooled, points, &sum, &mut sums)?;
        let scale = if weights.is_some() { 1.0 } else { points.n() as f64 };
        sums.mass.iter_mut().for_each(|sum| *sum /= scale);
        Ok(sums.mass)
    };
    Ok([means(x, None)?, means(y, weights)?])
}

/// Returns the means of [`means_of_pairs`], computed on a grid in one call for both sets. The error
/// of the grid is the same for the points of both sets: it changes the kernel, but adds no
/// difference between equal distributions.
fn means_of_grid(
    engine: &Pairwise,
    kernel: Kernel,
    pooled: &Points,
    (n, weights): (usize, Option<&[f64]>),
) -> Result<[Vec<f64>; 2]> {
    let m = pooled.n() - n;
    let mut shares = Points::zeros(n + m, 2);
    (0..n).for_each(|i| shares.row_mut(i)[0] = 1.0 / n as f64);
    (0..m).for_each(|j| shares.row_mut(n + j)[1] = weights.map_or(1.0 / m as f64, |weights| weights[j]));
    let values = Some((&shares).into());
    let sum = KernelSum { kernel, part: Part::Value, weights: None, values, leave_out_self: false };
    let mut sums = KernelSums::default();
    engine.kernel_sum(pooled, pooled, &sum, &mut sums)?;
    Ok([0, 1].map(|k| sums.moment.iter().map(|row| row[k]).collect()))
}

/// Returns the V-statistic minus the U-statistic of one sample: the contribution of the pairs of a
/// point with itself to `sum_ij w_i w_j k(x_i, x_j)`. The kernel value of such a pair is `at_zero`.
/// `squares` is `sum w^2`.
pub fn self_bias(v_statistic: f64, squares: f64, at_zero: f64) -> f64 {
    v_statistic - (v_statistic - squares * at_zero) / (1.0 - squares)
}
