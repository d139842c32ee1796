//! Learned drifts against closed forms.

use super::*;
use crate::Points;
use crate::bridge::{Bridge, Direction, ReferenceProcess, SimulateOptions, simulate};
use crate::target::{Density, Mixture};

/// Returns the root of the mean square of `found - want`, divided by the root of the mean square of
/// `want`.
fn relative_error(found: &Points, want: &Points) -> f64 {
    let off: f64 = found.data().iter().zip(want.data()).map(|(a, b)| (a - b) * (a - b)).sum();
    (off / want.data().iter().map(|v| v * v).sum::<f64>()).sqrt()
}

#[test]
fn the_first_fit_is_the_score_of_the_noised_source() {
    let source = Mixture::ring(3, 2.0, 0.6).unwrap();
    let target = Gaussian::isotropic(vec![0.0; 2], 1.5).unwrap();
    let options = DsbOptions {
        epsilon: Some(1.5),
        start: ChainStart::Reference,
        baseline: Baseline::None,
        hidden: 64,
        steps: 1500,
        batch: 1024,
        ..small()
    };
    let bridge = dsb([&source, &target], &options).unwrap().bridge;
    for k in [5, 10, 20] {
        let t = f64::from(k) / 20.0;
        let (x, sigma) = (source.sample(2000, Stream::new(3)).unwrap(), (1.5 * t).sqrt());
        let mut x = x;
        Stream::new(4).add_normal(sigma, x.data_mut());
        let (mut found, mut want) = (Points::default(), Points::default());
        (&bridge as &dyn Bridge).drift(Direction::Backward, t, &x, &mut found).unwrap();
        source.score(&x, sigma, &mut want).unwrap();
        want.data_mut().iter_mut().for_each(|v| *v *= 1.5);
        let error = relative_error(&found, &want);
        // The tolerance covers the noise of a training of a few seconds; with four times the steps
        // the noise is half as large.
        assert!(error < 0.2, "{t}: {error}");
    }
}

#[test]
fn the_ends_of_chains_between_gaussians_are_known() {
    let [source, target] = shifted(1, 0.1);
    for start in [ChainStart::Gaussian, ChainStart::Reference] {
        let iterations = if start == ChainStart::Gaussian { 2 } else { 4 };
        let options = DsbOptions { start, iterations, steps: 600, ..small() };
        let bridge = dsb([&source, &target], &options).unwrap().bridge;
        let x = target.sample(20_000, Stream::new(5)).unwrap();
        let options = SimulateOptions { steps: 20, direction: Direction::Backward, ..SimulateOptions::default() };
        let path = simulate(&bridge, &x, &options, 1, Stream::new(6), &Interrupt::default()).unwrap();
        let y = &path[1].points;
        let both = Points::new(y.iter().zip(x.iter()).flat_map(|(y, x)| [y[0], x[0]]).collect(), 2, "both").unwrap();
        let (mean, cov) = (both.mean(), both.covariance());
        // The tolerance is larger than for a fit without noise.
        let off = [mean[0] + 0.0908, cov[(0, 0)] - 1.0119, cov[(0, 1)] - 0.6163];
        assert!(off.iter().all(|v| v.abs() < 0.03), "{start:?}: {off:?}");
    }
}

#[test]
fn matching_between_gaussians_is_the_closed_form() {
    let ends = [
        Gaussian::new(vec![1.0, -1.0], faer::mat![[2.0, 0.5], [0.5, 1.0]]).unwrap(),
        Gaussian::new(vec![-1.0, 1.0], faer::mat![[1.0, -0.4], [-0.4, 1.5]]).unwrap(),
    ];
    for (pull, baseline, start, most) in [
        (0.0, Baseline::None, PairStart::Independent, 0.08),
        (0.0, Baseline::Gaussian, PairStart::Gaussian, 0.05),
        (0.8, Baseline::None, PairStart::Independent, 0.08),
    ] {
        let exact = GaussianBridge::new(&ends[0], &ends[1], ReferenceProcess::new(1.0, pull).unwrap()).unwrap();
        let options = DsbmOptions { pull, baseline, start, iterations: 3, steps: 700, hidden: 64, ..small_pairs() };
        let bridge = dsbm([&ends[0], &ends[1]], &options).unwrap().bridge;
        for direction in [Direction::Forward, Direction::Backward] {
            for t in [0.2, 0.5, 0.8] {
                let marginal = (&exact as &dyn Bridge).expect_marginal(t).unwrap();
                let x = marginal.sample(2000, Stream::new(7)).unwrap();
                let (mut found, mut want) = (Points::default(), Points::default());
                (&bridge as &dyn Bridge).drift(direction, t, &x, &mut found).unwrap();
                (&exact as &dyn Bridge).drift(direction, t, &x, &mut want).unwrap();
                let error = relative_error(&found, &want);
                assert!(error < most, "{pull} {baseline:?} {direction:?} {t}: {error}");
            }
        }
    }
}

#[test]
fn bytes_do_not_depend_on_threads_and_an_interrupt_leaves_the_baseline() {
    let source = Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap();
    let target = Mixture::ring(3, 3.0, 0.3).unwrap();
    let x = Stream::new(1).normal(20, 2);
    let drift = |bridge: &LearnedBridge| {
        let mut out = Points::default();
        bridge.forward(0.3, &x, &mut out).unwrap();
        out
    };
    let on = |threads: usize, act: &(dyn Fn() -> Points + Sync)| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(act)
    };
    // The memory is so small that the trajectories are simulated anew during a fit.
    let chain = || {
        let options = DsbOptions { steps: 12, batch: 300, memory: 0.05, ..small() };
        drift(&dsb([&source, &target], &options).unwrap().bridge)
    };
    let pairs = || {
        let options = DsbmOptions { steps: 12, batch: 300, memory: 0.002, iterations: 2, ..small_pairs() };
        drift(&dsbm([&source, &target], &options).unwrap().bridge)
    };
    for act in [&chain as &(dyn Fn() -> Points + Sync), &pairs] {
        let [one, two, five] = [1, 2, 5].map(|threads| on(threads, act));
        assert!(one == two && two == five);
    }
    let interrupt = Interrupt::default();
    interrupt.raise();
    let options = DsbOptions { epsilon: Some(1.0), ..DsbOptions::default() };
    let ends: [&dyn Target; 2] = [&source, &target];
    let left = train_dsb(ends, &options, Stream::new(1), &interrupt, &mut Unobserved).unwrap();
    assert_eq!(left.ending, Ending::Interrupted { step: 0 });
    let (mut want, reference) = (Points::default(), ReferenceProcess::brownian(1.0).unwrap());
    let moments = target.moments().unwrap();
    let end = Gaussian::new(moments.mean, moments.cov).unwrap();
    GaussianBridge::new(&source, &end, reference).unwrap().forward(0.3, &x, &mut want).unwrap();
    assert!(relative_error(&drift(&left.bridge), &want) < 1e-4);
}

#[test]
fn a_diverged_training_keeps_finite_nets() {
    let [source, target] = shifted(2, 1.0);
    let options = DsbOptions { rate: 1e30.into(), ..small() };
    let left = dsb([&source, &target], &options).unwrap();
    assert!(matches!(left.ending, Ending::Diverged { .. }), "{:?}", left.ending);
    let mut out = Points::default();
    left.bridge.forward(0.5, &Stream::new(1).normal(5, 2), &mut out).unwrap();
    out.check_finite("the drift").unwrap();
}

#[cfg(feature = "files")]
#[test]
fn a_file_holds_the_whole_bridge() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bridge.safetensors");
    let (source, target) = (Gaussian::isotropic(vec![1.0; 2], 1.0).unwrap(), Mixture::ring(3, 3.0, 0.3).unwrap());
    for baseline in [Baseline::None, Baseline::Gaussian] {
        let options = DsbOptions { steps: 10, baseline, pull: 0.5, ..small() };
        let bridge = dsb([&source, &target], &options).unwrap().bridge;
        bridge.save(&path).unwrap();
        let back = LearnedBridge::load(&path).unwrap().unwrap();
        let x = Stream::new(1).normal(20, 2);
        for direction in [Direction::Forward, Direction::Backward] {
            for t in [0.0, 0.33, 0.5, 1.0] {
                let (mut found, mut want) = (Points::default(), Points::default());
                (&back as &dyn Bridge).drift(direction, t, &x, &mut found).unwrap();
                (&bridge as &dyn Bridge).drift(direction, t, &x, &mut want).unwrap();
                assert!(relative_error(&found, &want) < 1e-4, "{baseline:?} {direction:?} {t}");
            }
        }
    }
}
