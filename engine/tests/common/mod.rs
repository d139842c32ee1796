//! Functions that several tests of the library share.
#![allow(dead_code)] // Each test takes the helpers that it needs.

use faer::Mat;
use sdflow::flow::{Noise, Scaling, SdFlowOptions};
use sdflow::pairwise::{Pairwise, PairwiseOptions, Precision};
use sdflow::rng::Stream;
use sdflow::schedule::Schedule;
use sdflow::target::{Gaussian, Target};
use sdflow::{Interrupt, Points};

/// Returns an engine that computes in f64, so that rounding errors do not hide other errors.
pub fn exact_arithmetic() -> Pairwise {
    let options = PairwiseOptions { precision: Precision::F64, ..PairwiseOptions::default() };
    Pairwise::new(options, Interrupt::default())
}

/// Returns 60 target points and 45 particles in 3 dimensions.
pub fn two_sets() -> (Points, Points) {
    let mut y = Stream::new(2).normal(45, 3);
    y.data_mut().iter_mut().for_each(|v| *v = 0.5 * *v + 1.0);
    (Stream::new(1).normal(60, 3), y)
}

/// Returns the largest difference between coordinates of two sets of equal shape.
pub fn gap(a: &Points, b: &Points) -> f64 {
    assert_eq!((a.n(), a.dim()), (b.n(), b.dim()));
    a.data().iter().zip(b.data()).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

/// Returns a Gaussian in 3 dimensions whose axes are correlated.
pub fn gaussian_3d() -> Gaussian {
    let cov = Mat::from_fn(3, 3, |i, j| [[1.5, 0.4, 0.1], [0.4, 0.8, -0.3], [0.1, -0.3, 1.1]][i][j]);
    Gaussian::new(vec![1.0, -2.0, 0.5], cov).unwrap()
}

/// Returns a cloud of 400 points whose covariance does not commute with that of the target.
pub fn cloud_3d() -> Points {
    let cov = Mat::from_fn(3, 3, |i, j| [[0.5, -0.2, 0.0], [-0.2, 2.0, 0.6], [0.0, 0.6, 1.0]][i][j]);
    Gaussian::new(vec![-1.0, 0.0, 3.0], cov).unwrap().sample(400, Stream::new(1)).unwrap()
}

/// Returns options of the score-difference flow at one sigma.
pub fn sd_options(sigma: f64, scaling: Scaling, noise: Noise) -> SdFlowOptions {
    SdFlowOptions { sigma: Some(Schedule::from(sigma)), scaling, noise: Some(noise), ..SdFlowOptions::default() }
}
