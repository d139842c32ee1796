//! The moments of the step against closed forms, and the ends of runs with few steps.

use super::*;
use crate::flow::{ReverseSdeOptions, ReverseSdeSampler, Sampler};
use crate::rng::Stream;
use crate::score::{Exact, Kde};
use crate::target::{Gaussian, Mixture, Target};
use std::sync::Arc;

const MEANS: [[f64; 2]; 3] = [[-2.0, 0.0], [2.0, 0.5], [0.0, 2.5]];
const STDS: [f64; 3] = [0.4, 0.5, 0.3];
const WEIGHTS: [f64; 3] = [0.5, 0.3, 0.2];

fn mixture() -> Arc<dyn Target> {
    let parts = MEANS.iter().zip(STDS).map(|(mean, std)| Gaussian::isotropic(mean.to_vec(), std).unwrap());
    Arc::new(Mixture::new(WEIGHTS.to_vec(), parts.collect()).unwrap())
}

fn exact(target: &Arc<dyn Target>) -> Box<dyn Score> {
    Box::new(Exact::new(target.clone()).unwrap())
}

/// Mean, variance and third central moment of `sum_k w_k N(m_k, v_k)`, whose parts are `(log w_k,
/// m_k, v_k)`.
fn moments(parts: &[(f64, f64, f64)]) -> [f64; 3] {
    let top = parts.iter().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = parts.iter().map(|p| (p.0 - top).exp()).sum();
    let over = |f: &dyn Fn(f64, f64) -> f64| parts.iter().map(|p| (p.0 - top).exp() / total * f(p.1, p.2)).sum::<f64>();
    let mean = over(&|m, _| m);
    [mean, over(&|m, v| (m - mean).powi(2) + v), over(&|m, v| (m - mean).powi(3) + 3.0 * (m - mean) * v)]
}

fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// The same moments of coordinate `j` of `x` given `z`, in closed form.
fn of_mixture(z: &[f64], j: usize, sigma: f64) -> [f64; 3] {
    let part = |k: usize| {
        let (v, s) = (STDS[k] * STDS[k], STDS[k] * STDS[k] + sigma * sigma);
        let log = WEIGHTS[k].ln() - s.ln() - squared(&MEANS[k], z) / (2.0 * s);
        (log, MEANS[k][j] + v / s * (z[j] - MEANS[k][j]), v * sigma * sigma / s)
    };
    moments(&[part(0), part(1), part(2)])
}

fn of_points(data: &Points, z: &[f64], j: usize, sigma: f64) -> [f64; 3] {
    let parts: Vec<_> = data.iter().map(|x| (-squared(x, z) / (2.0 * sigma * sigma), x[j], 0.0)).collect();
    moments(&parts)
}

#[test]
fn two_components_have_the_wanted_moments() {
    for variance in [1e-6, 0.3, 40.0] {
        for skewness in [0.0, 1e-9, 0.1, 0.7, 0.71, 3.0, -0.5, -0.8, -200.0] {
            for noise in [0.0, 0.01, 7.0] {
                let third = skewness * f64::powf(variance, 1.5);
                let Pair { far, near, share, std } = Pair::matching(variance, third, noise);
                let over = |f: &dyn Fn(f64) -> f64| share * f(far) + (1.0 - share) * f(near);
                let size = (variance + noise).sqrt();
                let found = [over(&|c| c), over(&|c| c * c + std * std), over(&|c| c.powi(3) + 3.0 * c * std * std)];
                for (power, (found, want)) in found.into_iter().zip([0.0, variance + noise, third]).enumerate() {
                    let scale = size.powi(power as i32 + 1).max(want.abs());
                    assert!((found - want).abs() < 1e-12 * scale, "{variance} {skewness} {noise}: {found} {want}");
                }
                assert!((0.0..=0.5).contains(&share) && std * std >= noise * (1.0 - 1e-12), "{share} {std} {noise}");
                // Without skewness the pair is a Gaussian. Up to a skewness of sqrt(1/2) its
                // weights are 1/3 and 2/3.
                assert!(skewness.abs() > 1e-5 || (std / size - 1.0).abs() < 1e-5, "{std} {size}");
                assert!(!(1e-5..0.707).contains(&skewness.abs()) || (share - 1.0 / 3.0).abs() < 1e-9, "{share}");
            }
        }
    }
}

#[test]
fn differences_of_the_denoiser_are_the_posterior_s_moments() {
    let (target, engine, clock) = (mixture(), Pairwise::default(), Clock::at(0, 1, Stream::new(3)));
    let data = target.sample(500, Stream::new(1)).unwrap();
    for sigma in [0.05, 0.2, 0.5, 1.0, 3.0, 20.0] {
        let mut z = target.sample(200, Stream::new(7)).unwrap();
        Stream::new(8).add_normal(sigma, z.data_mut());
        let mut kde = Kde::of(data.clone());
        let of_kde = Posterior::of(&mut kde, &z, sigma, &clock, &engine).unwrap();
        let of_exact = Posterior::of(exact(&target).as_mut(), &z, sigma, &clock, &engine).unwrap();
        let by_points = |i: usize, j: usize| of_points(&data, z.row(i), j, sigma);
        let in_closed_form = |i: usize, j: usize| of_mixture(z.row(i), j, sigma);
        let wanted: [&dyn Fn(usize, usize) -> [f64; 3]; 2] = [&by_points, &in_closed_form];
        for (posterior, want) in [of_kde, of_exact].iter().zip(wanted) {
            let (mut errors, mut sizes) = ([0.0; 3], [0.0; 3]);
            for (i, j) in (0..z.n()).flat_map(|i| [(i, 0), (i, 1)]) {
                let mean = z.row(i)[j] + posterior.displacement.row(i)[j];
                let found = [mean, posterior.variance.row(i)[j], posterior.third.row(i)[j]];
                for (m, (found, want)) in found.into_iter().zip(want(i, j)).enumerate() {
                    errors[m] += (found - want).abs();
                    sizes[m] += want.abs();
                }
            }
            for m in 0..3 {
                assert!(errors[m] < 1e-3 * sizes[m], "sigma {sigma}, moment {}: {errors:?} of {sizes:?}", m + 1);
            }
        }
    }
}

fn solver(score: Box<dyn Score>, sampler: ReverseSdeSampler, (from, to): (f64, f64)) -> Diffusion {
    let (sigma_max, sigma_min) = (Some(from), Some(to));
    Diffusion::reverse_sde(score, &ReverseSdeOptions { sampler, sigma_max, sigma_min, ..Default::default() }).unwrap()
}

fn moved(flow: &mut Diffusion, mut cloud: Points, steps: usize) -> (Points, u64) {
    let mut evaluations = 0;
    for step in 0..steps {
        let (clock, before) = (Clock::at(step, steps, Stream::new(5)), cloud.clone());
        evaluations += flow.step(&mut cloud, &clock, &Pairwise::default()).unwrap();
        assert_ne!(cloud, before);
    }
    (cloud, evaluations)
}

#[test]
fn a_step_draws_with_the_moments_of_the_reverse_kernel() {
    let (n, from, to) = (100_000, 1.2, 0.5);
    let (pull, noise) = (1.0 - f64::powi(to / from, 2), to * to * (1.0 - f64::powi(to / from, 2)));
    // The third moments are nearly 0, moderate, and so large that the weights are not 1/3 and 2/3.
    for z in [[-2.0, 0.1], [0.3, 1.1], [0.9, 0.4]] {
        let start = Points::from_rows(&vec![z; n]).unwrap();
        let mut flow = solver(exact(&mixture()), ReverseSdeSampler::GaussianMixture, (from, to));
        let (end, evaluations) = moved(&mut flow, start, 1);
        assert_eq!(evaluations, 5);
        for j in 0..2 {
            let [mean, variance, third] = of_mixture(&z, j, from);
            let want = [z[j] + pull * (mean - z[j]), pull.powi(2) * variance + noise, pull.powi(3) * third];
            let power = |p: i32| end.iter().map(|row| (row[j] - want[0]).powi(p)).sum::<f64>() / n as f64;
            for (m, want) in [0.0, want[1], want[2]].into_iter().enumerate() {
                let m = m as i32 + 1;
                let error = ((power(2 * m) - power(m).powi(2)) / n as f64).sqrt();
                assert!((power(m) - want).abs() < 4.0 * error, "{z:?} {j}: moment {m} {} {want} +- {error}", power(m));
            }
        }
    }
}

#[test]
fn five_steps_give_a_gaussian_its_variance() {
    let (n, ends, variances) = (40_000, (10.0, 0.1), [1.0, 0.25]);
    let distribution =
        |extra: f64| Gaussian::diagonal(vec![0.5, -1.0], &variances.map(|v: f64| (v + extra).sqrt())).unwrap();
    let target: Arc<dyn Target> = Arc::new(distribution(0.0));
    let off = |sampler: ReverseSdeSampler| {
        let start = distribution(100.0).sample(n, Stream::new(6)).unwrap();
        let (end, _) = moved(&mut solver(exact(&target), sampler, ends), start, 5);
        let error = (2.0 / n as f64).sqrt();
        [0, 1].map(|j| (end.covariance()[(j, j)] / (variances[j] + 0.01) - 1.0).abs() / error)
    };
    let (mixed, plain) = (off(ReverseSdeSampler::GaussianMixture), off(ReverseSdeSampler::Ancestral));
    assert!(mixed.iter().all(|off| *off < 4.0), "{mixed:?} standard errors");
    assert!(plain.iter().all(|off| *off > 10.0), "{plain:?} standard errors");
}

/// The Wasserstein distance between two samples of equal size on the line.
fn w1(a: &Points, b: &Points) -> f64 {
    let sorted = |points: &Points| {
        let mut x = points.data().to_vec();
        x.sort_by(f64::total_cmp);
        x
    };
    sorted(a).iter().zip(sorted(b)).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.n() as f64
}

#[test]
fn few_steps_reach_two_modes() {
    let n = 20_000;
    let mode = |at: f64| Gaussian::isotropic(vec![at], f64::sqrt(0.05)).unwrap();
    let target: Arc<dyn Target> = Arc::new(Mixture::new(vec![1.0, 1.0], vec![mode(-2.0), mode(2.0)]).unwrap());
    let want = target.sample(n, Stream::new(1)).unwrap();
    for steps in [5, 10] {
        let far = |sampler: ReverseSdeSampler| {
            let mut flow = solver(exact(&target), sampler, (20.0, 0.01));
            let start = flow.prior().unwrap().sample(n, Stream::new(2)).unwrap();
            w1(&moved(&mut flow, start, steps).0, &want)
        };
        let (mixed, plain) = (far(ReverseSdeSampler::GaussianMixture), far(ReverseSdeSampler::Ancestral));
        assert!(mixed < 0.5 * plain, "{steps} steps: {mixed} against {plain}");
    }
}

#[test]
fn evaluations_are_counted() {
    for denoise in [false, true] {
        let sampler = ReverseSdeSampler::GaussianMixture;
        let options =
            ReverseSdeOptions { sampler, denoise, sigma_max: Some(5.0), sigma_min: Some(0.1), ..Default::default() };
        let mut flow = Diffusion::reverse_sde(exact(&mixture()), &options).unwrap();
        let (_, counted) = moved(&mut flow, Stream::new(4).normal(10, 2), 4);
        assert_eq!(counted, if denoise { 16 } else { 20 });
    }
}
