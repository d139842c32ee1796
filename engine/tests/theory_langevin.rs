//! Known results of Langevin dynamics: the stationary distributions of its chains, with and without
//! rejections.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

use sdflow::Points;
use sdflow::flow::{Clock, FieldAt, Langevin, LangevinOptions, LangevinSampler, Preconditioning, Sampler};
use sdflow::pairwise::Pairwise;
use sdflow::rng::Stream;
use sdflow::run::Run;
use sdflow::schedule::Schedule;
use sdflow::score::{Exact, Kde};
use sdflow::target::{CustomDensity, Gaussian, Target};
use std::sync::Arc;

fn langevin(target: &Arc<dyn Target>, sampler: LangevinSampler, step: Option<f64>) -> Langevin {
    let options = LangevinOptions { sampler, step: step.map(Schedule::from), ..LangevinOptions::default() };
    Langevin::new(Box::new(Exact::new(target.clone()).unwrap()), Some(target.clone()), &options).unwrap()
}

/// Returns the cloud after this number of steps.
fn moved(flow: &mut Langevin, mut cloud: Points, steps: usize) -> Points {
    flow.prepare(&cloud, &Clock::at(0, steps, Stream::new(7))).unwrap();
    for step in 0..steps {
        flow.step(&mut cloud, &Clock::at(step, steps, Stream::new(7)), &Pairwise::default()).unwrap();
    }
    cloud
}

/// `N((1, -2), diag(1, 4))`
fn gaussian() -> Arc<dyn Target> {
    let cov = faer::Mat::from_fn(2, 2, |i, j| if i != j { 0.0 } else { [1.0, 4.0][i] });
    Arc::new(Gaussian::new(vec![1.0, -2.0], cov).unwrap())
}

/// For `N(m, S)`, the chain with step `h` has the stationary variance `S / (1 - h / 2S)`.
#[test]
fn unadjusted_chains_have_the_variance_of_their_step() {
    let (n, h) = (100_000, 0.5);
    let cloud = moved(&mut langevin(&gaussian(), LangevinSampler::Ula, Some(h)), Stream::new(1).normal(n, 2), 60);
    let (mean, cov) = (cloud.mean(), cloud.covariance());
    for (j, (m, s)) in [(1.0, 1.0), (-2.0, 4.0)].into_iter().enumerate() {
        let want = s / (1.0 - h / (2.0 * s));
        let se = want * (2.0 / n as f64).sqrt();
        assert!((cov[(j, j)] - want).abs() < 4.0 * se, "{} {want} +- {se}", cov[(j, j)]);
        assert!(want - s > 10.0 * se, "the step's error is larger than the sample's");
        assert!((mean[j] - m).abs() < 4.0 * (want / n as f64).sqrt(), "{mean:?}");
    }
}

#[test]
fn adjusted_chains_have_the_target_s_moments() {
    let n = 100_000;
    let mut flow = langevin(&gaussian(), LangevinSampler::Mala, Some(0.8));
    let cloud = moved(&mut flow, Stream::new(1).normal(n, 2), 150);
    let (mean, cov) = (cloud.mean(), cloud.covariance());
    for (j, (m, s)) in [(1.0, 1.0f64), (-2.0, 4.0)].into_iter().enumerate() {
        let se = s * (2.0 / n as f64).sqrt();
        assert!((cov[(j, j)] - s).abs() < 4.0 * se, "{} {s} +- {se}", cov[(j, j)]);
        assert!((mean[j] - m).abs() < 4.0 * (s / n as f64).sqrt(), "{mean:?}");
    }
    let (clock, engine) = (Clock::at(150, 150, Stream::new(7)), Pairwise::default());
    let readings = flow.readings(&FieldAt::cloud(&cloud, &clock, &engine)).unwrap();
    let (name, rate) = readings[0];
    assert!(name == "acceptance" && (0.5..0.95).contains(&rate), "{readings:?}");
    assert!(flow.warnings().is_empty());
}

/// `exp(-x^4 / 4)` has `E x^2 = 2 Gamma(3/4) / Gamma(1/4)`. A proposal with a NaN density is
/// rejected.
#[test]
fn a_density_without_a_constant_will_do() {
    let p: Arc<dyn Target> = Arc::new(CustomDensity::formula(1, "-x0^4/4", &[]).unwrap());
    let n = 100_000;
    // The start is near the middle, because a chain would stay for a long time in a tail this light
    // [roberts1996exponential].
    let mut start = Stream::new(1).normal(n, 1);
    start.data_mut().iter_mut().for_each(|x| *x *= 0.3);
    let cloud = moved(&mut langevin(&p, LangevinSampler::Mala, Some(0.3)), start, 80);
    let squares: Vec<f64> = cloud.data().iter().map(|x| x * x).collect();
    let mean = squares.iter().sum::<f64>() / n as f64;
    let se = (squares.iter().map(|s| (s - mean).powi(2)).sum::<f64>()).sqrt() / n as f64;
    assert!((mean - 0.675_978).abs() < 4.0 * se, "{mean} +- {se}");

    // log(x) is not a number for x < 0. The density is that of a gamma distribution of shape 3,
    // with mean 3.
    let p: Arc<dyn Target> = Arc::new(CustomDensity::formula(1, "2*log(x0) - x0", &[]).unwrap());
    let start = Points::new(vec![3.0; 50_000], 1, "start").unwrap();
    let cloud = moved(&mut langevin(&p, LangevinSampler::Mala, Some(0.5)), start, 120);
    assert!(cloud.data().iter().all(|x| *x > 0.0));
    assert!((cloud.mean()[0] - 3.0).abs() < 4.0 * (3.0f64 / 50_000.0).sqrt(), "{:?}", cloud.mean());
}

#[test]
fn a_step_is_chosen_from_the_target_and_a_bad_one_is_told() {
    let mut flow = langevin(&gaussian(), LangevinSampler::Mala, None);
    let start = Clock::at(0, 1, Stream::new(0));
    assert!((flow.step_size(&start) - 1.36 / 2f64.cbrt()).abs() < 1e-12);
    assert_eq!(langevin(&gaussian(), LangevinSampler::Ula, None).step_size(&start), 0.1);
    let notes = flow.prepare(&Points::zeros(3, 2), &Clock::at(0, 1, Stream::new(0))).unwrap();
    assert!(notes[0].contains("step"), "{notes:?}");
    for (step, word) in [(1e-4, "larger"), (30.0, "smaller")] {
        let mut flow = langevin(&gaussian(), LangevinSampler::Mala, Some(step));
        moved(&mut flow, Stream::new(1).normal(500, 2), 5);
        assert!(flow.warnings()[0].contains(word), "{:?}", flow.warnings());
    }
}

#[test]
fn what_cannot_be_sampled_is_refused() {
    let kde = || Box::new(Kde::of(Stream::new(1).normal(20, 2)));
    let refused = |options: LangevinOptions| Langevin::new(kde(), None, &options).unwrap_err().to_string();
    assert!(refused(LangevinOptions::default()).contains("positive sigma"));
    let sigma = Schedule::from(0.5);
    let mala = LangevinOptions { sampler: LangevinSampler::Mala, sigma: sigma.clone(), ..LangevinOptions::default() };
    assert!(refused(mala).contains("log density"));
    let adaptive =
        LangevinOptions { step: Some(Schedule::Adaptive { from: 1.0, to: 0.1 }), sigma, ..LangevinOptions::default() };
    assert!(refused(adaptive).contains("cannot be controlled"));
    let p: Arc<dyn Target> = Arc::new(CustomDensity::formula(1, "-x0^4/4", &[]).unwrap());
    let open = Langevin::new(Box::new(Exact::new(p).unwrap()), None, &LangevinOptions::default());
    assert!(open.unwrap_err().to_string().contains("scale"));
}

/// A density of unknown scale: the warm-up finds the step size, and the moments are right.
#[test]
fn the_warm_up_finds_the_step_size() {
    let n = 4000;
    for unit in [1e-4, 1.0, 1e4] {
        let u = ("u".into(), vec![unit], true);
        let text = "-(x[0]^2 + (x[1] - 3*u)^2 / 4) / (2 * u^2)";
        let p: Arc<dyn Target> = Arc::new(CustomDensity::formula(2, text, &[u]).unwrap());
        let mut flow = langevin(&p, LangevinSampler::Mala, None);
        let mut start = Stream::new(1).normal(n, 2);
        start.data_mut().iter_mut().for_each(|x| *x *= 3.0 * unit);
        let run = Run::sampling(&mut flow, start).steps(300).seed(2).go().unwrap();
        let (mean, cov) = (run.points.mean(), run.points.covariance());
        let se = 1.0 / (n as f64).sqrt();
        assert!((cov[(0, 0)] / (unit * unit) - 1.0).abs() < 6.0 * se, "{unit} {cov:?}");
        assert!((cov[(1, 1)] / (4.0 * unit * unit) - 1.0).abs() < 6.0 * se, "{unit} {cov:?}");
        assert!((mean[1] / unit - 3.0).abs() < 8.0 * se, "{unit} {mean:?}");
        let rate = run.history.last().unwrap()["acceptance"];
        assert!((rate - 0.574).abs() < 0.1, "{rate}");
        assert!(run.notes.iter().any(|note| note.contains("the first 150 of 300 steps")), "{:?}", run.notes);
        assert!(run.warnings.is_empty(), "{:?}", run.warnings);
    }
}

/// Coordinates of scales 1 and 1000 with correlation .9: without a preconditioner, steps for the
/// narrow direction leave the chains at their start; with the covariance of the chains they mix.
#[test]
fn a_preconditioner_mixes_directions_of_different_scales() {
    let text = "-(x[0]^2 - 1.8*x[0]*x[1]/1000 + (x[1]/1000)^2) / (2 * 0.19)";
    let p: Arc<dyn Target> = Arc::new(CustomDensity::formula(2, text, &[]).unwrap());
    let run = |preconditioner| {
        let options = LangevinOptions { sampler: LangevinSampler::Mala, preconditioner, ..LangevinOptions::default() };
        let score = Box::new(Exact::new(p.clone()).unwrap());
        let mut flow = Langevin::new(score, Some(p.clone()), &options).unwrap();
        let mut start = Stream::new(1).normal(4000, 2);
        (0..4000).for_each(|i| start.row_mut(i)[1] *= 3000.0);
        Run::sampling(&mut flow, start).steps(300).seed(2).go().unwrap()
    };
    let mixed = run(Preconditioning::Dense);
    let cov = mixed.points.covariance();
    assert!((cov[(0, 0)] - 1.0).abs() < 0.1 && (cov[(1, 1)] / 1e6 - 1.0).abs() < 0.1, "{cov:?}");
    assert!((cov[(0, 1)] / 1e3 - 0.9).abs() < 0.1 && mixed.warnings.is_empty(), "{cov:?} {:?}", mixed.warnings);
    let slow = run(Preconditioning::None);
    assert!(slow.points.covariance()[(1, 1)] > 2e6);
    assert!(slow.warnings.iter().any(|w| w.contains("not mixed")), "{:?}", slow.warnings);
}

/// Around a point far from its neighbours, the kernel estimate is a Gaussian of width sigma.
#[test]
fn the_default_step_is_stable_around_points_that_lie_far_apart() {
    let points = Points::new((0..200).map(f64::from).collect(), 1, "points").unwrap();
    for sigma in [1e-5, 0.01, 0.2, 3.0] {
        let options = LangevinOptions { sigma: Schedule::from(sigma), ..LangevinOptions::default() };
        let mut flow = Langevin::new(Box::new(Kde::of(points.clone())), None, &options).unwrap();
        let end = moved(&mut flow, points.clone(), 60);
        let far = |y: f64| (y - y.round().clamp(0.0, 199.0)).abs();
        let outside = end.data().iter().map(|y| far(*y)).fold(0.0, f64::max);
        assert!(outside < 6.0 * sigma.max(0.5), "{sigma}: {outside}");
        if sigma < 0.1 {
            let squares: f64 = end.data().iter().map(|y| far(*y).powi(2)).sum::<f64>() / 200.0;
            // Steps of a fifth of the variance make it 1/0.9 of that of the target.
            assert!((squares.sqrt() / sigma - 1.0).abs() < 0.2, "{sigma}: {}", squares.sqrt() / sigma);
        }
    }
}

#[test]
fn a_warm_up_that_cannot_be_is_refused() {
    let told = |options: LangevinOptions| {
        let score = Box::new(Exact::new(gaussian()).unwrap());
        let options = LangevinOptions { sampler: LangevinSampler::Mala, ..options };
        Langevin::new(score, Some(gaussian()), &options).unwrap_err().to_string()
    };
    let step = || Some(Schedule::from(0.1));
    let dense = Preconditioning::Dense;
    assert!(told(LangevinOptions { step: step(), preconditioner: dense, ..Default::default() }).contains("`warmup`"));
    assert!(told(LangevinOptions { acceptance: 1.0, ..Default::default() }).contains("`acceptance`"));
}
