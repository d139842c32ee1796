//! Smoothed scores are compared with closed forms.

use super::*;
use crate::pairwise::{Pairwise, PairwiseOptions};
use crate::rng::Stream;
use crate::target::{Banana, CustomDensity, Gaussian, Mixture};

fn evaluated(target: Arc<dyn Target>, samples: usize, z: &Points, sigma: f64, form: Form) -> (Points, Smoothed) {
    let pairwise = Pairwise::new(PairwiseOptions::default(), Default::default());
    let at = At { z, sigma, cloud: z, aligned: true, learn: true, stream: Stream::new(4), pairwise: &pairwise };
    let mut score = Smoothed::new(target, &SmoothedOptions { samples }).unwrap();
    let mut out = Points::default();
    score.evaluate(&at, form, &mut out).unwrap();
    (out, score)
}

/// Returns the root mean square of the error, relative to the root mean square of the exact score.
fn error(target: impl Target + 'static, samples: usize, sigma: f64) -> f64 {
    let z = Stream::new(1).normal(300, target.dim());
    let mut want = Points::default();
    target.density().unwrap().score(&z, sigma, &mut want).unwrap();
    let (got, _) = evaluated(Arc::new(target), samples, &z, sigma, Form::Score);
    let gap: f64 = got.data().iter().zip(want.data()).map(|(a, b)| (a - b).powi(2)).sum();
    (gap / want.data().iter().map(|v| v * v).sum::<f64>()).sqrt()
}

#[test]
fn a_diagonal_gaussian_is_exact_with_a_few_samples() {
    for sigma in [0.01, 0.5, 3.0] {
        let gaussian = Gaussian::diagonal(vec![1.0, -0.5], &[1.0, 2.0]).unwrap();
        let error = error(gaussian, 8, sigma);
        assert!(error < 1e-6, "sigma {sigma}: {error}");
    }
}

#[test]
fn a_steep_tail_throws_nothing_far() {
    // Far above the ridge of the banana, slopes reach hundreds, and one or two samples carry all
    // the weight.
    let banana: Arc<dyn Target> = Arc::new(Banana::new(2, 1.5, 0.4).unwrap());
    let z = Points::new(Stream::new(9).normal(2000, 2).data().iter().map(|e| 6.0 * e).collect(), 2, "z").unwrap();
    let (shift, _) = evaluated(banana, 16, &z, 2.5, Form::Displacement);
    let furthest = shift.data().iter().fold(0.0f64, |most, s| most.max(s.abs()));
    assert!(furthest < 8.0 * 2.5, "{furthest}");
}

#[test]
fn the_error_falls_with_the_samples_at_small_and_large_sigma() {
    let mixture = || {
        let at = |x: f64| Gaussian::diagonal(vec![x, 0.0], &[0.6, 0.9]).unwrap();
        Mixture::new(vec![0.3, 0.7], vec![at(-1.5), at(1.0)]).unwrap()
    };
    for (sigma, most) in [(0.05, 0.01), (0.5, 0.05), (2.0, 0.05)] {
        let (few, many) = (error(mixture(), 64, sigma), error(mixture(), 4096, sigma));
        // Sixty-four times as many samples give an eighth of the error.
        assert!(many < most && many < 0.3 * few, "sigma {sigma}: {few} {many}");
    }
}

#[test]
fn the_shift_is_the_score_times_the_variance_and_ess_is_told() {
    let gaussian: Arc<dyn Target> = Arc::new(Gaussian::diagonal(vec![0.0], &[1.0]).unwrap());
    let z = Stream::new(2).normal(20, 1);
    let (score, _) = evaluated(gaussian.clone(), 16, &z, 0.5, Form::Score);
    let (shift, told) = evaluated(gaussian.clone(), 16, &z, 0.5, Form::Displacement);
    assert!(score.data().iter().zip(shift.data()).all(|(s, d)| (0.25 * s - d).abs() < 1e-12));
    assert!((1.0..=16.0).contains(&told.diagnostics().ess.unwrap()));
    let (exact, _) = evaluated(gaussian, 16, &z, 0.0, Form::Score);
    assert!(exact.data().iter().zip(z.data()).all(|(s, x)| s == &-x));
}

#[test]
fn a_smoothing_that_is_lost_is_told() {
    let narrow: Arc<dyn Target> = Arc::new(Gaussian::diagonal(vec![0.0; 20], &[0.1; 20]).unwrap());
    let z = Stream::new(2).normal(20, 20);
    let told = evaluated(narrow.clone(), 16, &z, 2.0, Form::Score).1.diagnostics().warnings;
    assert!(told[0].contains("lost in 1 of 1") && told[0].contains("of 16 samples"), "{told:?}");
    let mut within = z.clone();
    within.data_mut().iter_mut().for_each(|x| *x *= 0.1);
    assert!(evaluated(narrow, 16, &within, 0.05, Form::Score).1.diagnostics().warnings.is_empty());
}

#[test]
fn beyond_the_support_counts_as_zero_and_nowhere_is_told() {
    // The exponential distribution on x > 0; elsewhere log(x0) is not a number.
    let p: Arc<dyn Target> = Arc::new(CustomDensity::formula(1, "-x0 + 0*log(x0)", &[]).unwrap());
    let z = Points::from_rows(&[[0.0], [-50.0], [-1e5]]).unwrap();
    let (out, told) = evaluated(p, 8192, &z, 1.0, Form::Score);
    // The expected value is d/dz log(e^{-z} Phi(z - 1)) at 0, with Phi(-1) = .158655 and phi(1) =
    // .241971.
    assert!((out.row(0)[0] - (0.241_971 / 0.158_655 - 1.0)).abs() < 0.05, "{}", out.row(0)[0]);
    // Far outside, the value is -1 + phi(51) / Phi(-51) = 50.02. The noise must be wide enough to
    // find the edge.
    assert!((out.row(1)[0] - 50.02).abs() < 2.0, "{}", out.row(1)[0]);
    assert!(
        out.row(2)[0].is_nan() && told.diagnostics().warnings[0].contains("at (-100000.0000)"),
        "{:?}",
        told.diagnostics().warnings
    );
}
