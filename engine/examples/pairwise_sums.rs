//! The pairwise engine alone: kernel sums over all pairs of points without a matrix of all pairs.
#![allow(clippy::print_stdout)] // An example talks to its reader.

use sdflow::pairwise::{Kernel, KernelSum, KernelSums, Pairwise, Part, ScoreDifference};
use sdflow::points::squared_distance;
use sdflow::rng::Stream;
use sdflow::{Points, Result};

/// # Errors
/// This example does not fail.
pub fn main() -> Result<()> {
    let (n, m, dim, sigma) = (2000, 3000, 8, 0.8);
    let (y, x) = (Stream::new(1).normal(n, dim), Stream::new(2).normal(m, dim));
    let pairwise = Pairwise::default();

    // The kernel density of x at every y, up to a constant.
    let sum = KernelSum {
        kernel: Kernel::Gaussian { h: sigma },
        part: Part::Value,
        weights: None,
        values: None,
        leave_out_self: false,
    };
    let mut sums = KernelSums::default();
    pairwise.kernel_sum(&y, &x, &sum, &mut sums)?;
    let by_hand: f64 = x.iter().map(|x| (-squared_distance(y.row(0), x) / (2.0 * sigma * sigma)).exp()).sum();
    println!("kernel sum at the first particle: {:.6}, by hand {by_hand:.6}", sums.mass[0]);
    assert!((sums.mass[0] / by_hand - 1.0).abs() < 1e-4);

    // sigma^2 (grad log p - grad log q) at every particle, in one call.
    let difference =
        ScoreDifference { targets: &x, target_log_weights: None, particles: &y, leave_out_self: false, sigma };
    let mut field = Points::default();
    pairwise.score_difference(&y, &difference, &mut field)?;
    println!("score difference at the first particle: {:.4?}", &field.row(0)[..3]);
    println!("{} pairs were evaluated", pairwise.work().pairs());
    Ok(())
}
