//! Bridges learned by nets.

mod constant;
mod first_half;
mod fitting;
mod nets;
mod refusals;

use super::*;
use crate::process::Unobserved;
use crate::target::Gaussian;

/// `N(-a, 1)` and `N(a, 1)` in `dim` coordinates.
fn shifted(dim: usize, a: f64) -> [Gaussian; 2] {
    [-a, a].map(|m| Gaussian::isotropic(vec![m; dim], 1.0).unwrap())
}

/// Options of a short training with a small net.
fn small() -> DsbOptions {
    DsbOptions { epsilon: Some(1.0), hidden: 32, iterations: 1, steps: 300, batch: 256, ..DsbOptions::default() }
}

/// Options of a short training with pairs and a small net.
fn small_pairs() -> DsbmOptions {
    DsbmOptions { epsilon: Some(1.0), hidden: 32, iterations: 1, steps: 300, batch: 256, ..DsbmOptions::default() }
}

fn dsb(ends: [&dyn Target; 2], options: &DsbOptions) -> Result<LearnedDrifts> {
    train_dsb(ends, options, Stream::new(1), &Interrupt::default(), &mut Unobserved)
}

fn dsbm(ends: [&dyn Target; 2], options: &DsbmOptions) -> Result<LearnedDrifts> {
    train_dsbm(ends, options, Stream::new(1), &Interrupt::default(), &mut Unobserved)
}
