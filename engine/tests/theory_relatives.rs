//! Known results of flows related to the score-difference flow: MMD flow and SVGD.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

mod common;

use common::{exact_arithmetic, gap, two_sets};
use faer::Mat;
use faer::linalg::solvers::DenseSolveCore;
use sdflow::Points;
use sdflow::flow::{
    Clock, FieldAt, MmdFlow, MmdFlowOptions, Scaling, Stepping, Svgd, SvgdOptions, VelocityField, Weighting,
};
use sdflow::pairwise::{Kernel, KernelSum, KernelSums, Kernels, Part};
use sdflow::points::squared_distance;
use sdflow::rng::Stream;
use sdflow::run::Run;
use sdflow::schedule::Schedule;
use sdflow::score::{At, Exact, Form, Kde, Score};
use sdflow::target::{Density, Gaussian, Target};
use std::sync::Arc;

const KERNELS: [Kernel; 5] = [
    Kernel::Gaussian { h: 0.8 },
    Kernel::Laplace { h: 0.8 },
    Kernel::Imq { h: 0.8 },
    Kernel::Matern32 { h: 0.8 },
    Kernel::Matern52 { h: 0.8 },
];

fn mmd(kernels: &[Kernel], scaling: Scaling, weighting: Weighting) -> MmdFlowOptions {
    MmdFlowOptions { kernel: Kernels::Given(kernels.to_vec()), scaling, weighting, ..MmdFlowOptions::default() }
}

fn velocity(flow: &mut dyn VelocityField, cloud: &Points) -> Points {
    let (mut v, clock, engine) = (Points::default(), Clock::at(3, 10, Stream::new(5)), exact_arithmetic());
    flow.velocity(&FieldAt::cloud(cloud, &clock, &engine), &mut v).unwrap();
    v
}

/// Returns the kernel estimate of a score at `z`, and the mean of the Gaussian kernel at `z`.
fn score_and_mass(points: &Points, z: &Points, h: f64) -> (Points, Vec<f64>) {
    let (pairwise, mut score, mut sums) = (exact_arithmetic(), Points::default(), KernelSums::default());
    let at = At { z, sigma: h, cloud: z, aligned: false, learn: true, stream: Stream::new(0), pairwise: &pairwise };
    Kde::of(points.clone()).evaluate(&at, Form::Score, &mut score).unwrap();
    let kernel = Kernel::Gaussian { h };
    let sum = KernelSum { kernel, part: Part::Value, weights: None, values: None, leave_out_self: false };
    pairwise.kernel_sum(z, points, &sum, &mut sums).unwrap();
    (score, sums.mass.iter().map(|k| k / points.n() as f64).collect())
}

#[test]
fn the_mmd_velocity_is_minus_half_n_times_the_gradient_for_every_kernel() {
    let (x, y) = two_sets();
    for kernels in
        Kernel::all(0.8).into_iter().map(|k| vec![k]).chain([vec![KERNELS[0], KERNELS[2].with_bandwidth(2.0)]])
    {
        let mmd2 = |y: &Points| {
            let mean = |a: &Points, b: &Points| {
                let all = a.iter().flat_map(|p| b.iter().map(move |q| squared_distance(p, q)));
                let of = |d2| kernels.iter().map(|k| k.value(d2)).sum::<f64>() / kernels.len() as f64;
                all.map(of).sum::<f64>() / (a.n() * b.n()) as f64
            };
            mean(&x, &x) + mean(y, y) - 2.0 * mean(&x, y)
        };
        let mut flow = MmdFlow::new(x.clone(), mmd(&kernels, Scaling::Raw, Weighting::Plain)).unwrap();
        let v = velocity(&mut flow, &y);
        for (i, j) in [(0, 0), (7, 1), (44, 2)] {
            let at = |by: f64| {
                let mut moved = y.clone();
                moved.row_mut(i)[j] += by;
                mmd2(&moved)
            };
            let gradient = (at(1e-5) - at(-1e-5)) / 2e-5;
            let (got, want) = (v.row(i)[j], -0.5 * y.n() as f64 * gradient);
            assert!((got - want).abs() < 1e-7, "{kernels:?} {i} {j}: {got} {want}");
        }
    }
}

#[test]
fn plain_is_the_scores_weighed_by_their_densities_and_normalised_is_their_difference() {
    let (x, y) = two_sets();
    let h = 0.8;
    let (score_p, mass_p) = score_and_mass(&x, &y, h);
    let (score_q, mass_q) = score_and_mass(&y, &y, h);
    let (mut plain, mut normalised) = (Points::zeros(y.n(), 3), Points::zeros(y.n(), 3));
    for i in 0..y.n() {
        for j in 0..3 {
            let (p, q) = (score_p.row(i)[j], score_q.row(i)[j]);
            plain.row_mut(i)[j] = mass_p[i] * p - mass_q[i] * q;
            normalised.row_mut(i)[j] = p - q;
        }
    }
    let flow = |weighting, scaling| MmdFlow::new(x.clone(), mmd(&[KERNELS[0]], scaling, weighting)).unwrap();
    assert!(gap(&velocity(&mut flow(Weighting::Plain, Scaling::Raw), &y), &plain) < 1e-12);
    assert!(gap(&velocity(&mut flow(Weighting::Normalised, Scaling::Raw), &y), &normalised) < 1e-12);
    normalised.data_mut().iter_mut().for_each(|v| *v *= h * h);
    assert!(gap(&velocity(&mut flow(Weighting::Normalised, Scaling::Denoiser), &y), &normalised) < 1e-12);
}

/// Far away, the plain velocity towards the target is exactly 0. The normalised velocity still
/// points to the target.
#[test]
fn from_far_only_the_normalised_velocity_points_home() {
    let (x, mut y) = two_sets();
    y.data_mut().iter_mut().for_each(|v| *v += 5000.0);
    for kernel in [KERNELS[0], KERNELS[1], KERNELS[3], KERNELS[4]] {
        let of = |weighting| {
            let mut flow = MmdFlow::new(x.clone(), mmd(&[kernel], Scaling::Raw, weighting)).unwrap();
            velocity(&mut flow, &y)
        };
        let drift = |v: &Points| v.mean().iter().sum::<f64>();
        assert!(drift(&of(Weighting::Plain)).abs() < 1e-12, "{kernel:?}: the cloud's own repulsion has no mean");
        assert!(drift(&of(Weighting::Normalised)) < -1e-3, "{kernel:?}: {}", drift(&of(Weighting::Normalised)));
    }
}

/// Noise injection [arbel2019maximum]: the velocity is evaluated at displaced positions, but the
/// distribution is that of the particles.
#[test]
fn injected_noise_moves_where_the_velocity_is_taken() {
    let (x, y) = two_sets();
    let clock = Clock::at(3, 10, Stream::new(5));
    let noise = Schedule::Linear { from: 1.0, to: 0.0 };
    let options = MmdFlowOptions { noise, ..mmd(&[KERNELS[0]], Scaling::Raw, Weighting::Plain) };
    let got = velocity(&mut MmdFlow::new(x.clone(), options).unwrap(), &y);
    let mut z = Points::zeros(y.n(), 3);
    clock.randomness("noise").scatter_normal(y.data(), 0.7, z.data_mut());
    let ((score_p, mass_p), (score_q, mass_q)) = (score_and_mass(&x, &z, 0.8), score_and_mass(&y, &z, 0.8));
    let mut want = Points::zeros(y.n(), 3);
    for i in 0..y.n() {
        let both = score_p.row(i).iter().zip(score_q.row(i));
        want.row_mut(i).iter_mut().zip(both).for_each(|(v, (p, q))| *v = mass_p[i] * p - mass_q[i] * q);
    }
    assert!(gap(&got, &want) < 1e-12);
    assert!(
        gap(&got, &velocity(&mut MmdFlow::new(x, mmd(&[KERNELS[0]], Scaling::Raw, Weighting::Plain)).unwrap(), &y))
            > 1e-3
    );
}

#[test]
fn a_normalised_energy_kernel_is_refused() {
    let options = mmd(&[Kernel::Energy], Scaling::Raw, Weighting::Normalised);
    let told = MmdFlow::new(two_sets().0, options).unwrap_err().to_string();
    assert!(told.contains("weighting"), "{told}");
}

fn gaussian(mean: [f64; 2], cov: [[f64; 2]; 2]) -> Gaussian {
    Gaussian::new(mean.to_vec(), Mat::from_fn(2, 2, |i, j| cov[i][j])).unwrap()
}

fn svgd(target: &Gaussian, kernel: Kernel) -> Svgd {
    let options = SvgdOptions { kernel: Kernels::Given(vec![kernel]), ..SvgdOptions::default() };
    Svgd::new(Box::new(Exact::new(Arc::new(target.clone())).unwrap()), options).unwrap()
}

fn scores(target: &Gaussian, points: &Points) -> Points {
    let mut scores = Points::default();
    target.score(points, 0.0, &mut scores).unwrap();
    scores
}

fn inverse(m: &Mat<f64>) -> Mat<f64> {
    m.partial_piv_lu().inverse()
}

/// For the distribution `q`, phi is the score difference smoothed by the kernel:
/// `E_q[k(y, z) (s_p - s_q)(y)]`. Between Gaussians it has a closed form, because `k(y, z) q(y)` is a Gaussian in `y`
/// times a constant.
#[test]
fn svgd_is_the_score_difference_smoothed_by_the_kernel() {
    let p = gaussian([1.0, -0.5], [[1.5, 0.4], [0.4, 0.8]]);
    let q = gaussian([-0.5, 0.3], [[0.6, -0.2], [-0.2, 1.1]]);
    let (h, n) = (0.9, 200_000);
    let kernel = Kernel::Gaussian { h };
    let z = Points::from_rows(&[[0.0, 0.0], [-1.0, 1.0], [0.8, 0.2]]).unwrap();
    let cloud = q.sample(n, Stream::new(4)).unwrap();
    let mut got = Points::default();
    let clock = Clock::at(0, 1, Stream::new(0));
    let engine = exact_arithmetic();
    let at = FieldAt::cloud(&cloud, &clock, &engine).tracers(&z);
    svgd(&p, kernel).velocity(&at, &mut got).unwrap();

    let (pull, s_q) = (scores(&p, &cloud), q.cov());
    let wide = &s_q + Mat::<f64>::identity(2, 2) * faer::Scale(h * h);
    for i in 0..z.n() {
        let off = Mat::from_fn(2, 1, |j, _| z.row(i)[j] - q.mean()[j]);
        let far = (off.transpose() * inverse(&wide) * &off)[(0, 0)];
        let mass = h * h / wide.determinant().sqrt() * (-0.5 * far).exp();
        let centre = &s_q * inverse(&wide) * &off;
        let from_p = Mat::from_fn(2, 1, |j, _| centre[(j, 0)] + q.mean()[j] - p.mean()[j]);
        let want = (inverse(&s_q) * &centre - inverse(&p.cov()) * from_p) * faer::Scale(mass);
        for j in 0..2 {
            let terms = (0..n).map(|k| {
                let (y, d2) = (cloud.row(k), squared_distance(cloud.row(k), z.row(i)));
                kernel.value(d2) * pull.row(k)[j] + kernel.slope(d2) * (y[j] - z.row(i)[j])
            });
            let (sum, squares) = terms.fold((0.0, 0.0), |(s, q), t| (s + t, q + t * t));
            let (mean, n) = (sum / n as f64, n as f64);
            let se = ((squares / n - mean * mean) / n).sqrt();
            let (got, want) = (got.row(i)[j], want[(j, 0)]);
            assert!((got - mean).abs() < 1e-10, "{got} {mean}");
            assert!((got - want).abs() < 4.0 * se, "{i} {j}: {got} {want} +- {se}");
            assert!(want.abs() > 10.0 * se, "{i} {j}: the answer is no more than its error, {want} {se}");
        }
    }
}

/// `mean_i [s . phi + div phi](y_i)` is the squared kernel Stein discrepancy: the mean of the Stein
/// kernel over all pairs. The divergence is computed by differences of phi in `z`, with fixed
/// particles.
#[test]
fn the_stein_operator_of_svgd_is_the_mean_of_the_stein_kernel() {
    let p = gaussian([1.0, -0.5], [[1.5, 0.4], [0.4, 0.8]]);
    let cloud = gaussian([0.0, 0.2], [[0.5, 0.1], [0.1, 0.9]]).sample(30, Stream::new(8)).unwrap();
    let (h, s) = (0.7, scores(&p, &cloud));
    let mut flow = svgd(&p, Kernel::Gaussian { h });
    let mut at = |z: &Points| {
        let mut out = Points::default();
        let (clock, engine) = (Clock::at(0, 1, Stream::new(0)), exact_arithmetic());
        flow.velocity(&FieldAt::cloud(&cloud, &clock, &engine).tracers(z), &mut out).unwrap();
        out
    };
    let phi = at(&cloud);
    let mut operator: f64 = phi.data().iter().zip(s.data()).map(|(v, s)| v * s).sum();
    for j in 0..2 {
        let mut shifted = |by: f64| {
            let mut z = cloud.clone();
            (0..z.n()).for_each(|i| z.row_mut(i)[j] += by);
            at(&z)
        };
        let (up, down) = (shifted(1e-5), shifted(-1e-5));
        operator += (0..cloud.n()).map(|i| (up.row(i)[j] - down.row(i)[j]) / 2e-5).sum::<f64>();
    }
    let mut stein = 0.0;
    for i in 0..cloud.n() {
        for k in 0..cloud.n() {
            let (x, y) = (cloud.row(i), cloud.row(k));
            let d2 = squared_distance(x, y);
            let dot = |a: &[f64], b: &[f64]| a[0] * b[0] + a[1] * b[1];
            let off = [x[0] - y[0], x[1] - y[1]];
            let (sx, sy) = (s.row(i), s.row(k));
            let kernel = (-0.5 * d2 / (h * h)).exp();
            let cross = (dot(sx, &off) - dot(sy, &off)) / (h * h);
            stein += kernel * (dot(sx, sy) + cross + 2.0 / (h * h) - d2 / h.powi(4));
        }
    }
    let (got, want) = (operator / 30.0, stein / 900.0);
    assert!((got - want).abs() < 1e-7 * want, "{got} {want}");
}

#[test]
fn svgd_rests_on_an_exact_sample_and_moves_a_shifted_one() {
    let p = gaussian([1.0, -0.5], [[1.5, 0.4], [0.4, 0.8]]);
    let sample = p.sample(4000, Stream::new(3)).unwrap();
    let size = |cloud: &Points| {
        let v = velocity(&mut svgd(&p, Kernel::Gaussian { h: 1.0 }), cloud);
        (v.data().iter().map(|v| v * v).sum::<f64>() / cloud.n() as f64).sqrt()
    };
    let mut shifted = sample.clone();
    (0..shifted.n()).for_each(|i| shifted.row_mut(i)[0] += 0.5);
    // This is a mean of 4000 terms of size about 1.
    assert!(size(&sample) < 3.0 / 4000f64.sqrt(), "{}", size(&sample));
    assert!(size(&shifted) > 3.0 * size(&sample), "{}", size(&shifted));
}

#[test]
fn svgd_reaches_a_gaussian() {
    let p = gaussian([1.0, -0.5], [[1.5, 0.4], [0.4, 0.8]]);
    let mut flow = Svgd::new(Box::new(Exact::new(Arc::new(p.clone())).unwrap()), SvgdOptions::default()).unwrap();
    let stepping = Stepping { step: Some(Schedule::from(0.5)), ..Stepping::default() };
    let cloud = Run::new(&mut flow, Stream::new(1).normal(300, 2)).stepping(stepping).steps(400).seed(5).go();
    let cloud = cloud.unwrap().points;
    assert!(cloud.mean().iter().zip(p.mean()).all(|(a, b)| (a - b).abs() < 0.05), "{:?}", cloud.mean());
    let off = (cloud.covariance() - p.cov()).norm_max();
    assert!(off < 0.15, "{:?}", cloud.covariance());
}

#[test]
fn svgd_wants_a_positive_definite_kernel() {
    let p = gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]);
    let options = SvgdOptions { kernel: Kernels::Given(vec![Kernel::Energy]), ..SvgdOptions::default() };
    let refused = Svgd::new(Box::new(Exact::new(Arc::new(p)).unwrap()), options).unwrap_err();
    assert!(refused.to_string().contains("positive definite"), "{refused}");
}

#[test]
fn svgd_of_a_kernel_estimate_needs_smoothing() {
    let told = Svgd::new(Box::new(Kde::of(two_sets().0)), SvgdOptions::default()).unwrap_err().to_string();
    assert!(told.contains("positive sigma"), "{told}");
    let options = SvgdOptions { sigma: Schedule::from(0.5), ..SvgdOptions::default() };
    let (x, y) = two_sets();
    assert!(velocity(&mut Svgd::new(Box::new(Kde::of(x)), options).unwrap(), &y).data().iter().all(|v| v.is_finite()));
}
