//! Bridges with a potential at each end: both directions, and files.

use super::pair;
use crate::bridge::potential::Shapes;
use crate::bridge::{
    Bridge, Direction, GaussianBridge, Method, PotentialBridge, ReferenceProcess, SimulateOptions, TwoPotentialBridge,
    simulate,
};
use crate::rng::Stream;
use crate::target::{Gaussian, Mixture, Target};
use crate::{Interrupt, Points};
use std::sync::Arc;

/// Both ends are Gaussians. Each potential is then a Gaussian too, and the process is known.
#[test]
fn two_potentials_are_one_process_in_both_directions() {
    let epsilon = 0.7;
    let ends =
        [Gaussian::isotropic(vec![1.0, -1.0], 0.5), Gaussian::isotropic(vec![-2.0, 0.0], 1.4)].map(Result::unwrap);
    let exact = GaussianBridge::new(&ends[0], &ends[1], ReferenceProcess::brownian(epsilon).unwrap()).unwrap();
    // The mean of the end given the start x is S x + r, with the shape S and the centre r.
    let process = |bridge: &dyn Bridge| {
        let plan = bridge.plan().unwrap();
        let at = plan.conditional_moments(&[0.0, 0.0]);
        let slope = plan.conditional_moments(&[1.0, 0.0]).mean[0] - at.mean[0];
        let shape = Shapes::Diagonal(Points::from_rows(&[[slope, slope]]).unwrap());
        let centres = Points::from_rows(&[at.mean]).unwrap();
        let reference = ReferenceProcess::brownian(epsilon).unwrap();
        Arc::new(PotentialBridge::with("a process".into(), reference, vec![0.0], centres, shape))
    };
    let both = [process(&exact), process(exact.reversed().unwrap().as_ref())];
    let [forward, backward] = both.clone();
    let bridge = TwoPotentialBridge::new(forward.clone(), backward).unwrap();
    let x = Stream::new(3).normal(40, 2);
    let [mut found, mut want] = [Points::default(), Points::default()];
    for direction in [Direction::Forward, Direction::Backward] {
        for t in [0.0, 0.3, 1.0] {
            (&bridge as &dyn Bridge).drift(direction, t, &x, &mut found).unwrap();
            (&exact as &dyn Bridge).drift(direction, t, &x, &mut want).unwrap();
            found.data().iter().zip(want.data()).for_each(|(a, b)| assert!((a - b).abs() < 1e-9, "{a} {b}"));
        }
    }
    let options = SimulateOptions { steps: 40, method: Method::Ode, ..SimulateOptions::default() };
    let start = ends[0].sample(4000, Stream::new(4)).unwrap();
    let path = simulate(&bridge, &start, &options, 1, Stream::new(5), &Interrupt::default()).unwrap();
    let variance = path[1].points.covariance()[(0, 0)];
    assert!((variance / 1.96 - 1.0).abs() < 0.08, "{variance}");
    let other = Arc::new(PotentialBridge::of_mixture(&Mixture::ring(3, 1.0, 0.4).unwrap(), 0.3).unwrap());
    let error = TwoPotentialBridge::new(forward, other).unwrap_err();
    assert!(error.to_string().contains("epsilon"), "{error}");
}

#[test]
#[cfg(feature = "files")]
fn both_potentials_come_back_from_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bridge.safetensors");
    let [forward, backward] = [Arc::new(pair(0.6)), Arc::new(pair(0.6))];
    forward.save(&path).unwrap();
    assert!(TwoPotentialBridge::load(&path).unwrap().is_none(), "a file of one potential");
    let ring = Arc::new(PotentialBridge::of_mixture(&Mixture::ring(5, 2.0, 0.5).unwrap(), 0.6).unwrap());
    let bridge = TwoPotentialBridge::new(backward, ring).unwrap();
    bridge.save(&path).unwrap();
    let back = TwoPotentialBridge::load(&path).unwrap().unwrap();
    let x = Stream::new(2).normal(50, 2);
    for direction in [Direction::Forward, Direction::Backward] {
        let [a, b] = [&bridge, &back].map(|bridge| {
            let mut drift = Points::default();
            (bridge as &dyn Bridge).drift(direction, 0.4, &x, &mut drift).unwrap();
            drift
        });
        assert!(a.data().iter().zip(b.data()).all(|(a, b)| (a - b).abs() < 1e-4 * (1.0 + a.abs())));
    }
    let mut tensors = crate::io::Tensors::load(&path).unwrap();
    tensors.tensors.remove("backward.shape");
    tensors.save(&path).unwrap();
    let error = TwoPotentialBridge::load(&path).unwrap_err();
    assert!(error.to_string().contains("backward.shape"), "{error}");
}
