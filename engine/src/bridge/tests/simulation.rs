//! Simulation: bytes, snapshots, and the energy of paths.

use super::{ends, gaussian, pair, same_for_any_threads};
use crate::bridge::{Bridge, EndTarget, Method, SimulateOptions, path_energy, simulate};
use crate::matrix::Spectrum;
use crate::rng::Stream;
use crate::target::{Gaussian, Target};
use crate::{Interrupt, Points};
use std::sync::Arc;

#[test]
fn bytes_depend_neither_on_threads_nor_on_other_particles() {
    let start = Stream::new(1).normal(5000, 2);
    for method in [Method::Sde, Method::Plan] {
        let options = SimulateOptions { steps: 8, method, ..SimulateOptions::default() };
        let run =
            |start: &Points| simulate(&pair(0.5), start, &options, 4, Stream::new(2), &Interrupt::default()).unwrap();
        let whole = same_for_any_threads(|| run(&start));
        let part = run(&start.rows(0..100));
        assert_eq!(whole.len(), 5);
        assert!(whole.iter().zip(&part).all(|(whole, part)| whole.points.rows(0..100) == part.points), "{method:?}");
    }
}

/// One step without noise ends at `x + u(0, x)`. With several steps, `denoise` removes the noise of
/// the last step alone.
#[test]
fn the_last_step_may_add_no_noise() {
    let (start, bridge) = (Stream::new(1).normal(4000, 2), pair(0.5));
    let run = |steps, denoise| {
        let options = SimulateOptions { steps, denoise, ..SimulateOptions::default() };
        simulate(&bridge, &start, &options, 1, Stream::new(2), &Interrupt::default()).unwrap().remove(1).points
    };
    let mut drift = Points::default();
    bridge.forward(0.0, &start, &mut drift).unwrap();
    let one = run(1, true);
    let off = one.data().iter().zip(start.data().iter().zip(drift.data())).map(|(end, (x, u))| (end - x - u).abs());
    assert!(off.fold(0.0, f64::max) < 1e-12);
    let noise: Vec<f64> = run(5, false).data().iter().zip(run(5, true).data()).map(|(a, b)| a - b).collect();
    let variance = noise.iter().map(|x| x * x).sum::<f64>() / noise.len() as f64;
    assert!((variance / 0.1 - 1.0).abs() < 0.06, "{variance}");
    let options = SimulateOptions { denoise: true, method: Method::Plan, ..SimulateOptions::default() };
    let told = simulate(&bridge, &start, &options, 1, Stream::new(2), &Interrupt::default()).unwrap_err().to_string();
    assert!(told.contains("denoise"), "{told}");
}

#[test]
fn the_energy_of_paths_is_the_relative_entropy_of_the_plan() {
    // The mean over the starts of KL(N(m(x), R) || N(x, epsilon I)).
    let (epsilon, bridge) = (0.8, gaussian(0.8, 0.0));
    let start = ends()[0].sample(20_000, Stream::new(1)).unwrap();
    let found = path_energy(&bridge, &start, 400, Stream::new(2), &Interrupt::default()).unwrap();
    let plan: &dyn Bridge = &bridge;
    let plan = plan.expect_plan().unwrap();
    let term = |x: &[f64]| {
        let moments = plan.conditional_moments(x);
        let spectrum = Spectrum::positive(&moments.cov, "rest").unwrap();
        let off: f64 = moments.mean.iter().zip(x).map(|(m, x)| (m - x) * (m - x)).sum();
        let width: f64 = spectrum.values().iter().map(|v| v / epsilon - 1.0 - (v / epsilon).ln()).sum();
        0.5 * (width + off / epsilon)
    };
    let want = start.iter().map(term).sum::<f64>() / start.n() as f64;
    assert!((found.value - want).abs() < 4.0 * found.se + 0.01 * want, "{found:?} {want}");
}

#[test]
fn a_bridge_ends_in_its_target() {
    let [source, target] = ends();
    let end = EndTarget::new(Arc::new(gaussian(0.8, 0.0)), Arc::new(source)).unwrap();
    let points = end.sample(40_000, Stream::new(3)).unwrap();
    assert!(super::distance(&points.covariance(), &target.cov()) < 0.06);
    assert_eq!(points, end.sample(40_000, Stream::new(3)).unwrap());
    let flat = Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap();
    let told = EndTarget::new(Arc::new(gaussian(0.8, 0.0)), Arc::new(flat)).unwrap_err().to_string();
    assert!(told.contains("2 dimensions") && told.contains("the bridge has 3"), "{told}");
}
