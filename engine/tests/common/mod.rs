//! What several tests of the library share.
#![allow(dead_code)] // Each test takes the helpers that it needs.

use sdflow::pairwise::{Pairwise, PairwiseOptions, Precision};
use sdflow::rng::Stream;
use sdflow::{Interrupt, Points};

/// An engine that computes in f64, so that rounding hides nothing.
pub fn exact_arithmetic() -> Pairwise {
    let options = PairwiseOptions { precision: Precision::F64, ..PairwiseOptions::default() };
    Pairwise::new(options, Interrupt::default())
}

/// 60 target points and 45 particles in 3 dimensions.
pub fn two_sets() -> (Points, Points) {
    let mut y = Stream::new(2).normal(45, 3);
    y.data_mut().iter_mut().for_each(|v| *v = 0.5 * *v + 1.0);
    (Stream::new(1).normal(60, 3), y)
}

/// The largest difference between coordinates of two sets of equal shape.
pub fn gap(a: &Points, b: &Points) -> f64 {
    assert_eq!((a.n(), a.dim()), (b.n(), b.dim()));
    a.data().iter().zip(b.data()).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}
