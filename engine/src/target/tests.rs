//! Identities that hold for every target, tested on all of them.

use super::*;
use crate::rng::Stream;
use crate::{Error, Points};
use rayon::ThreadPoolBuilder;

fn targets() -> Vec<Box<dyn Target>> {
    let full = Gaussian::new(vec![1.0, -0.5], faer::mat![[1.5, 0.6], [0.6, 0.8]]).unwrap();
    let narrow = Gaussian::diagonal(vec![-1.0, 2.0], &[0.5, 0.8]).unwrap();
    let light = StudentT::new(full.clone(), 9.0).unwrap();
    vec![
        Box::new(Gaussian::isotropic(vec![0.5], 1.3).unwrap()),
        Box::new(narrow.clone()),
        Box::new(full.clone()),
        Box::new(Gaussian::ar1(5, 0.8).unwrap()),
        Box::new(Mixture::new(vec![1.0, 2.0], vec![narrow, full]).unwrap()),
        Box::new(Mixture::ring(5, 2.0, 0.4).unwrap()),
        Box::new(light),
        Box::new(Funnel::new(2, 0.5).unwrap()),
        Box::new(Funnel::new(4, 0.7).unwrap()),
        Box::new(Banana::new(2, 1.5, 0.3).unwrap()),
        Box::new(Banana::new(4, 1.2, -0.4).unwrap()),
    ]
}

fn log_density(target: &dyn Target, points: &Points, sigma: f64) -> Vec<f64> {
    let mut out = vec![];
    target.density().unwrap().log_density(points, sigma, &mut out).unwrap();
    out
}

fn score(target: &dyn Target, points: &Points, sigma: f64) -> Points {
    let mut out = Points::default();
    target.density().unwrap().score(points, sigma, &mut out).unwrap();
    out
}

/// Returns the noise levels at which a target has a closed form.
fn levels(target: &dyn Target) -> Vec<f64> {
    let origin = Points::zeros(1, target.dim());
    let closed = |sigma: &f64| target.density().unwrap().log_density(&origin, *sigma, &mut vec![]).is_ok();
    [0.0, 0.6].into_iter().filter(closed).collect()
}

#[test]
fn the_score_is_the_gradient_of_the_log_density() {
    let h = 1e-5;
    for target in targets() {
        let x = target.sample(70, Stream::new(11)).unwrap();
        assert!(target.density().is_some());
        for sigma in levels(&*target) {
            let exact = score(&*target, &x, sigma);
            for j in 0..target.dim() {
                let shifted = |by: f64| {
                    let mut moved = x.clone();
                    (0..x.n()).for_each(|i| moved.row_mut(i)[j] += by);
                    log_density(&*target, &moved, sigma)
                };
                let (ahead, behind) = (shifted(h), shifted(-h));
                for i in 0..x.n() {
                    let slope = (ahead[i] - behind[i]) / (2.0 * h);
                    let s = exact.row(i)[j];
                    assert!((slope - s).abs() < 1e-6 * (1.0 + s.abs()), "{} {sigma}: {slope} {s}", target.name());
                }
            }
        }
    }
}

#[test]
fn densities_integrate_to_one() {
    for target in targets().iter().filter(|t| t.dim() <= 2) {
        for sigma in levels(&**target) {
            // x = sinh(u) reaches far into heavy tails; in u, the trapezoidal rule converges
            // exponentially.
            let (count, step) = (400, 0.04);
            let axis = |i: usize| (i as f64 - 0.5 * f64::from(count)) * step;
            let line: Vec<f64> = (0..=count as usize).map(axis).collect();
            let u: Vec<Vec<f64>> = match target.dim() {
                1 => line.iter().map(|a| vec![*a]).collect(),
                _ => line.iter().flat_map(|a| line.iter().map(|b| vec![*a, *b])).collect(),
            };
            let rows: Vec<Vec<f64>> = u.iter().map(|u| u.iter().map(|u| u.sinh()).collect()).collect();
            let densities = log_density(&**target, &Points::from_rows(&rows).unwrap(), sigma);
            let stretch = |u: &[f64]| u.iter().map(|u| u.cosh() * step).product::<f64>();
            let mass: f64 = densities.iter().zip(&u).map(|(l, u)| l.exp() * stretch(u)).sum();
            assert!((mass - 1.0).abs() < 1e-9, "{} {sigma}: {mass}", target.name());
        }
    }
}

#[test]
fn samples_have_the_exact_moments() {
    let n = 40_000;
    for target in targets() {
        let Some(Moments { mean, cov }) = target.moments() else { continue };
        let x = target.sample(n, Stream::new(12)).unwrap();
        let dim = target.dim();
        for a in 0..dim {
            for b in 0..=dim {
                // This is the average of x_a - mean_a (if b = dim) or of the product, with its own
                // standard error.
                let term = |row: &[f64]| match b {
                    _ if b == dim => row[a] - mean[a],
                    _ => (row[a] - mean[a]) * (row[b] - mean[b]) - cov[(a, b)],
                };
                let average = x.iter().map(term).sum::<f64>() / n as f64;
                let square = x.iter().map(|r| term(r).powi(2)).sum::<f64>() / n as f64;
                let error = ((square - average * average) / n as f64).sqrt();
                assert!(average.abs() < 5.0 * error, "{} ({a}, {b}): {average} +- {error}", target.name());
            }
        }
    }
}

#[test]
fn only_gaussians_and_their_mixtures_have_a_closed_form_when_smoothed() {
    for target in targets() {
        let gaussian = target.modes().is_some() || target.name().contains("Gaussian") || target.name().contains("ar1");
        assert_eq!(levels(&*target).len(), if gaussian { 2 } else { 1 }, "{}", target.name());
    }
    let e = Funnel::new(2, 3.0).unwrap().score(&Points::zeros(1, 2), 0.5, &mut Points::default()).unwrap_err();
    assert_eq!(e.to_string(), "a funnel in 2 dimensions has no closed form at sigma = 0.5");
}

#[test]
fn far_points_stay_finite() {
    for target in targets() {
        let x = Points::new([-1e4, 1e3, 3e3, 1e4].repeat(target.dim()), target.dim(), "x").unwrap();
        for sigma in levels(&*target) {
            assert!(score(&*target, &x, sigma).data().iter().all(|s| s.is_finite()), "{}", target.name());
            assert!(log_density(&*target, &x, sigma).iter().all(|l| l.is_finite()), "{}", target.name());
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    for target in targets() {
        let sigma = levels(&*target).last().copied().unwrap_or(0.0);
        let run = |threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let x = target.sample(1000, Stream::new(13)).unwrap();
                let responsibilities = target.modes().map(|m| {
                    let mut out = Points::default();
                    m.responsibilities(&x, sigma, &mut out).unwrap();
                    out
                });
                (log_density(&*target, &x, sigma), score(&*target, &x, sigma), responsibilities, x)
            })
        };
        let one = run(1);
        assert_eq!(one, run(2), "{}", target.name());
        assert_eq!(one, run(5), "{}", target.name());
    }
}

#[test]
fn streams_decide_the_sample() {
    for target in targets() {
        let draw = |seed| target.sample(100, Stream::new(seed)).unwrap();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_ne!(draw(1).row(0), draw(1).row(64), "blocks must differ");
    }
}

#[test]
fn a_wrong_shape_or_sigma_is_refused() {
    for target in targets() {
        let (wrong, right) = (Points::zeros(2, target.dim() + 1), Points::zeros(2, target.dim()));
        let density = target.density().unwrap();
        assert!(matches!(density.log_density(&wrong, 0.0, &mut vec![]), Err(Error::Shape { .. })));
        assert!(matches!(density.score(&wrong, 0.0, &mut Points::default()), Err(Error::Shape { .. })));
        for sigma in [-0.1, f64::NAN, f64::INFINITY] {
            let e = density.score(&right, sigma, &mut Points::default()).unwrap_err();
            assert!(e.to_string().contains("`sigma`"), "{e}");
        }
    }
}
