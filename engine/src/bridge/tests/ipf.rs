//! The Gaussian recursion of iterative proportional fitting.

use super::{distance, ends, gaussian};
use crate::bridge::{GaussianIpf, ReferenceProcess};
use crate::matrix::{Spectrum, product};
use crate::target::Gaussian;

#[test]
fn every_iterate_keeps_the_potential_form() {
    // noise^-1 slope = (r / v) I in both directions.
    for (epsilon, pull) in [(0.8, 0.0), (0.5, 1.2)] {
        let [source, target] = ends();
        let process = ReferenceProcess::new(epsilon, pull).unwrap();
        let (r, v) = process.transition(1.0);
        let mut ipf = GaussianIpf::new(&source, &target, process).unwrap();
        for step in 0..60 {
            ipf.half_step().unwrap();
            for kernel in [ipf.forward(), ipf.backward()] {
                let inverse = Spectrum::positive(&kernel.noise, "noise").unwrap().map(|v| 1.0 / v);
                let form = product(inverse.as_ref(), kernel.slope.as_ref());
                let want = faer::Mat::from_fn(3, 3, |i, j| if i == j { r / v } else { 0.0 });
                assert!(distance(&form, &want) < 1e-9 * r / v, "{epsilon} {pull}: half step {step}");
            }
        }
        let bridge = gaussian(epsilon, pull);
        assert!(distance(&ipf.cross_covariance(), bridge.cross_covariance()) < 1e-9);
        assert!(distance(&ipf.end().cov, &target.cov()) < 1e-9);
    }
}

#[test]
fn the_rates_are_those_of_unit_variances() {
    // For A = B = 1, means -.1 and .1, and epsilon 1, the rates of convergence of mean and
    // covariance are known.
    let [source, target] = [-0.1, 0.1].map(|m| Gaussian::isotropic(vec![m], 1.0).unwrap());
    let mut ipf = GaussianIpf::new(&source, &target, ReferenceProcess::brownian(1.0).unwrap()).unwrap();
    let golden = 0.5 * (5f64.sqrt() - 1.0);
    let (mut means, mut covariances) = (vec![(ipf.end().mean[0] - 0.1).abs()], Vec::new());
    for _ in 0..8 {
        covariances.push((ipf.cross_covariance()[(0, 0)] - golden).abs());
        ipf.half_step().unwrap();
        ipf.half_step().unwrap();
        means.push((ipf.end().mean[0] - 0.1).abs());
    }
    for (found, want) in means.iter().zip([2.0e-1, 6.7e-2, 2.5e-2, 9.5e-3, 3.6e-3]) {
        assert!((found / want - 1.0).abs() < 0.03, "{means:?}");
    }
    let last = |v: &[f64]| v[v.len() - 1] / v[v.len() - 2];
    assert!((last(&means) - 0.382).abs() < 5e-4 && (last(&covariances) - 0.146).abs() < 5e-4);
}
