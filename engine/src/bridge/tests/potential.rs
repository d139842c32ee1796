//! Bridges with a mixture potential: drift, plan and files.

use super::{distance, pair, same_for_any_threads};
use crate::bridge::{Bridge, Coupling, PotentialBridge};
use crate::rng::Stream;
use crate::target::{Gaussian, Mixture};
use crate::{Error, Points};

/// `log int N(y; x, epsilon (1 - t)) sum_k w_k N(y; m_k, s_k^2) dy` by the trapezoidal rule.
fn log_potential(mixture: &[(f64, f64, f64)], epsilon: f64, t: f64, x: f64) -> f64 {
    let (n, lo, hi) = (20_000, -12.0, 12.0);
    let h = (hi - lo) / f64::from(n);
    let gauss = |z: f64, v: f64| (-0.5 * z * z / v).exp() / (std::f64::consts::TAU * v).sqrt();
    let at = |i: i32| {
        let y = lo + h * f64::from(i);
        let potential: f64 = mixture.iter().map(|(w, m, s)| w * gauss(y - m, s * s)).sum();
        gauss(y - x, epsilon * (1.0 - t)) * potential
    };
    ((0..=n).map(at).sum::<f64>() * h).ln()
}

#[test]
fn the_drift_is_the_gradient_of_the_smoothed_potential() {
    let parts = [(0.3, 2.0, 0.5), (0.7, -1.0, 0.8)];
    let components = parts.iter().map(|(_, m, s)| Gaussian::isotropic(vec![*m], *s).unwrap()).collect();
    let mixture = Mixture::new(parts.iter().map(|p| p.0).collect(), components).unwrap();
    let x = Points::from_rows(&[[-2.0], [-0.4], [0.3], [1.1]]).unwrap();
    for epsilon in [0.2, 1.0, 3.0] {
        let bridge = PotentialBridge::of_mixture(&mixture, epsilon).unwrap();
        for t in [0.0, 0.35, 0.9] {
            let mut u = Points::default();
            bridge.forward(t, &x, &mut u).unwrap();
            for (x, u) in x.data().iter().zip(u.data()) {
                let h = 1e-4;
                let slope = log_potential(&parts, epsilon, t, x + h) - log_potential(&parts, epsilon, t, x - h);
                let want = epsilon * slope / (2.0 * h);
                assert!((u - want).abs() < 1e-5 * (1.0 + want.abs()), "epsilon {epsilon}, t {t}, x {x}: {u}, {want}");
            }
        }
    }
}

#[test]
fn at_time_1_the_drift_is_the_score_of_the_potential() {
    let bridge = pair(0.6);
    let one = Gaussian::new(vec![2.0, 0.0], faer::mat![[0.5, 0.2], [0.2, 0.4]]).unwrap();
    let other = Gaussian::new(vec![-1.0, 1.0], faer::mat![[0.3, -0.1], [-0.1, 0.6]]).unwrap();
    let mixture = Mixture::new(vec![0.3, 0.7], vec![one, other]).unwrap();
    let x = Stream::new(2).normal(30, 2);
    let (mut u, mut score) = (Points::default(), Points::default());
    bridge.forward(1.0, &x, &mut u).unwrap();
    crate::target::Density::score(&mixture, &x, 0.0, &mut score).unwrap();
    for (u, s) in u.data().iter().zip(score.data()) {
        assert!((u - 0.6 * s).abs() < 1e-10 * (1.0 + s.abs()));
    }
}

#[test]
fn draws_have_the_conditional_moments() {
    let bridge = pair(0.6);
    let n = 40_000;
    for x in [[0.0, 0.0], [1.0, -0.5]] {
        let starts = Points::from_rows(&vec![x; n]).unwrap();
        let mut ends = Points::default();
        bridge.draw(&starts, Stream::new(3), &mut ends).unwrap();
        let want = bridge.conditional_moments(&x);
        let bound = 5.0 * 2.0 / (n as f64).sqrt();
        assert!(ends.mean().iter().zip(&want.mean).all(|(a, b)| (a - b).abs() < bound));
        assert!(distance(&ends.covariance(), &want.cov) < 2.0 * bound);
        // The drift at time 0 leads to the mean of the end.
        let mut drift = Points::default();
        bridge.forward(0.0, &starts.rows(0..1), &mut drift).unwrap();
        assert!((0..2).all(|j| (x[j] + drift.row(0)[j] - want.mean[j]).abs() < 1e-12));
    }
}

#[test]
fn diagonal_and_full_shapes_agree() {
    let part = |tilt: f64| {
        let one = Gaussian::new(vec![2.0, 0.0], faer::mat![[0.5, tilt], [tilt, 0.4]]).unwrap();
        let other = Gaussian::diagonal(vec![-1.0, 1.0], &[0.3, 0.6]).unwrap();
        PotentialBridge::of_mixture(&Mixture::new(vec![0.3, 0.7], vec![one, other]).unwrap(), 0.6).unwrap()
    };
    let (diagonal, full) = (part(0.0), part(1e-13));
    let x = Stream::new(2).normal(200, 2);
    let [one, other] = [diagonal, full].map(|bridge| {
        let (mut drift, mut end) = (Points::default(), Points::default());
        bridge.forward(0.4, &x, &mut drift).unwrap();
        bridge.draw(&x, Stream::new(4), &mut end).unwrap();
        (drift, end, bridge.conditional_moments(x.row(0)).cov)
    });
    let off = |a: &Points, b: &Points| a.data().iter().zip(b.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off(&one.0, &other.0) < 1e-10 && distance(&one.2, &other.2) < 1e-10);
    assert!(off(&one.1, &other.1) < 1e-5);
}

#[test]
fn bytes_do_not_depend_on_threads() {
    let bridge = pair(0.6);
    let x = Stream::new(2).normal(1000, 2);
    same_for_any_threads(|| {
        let (mut drift, mut end) = (Points::default(), Points::default());
        bridge.forward(0.4, &x, &mut drift).unwrap();
        bridge.draw(&x, Stream::new(4), &mut end).unwrap();
        (drift, end)
    });
}

#[test]
#[cfg(feature = "files")]
fn a_bridge_comes_back_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bridge.safetensors");
    let diagonal = Mixture::ring(5, 2.0, 0.5).unwrap();
    let x = Stream::new(2).normal(50, 2);
    for bridge in [pair(0.6), PotentialBridge::of_mixture(&diagonal, 0.3).unwrap()] {
        bridge.save(&path).unwrap();
        let back = PotentialBridge::load(&path).unwrap().unwrap();
        let [a, b] = [&bridge, &back].map(|bridge| {
            let mut drift = Points::default();
            bridge.forward(0.4, &x, &mut drift).unwrap();
            drift
        });
        assert!(a.data().iter().zip(b.data()).all(|(a, b)| (a - b).abs() < 1e-4 * (1.0 + a.abs())));
    }
    let mut tensors = crate::io::Tensors::load(&path).unwrap();
    let whole = tensors.clone();
    tensors.metadata.clear();
    tensors.save(&path).unwrap();
    assert!(PotentialBridge::load(&path).unwrap().is_none());
    for (name, values, told) in
        [("shape", vec![-1.0; 10], "it holds -1"), ("centre", vec![0.0; 8], "one row per weight")]
    {
        let mut tensors = whole.clone();
        let shape = vec![values.len() / 2, 2];
        tensors.tensors.insert(name.into(), crate::io::Tensor { shape, values });
        tensors.save(&path).unwrap();
        let error = PotentialBridge::load(&path).unwrap_err();
        assert!(matches!(error, Error::File { .. }) && error.to_string().contains(told), "{error}");
    }
}
