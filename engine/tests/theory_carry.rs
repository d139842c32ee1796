//! Tracers: where they go, how the flow changes volumes, and that they do not affect the cloud.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

mod common;

use common::{exact_arithmetic, gap};
use sdflow::flow::{
    Langevin, LangevinOptions, MmdFlow, MmdFlowOptions, Noise, SdFlow, SdFlowOptions, Stepping, Svgd, SvgdOptions,
    VelocityField,
};
use sdflow::matrix::Spectrum;
use sdflow::ode::Integrator;
use sdflow::pairwise::Kernels;
use sdflow::rng::Stream;
use sdflow::run::{Run, RunOptions, RunResult};
use sdflow::schedule::Schedule;
use sdflow::score::{
    Denoiser, DenoiserOptions, Estimate, Exact, GaussianFit, GaussianFitOptions, Kde, MixtureFit, Score,
};
use sdflow::target::{DatasetOptions, Gaussian, Target, dataset};
use sdflow::{Error, Points};
use std::sync::Arc;

type Moving = (Box<dyn VelocityField>, Stepping);

fn go((flow, stepping): &mut Moving, start: &Points, options: &RunOptions) -> Result<RunResult, Error> {
    precisely(Run::new(flow.as_mut(), start.clone()).stepping(stepping.clone()), options)
}

fn precisely(run: Run, options: &RunOptions) -> Result<RunResult, Error> {
    run.options(options.clone()).pairwise(&exact_arithmetic()).seed(3).go()
}

fn stepping(integrator: Integrator, step: Schedule) -> Stepping {
    Stepping { step: Some(step), integrator, ..Stepping::default() }
}

/// Returns a field with its default steps.
fn usual(field: impl VelocityField + 'static) -> Moving {
    (Box::new(field), Stepping::default())
}

fn carrying(steps: usize, points: &Points, log_det: bool) -> RunOptions {
    RunOptions { steps, carry: Some(points.clone()), log_det, ..RunOptions::default() }
}

fn moons() -> Points {
    dataset("moons", &DatasetOptions::default()).unwrap().sample(150, Stream::new(1)).unwrap()
}

fn kernel(points: Option<Points>) -> Estimate {
    Estimate::Kernel(Box::new(points.map_or_else(Kde::of_cloud, Kde::of)))
}

fn sd(noise: Noise, integrator: Integrator, step: Schedule) -> Moving {
    let sigma = Some(Schedule::Geometric { from: 2.0, to: 0.2 });
    let options = SdFlowOptions { sigma, noise: Some(noise), ..SdFlowOptions::default() };
    let flow = SdFlow::new(kernel(Some(moons())), kernel(None), options).unwrap();
    (Box::new(flow), stepping(integrator, step))
}

fn half() -> Schedule {
    Schedule::Constant { value: 0.5 }
}

#[test]
fn who_starts_where_a_particle_does_ends_where_it_does() {
    let start = Stream::new(2).normal(120, 2);
    let score = || Box::new(Exact::new(dataset("8gaussians", &DatasetOptions::default()).unwrap()).unwrap());
    let median = MmdFlowOptions { kernel: Kernels::Median, ..MmdFlowOptions::default() };
    let adaptive = Schedule::Adaptive { from: 1.0, to: 1e-3 };
    let usual = |integrator| Stepping { integrator, ..Stepping::default() };
    let flows: [Moving; 6] = [
        sd(Noise::None, Integrator::Euler, half()),
        sd(Noise::None, Integrator::Heun, half()),
        sd(Noise::None, Integrator::Rk4, half()),
        sd(Noise::None, Integrator::Euler, adaptive),
        (Box::new(MmdFlow::new(moons(), median).unwrap()), usual(Integrator::Rk4)),
        (Box::new(Svgd::new(score(), SvgdOptions::default()).unwrap()), usual(Integrator::Heun)),
    ];
    for mut flow in flows {
        let done = go(&mut flow, &start, &carrying(12, &start.rows(5..60), false)).unwrap();
        let off = gap(done.carried.as_ref().unwrap(), &done.points.rows(5..60));
        assert!(off < 1e-11, "{}: {off}", flow.0.name());
        assert!(gap(&start, &done.points) > 0.1);
    }
}

#[test]
fn the_cloud_does_not_feel_them() {
    let target = || Arc::new(Gaussian::isotropic(vec![1.0, 0.0], 0.7).unwrap()) as Arc<dyn Target>;
    let learned = |source: Box<dyn Score>| {
        let options = SdFlowOptions { sigma: Some(half()), batch: Some(40), ..SdFlowOptions::default() };
        let exact = Estimate::Other(Box::new(Exact::new(target()).unwrap()));
        usual(SdFlow::new(exact, Estimate::Other(source), options).unwrap())
    };
    let small = DenoiserOptions { hidden: 8, layers: 1, steps: 30, follow: 2, batch: 32, ..DenoiserOptions::default() };
    let flows: [Box<dyn Fn() -> Moving>; 4] = [
        Box::new(|| sd(Noise::Fresh, Integrator::Heun, half())),
        Box::new(|| sd(Noise::Fresh, Integrator::Euler, Schedule::Adaptive { from: 1.0, to: 1e-3 })),
        Box::new(move || learned(Box::new(Denoiser::of_cloud(small.clone()).unwrap()))),
        Box::new(move || learned(Box::new(MixtureFit::new(Default::default()).unwrap()))),
    ];
    let (start, others) = (Stream::new(2).normal(100, 2), Stream::new(7).normal(30, 2));
    for make in flows {
        let alone = go(&mut make(), &start, &RunOptions { steps: 9, ..RunOptions::default() }).unwrap();
        let followed = go(&mut make(), &start, &carrying(9, &others, true)).unwrap();
        assert_eq!(alone.points, followed.points);
        assert_eq!(alone.history, followed.history);
        assert!(gap(&others, &followed.carried.unwrap()) > 0.05);
    }
}

/// Returns a flow between Gaussians whose map is affine.
fn affine(dim: usize, rho: f64) -> Moving {
    let options = SdFlowOptions { sigma: Some(half()), noise: Some(Noise::None), ..SdFlowOptions::default() };
    let exact = Estimate::Other(Box::new(Exact::new(Arc::new(Gaussian::ar1(dim, rho).unwrap())).unwrap()));
    let fit = Estimate::Other(Box::new(GaussianFit::new(GaussianFitOptions::default()).unwrap()));
    let flow = SdFlow::new(exact, fit, options).unwrap();
    (Box::new(flow), stepping(Integrator::Rk4, Schedule::Constant { value: 0.2 }))
}

/// Returns half the logarithm of the determinant of the covariance of the points.
fn log_volume(points: &Points) -> f64 {
    let spectrum = Spectrum::positive(&points.covariance(), "covariance").unwrap();
    0.5 * spectrum.values().iter().map(|v| v.ln()).sum::<f64>()
}

/// For an affine map `x -> J x + c`, `log |det J|` is half the growth of the log determinant of the
/// covariance of any cloud.
#[test]
fn volumes_of_an_affine_map_are_those_of_covariances() {
    let mut flow = affine(3, 0.8);
    let (start, others) = (Stream::new(2).normal(200, 3), Stream::new(7).normal(40, 3));
    let done = go(&mut flow, &start, &carrying(40, &others, true)).unwrap();
    let want = log_volume(done.carried.as_ref().unwrap()) - log_volume(&others);
    assert!((want - log_volume(&done.points) + log_volume(&start)).abs() < 1e-9 && want.abs() > 0.1);
    for found in done.log_det.unwrap() {
        assert!((found - want).abs() < 1e-5, "{found} {want}");
    }
}

/// For a curved map, the log determinant is compared with differences between neighbouring tracers.
#[test]
fn volumes_of_a_curved_map_are_those_of_its_neighbours() {
    let (start, centres, h) = (Stream::new(2).normal(120, 2), Stream::new(7).normal(12, 2), 1e-5);
    let mut around = Points::zeros(48, 2);
    for (i, c) in centres.iter().enumerate() {
        for (k, [a, b]) in [[h, 0.0], [-h, 0.0], [0.0, h], [0.0, -h]].into_iter().enumerate() {
            around.row_mut(4 * i + k).copy_from_slice(&[c[0] + a, c[1] + b]);
        }
    }
    let adaptive = Schedule::Adaptive { from: 1.0, to: 1e-3 };
    let ways = [
        (Integrator::Euler, half()),
        (Integrator::Heun, half()),
        (Integrator::Rk4, half()),
        (Integrator::Euler, adaptive),
    ];
    for (integrator, step) in ways {
        let flow = || sd(Noise::None, integrator, step.clone());
        let ends = go(&mut flow(), &start, &carrying(9, &around, false)).unwrap().carried.unwrap();
        let logs = go(&mut flow(), &start, &carrying(9, &centres, true)).unwrap().log_det.unwrap();
        let want = |i: usize| {
            let column = |k: usize| [0, 1].map(|j| (ends.row(4 * i + k)[j] - ends.row(4 * i + k + 1)[j]) / (2.0 * h));
            let ([a, c], [b, d]) = (column(0), column(2));
            (a * d - b * c).abs().ln()
        };
        for (i, log) in logs.iter().enumerate() {
            assert!((log - want(i)).abs() < 1e-4, "{integrator:?}: {log} {}", want(i));
        }
        assert!(logs.iter().any(|log| log.abs() > 0.5), "{logs:?}");
    }
}

/// A flow in standard units changes volumes like a flow in the units of the data.
#[test]
fn volumes_do_not_depend_on_units() {
    let stretched = |points: &Points, by: f64| {
        let mut points = points.clone();
        (0..points.n()).for_each(|i| points.row_mut(i)[1] *= by);
        points
    };
    let (start, others) = (Stream::new(2).normal(120, 2), Stream::new(7).normal(12, 2));
    let logs = |by: f64| {
        let raw = stretched(&moons(), by);
        let units = sdflow::points::Standardiser::of(&raw);
        let sigma = Some(Schedule::Geometric { from: 2.0, to: 0.3 });
        let options = SdFlowOptions { sigma, noise: Some(Noise::None), ..SdFlowOptions::default() };
        let flow = SdFlow::new(kernel(Some(units.apply(&raw))), kernel(None), options).unwrap();
        let options = carrying(6, &stretched(&others, by), true);
        go(&mut usual(flow.in_units(units)), &stretched(&start, by), &options).unwrap().log_det.unwrap()
    };
    for (a, b) in logs(1.0).iter().zip(logs(1e5)) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
}

/// Above 8 dimensions the divergence is estimated. For an affine map, the mean of the estimate over
/// points is close to the true value.
#[test]
fn volumes_in_many_dimensions_are_estimated() {
    let mut flow = affine(12, 0.5);
    let start = Stream::new(2).normal(300, 12);
    let done = go(&mut flow, &start, &carrying(20, &start.rows(0..4), true)).unwrap();
    let want = log_volume(&done.points) - log_volume(&start);
    // All tracers have the same directions, so that their errors are not independent. The sum of 20
    // steps with new directions is near a normal distribution.
    let note = done.notes.iter().find(|note| note.contains("log_det")).unwrap();
    let told = note.split("the standard error is ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let told: f64 = told.parse().unwrap();
    assert!(told < 0.1 * want.abs(), "{told} {want}");
    for found in done.log_det.unwrap() {
        assert!((found - want).abs() < 4.0 * told, "{found} {want} {told}");
    }
    let few = go(&mut affine(3, 0.5), &Stream::new(2).normal(50, 3), &carrying(2, &Points::zeros(1, 3), true)).unwrap();
    assert!(!few.notes.iter().any(|note| note.contains("log_det")));
}

/// Far from the cloud, where the estimate of its score is wrong, an exact target score moves points
/// far away. If a step is too long, the run ends and undoes the step.
#[test]
fn points_that_are_thrown_away_are_told() {
    let target = Arc::new(Gaussian::isotropic(vec![0.0, 0.0], 1.0).unwrap());
    let options = SdFlowOptions { sigma: Some(half()), noise: Some(Noise::None), ..SdFlowOptions::default() };
    let exact = || Estimate::Other(Box::new(Exact::new(target.clone()).unwrap()));
    let start = Stream::new(2).normal(60, 2);
    let far = Points::from_rows(&[[0.0, 0.1], [30.0, 0.0]]).unwrap();
    let mut flow = usual(SdFlow::new(exact(), kernel(None), options.clone()).unwrap());
    let done = go(&mut flow, &start, &carrying(20, &far, false)).unwrap();
    assert!(done.warnings.iter().any(|warning| warning.starts_with("1 of 2 tracers")), "{:?}", done.warnings);
    let far_steps = stepping(Integrator::Euler, Schedule::Constant { value: 1e60 });
    let fit = Estimate::Other(Box::new(GaussianFit::new(GaussianFitOptions::default()).unwrap()));
    let mut flow: Moving = (Box::new(SdFlow::new(exact(), fit, options).unwrap()), far_steps);
    let done = go(&mut flow, &start, &carrying(20, &far, true)).unwrap();
    assert!(matches!(done.ending, sdflow::process::Ending::Diverged { .. }));
    assert!(done.carried.unwrap().data().iter().chain(&done.log_det.unwrap()).all(|v| v.is_finite()));
}

#[test]
fn what_cannot_be_carried_is_refused() {
    let start = Stream::new(2).normal(20, 2);
    let refused =
        |flow: &mut Moving, points: &Points| go(flow, &start, &carrying(3, points, false)).err().unwrap().to_string();
    let target = Arc::new(Gaussian::isotropic(vec![0.0, 0.0], 1.0).unwrap());
    let mut sampler = Langevin::new(Box::new(Exact::new(target).unwrap()), None, &LangevinOptions::default()).unwrap();
    let sampled = precisely(Run::sampling(&mut sampler, start.clone()), &carrying(3, &start, false));
    assert!(sampled.err().unwrap().to_string().contains("`langevin` has no field"));
    let mut flow = sd(Noise::None, Integrator::Euler, half());
    assert!(refused(&mut flow, &Points::zeros(4, 3)).contains("3 columns"));
    let mut bad = start.clone();
    bad.row_mut(3)[1] = f64::NAN;
    assert!(refused(&mut flow, &bad).contains("`carry`"));
}
