//! Inputs that are refused with an error.

use super::{gaussian, pair};
use crate::bridge::{
    Bridge, BridgePairOptions, Conditional, Direction, GaussianBridge, Method, ReferenceProcess, SimulateOptions,
    conditional_error, path_energy, simulate,
};
use crate::rng::Stream;
use crate::target::Gaussian;
use crate::{Interrupt, Points, Result};

fn told<T: std::fmt::Debug>(result: Result<T>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_drift_checks_time_and_points() {
    let bridge = gaussian(1.0, 0.0);
    let bridge: &dyn Bridge = &bridge;
    let drift = |t: f64, points: &Points| bridge.drift(Direction::Forward, t, points, &mut Points::default());
    let x = Stream::new(1).normal(5, 3);
    for t in [-0.1, 1.1, f64::NAN] {
        assert!(told(drift(t, &x)).contains("`t`"), "{t}");
        assert!(bridge.expect_marginal(t).is_err());
    }
    assert!(told(drift(0.5, &Points::zeros(4, 2))).contains("2 columns"));
    assert!(told(drift(0.5, &Points::zeros(0, 3))).contains("no rows"));
    let mut holes = x.clone();
    holes.data_mut()[4] = f64::NAN;
    assert!(told(drift(0.5, &holes)).contains("NaN in row 1, column 1"));
}

#[test]
fn what_a_bridge_lacks_is_named() {
    let bridge = pair(1.0);
    let bridge: &dyn Bridge = &bridge;
    let x = Stream::new(1).normal(5, 2);
    let mut out = Points::default();
    assert!(told(bridge.drift(Direction::Backward, 0.5, &x, &mut out)).contains("no backward drift"));
    assert!(told(bridge.velocity(0.5, &x, &mut out)).contains("no backward drift"));
    assert!(told(bridge.expect_marginal(0.5)).contains("no marginals in closed form"));
    for (method, direction) in [(Method::Ode, Direction::Forward), (Method::Plan, Direction::Backward)] {
        let options = SimulateOptions { method, direction, ..SimulateOptions::default() };
        let run = simulate(bridge, &x, &options, 1, Stream::new(1), &Interrupt::default());
        assert!(told(run).contains("no backward drift"));
    }
}

#[test]
fn impossible_options_are_refused() {
    let x = Stream::new(1).normal(5, 3);
    let run = |steps: usize, snapshots: usize| {
        let options = SimulateOptions { steps, ..SimulateOptions::default() };
        simulate(&gaussian(1.0, 0.0), &x, &options, snapshots, Stream::new(1), &Interrupt::default())
    };
    assert!(told(run(0, 1)).contains("`steps` is 0"));
    assert!(told(run(3, 0)).contains("`snapshots` is 0"));
    assert!(told(run(3, 4)).contains("there are 3 `steps`"));
    assert!(told(path_energy(&gaussian(1.0, 0.0), &x, 0, Stream::new(1), &Interrupt::default())).contains("`steps`"));
    let pairs = BridgePairOptions { epsilon: 0.0, means: vec![vec![0.0]], ..BridgePairOptions::default() };
    assert!(told(pairs.bridge()).contains("`epsilon` is 0"));
    assert!(told(BridgePairOptions::default().bridge()).contains("`means`"));
    let ends = [2, 3].map(|dim| Gaussian::isotropic(vec![0.0; dim], 1.0).unwrap());
    let process = ReferenceProcess::brownian(1.0).unwrap();
    assert!(told(GaussianBridge::new(&ends[0], &ends[1], process)).contains("the source has 2"));
    assert!(told(Gaussian::new(vec![0.0; 2], faer::mat![[1.0, 2.0], [2.0, 1.0]])).contains("positive definite"));
}

#[test]
fn errors_of_plans_need_starts_samples_and_equal_dimensions() {
    let (bridge, other) = (pair(1.0), gaussian(1.0, 0.0));
    let error = |found: Conditional, n: usize, samples: usize| {
        let starts = Stream::new(1).normal(n, 2);
        conditional_error(found, &bridge, &starts, samples, Stream::new(1), &Interrupt::default(), &mut |_, _| {})
    };
    assert!(told(error(Conditional::Plan(&bridge), 1, 10)).contains("at least two"));
    assert!(told(error(Conditional::Plan(&bridge), 5, 1)).contains("`samples` is 1"));
    assert!(told(error(Conditional::Euler(&bridge, 0), 5, 10)).contains("`steps` is 0"));
    assert!(told(error(Conditional::Plan(&other), 5, 10)).contains("3 dimensions"));
    let interrupt = Interrupt::default();
    interrupt.raise();
    let (x, options) = (Stream::new(1).normal(5, 2), SimulateOptions::default());
    assert!(simulate(&bridge, &x, &options, 1, Stream::new(1), &interrupt).is_err());
}
