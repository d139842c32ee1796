//! Identities of the closed form between Gaussians.

use super::{distance, ends, gaussian};
use crate::bridge::{Bridge, Coupling, Direction, GaussianBridge, Method, ReferenceProcess, SimulateOptions, simulate};
use crate::matrix::{Spectrum, product};
use crate::rng::Stream;
use crate::target::{Density, Gaussian, Target};
use crate::{Interrupt, Points};
use faer::Mat;

const PROCESSES: [(f64, f64); 3] = [(0.8, 0.0), (0.8, 1.5), (0.05, 0.0)];

#[test]
fn forward_and_backward_drift_add_up_to_the_score() {
    let x = Stream::new(1).normal(20, 3);
    for (epsilon, pull) in PROCESSES {
        let bridge = gaussian(epsilon, pull);
        let bridge: &dyn Bridge = &bridge;
        for t in [0.0, 0.2, 0.7, 1.0] {
            let (mut u, mut b, mut score, mut flow) = Default::default();
            bridge.drift(Direction::Forward, t, &x, &mut u).unwrap();
            bridge.drift(Direction::Backward, t, &x, &mut b).unwrap();
            bridge.velocity(t, &x, &mut flow).unwrap();
            bridge.expect_marginal(t).unwrap().score(&x, 0.0, &mut score).unwrap();
            for (((u, b), s), v) in u.data().iter().zip(b.data()).zip(score.data()).zip(flow.data()) {
                assert!((u + b - epsilon * s).abs() < 1e-9 * (1.0 + s.abs()), "{t}: {u} + {b} is not {s}");
                assert_eq!(*v, 0.5 * (u - b));
            }
        }
    }
}

#[test]
fn the_covariance_changes_by_drift_and_noise() {
    // dS/dt = K + K^T + epsilon I with K = Cov(u, X) = slope S.
    let h = 1e-5;
    for (epsilon, pull) in PROCESSES {
        let bridge = gaussian(epsilon, pull);
        for t in [0.3, 0.8] {
            let (value, slope, _) = bridge.affine_drift(t).unwrap();
            let [less, now, more] = [t - h, t, t + h].map(|t| bridge.gaussian_marginal(t).unwrap());
            let gain = product(slope.as_ref(), now.cov.as_ref());
            for i in 0..3 {
                assert!(((more.mean[i] - less.mean[i]) / (2.0 * h) - value[i]).abs() < 1e-8);
                for j in 0..3 {
                    let rate = (more.cov[(i, j)] - less.cov[(i, j)]) / (2.0 * h);
                    let noise = if i == j { epsilon } else { 0.0 };
                    assert!((rate - gain[(i, j)] - gain[(j, i)] - noise).abs() < 1e-7, "{epsilon} {pull} {t}");
                }
            }
        }
    }
}

#[test]
fn the_ends_are_those_given() {
    let [source, target] = ends();
    for (epsilon, pull) in PROCESSES {
        let bridge = gaussian(epsilon, pull);
        let [start, end] = [0.0, 1.0].map(|t| bridge.gaussian_marginal(t).unwrap());
        assert!(distance(&start.cov, &source.cov()) < 1e-14 && distance(&end.cov, &target.cov()) < 1e-14);
        assert_eq!(end.mean, target.mean());
    }
}

#[test]
fn unit_variances_have_the_golden_ratio() {
    let bridge = |epsilon: f64| {
        let ends = [-0.1, 0.1].map(|m| Gaussian::isotropic(vec![m; 2], 1.0).unwrap());
        GaussianBridge::new(&ends[0], &ends[1], ReferenceProcess::brownian(epsilon).unwrap()).unwrap()
    };
    let golden = 0.5 * (5f64.sqrt() - 1.0);
    assert!((bridge(1.0).cross_covariance()[(0, 0)] - golden).abs() < 1e-14);
    // Without noise the plan is the optimal map; with much noise the ends are independent.
    assert!((bridge(1e-9).cross_covariance()[(1, 1)] - 1.0).abs() < 1e-8);
    assert!(bridge(1e9).cross_covariance()[(0, 0)] < 2e-9 && bridge(1e9).cross_covariance()[(0, 0)] > 0.5e-9);
}

#[test]
fn the_density_of_the_plan_is_that_of_the_reference_times_two_factors() {
    // The precision of the joint distribution has the off-diagonal block -(r / v) I.
    for (epsilon, pull) in PROCESSES {
        let bridge = gaussian(epsilon, pull);
        let (r, v) = ReferenceProcess::new(epsilon, pull).unwrap().transition(1.0);
        let ([a, b], c) = (bridge.ends(), bridge.cross_covariance());
        let joint = Mat::from_fn(6, 6, |i, j| match (i < 3, j < 3) {
            (true, true) => a.cov[(i, j)],
            (true, false) => c[(i, j - 3)],
            (false, true) => c[(j, i - 3)],
            (false, false) => b.cov[(i - 3, j - 3)],
        });
        let precision = Spectrum::positive(&joint, "joint").unwrap().map(|v| 1.0 / v);
        for (i, j) in (0..3).flat_map(|i| (3..6).map(move |j| (i, j))) {
            let want = if j == i + 3 { -r / v } else { 0.0 };
            assert!((precision[(i, j)] - want).abs() < 1e-8 * (1.0 + r / v), "{epsilon} {pull}: {i} {j}");
        }
    }
}

#[test]
fn sampled_plans_have_the_covariance_of_start_and_end() {
    let n = 40_000;
    for (epsilon, pull) in [(0.8, 0.0), (0.8, 1.5)] {
        let bridge = gaussian(epsilon, pull);
        let start = ends()[0].sample(n, Stream::new(5)).unwrap();
        let mut end = Points::default();
        bridge.draw(&start, Stream::new(6), &mut end).unwrap();
        let joint: Vec<Vec<f64>> = start.iter().zip(end.iter()).map(|(x, y)| [x, y].concat()).collect();
        let cov = Points::from_rows(&joint).unwrap().covariance();
        let noise = 5.0 * 1.5 / (n as f64).sqrt();
        for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
            assert!((cov[(i, j + 3)] - bridge.cross_covariance()[(i, j)]).abs() < noise, "{epsilon} {pull}");
            assert!((cov[(i + 3, j + 3)] - ends()[1].cov()[(i, j)]).abs() < 2.0 * noise, "{epsilon} {pull}");
        }
    }
}

#[test]
fn simulated_processes_have_the_marginals_of_the_closed_form() {
    let (n, stream) = (20_000, Stream::new(9));
    for (pull, method) in [(0.0, Method::Sde), (1.5, Method::Sde), (1.5, Method::Ode), (1.5, Method::Plan)] {
        let bridge = gaussian(0.8, pull);
        for direction in [Direction::Forward, Direction::Backward] {
            let from = usize::from(direction == Direction::Backward);
            let start = ends()[from].sample(n, stream).unwrap();
            let options = SimulateOptions { steps: 200, direction, method, denoise: false };
            let path = simulate(&bridge, &start, &options, 2, stream, &Interrupt::default()).unwrap();
            let times: Vec<f64> = path.iter().map(|s| s.t).collect();
            assert_eq!(times, if from == 0 { [0.0, 0.5, 1.0] } else { [1.0, 0.5, 0.0] });
            for snapshot in &path[1..] {
                let want = bridge.gaussian_marginal(snapshot.t).unwrap();
                // Noise of the sample, and the error of order 1 / steps.
                let bound = 5.0 * 1.5 / (n as f64).sqrt() + 0.01;
                assert!(distance(&snapshot.points.covariance(), &want.cov) < bound, "{pull} {method:?} {direction:?}");
                let means = snapshot.points.mean();
                assert!(means.iter().zip(&want.mean).all(|(a, b)| (a - b).abs() < bound), "{pull} {method:?}");
            }
        }
    }
}
