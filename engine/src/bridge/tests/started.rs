//! The backward drift of bridges with a mixture potential, against quadrature.

use super::pair;
use crate::bridge::{Bridge, Direction, PotentialBridge, SimulateOptions, StartedBridge, simulate};
use crate::pairwise::{Backend, Pairwise, PairwiseOptions, Precision};
use crate::rng::Stream;
use crate::target::{Gaussian, Mixture, Samples, SamplesOptions, Target};
use crate::{Interrupt, Points};
use std::sync::Arc;

fn engine() -> Pairwise {
    let options = PairwiseOptions { backend: Backend::Naive, precision: Precision::F64, ..PairwiseOptions::default() };
    Pairwise::new(options, Interrupt::default())
}

fn gauss(z: f64, v: f64) -> f64 {
    (-0.5 * z * z / v).exp() / (std::f64::consts::TAU * v).sqrt()
}

/// Weights, means and standard deviations of the potential.
const PARTS: [(f64, f64, f64); 2] = [(0.3, 2.0, 0.5), (0.7, -1.0, 0.8)];

fn bridge(epsilon: f64) -> Arc<PotentialBridge> {
    let components = PARTS.iter().map(|(_, m, s)| Gaussian::isotropic(vec![*m], *s).unwrap()).collect();
    let mixture = Mixture::new(PARTS.iter().map(|p| p.0).collect(), components).unwrap();
    Arc::new(PotentialBridge::of_mixture(&mixture, epsilon).unwrap())
}

/// The potential smoothed by the noise of the remaining time `1 - t`. It is a mixture again.
fn potential(epsilon: f64, t: f64, x: f64) -> f64 {
    PARTS.iter().map(|(w, m, s)| w * gauss(x - m, s * s + epsilon * (1.0 - t))).sum()
}

/// `epsilon d/dx log int p_0(y) / phi(0, y) N(x; y, epsilon t) dy` for `p_0 = N(0, 1)`, by the
/// trapezoidal rule and a difference.
fn backward(epsilon: f64, t: f64, x: f64) -> f64 {
    let (n, lo, hi) = (40_000, -10.0, 10.0);
    let step = (hi - lo) / f64::from(n);
    let at = |x: f64| {
        let part = |i: i32| {
            let y = lo + step * f64::from(i);
            gauss(y, 1.0) / potential(epsilon, 0.0, y) * gauss(x - y, epsilon * t)
        };
        (0..=n).map(part).sum::<f64>().ln()
    };
    epsilon * (at(x + 1e-4) - at(x - 1e-4)) / 2e-4
}

#[test]
fn the_backward_drift_is_the_integral_over_the_start() {
    // A weighted sample on a fine grid is the source N(0, 1) to the precision of the quadrature.
    let grid: Vec<f64> = (0..4001).map(|i| -10.0 + 0.005 * f64::from(i)).collect();
    let weights = grid.iter().map(|y| gauss(*y, 1.0)).collect();
    let options = SamplesOptions { weights: Some(weights), ..SamplesOptions::default() };
    let source = Samples::new(Points::new(grid, 1, "grid").unwrap(), &options).unwrap();
    let drawn = Gaussian::isotropic(vec![0.0], 1.0).unwrap();
    let x = Points::from_rows(&[[-2.0], [-0.4], [0.3], [1.1]]).unwrap();
    for epsilon in [0.3, 1.0] {
        let exact = StartedBridge::new(bridge(epsilon), &source, 1, Stream::new(1), &engine()).unwrap();
        let sampled = StartedBridge::new(bridge(epsilon), &drawn, 50_000, Stream::new(1), &engine()).unwrap();
        for t in [0.2, 0.5, 1.0] {
            let [mut found, mut near] = [Points::default(), Points::default()];
            (&exact as &dyn Bridge).drift(Direction::Backward, t, &x, &mut found).unwrap();
            (&sampled as &dyn Bridge).drift(Direction::Backward, t, &x, &mut near).unwrap();
            for (i, x) in x.data().iter().enumerate() {
                let (want, found, near) = (backward(epsilon, t, *x), found.data()[i], near.data()[i]);
                assert!((found - want).abs() < 1e-5 * (1.0 + want.abs()), "{epsilon}, {t}, {x}: {found} {want}");
                // The standard error of 50,000 points is at most about 0.02.
                assert!((near - want).abs() < 0.1, "sampled, {epsilon}, {t}, {x}: {near} {want}");
            }
        }
    }
}

#[test]
fn a_finite_source_is_reached_again() {
    let masses = [0.2, 0.5, 0.3];
    let options = SamplesOptions { weights: Some(masses.to_vec()), ..SamplesOptions::default() };
    let start = Points::from_rows(&[[-1.0, 0.0], [0.5, 1.0], [1.5, -1.0]]).unwrap();
    let source = Samples::new(start.clone(), &options).unwrap();
    let bridge = StartedBridge::new(Arc::new(pair(0.6)), &source, 1, Stream::new(1), &engine()).unwrap();
    let n = 20_000;
    let x = source.sample(n, Stream::new(2)).unwrap();
    let mut end = Points::default();
    bridge.plan().unwrap().draw(&x, Stream::new(3), &mut end).unwrap();
    // The plan and the drift in reversed time return to the points with their masses.
    let counts = |points: &Points| {
        let near = |p: &[f64], q: &[f64]| crate::points::squared_distance(p, q) < 0.25;
        start.iter().map(|q| points.iter().filter(|p| near(p, q)).count() as f64 / n as f64).collect::<Vec<_>>()
    };
    let mut back = Points::default();
    let reversed = bridge.reversed().unwrap();
    reversed.plan().unwrap().draw(&end, Stream::new(4), &mut back).unwrap();
    assert!(counts(&back).iter().zip(&masses).all(|(found, mass)| (found - mass).abs() < 0.015), "{:?}", counts(&back));
    let options = SimulateOptions { steps: 200, direction: Direction::Backward, ..SimulateOptions::default() };
    let path = simulate(&bridge, &end, &options, 1, Stream::new(5), &Interrupt::default()).unwrap();
    let found = counts(&path[1].points);
    assert!(found.iter().zip(&masses).all(|(found, mass)| (found - mass).abs() < 0.03), "{found:?}");
    // Reversed twice, the process is the bridge itself.
    let (mut again, mut once) = (Points::default(), Points::default());
    reversed.reversed().unwrap().forward(0.4, &x, &mut again).unwrap();
    bridge.forward(0.4, &x, &mut once).unwrap();
    assert_eq!(again, once);
    assert!(reversed.forward(1.0, &x, &mut once).unwrap_err().to_string().contains("infinite"));
}
