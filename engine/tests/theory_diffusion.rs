//! Known results of denoising diffusion: its steps, their orders, and the distributions that they
//! reach.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

mod common;

use common::{exact_arithmetic, gap};
use sdflow::Points;
use sdflow::flow::{
    Clock, Diffusion, FieldAt, LikelihoodOptions, PfOdeOptions, PfOdeSampler, Predictor, PredictorCorrectorOptions,
    Process, ReverseSdeOptions, ReverseSdeSampler, Sampler,
};
use sdflow::pairwise::{Pairwise, Softmax, SoftmaxMean, Values};
use sdflow::rng::Stream;
use sdflow::score::{Exact, Kde, Score};
use sdflow::target::{Density, Gaussian, Mixture, Target};
use std::sync::Arc;

const VARIANCES: [f64; 2] = [1.0, 0.25];
const MEAN: [f64; 2] = [0.5, -1.0];

/// Returns the score of `N(MEAN, diag VARIANCES)`.
fn gaussian() -> Box<dyn Score> {
    let cov = faer::Mat::from_fn(2, 2, |i, j| if i == j { VARIANCES[i] } else { 0.0 });
    Box::new(Exact::new(Arc::new(Gaussian::new(MEAN.to_vec(), cov).unwrap())).unwrap())
}

fn ode(process: Process, sampler: PfOdeSampler, tolerance: f64) -> Diffusion {
    let (sigma_max, sigma_min) = (Some(10.0), Some(0.1));
    let options = PfOdeOptions { process, sampler, tolerance, sigma_max, sigma_min, ..PfOdeOptions::default() };
    Diffusion::pf_ode(gaussian(), &options).unwrap()
}

fn moved(flow: &mut Diffusion, cloud: Points, steps: usize, pairwise: &Pairwise) -> (Points, u64) {
    moved_by(flow, cloud, steps, pairwise, Stream::new(5))
}

fn moved_by(
    flow: &mut Diffusion,
    mut cloud: Points,
    steps: usize,
    pairwise: &Pairwise,
    stream: Stream,
) -> (Points, u64) {
    let mut evaluations = 0;
    flow.prepare(&cloud, &Clock::at(0, steps, stream)).unwrap();
    for step in 0..steps {
        evaluations += flow.step(&mut cloud, &Clock::at(step, steps, stream), pairwise).unwrap();
    }
    (cloud, evaluations)
}

/// Returns the position to which the probability flow moves `z` from the noise level `from` to
/// `to`: it scales by `sqrt((S + to^2) / (S + from^2))` about the mean.
fn flowed(z: &Points, from: f64, to: f64) -> Points {
    let mut out = z.clone();
    for i in 0..z.n() {
        for j in 0..2 {
            let factor = ((VARIANCES[j] + to * to) / (VARIANCES[j] + from * from)).sqrt();
            out.row_mut(i)[j] = MEAN[j] + factor * (z.row(i)[j] - MEAN[j]);
        }
    }
    out
}

/// The score-difference step is `z + eta (D_p - D_q)` with `D_q(z) = z`. With `eta = 1 - s'/s` it
/// is the step of the sampler. With `eta = 1 - s'^2/s^2` it is the mean of the ancestral step,
/// whose variance is `s'^2 (1 - s'^2/s^2)`.
#[test]
fn denoising_steps_are_score_difference_steps() {
    let (data, z) = (Stream::new(1).normal(80, 2), Stream::new(2).normal(50, 2));
    let (s, to) = (0.9, 0.6);
    let pairwise = exact_arithmetic();
    let mut denoised = SoftmaxMean::default();
    pairwise.softmax_mean(&z, &data, Values::Own, &Softmax::of(s), &mut denoised).unwrap();
    let stepped = |eta: f64| {
        let mut out = z.clone();
        out.data_mut().iter_mut().zip(denoised.mean.data()).for_each(|(z, d)| *z += eta * (d - *z));
        out
    };
    let kde = || Box::new(Kde::of(data.clone()));
    let (sigma_max, sigma_min) = (Some(s), Some(to));
    let options = PfOdeOptions { sampler: PfOdeSampler::Euler, sigma_max, sigma_min, ..PfOdeOptions::default() };
    let (ddim, _) = moved(&mut Diffusion::pf_ode(kde(), &options).unwrap(), z.clone(), 1, &pairwise);
    assert!(gap(&ddim, &stepped(1.0 - to / s)) < 1e-14, "{}", gap(&ddim, &stepped(1.0 - to / s)));

    let options = ReverseSdeOptions { sigma_max, sigma_min, ..ReverseSdeOptions::default() };
    let (ddpm, _) = moved(&mut Diffusion::reverse_sde(kde(), &options).unwrap(), z.clone(), 1, &pairwise);
    let r2: f64 = (to / s) * (to / s);
    let mut want = stepped(1.0 - r2);
    let noise = to * (1.0 - r2).sqrt();
    Clock::at(0, 1, Stream::new(5)).randomness("diffusion").add_normal(noise, want.data_mut());
    assert!(gap(&ddpm, &want) < 1e-14, "{}", gap(&ddpm, &want));

    let options = ReverseSdeOptions { lambda: 0.0, ..options };
    let (quiet, _) = moved(&mut Diffusion::reverse_sde(kde(), &options).unwrap(), z.clone(), 1, &pairwise);
    assert!(gap(&quiet, &ddim) < 1e-14);
}

#[test]
fn declared_orders_by_regression() {
    let z = Stream::new(3).normal(20, 2);
    for (sampler, order) in [(PfOdeSampler::Euler, 1.0), (PfOdeSampler::Heun, 2.0), (PfOdeSampler::Rk4, 4.0)] {
        for process in [Process::Ve, Process::Vp] {
            let errors: Vec<(f64, f64)> = [40, 80, 160, 320]
                .map(|steps: usize| {
                    let mut flow = ode(process, sampler, 1.0);
                    let (first, last) = (flow.levels().scale(10.0), flow.levels().scale(0.1));
                    let mut start = z.clone();
                    start.data_mut().iter_mut().for_each(|v| *v *= 10.0 * first);
                    let (mut end, _) = moved(&mut flow, start.clone(), steps, &exact_arithmetic());
                    start.data_mut().iter_mut().for_each(|v| *v /= first);
                    end.data_mut().iter_mut().for_each(|v| *v /= last);
                    ((steps as f64).ln(), gap(&end, &flowed(&start, 10.0, 0.1)).ln())
                })
                .to_vec();
            let mean = |f: fn(&(f64, f64)) -> f64| errors.iter().map(f).sum::<f64>() / errors.len() as f64;
            let (x, y) = (mean(|e| e.0), mean(|e| e.1));
            let slope = errors.iter().map(|e| (e.0 - x) * (e.1 - y)).sum::<f64>()
                / errors.iter().map(|e| (e.0 - x).powi(2)).sum::<f64>();
            assert!((slope + order).abs() < 0.2, "{sampler:?} {process:?}: slope {slope}, order {order}: {errors:?}");
        }
    }
}

/// Every process gives the same flow in its own coordinates, and the error stays within the
/// tolerance.
#[test]
fn every_process_reaches_the_closed_form() {
    let z = Stream::new(3).normal(30, 2);
    for process in [Process::Ve, Process::Vp, Process::SubVp] {
        let mut evaluations = Vec::new();
        for tolerance in [1e-3, 1e-8] {
            let mut flow = ode(process, PfOdeSampler::Adaptive, tolerance);
            let (first, last) = (flow.levels().scale(10.0), flow.levels().scale(0.1));
            let (mut start, mut scaled) = (z.clone(), z.clone());
            start.data_mut().iter_mut().for_each(|v| *v *= 10.0);
            scaled.data_mut().iter_mut().for_each(|v| *v *= 10.0 * first);
            let (end, count) = moved(&mut flow, scaled, 12, &exact_arithmetic());
            let mut want = flowed(&start, 10.0, 0.1);
            want.data_mut().iter_mut().for_each(|v| *v *= last);
            // Each of twelve steps has at most this error, and none amplifies the error.
            assert!(gap(&end, &want) < 12.0 * 10.0 * tolerance, "{process:?} {tolerance}: {}", gap(&end, &want));
            evaluations.push(count);
        }
        assert!(evaluations[1] > evaluations[0], "{evaluations:?}");
    }
}

/// The reported velocity is the derivative of the step.
#[test]
fn the_velocity_is_that_of_short_steps() {
    let z = Stream::new(3).normal(10, 2);
    for process in [Process::Ve, Process::Vp, Process::SubVp] {
        let options = PfOdeOptions {
            process,
            sampler: PfOdeSampler::Rk4,
            sigma_max: Some(1.0),
            sigma_min: Some(0.9999),
            ..PfOdeOptions::default()
        };
        let mut flow = Diffusion::pf_ode(gaussian(), &options).unwrap();
        let mut v = Points::default();
        let (clock, engine) = (Clock::at(0, 1, Stream::new(5)), exact_arithmetic());
        flow.drift(&FieldAt::cloud(&z, &clock, &engine), &mut v).unwrap();
        let (end, _) = moved(&mut flow, z.clone(), 1, &exact_arithmetic());
        v.data_mut().iter_mut().zip(z.data()).for_each(|(v, z)| *v = z + 1e-4 * *v);
        assert!(gap(&end, &v) < 1e-7, "{process:?}: {}", gap(&end, &v));
    }
}

/// Checks that mean and variance at the end are within standard errors of `a m` and `a^2 (S +
/// sigma_min^2)`.
fn assert_end_law(what: &str, flow: &mut Diffusion, steps: usize) {
    let n = 20_000;
    let start = flow.prior().unwrap().sample(n, Stream::new(6)).unwrap();
    let (end, _) = moved(flow, start, steps, &Pairwise::default());
    let (mean, cov) = (end.mean(), end.covariance());
    let a = flow.levels().scale(0.02);
    for j in 0..2 {
        let want = a * a * (VARIANCES[j] + 0.02 * 0.02);
        let se = want * (2.0 / n as f64).sqrt();
        assert!((cov[(j, j)] - want).abs() < 4.0 * se, "{what}: variance {} {want} +- {se}", cov[(j, j)]);
        assert!((mean[j] - a * MEAN[j]).abs() < 4.0 * (want / n as f64).sqrt(), "{what}: mean {mean:?}");
    }
}

#[test]
fn deterministic_and_stochastic_samplers_end_at_one_law() {
    let (sigma_max, sigma_min) = (Some(30.0), Some(0.02));
    let options = PfOdeOptions { sigma_max, sigma_min, ..PfOdeOptions::default() };
    assert_end_law("pf_ode", &mut Diffusion::pf_ode(gaussian(), &options).unwrap(), 60);
    for (sampler, lambda) in [
        (ReverseSdeSampler::Ancestral, 1.0),
        (ReverseSdeSampler::Ancestral, 0.5),
        (ReverseSdeSampler::EulerMaruyama, 1.0),
        (ReverseSdeSampler::EulerMaruyama, 0.5),
        (ReverseSdeSampler::EulerMaruyama, 2.0),
        (ReverseSdeSampler::Edm, 1.0),
    ] {
        let options = ReverseSdeOptions { sampler, lambda, sigma_max, sigma_min, ..ReverseSdeOptions::default() };
        let mut flow = Diffusion::reverse_sde(gaussian(), &options).unwrap();
        assert_end_law(&format!("{sampler:?} {lambda}"), &mut flow, 800);
    }
    for process in [Process::Vp, Process::SubVp] {
        let options = ReverseSdeOptions { process, sigma_min, ..ReverseSdeOptions::default() };
        let mut flow = Diffusion::reverse_sde(gaussian(), &options).unwrap();
        assert_end_law(&format!("{process:?}"), &mut flow, 800);
    }
    for predictor in [Predictor::Ancestral, Predictor::EulerMaruyama, Predictor::Ddim] {
        let options = PredictorCorrectorOptions {
            predictor,
            snr: 0.05,
            sigma_max,
            sigma_min,
            ..PredictorCorrectorOptions::default()
        };
        let mut flow = Diffusion::predictor_corrector(gaussian(), &options).unwrap();
        assert_end_law(&format!("{predictor:?}"), &mut flow, 800);
    }
}

/// For data `N(0, v)` the mean of `dz = -(1 + h^2) sigma score dsigma + h sqrt(2 sigma) dW` falls towards that of the score as
/// `(v + sigma^2)^((1 + h^2) / 2)`, and the variance stays `v + sigma^2`.
#[test]
fn a_score_that_is_wrong_for_a_while_leaves_the_known_bias_for_every_share_of_noise() {
    let n = 40_000;
    let normal = |mean: f64, std: f64| Gaussian::isotropic(vec![mean], std).unwrap();
    let (top, bottom, shift) = (4.0f64, 0.1f64, 1.0);
    for (wrong_from, wrong_to) in [(4.0, 1.0), (0.5, 0.1)] {
        for h in [0.0, 0.5, 1.0, 2.0] {
            let mut cloud = normal(0.0, top.hypot(1.0)).sample(n, Stream::new(7)).unwrap();
            let stages = [(top, wrong_from, 0.0), (wrong_from, wrong_to, shift), (wrong_to, bottom, 0.0)];
            for (stage, (from, to, mean)) in stages.into_iter().enumerate() {
                if from <= to {
                    continue;
                }
                let options = ReverseSdeOptions {
                    sampler: ReverseSdeSampler::EulerMaruyama,
                    lambda: h,
                    sigma_max: Some(from),
                    sigma_min: Some(to),
                    ..ReverseSdeOptions::default()
                };
                let score = Box::new(Exact::new(Arc::new(normal(mean, 1.0))).unwrap());
                let mut flow = Diffusion::reverse_sde(score, &options).unwrap();
                let stream = Stream::new(8).at(stage as u64);
                (cloud, _) = moved_by(&mut flow, cloud, 600, &Pairwise::default(), stream);
            }
            let (power, at) = (0.5 * (1.0 + h * h), |sigma: f64| 1.0 + sigma * sigma);
            let fall = |from: f64, to: f64| (at(to) / at(from)).powf(power);
            let bias = shift * (1.0 - fall(wrong_from, wrong_to)) * fall(wrong_to, bottom);
            let (variance, what) = (at(bottom), format!("h {h}, from {wrong_from}"));
            let (mean, cov) = (cloud.mean()[0], cloud.covariance()[(0, 0)]);
            // Four standard errors, and the error of 600 Euler steps.
            assert!((mean - bias).abs() < 4.0 * (variance / n as f64).sqrt() + 0.005, "{what}: {mean} {bias}");
            let most = 4.0 * variance * (2.0 / n as f64).sqrt() + 0.01;
            assert!((cov - variance).abs() < most, "{what}: {cov} {variance}");
        }
    }
}

/// The closed form for a Gaussian, including the spread that the prior lacks: the flow scales by `f
/// = sqrt((S + max^2) / (S + min^2))` about the mean.
#[test]
fn the_log_density_of_a_gaussian_is_that_of_its_linear_flow() {
    let engine = exact_arithmetic();
    for process in [Process::Ve, Process::Vp, Process::SubVp] {
        let mut flow = ode(process, PfOdeSampler::Heun, 1.0);
        let a = flow.levels().scale(0.1);
        let mut points = Stream::new(3).normal(20, 2);
        let z = points.clone();
        points.data_mut().iter_mut().for_each(|y| *y *= a);
        let got = flow.log_density(&points, &LikelihoodOptions::default(), &engine, Stream::new(4)).unwrap();
        for (i, got) in got.values.iter().enumerate() {
            let mut want = -2.0 * a.ln() - (2.0 * std::f64::consts::PI).ln() - 2.0 * 10f64.ln();
            for j in 0..2 {
                let f2 = (VARIANCES[j] + 100.0) / (VARIANCES[j] + 0.01);
                want += 0.5 * f2.ln() - 0.5 * f2 * (z.row(i)[j] - MEAN[j]).powi(2) / 100.0;
            }
            assert!((got - want).abs() < 1e-3, "{process:?} {i}: {got} {want}");
        }
    }
}

#[test]
fn the_log_density_of_a_mixture_is_its_own() {
    let part = |mean: [f64; 2], std: f64| Gaussian::isotropic(mean.to_vec(), std).unwrap();
    let mixture = Mixture::new(vec![0.3, 0.7], vec![part([-2.0, 0.0], 0.4), part([1.5, 1.0], 0.8)]).unwrap();
    let points = mixture.sample(200, Stream::new(8)).unwrap();
    let mut want = Vec::new();
    mixture.log_density(&points, 0.05, &mut want).unwrap();
    let options = PfOdeOptions { sigma_max: Some(300.0), sigma_min: Some(0.05), ..PfOdeOptions::default() };
    let mut flow = Diffusion::pf_ode(Box::new(Exact::new(Arc::new(mixture)).unwrap()), &options).unwrap();
    let got = flow.log_density(&points, &LikelihoodOptions::default(), &exact_arithmetic(), Stream::new(4)).unwrap();
    let worst = got.values.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 2e-3, "{worst}");
}

/// Random signs give the trace of a diagonal matrix exactly, and the trace of any matrix in the
/// mean.
#[test]
fn the_log_density_in_many_dimensions_is_by_probes() {
    let (dim, engine) = (12, exact_arithmetic());
    let target = |rho: f64| Gaussian::ar1(dim, rho).unwrap();
    let gap = |rho: f64, probes: Option<usize>| {
        let points = target(rho).sample(30, Stream::new(8)).unwrap();
        let mut want = Vec::new();
        target(rho).log_density(&points, 0.1, &mut want).unwrap();
        let options = PfOdeOptions { sigma_max: Some(500.0), sigma_min: Some(0.1), ..PfOdeOptions::default() };
        let mut flow = Diffusion::pf_ode(Box::new(Exact::new(Arc::new(target(rho))).unwrap()), &options).unwrap();
        let options = LikelihoodOptions { steps: 10, tolerance: 1e-3, probes };
        let got = flow.log_density(&points, &options, &engine, Stream::new(4)).unwrap();
        got.values.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    // Ten steps have this tolerance each.
    assert!(gap(0.0, None) < 0.04, "{}", gap(0.0, None));
    let (few, many) = (gap(0.7, Some(2)), gap(0.7, Some(200)));
    assert!(many < 0.5 && many < few, "{few} {many}");
}

/// The standard errors of log densities by random directions are those that fresh directions show.
#[test]
fn log_densities_by_probes_know_their_errors() {
    let (dim, engine) = (12, exact_arithmetic());
    let target = Arc::new(Gaussian::ar1(dim, 0.7).unwrap());
    let points = target.sample(40, Stream::new(8)).unwrap();
    let options = PfOdeOptions { sigma_max: Some(500.0), sigma_min: Some(0.1), ..PfOdeOptions::default() };
    let mut flow = Diffusion::pf_ode(Box::new(Exact::new(target).unwrap()), &options).unwrap();
    let mut logs = |probes: Option<usize>, seed: u64| {
        let options = LikelihoodOptions { steps: 10, tolerance: 1e-3, probes };
        flow.log_density(&points, &options, &engine, Stream::new(seed)).unwrap()
    };
    // Twenty directions are groups of two and of one.
    let found: Vec<_> = (0..60).map(|seed| logs(Some(20), seed)).collect();
    let (mut squares, mut told) = ([0.0; 2], [0.0; 2]);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let centre: Vec<f64> =
        (0..points.n()).map(|i| mean(&found.iter().map(|f| f.values[i]).collect::<Vec<_>>())).collect();
    for one in &found {
        let errors = one.errors.as_ref().unwrap();
        squares[0] += one.values.iter().zip(&centre).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / points.n() as f64;
        told[0] += errors.each.iter().map(|e| e * e).sum::<f64>() / points.n() as f64;
        squares[1] += (mean(&one.values) - mean(&centre)).powi(2);
        told[1] += errors.of_mean.powi(2);
    }
    for k in 0..2 {
        let ratio = (told[k] / squares[k]).sqrt();
        assert!((0.8..1.25).contains(&ratio), "{k}: {ratio}");
    }
    // All coordinates of a plane leave no error, and few directions do not show theirs.
    assert!(logs(Some(3), 0).errors.is_none() && logs(Some(4), 0).errors.is_some());
    let mut plain = ode(Process::Ve, PfOdeSampler::Heun, 1.0);
    let exact = plain.log_density(&Stream::new(1).normal(3, 2), &LikelihoodOptions::default(), &engine, Stream::new(2));
    assert!(exact.unwrap().errors.is_none());
}

#[test]
fn only_a_deterministic_sampler_has_a_log_density() {
    let mut flow = Diffusion::reverse_sde(gaussian(), &ReverseSdeOptions::default()).unwrap();
    let options = LikelihoodOptions::default();
    let refused = flow.log_density(&Points::zeros(2, 2), &options, &Pairwise::default(), Stream::new(1)).unwrap_err();
    assert!(refused.to_string().contains("pf_ode"), "{refused}");
}

#[test]
fn the_last_step_goes_onto_the_denoised_points() {
    let data = Stream::new(1).normal(40, 2);
    let options =
        PfOdeOptions { sigma_max: Some(20.0), sigma_min: Some(1e-3), denoise: true, ..PfOdeOptions::default() };
    let mut flow = Diffusion::pf_ode(Box::new(Kde::of(data.clone())), &options).unwrap();
    let (end, evaluations) = moved(&mut flow, flow_start(&options, &data), 40, &exact_arithmetic());
    assert_eq!(evaluations, 79, "Heun's two per step, one for the last");
    let nearest = |z: &[f64]| data.iter().map(|x| sdflow::points::squared_distance(z, x)).fold(f64::INFINITY, f64::min);
    let there = end.iter().filter(|z| nearest(z) < 1e-8).count();
    assert!(there >= 57, "{there} of 60: a kernel estimate at hardly any noise is its points, but between two of them");
    assert!(flow.warnings().iter().any(|w| w.contains("memorise")), "{:?}", flow.warnings());
}

fn flow_start(options: &PfOdeOptions, data: &Points) -> Points {
    let flow = Diffusion::pf_ode(Box::new(Kde::of(data.clone())), options).unwrap();
    flow.prior().unwrap().sample(60, Stream::new(9)).unwrap()
}

#[test]
fn a_start_of_another_size_is_told() {
    let mut flow = ode(Process::Ve, PfOdeSampler::Heun, 1.0);
    moved(&mut flow, Stream::new(1).normal(50, 2), 3, &Pairwise::default());
    assert!(flow.warnings()[0].contains("prior"), "{:?}", flow.warnings());
    // In the middle of the way the start has the spread of the data too.
    let late = PfOdeOptions { sigma_max: Some(0.1), sigma_min: Some(0.05), ..PfOdeOptions::default() };
    for (scale, warnings) in [(1.0, 0), (4.0, 1), (0.01, 1)] {
        let mut start = Stream::new(1).normal(50, 2);
        start.data_mut().iter_mut().for_each(|v| *v *= scale);
        let mut flow = Diffusion::pf_ode(gaussian(), &late).unwrap();
        moved(&mut flow, start, 3, &Pairwise::default());
        assert_eq!(flow.warnings().len(), warnings, "{scale}: {:?}", flow.warnings());
    }
    let options = PfOdeOptions { sigma_max: Some(0.01), sigma_min: Some(0.1), ..PfOdeOptions::default() };
    assert!(Diffusion::pf_ode(gaussian(), &options).unwrap_err().to_string().contains("above sigma_min"));
}
