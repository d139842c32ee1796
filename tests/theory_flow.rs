//! Known answers of the score-difference flow [weber2023score]: closed forms, identities, limits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may fail by panicking, its helpers too.

use faer::Mat;
use sdflow::Points;
use sdflow::flow::{Clock, Estimate, Flow, Integrator, Noise, Scaling, SdFlow, SdFlowOptions, Stepper};
use sdflow::generator::{Affine, AffineOptions, Generator};
use sdflow::pairwise::{Pairwise, PairwiseOptions, Precision};
use sdflow::rng::Stream;
use sdflow::schedule::Schedule;
use sdflow::score::{Exact, GaussianFit, GaussianFitOptions, Kde};
use sdflow::target::{Gaussian, Target};
use std::sync::Arc;

fn exact_arithmetic() -> Pairwise {
    let options = PairwiseOptions { precision: Precision::F64, ..PairwiseOptions::default() };
    Pairwise::new(options, sdflow::Interrupt::default())
}

fn gaussian_3d() -> Gaussian {
    let cov = Mat::from_fn(3, 3, |i, j| [[1.5, 0.4, 0.1], [0.4, 0.8, -0.3], [0.1, -0.3, 1.1]][i][j]);
    Gaussian::new(vec![1.0, -2.0, 0.5], cov).unwrap()
}

/// A cloud of 400 points with a covariance that does not commute with the target's.
fn cloud_3d() -> Points {
    let cov = Mat::from_fn(3, 3, |i, j| [[0.5, -0.2, 0.0], [-0.2, 2.0, 0.6], [0.0, 0.6, 1.0]][i][j]);
    Gaussian::new(vec![-1.0, 0.0, 3.0], cov).unwrap().sample(400, Stream::new(1)).unwrap()
}

fn options(sigma: f64, step: f64, scaling: Scaling, noise: Noise, integrator: Integrator) -> SdFlowOptions {
    SdFlowOptions {
        sigma: Some(Schedule::from(sigma)),
        step: Schedule::from(step),
        scaling,
        noise,
        integrator,
        ..SdFlowOptions::default()
    }
}

fn parametric(options: SdFlowOptions) -> SdFlow {
    let target = Exact::new(Arc::new(gaussian_3d())).unwrap();
    let source = GaussianFit::new(GaussianFitOptions { ridge: 0.0, ..GaussianFitOptions::default() }).unwrap();
    SdFlow::new(Estimate::Other(Box::new(target)), Estimate::Other(Box::new(source)), options).unwrap()
}

fn advance(flow: &mut dyn Flow, cloud: &mut Points, steps: usize, pairwise: &Pairwise) {
    let mut stepper = Stepper::default();
    for step in 0..steps {
        stepper.step(flow, cloud, &Clock::at(step, steps, Stream::new(5)), pairwise).unwrap();
    }
}

fn inverse(m: &Mat<f64>) -> Mat<f64> {
    use faer::linalg::solvers::DenseSolveCore;
    m.partial_piv_lu().inverse()
}

/// `exp(m)` by scaling and squaring of the Taylor series.
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

/// Answer 1: N(mu0, S0) to N(m, S) without smoothing, E = exp(-t S^-1), no commuting needed.
#[test]
fn gaussian_to_gaussian_follows_the_closed_form() {
    let (target, mut cloud) = (gaussian_3d(), cloud_3d());
    let (mu0, s0) = (column(&cloud.mean()), cloud.covariance());
    let (time, steps) = (0.7, 200);
    let mut flow = parametric(options(0.0, time / steps as f64, Scaling::Raw, Noise::None, Integrator::Rk4));
    advance(&mut flow, &mut cloud, steps, &exact_arithmetic());
    let (m, s) = (column(target.mean()), target.cov());
    let e = exponential(&(inverse(&s) * faer::Scale(-time)));
    let mu = &m + &e * (&mu0 - &m);
    let cov = &s + &e * (&s0 - &s) * e.transpose();
    assert!(largest_gap(&column(&cloud.mean()), &mu) < 1e-6);
    assert!(largest_gap(&cloud.covariance(), &cov) < 1e-6);
}

/// Answer 2: along the flow the divergence falls at the rate of the Fisher divergence.
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
    let mut flow = parametric(options(0.0, dt, Scaling::Raw, Noise::None, Integrator::Rk4));
    advance(&mut flow, &mut later, 1, &exact_arithmetic());
    let rate = (kl(&later) - kl(&cloud)) / dt;
    assert!((rate + fisher).abs() < 1e-3 * fisher, "rate {rate}, Fisher {fisher}");
}

/// Answer 3, fixed sigma without noise: dmu/dt and dC/dt of the smoothed Gaussians.
#[test]
fn fixed_sigma_moments_follow_their_equations() {
    let (target, mut cloud) = (gaussian_3d(), cloud_3d());
    let (sigma, dt) = (0.8, 1e-4);
    let eye = Mat::<f64>::identity(3, 3) * faer::Scale(sigma * sigma);
    let (mu, c) = (column(&cloud.mean()), cloud.covariance());
    let smooth = inverse(&(target.cov() + &eye));
    let a = inverse(&(&c + &eye)) - &smooth;
    let (dmu, dc) = (&smooth * (column(target.mean()) - &mu), &a * &c + &c * &a);
    let mut flow = parametric(options(sigma, dt, Scaling::Raw, Noise::None, Integrator::Rk4));
    advance(&mut flow, &mut cloud, 1, &exact_arithmetic());
    let (mu_rate, c_rate) = (column(&cloud.mean()) - mu, cloud.covariance() - c);
    assert!(largest_gap(&(mu_rate * faer::Scale(1.0 / dt)), &dmu) < 1e-3);
    assert!(largest_gap(&(c_rate * faer::Scale(1.0 / dt)), &dc) < 1e-3);
}

/// Answer 3, one step at fresh noise: C' = (I + eta A) C (I + eta A)^T + eta^2 s^2 A A^T.
#[test]
fn a_fresh_step_adds_the_noise_it_evaluates_with() {
    let target = gaussian_3d();
    let mut cloud = target.sample(200_000, Stream::new(9)).unwrap();
    cloud.data_mut().iter_mut().for_each(|y| *y = 0.5 * *y + 1.0);
    let (sigma, eta) = (1.2, 0.9);
    let eye = Mat::<f64>::identity(3, 3) * faer::Scale(sigma * sigma);
    let c = cloud.covariance();
    let a = inverse(&(&c + &eye)) - inverse(&(target.cov() + &eye));
    let step = Mat::<f64>::identity(3, 3) + &a * faer::Scale(eta);
    let want = &step * &c * step.transpose() + &a * &a * faer::Scale(eta * eta * sigma * sigma);
    let mut flow = parametric(options(sigma, eta, Scaling::Raw, Noise::Fresh, Integrator::Euler));
    advance(&mut flow, &mut cloud, 1, &exact_arithmetic());
    assert!(largest_gap(&cloud.covariance(), &want) < 0.01 * want.norm_max());
    let without_noise = &step * &c * step.transpose();
    assert!(largest_gap(&cloud.covariance(), &without_noise) > 0.02 * want.norm_max());
}

/// Answer 3: without noise the cloud stays in the subspace it starts in; fresh noise lets it out.
#[test]
fn rank_grows_only_with_fresh_noise() {
    // Flat, up to what keeps the fitted covariance invertible.
    let flat = {
        let mut cloud = cloud_3d();
        (0..cloud.n()).for_each(|i| cloud.row_mut(i)[2] *= 1e-6);
        cloud
    };
    let thickness = |noise: Noise| {
        let mut cloud = flat.clone();
        let mut flow = parametric(options(1.0, 0.5, Scaling::Denoiser, noise, Integrator::Euler));
        advance(&mut flow, &mut cloud, 5, &exact_arithmetic());
        let values = cloud.covariance().self_adjoint_eigenvalues(faer::Side::Lower).unwrap();
        values.into_iter().fold(f64::INFINITY, f64::min)
    };
    assert!(thickness(Noise::None) < 1e-11);
    assert!(thickness(Noise::Fresh) > 1e-3);
}

/// Answer 4: the projected gradient of an affine generator is W' = W + eta A W, b' = b - eta (S + s^2 I)^-1 (b - m).
#[test]
fn an_affine_generator_moves_by_the_population_update() {
    let (target, sigma) = (gaussian_3d(), 0.6);
    let stream = Stream::new(4);
    let mut generator = Affine::new(&AffineOptions { dim: 3, ..AffineOptions::default() }, stream).unwrap();
    generator.parameters_mut()[9..].copy_from_slice(&[0.3, -0.2, 1.0]);
    // Base points whose sample moments are exactly 0 and I: the corners of a cube.
    let corners: Vec<[f64; 3]> = (0..8).map(|k| [0, 1, 2].map(|b| if k >> b & 1 == 1 { 1.0 } else { -1.0 })).collect();
    let u = Points::from_rows(&corners).unwrap();
    let (mut y, mut v) = (Points::default(), Points::default());
    generator.forward(&u, &mut y).unwrap();
    let mut flow = parametric(options(sigma, 1.0, Scaling::Raw, Noise::None, Integrator::Euler));
    flow.velocity(&y, &Clock::at(0, 1, stream), &exact_arithmetic(), &mut v).unwrap();
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

/// The kernel field at the particles, by the flow itself.
fn kernel_field(x: &Points, y: &Points, sigma: f64, scaling: Scaling) -> Points {
    let settings = options(sigma, 1.0, scaling, Noise::None, Integrator::Euler);
    let mut flow = SdFlow::new(
        Estimate::Kernel(Box::new(Kde::of(x.clone()))),
        Estimate::Kernel(Box::new(Kde::of_cloud())),
        settings,
    )
    .unwrap();
    let mut v = Points::default();
    flow.velocity(y, &Clock::at(0, 1, Stream::new(0)), &exact_arithmetic(), &mut v).unwrap();
    v
}

fn two_sets() -> (Points, Points) {
    (Stream::new(1).normal(60, 3), {
        let mut y = Stream::new(2).normal(45, 3);
        y.data_mut().iter_mut().for_each(|v| *v = 0.5 * *v + 1.0);
        y
    })
}

fn map(points: &Points, f: impl Fn(&[f64]) -> Vec<f64>) -> Points {
    Points::from_rows(&points.iter().map(f).collect::<Vec<_>>()).unwrap()
}

fn assert_close(a: &Points, b: &Points, tolerance: f64) {
    let gap = a.data().iter().zip(b.data()).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
    assert!(gap <= tolerance, "largest gap {gap}");
}

/// Answer 6: equal sets do not move.
#[test]
fn equal_sets_have_no_field() {
    let (x, _) = two_sets();
    assert_close(&kernel_field(&x, &x, 0.3, Scaling::Raw), &Points::zeros(60, 3), 1e-12);
}

/// Answer 6: symmetries.
#[test]
fn the_field_turns_scales_and_shifts_with_the_points() {
    let (x, y) = two_sets();
    let field = kernel_field(&x, &y, 0.7, Scaling::Raw);
    let shift = |p: &[f64]| vec![p[0] + 3.0, p[1] - 7.0, p[2] + 0.5];
    assert_close(&kernel_field(&map(&x, shift), &map(&y, shift), 0.7, Scaling::Raw), &field, 1e-10);
    let (c, s) = (0.6, 0.8);
    let turn = |p: &[f64]| vec![c * p[0] - s * p[1], s * p[0] + c * p[1], -p[2]];
    assert_close(&kernel_field(&map(&x, turn), &map(&y, turn), 0.7, Scaling::Raw), &map(&field, turn), 1e-11);
    let scale = |p: &[f64]| p.iter().map(|v| 5.0 * v).collect::<Vec<_>>();
    let scaled = kernel_field(&map(&x, scale), &map(&y, scale), 3.5, Scaling::Raw);
    assert_close(&map(&scaled, scale), &field, 1e-11);
}

/// Answer 6: order and multiplicity of points do not matter, so unequal sizes are right.
#[test]
fn order_and_duplicates_do_not_matter() {
    let (x, y) = two_sets();
    let field = kernel_field(&x, &y, 0.7, Scaling::Raw);
    let reversed = x.select(&(0..60).rev().collect::<Vec<_>>());
    assert_close(&kernel_field(&reversed, &y, 0.7, Scaling::Raw), &field, 1e-12);
    let doubled = x.select(&(0..120).map(|i| i % 60).collect::<Vec<_>>());
    assert_close(&kernel_field(&doubled, &y, 0.7, Scaling::Raw), &field, 1e-12);
}

/// Answer 6: exchanging the two sets at the same places turns the field around.
#[test]
fn exchanging_target_and_source_changes_the_sign() {
    use sdflow::score::{At, Form, Score};
    let (x, y) = two_sets();
    let z = Stream::new(3).normal(20, 3);
    let pairwise = exact_arithmetic();
    let at = At { z: &z, sigma: 0.7, cloud: &y, aligned: false, stream: Stream::new(0), pairwise: &pairwise };
    let field = |p: &Points, q: &Points| {
        let (mut a, mut b) = (Points::default(), Points::default());
        Kde::of(p.clone()).evaluate(&at, Form::Score, &mut a).unwrap();
        Kde::of(q.clone()).evaluate(&at, Form::Score, &mut b).unwrap();
        let data = a.data().iter().zip(b.data()).map(|(a, b)| a - b).collect();
        Points::new(data, 3, "field").unwrap()
    };
    let forward = field(&x, &y);
    let backward = map(&field(&y, &x), |v| v.iter().map(|c| -c).collect());
    assert_close(&forward, &backward, 1e-12);
}

/// Answer 7: a huge sigma translates by the difference of the means, with the known next order.
#[test]
fn a_huge_sigma_translates() {
    let (x, y) = two_sets();
    let sigma: f64 = 100.0;
    let shift = kernel_field(&x, &y, sigma, Scaling::Denoiser);
    // The first two moments that enter the next order: C (z - m) - 1/2 E (x - m) |x - m|^2.
    let next = |p: &Points, z: &[f64]| {
        let (m, c) = (p.mean(), p.covariance());
        let mut out: Vec<f64> = (0..3).map(|i| (0..3).map(|j| c[(i, j)] * (z[j] - m[j])).sum()).collect();
        for row in p.iter() {
            let gap: Vec<f64> = row.iter().zip(&m).map(|(a, b)| a - b).collect();
            let square: f64 = gap.iter().map(|g| g * g).sum();
            out.iter_mut().zip(&gap).for_each(|(o, g)| *o -= 0.5 * g * square / p.n() as f64);
        }
        out
    };
    let (mx, my) = (x.mean(), y.mean());
    for i in 0..y.n() {
        let (nx, ny) = (next(&x, y.row(i)), next(&y, y.row(i)));
        for j in 0..3 {
            let first = mx[j] - my[j];
            let second = (nx[j] - ny[j]) / sigma.powi(2);
            let found = shift.row(i)[j];
            assert!((found - first).abs() < 2e-3, "{found} {first}");
            assert!((found - first - second).abs() < 2e-6, "{found} {}", first + second);
        }
    }
}

/// Answer 7: a tiny sigma sends each particle to its nearest target point.
#[test]
fn a_tiny_sigma_snaps_to_the_nearest_point() {
    let (x, y) = two_sets();
    let shift = kernel_field(&x, &y, 1e-3, Scaling::Denoiser);
    for i in 0..y.n() {
        let distance = |p: &&[f64]| sdflow::points::squared_distance(p, y.row(i));
        let nearest = x.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap();
        let moved = y.row(i).iter().zip(shift.row(i)).map(|(y, v)| y + v);
        assert!(moved.zip(nearest).all(|(moved, x)| (moved - x).abs() < 1e-9));
    }
}

/// Answer 9: a large common offset costs nothing but the inputs' own rounding, in f32 too.
#[test]
fn a_common_offset_does_not_matter() {
    let (x, y) = two_sets();
    let far = |p: &[f64]| p.iter().map(|v| v + 1e5).collect::<Vec<_>>();
    let field = kernel_field(&x, &y, 0.5, Scaling::Denoiser);
    let moved = kernel_field(&map(&x, far), &map(&y, far), 0.5, Scaling::Denoiser);
    assert_close(&moved, &field, 1e-8);
}

/// The kernel flow dies far from its data where the score difference does not.
#[test]
fn the_mmd_velocity_is_the_gradient_of_mmd_and_dies_far_away() {
    use sdflow::flow::{MmdFlow, MmdFlowOptions};
    use sdflow::pairwise::{Kernel, Kernels};
    let (x, y) = two_sets();
    let kernel = Kernel::Gaussian { h: 0.8 };
    let settings =
        MmdFlowOptions { kernel: Kernels::Given(vec![kernel]), scaling: Scaling::Raw, ..MmdFlowOptions::default() };
    let mut flow = MmdFlow::new(x.clone(), settings).unwrap();
    let (clock, pairwise) = (Clock::at(0, 1, Stream::new(0)), exact_arithmetic());
    let mut v = Points::default();
    flow.velocity(&y, &clock, &pairwise, &mut v).unwrap();
    let mmd2 = |y: &Points| {
        let mean = |a: &Points, b: &Points| {
            let all = a.iter().flat_map(|p| b.iter().map(move |q| sdflow::points::squared_distance(p, q)));
            all.map(|d2| kernel.value(d2)).sum::<f64>() / (a.n() * b.n()) as f64
        };
        mean(&x, &x) + mean(y, y) - 2.0 * mean(&x, y)
    };
    for (i, j) in [(0, 0), (7, 1), (44, 2)] {
        let at = |by: f64| {
            let mut moved = y.clone();
            moved.row_mut(i)[j] += by;
            mmd2(&moved)
        };
        let gradient = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!((v.row(i)[j] + 0.5 * y.n() as f64 * gradient).abs() < 1e-7);
    }
    let far = map(&y, |p| p.iter().map(|c| c + 30.0).collect());
    flow.velocity(&far, &clock, &pairwise, &mut v).unwrap();
    let (one, mean) = (far.row(0), far.mean());
    let own_repulsion = v.row(0).iter().zip(one.iter().zip(&mean)).map(|(v, (y, m))| v * (y - m)).sum::<f64>();
    assert!(own_repulsion >= 0.0, "only the cloud's own kernel acts out there");
    let towards: f64 = kernel_field(&x, &far, 0.8, Scaling::Denoiser).row(0).iter().sum();
    assert!(towards < -30.0, "the score difference still points home: {towards}");
}
