//! Known results of the score-difference flow [weber2023score]: closed forms, identities, limits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

mod common;

use common::{cloud_3d, exact_arithmetic, gaussian_3d, sd_options as options};
use faer::Mat;
use sdflow::Points;
use sdflow::flow::{Clock, FieldAt, Noise, Scaling, SdFlow, SdFlowOptions, Stepping, VelocityField};
use sdflow::generator::{Affine, AffineOptions, Generator};
use sdflow::ode::{Integrator, RungeKutta};
use sdflow::rng::Stream;
use sdflow::run::Run;
use sdflow::schedule::Schedule;
use sdflow::score::{At, Estimate, Exact, Form, GaussianFit, GaussianFitOptions, Kde, Score};
use sdflow::target::Target;
use std::sync::Arc;

fn stepping(step: f64, integrator: Integrator) -> Stepping {
    Stepping { step: Some(Schedule::from(step)), integrator, ..Stepping::default() }
}

fn parametric(options: SdFlowOptions) -> SdFlow {
    let target = Exact::new(Arc::new(gaussian_3d())).unwrap();
    let source = GaussianFit::new(GaussianFitOptions { ridge: 0.0, ..GaussianFitOptions::default() }).unwrap();
    SdFlow::new(Estimate::Other(Box::new(target)), Estimate::Other(Box::new(source)), options).unwrap()
}

fn advance(flow: &mut SdFlow, stepping: Stepping, cloud: &mut Points, steps: usize) {
    let engine = exact_arithmetic();
    let run = Run::new(flow, cloud.clone()).stepping(stepping).steps(steps).pairwise(&engine).seed(5);
    *cloud = run.go().unwrap().points;
}

fn inverse(m: &Mat<f64>) -> Mat<f64> {
    use faer::linalg::solvers::DenseSolveCore;
    m.partial_piv_lu().inverse()
}

/// Returns `exp(m)` by scaling and squaring of the Taylor series.
fn exponential(m: &Mat<f64>) -> Mat<f64> {
    let small = m * faer::Scale(1.0 / 1024.0);
    let mut term = Mat::<f64>::identity(m.nrows(), m.nrows());
    let mut sum = term.clone();
    for k in 1..12 {
        term = &term * &small * faer::Scale(1.0 / f64::from(k));
        sum += &term;
    }
    for _ in 0..10 {
        sum = &sum * &sum;
    }
    sum
}

fn largest_gap(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    (a - b).norm_max()
}

fn column(values: &[f64]) -> Mat<f64> {
    Mat::from_fn(values.len(), 1, |i, _| values[i])
}

/// Answer 1: N(mu0, S0) moves to N(m, S) without smoothing, with E = exp(-t S^-1). The covariances
/// need not commute.
#[test]
fn gaussian_to_gaussian_follows_the_closed_form() {
    let (target, mut cloud) = (gaussian_3d(), cloud_3d());
    let (mu0, s0) = (column(&cloud.mean()), cloud.covariance());
    let (time, steps) = (0.7, 200);
    let mut flow = parametric(options(0.0, Scaling::Raw, Noise::None));
    advance(&mut flow, stepping(time / steps as f64, Integrator::Rk4), &mut cloud, steps);
    let (m, s) = (column(target.mean()), target.cov());
    let e = exponential(&(inverse(&s) * faer::Scale(-time)));
    let mu = &m + &e * (&mu0 - &m);
    let cov = &s + &e * (&s0 - &s) * e.transpose();
    assert!(largest_gap(&column(&cloud.mean()), &mu) < 1e-6);
    assert!(largest_gap(&cloud.covariance(), &cov) < 1e-6);
}

/// Answer 2: along the flow, the KL divergence falls at the rate of the Fisher divergence.
#[test]
fn the_kl_divergence_falls_at_the_rate_of_the_fisher_divergence() {
    let (target, cloud) = (gaussian_3d(), cloud_3d());
    let s = target.cov();
    let s_inv = inverse(&s);
    let kl = |cloud: &Points| {
        let c = cloud.covariance();
        let gap = column(target.mean()) - column(&cloud.mean());
        let trace: f64 = (&s_inv * &c).diagonal().column_vector().iter().sum();
        let maha = (gap.transpose() * &s_inv * &gap)[(0, 0)];
        0.5 * (trace + maha - 3.0 + s.determinant().ln() - c.determinant().ln())
    };
    let c = cloud.covariance();
    let a = inverse(&c) - &s_inv;
    let pull = &s_inv * (column(&cloud.mean()) - column(target.mean()));
    let fisher: f64 = (&a * &c * a.transpose()).diagonal().column_vector().iter().sum::<f64>() + pull.squared_norm_l2();
    let dt = 1e-4;
    let mut later = cloud.clone();
    let mut flow = parametric(options(0.0, Scaling::Raw, Noise::None));
    advance(&mut flow, stepping(dt, Integrator::Rk4), &mut later, 1);
    let rate = (kl(&later) - kl(&cloud)) / dt;
    assert!((rate + fisher).abs() < 1e-3 * fisher, "rate {rate}, Fisher {fisher}");
}

/// Answer 3, fixed sigma without noise: the equations of dmu/dt and dC/dt for the smoothed
/// Gaussians hold.
#[test]
fn fixed_sigma_moments_follow_their_equations() {
    let (target, mut cloud) = (gaussian_3d(), cloud_3d());
    let (sigma, dt) = (0.8, 1e-4);
    let eye = Mat::<f64>::identity(3, 3) * faer::Scale(sigma * sigma);
    let (mu, c) = (column(&cloud.mean()), cloud.covariance());
    let smooth = inverse(&(target.cov() + &eye));
    let a = inverse(&(&c + &eye)) - &smooth;
    let (dmu, dc) = (&smooth * (column(target.mean()) - &mu), &a * &c + &c * &a);
    let mut flow = parametric(options(sigma, Scaling::Raw, Noise::None));
    advance(&mut flow, stepping(dt, Integrator::Rk4), &mut cloud, 1);
    let (mu_rate, c_rate) = (column(&cloud.mean()) - mu, cloud.covariance() - c);
    assert!(largest_gap(&(mu_rate * faer::Scale(1.0 / dt)), &dmu) < 1e-3);
    assert!(largest_gap(&(c_rate * faer::Scale(1.0 / dt)), &dc) < 1e-3);
}

/// Answer 3, one step with noise of size a: C' = (I + eta A) C (I + eta A)^T + eta^2 a^2 s^2 A A^T.
#[test]
fn a_step_adds_the_noise_it_evaluates_with() {
    let target = gaussian_3d();
    let mut start = target.sample(200_000, Stream::new(9)).unwrap();
    start.data_mut().iter_mut().for_each(|y| *y = 0.5 * *y + 1.0);
    let (sigma, eta) = (1.2, 0.9);
    let eye = Mat::<f64>::identity(3, 3) * faer::Scale(sigma * sigma);
    let c = start.covariance();
    let a = inverse(&(&c + &eye)) - inverse(&(target.cov() + &eye));
    let step = Mat::<f64>::identity(3, 3) + &a * faer::Scale(eta);
    for (noise, size) in [(Noise::Fresh, 1.0f64), (Noise::Half, 0.5)] {
        let added = (eta * size * sigma).powi(2);
        let want = &step * &c * step.transpose() + &a * &a * faer::Scale(added);
        let (mut flow, mut cloud) = (parametric(options(sigma, Scaling::Raw, noise)), start.clone());
        advance(&mut flow, stepping(eta, Integrator::Euler), &mut cloud, 1);
        let gap = largest_gap(&cloud.covariance(), &want);
        assert!(gap < 0.01 * want.norm_max(), "{noise:?}");
        let without_noise = &step * &c * step.transpose();
        let beyond = largest_gap(&cloud.covariance(), &without_noise);
        assert!(beyond > 0.02 * size * size * want.norm_max() && beyond > 2.0 * gap, "{noise:?}");
    }
}

/// The density of the cloud is 1 + h cos(k y) times that of the target, with a small h. A step of
/// size 1 moves particles by v sin(k y), where v = h k sigma^2 exp(-k^2 sigma^2 (1 + a^2) / 2) for
/// noise of size a.
#[test]
fn noise_smooths_the_field_once_more() {
    let (k, h, half_width, n) = (2.0f64, 0.1, 12.0, 16_000);
    let even = |i: usize| half_width * (2.0 * (i as f64 + 0.5) / n as f64 - 1.0);
    let target = Points::new((0..n).map(even).collect(), 1, "target").unwrap();
    // The point below which lies the same share of the cloud, by iteration.
    let quantile = |i: usize| (0..60).fold(even(i), |y, _| even(i) - h / k * (k * y).sin());
    let cloud = Points::new((0..n).map(quantile).collect(), 1, "cloud").unwrap();
    for sigma in [0.3, 0.6] {
        for (noise, size) in [(Noise::None, 0.0f64), (Noise::Half, 0.5), (Noise::Fresh, 1.0)] {
            let kernel = |kde: Kde| Estimate::Kernel(Box::new(kde));
            let options = options(sigma, Scaling::Denoiser, noise);
            let mut flow = SdFlow::new(kernel(Kde::of(target.clone())), kernel(Kde::of_cloud()), options).unwrap();
            let mut moved = cloud.clone();
            advance(&mut flow, stepping(1.0, Integrator::Euler), &mut moved, 1);
            // The wave is judged over whole periods far from the edges.
            let inside = 2.0 * std::f64::consts::PI;
            let (mut product, mut square) = (0.0, 0.0);
            for (y, new) in cloud.data().iter().zip(moved.data()).filter(|(y, _)| y.abs() < inside) {
                product += (new - y) * (k * y).sin();
                square += (k * y).sin().powi(2);
            }
            let s = (k * sigma).powi(2);
            let want = h * k * sigma * sigma * (-s * (1.0 + size * size) / 2.0).exp();
            let found = product / square;
            assert!((found - want).abs() < 0.08 * want, "sigma {sigma}, {noise:?}: {found}, not {want}");
        }
    }
}

/// Answer 3: without noise the cloud stays in the subspace in which it starts; with fresh noise it
/// leaves the subspace.
#[test]
fn rank_grows_only_with_fresh_noise() {
    // The cloud is flat, except for the small variance that keeps the fitted covariance invertible.
    let flat = {
        let mut cloud = cloud_3d();
        (0..cloud.n()).for_each(|i| cloud.row_mut(i)[2] *= 1e-6);
        cloud
    };
    let thickness = |noise: Noise| {
        let mut cloud = flat.clone();
        let mut flow = parametric(options(1.0, Scaling::Denoiser, noise));
        advance(&mut flow, stepping(0.5, Integrator::Euler), &mut cloud, 5);
        let values = cloud.covariance().self_adjoint_eigenvalues(faer::Side::Lower).unwrap();
        values.into_iter().fold(f64::INFINITY, f64::min)
    };
    assert!(thickness(Noise::None) < 1e-11);
    assert!(thickness(Noise::Fresh) > 1e-3);
}

/// Answer 4: the projected gradient of an affine generator is W' = W + eta A W, b' = b - eta (S +
/// s^2 I)^-1 (b - m).
#[test]
fn an_affine_generator_moves_by_the_population_update() {
    let (target, sigma) = (gaussian_3d(), 0.6);
    let stream = Stream::new(4);
    let mut generator = Affine::new(&AffineOptions { dim: 3, ..AffineOptions::default() }, stream).unwrap();
    generator.parameters_mut()[9..].copy_from_slice(&[0.3, -0.2, 1.0]);
    // The base points are the corners of a cube. Their sample moments are exactly 0 and I.
    let corners: Vec<[f64; 3]> = (0..8).map(|k| [0, 1, 2].map(|b| if k >> b & 1 == 1 { 1.0 } else { -1.0 })).collect();
    let u = Points::from_rows(&corners).unwrap();
    let (mut y, mut v) = (Points::default(), Points::default());
    generator.forward(&u, &mut y).unwrap();
    let mut flow = parametric(options(sigma, Scaling::Raw, Noise::None));
    let (clock, engine) = (Clock::at(0, 1, stream), exact_arithmetic());
    flow.velocity(&FieldAt::cloud(&y, &clock, &engine), &mut v).unwrap();
    let mut gradient = vec![0.0; 12];
    generator.pull_back(&u, &v, &mut gradient).unwrap();
    let eye = Mat::<f64>::identity(3, 3) * faer::Scale(sigma * sigma);
    let smooth = inverse(&(target.cov() + &eye));
    let a = inverse(&(generator.covariance() + &eye)) - &smooth;
    let want_w = &a * generator.weights();
    let want_b = &smooth * (column(target.mean()) - column(generator.bias()));
    for i in 0..3 {
        for j in 0..3 {
            assert!((gradient[3 * i + j] / 8.0 - want_w[(i, j)]).abs() < 1e-12);
        }
        assert!((gradient[9 + i] / 8.0 - want_b[(i, 0)]).abs() < 1e-12);
    }
}

/// Answer 5: the denoiser of a Gaussian reaches the floor of the denoising loss, tr(S - S (S + s^2
/// I)^-1 S).
#[test]
fn the_exact_denoiser_reaches_the_floor_of_the_denoising_loss() {
    let (target, sigma) = (gaussian_3d(), 0.9);
    let x = target.sample(100_000, Stream::new(2)).unwrap();
    let mut z = Stream::new(3).normal(x.n(), 3);
    z.data_mut().iter_mut().zip(x.data()).for_each(|(z, x)| *z = x + sigma * *z);
    let pairwise = exact_arithmetic();
    let at = At { z: &z, sigma, cloud: &z, aligned: false, learn: true, stream: Stream::new(0), pairwise: &pairwise };
    let mut shift = Points::default();
    Exact::new(Arc::new(target.clone())).unwrap().evaluate(&at, Form::Displacement, &mut shift).unwrap();
    let denoised = z.data().iter().zip(shift.data()).map(|(z, s)| z + s);
    let loss = denoised.zip(x.data()).map(|(d, x)| (d - x).powi(2)).sum::<f64>() / x.n() as f64;
    let s = target.cov();
    let smooth = inverse(&(&s + Mat::<f64>::identity(3, 3) * faer::Scale(sigma * sigma)));
    let floor: f64 = (&s - &s * &smooth * &s).diagonal().column_vector().iter().sum();
    assert!((loss - floor).abs() < 0.01 * floor, "loss {loss}, floor {floor}");
}

#[test]
fn a_step_taken_back_leaves_the_cloud_as_it_was() {
    let start = cloud_3d();
    for integrator in [Integrator::Euler, Integrator::Heun, Integrator::Rk4] {
        let (mut steps, mut cloud) = (RungeKutta::default(), start.clone());
        let mut field = |y: &Points, _: f64, v: &mut Points| {
            v.copy_from(y);
            Ok(())
        };
        let report = steps.advance(&mut cloud, 0.5, integrator, &mut field).unwrap();
        let square: f64 = cloud.data().iter().zip(start.data()).map(|(a, b)| (a - b) * (a - b)).sum();
        assert!((report.displacement - (square / 400.0).sqrt()).abs() < 1e-12 * report.displacement);
        steps.undo(&mut cloud);
        assert_eq!(cloud, start);
    }
}
