//! The error of a plan for each start.

use super::{pair, same_for_any_threads};
use crate::Interrupt;
use crate::bridge::{Bridge, Conditional, GaussianBridge, ReferenceProcess, conditional_error};
use crate::rng::Stream;
use crate::target::Gaussian;

fn between(m: f64, epsilon: f64) -> GaussianBridge {
    let ends = [0.0, m].map(|m| Gaussian::isotropic(vec![m; 2], 1.0).unwrap());
    GaussianBridge::new(&ends[0], &ends[1], ReferenceProcess::brownian(epsilon).unwrap()).unwrap()
}

fn error(found: Conditional, exact: &dyn Bridge, samples: usize) -> crate::metric::Estimate {
    let starts = Stream::new(1).normal(40, 2);
    conditional_error(found, exact, &starts, samples, Stream::new(2), &Interrupt::default(), &mut |_, _| {}).unwrap()
}

#[test]
fn equal_plans_have_no_error_but_noise() {
    let bridge = pair(0.5);
    let few = error(Conditional::Plan(&bridge), &bridge, 100);
    let many = error(Conditional::Plan(&bridge), &bridge, 10_000);
    assert!(few.part("exact").unwrap() < 1e-6 && many.part("exact").unwrap() < 1e-6);
    // The noise falls as 1 / samples.
    assert!(many.value < few.value / 50.0 && many.value > 0.0, "{few:?} {many:?}");
}

#[test]
fn a_shifted_end_has_the_closed_form() {
    // The conditional means differ by the shift and the covariances are equal, so the value is 100
    // |shift|^2 / Var X_1.
    let (exact, shifted) = (between(0.0, 0.5), between(1.0, 0.5));
    let found = error(Conditional::Plan(&shifted), &exact, 2000);
    let starts = Stream::new(1).normal(40, 2);
    let slope = exact.cross_covariance()[(0, 0)];
    let variance = slope * slope * starts.spread().powi(2) + 2.0 * (1.0 - slope * slope);
    let want = 100.0 * 2.0 / variance;
    assert!((found.part("exact").unwrap() - want).abs() < 1e-6 * want, "{found:?} {want}");
    assert!((found.value - want).abs() < 0.02 * want);
}

#[test]
fn simulated_and_independent_ends_are_judged_too() {
    let exact = between(1.0, 0.5);
    let target = Gaussian::isotropic(vec![1.0; 2], 1.0).unwrap();
    let [coarse, fine] = [4, 64].map(|steps| error(Conditional::Euler(&exact, steps), &exact, 1000).value);
    let independent = error(Conditional::Independent(&target), &exact, 1000).value;
    assert!(fine < coarse && coarse < independent, "{fine} {coarse} {independent}");
    same_for_any_threads(|| error(Conditional::Euler(&exact, 4), &exact, 50));
}
