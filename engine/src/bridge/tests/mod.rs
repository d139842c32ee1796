//! Bridges against closed forms, identities, quadrature and simulation.

mod agreement;
mod conditional;
mod gaussian;
mod ipf;
mod potential;
mod refusals;
mod simulation;
mod sinkhorn;
mod started;
mod two_potentials;

use super::{GaussianBridge, PotentialBridge, ReferenceProcess};
use crate::target::{Gaussian, Mixture};
use faer::Mat;

/// Two Gaussians whose covariances do not commute.
fn ends() -> [Gaussian; 2] {
    let a = faer::mat![[1.0, 0.4, 0.1], [0.4, 0.7, -0.2], [0.1, -0.2, 0.5]];
    let b = faer::mat![[0.6, -0.3, 0.0], [-0.3, 1.5, 0.5], [0.0, 0.5, 0.9]];
    [Gaussian::new(vec![1.0, -1.0, 0.5], a).unwrap(), Gaussian::new(vec![-0.5, 2.0, 0.0], b).unwrap()]
}

/// The bridge between the two Gaussians of [`ends`], relative to a Brownian motion if `pull` is 0.
fn gaussian(epsilon: f64, pull: f64) -> GaussianBridge {
    let [source, target] = ends();
    GaussianBridge::new(&source, &target, ReferenceProcess::new(epsilon, pull).unwrap()).unwrap()
}

/// A bridge with a potential of two Gaussians in the plane, with full covariances.
fn pair(epsilon: f64) -> PotentialBridge {
    let one = Gaussian::new(vec![2.0, 0.0], faer::mat![[0.5, 0.2], [0.2, 0.4]]).unwrap();
    let other = Gaussian::new(vec![-1.0, 1.0], faer::mat![[0.3, -0.1], [-0.1, 0.6]]).unwrap();
    PotentialBridge::of_mixture(&Mixture::new(vec![0.3, 0.7], vec![one, other]).unwrap(), epsilon).unwrap()
}

fn distance(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    (a - b).norm_max()
}

/// Runs `act` on pools of 1, 2 and 5 threads and expects the same results.
fn same_for_any_threads<T: PartialEq + std::fmt::Debug + Send>(act: impl Fn() -> T + Send + Sync) -> T {
    let on = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(&act);
    let [one, two, five] = [1, 2, 5].map(on);
    assert!(one == two && two == five);
    one
}
