//! Known results of the sequential Monte Carlo sampler: moments, integrals and weights of modes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

use sdflow::Points;
use sdflow::flow::{Preconditioning, Smc, SmcOptions};
use sdflow::rng::Stream;
use sdflow::run::{Run, RunResult};
use sdflow::target::{CustomDensity, Gaussian, Target};
use std::sync::Arc;

fn density(dim: usize, text: &str) -> Arc<dyn Target> {
    Arc::new(CustomDensity::formula(dim, text, &[]).unwrap())
}

fn wide(dim: usize, std: f64) -> Arc<dyn Target> {
    Arc::new(Gaussian::isotropic(vec![0.0; dim], std).unwrap())
}

/// Runs `n` particles from the prior.
fn ran(target: &Arc<dyn Target>, prior: &Arc<dyn Target>, n: usize, steps: usize, options: &SmcOptions) -> RunResult {
    let mut smc = Smc::new(target.clone(), Some(prior.clone()), options).unwrap();
    let start = prior.sample(n, Stream::new(3)).unwrap();
    Run::sampling(&mut smc, start).steps(steps).seed(5).go().unwrap()
}

fn last(run: &RunResult, column: &str) -> f64 {
    run.history.last().unwrap()[column]
}

/// `exp(-(x - m)^T S^-1 (x - m) / 2)` has the integral `2 pi |S|^(1/2)` in the plane.
#[test]
fn a_gaussian_has_its_moments_and_its_integral() {
    // S = [[1, .6], [.6, 1]] around (3, -1), in units of 1 and 1000.
    let target = density(2, "-((x[0] - 3)^2 - 1.2*(x[0] - 3)*(x[1]/1000 + 1) + (x[1]/1000 + 1)^2) / (2 * 0.64)");
    let prior: Arc<dyn Target> = Arc::new(Gaussian::diagonal(vec![0.0, 0.0], &[5.0, 5000.0]).unwrap());
    let n = 4000;
    for preconditioner in [Preconditioning::Diagonal, Preconditioning::Dense] {
        let run = ran(&target, &prior, n, 60, &SmcOptions { preconditioner, ..SmcOptions::default() });
        assert_eq!(last(&run, "inverse_temperature"), 1.0);
        assert!(run.warnings.is_empty(), "{:?}", run.warnings);
        let (mean, cov) = (run.points.mean(), run.points.covariance());
        let se = 1.0 / (n as f64).sqrt();
        // The particles descend from common ancestors, so the error is that of fewer points.
        assert!((mean[0] - 3.0).abs() < 6.0 * se && (mean[1] / 1000.0 + 1.0).abs() < 6.0 * se, "{mean:?}");
        assert!((cov[(0, 0)] - 1.0).abs() < 8.0 * se && (cov[(1, 1)] / 1e6 - 1.0).abs() < 8.0 * se, "{cov:?}");
        assert!((cov[(0, 1)] / 1000.0 - 0.6).abs() < 8.0 * se, "{cov:?}");
        let integral = (std::f64::consts::TAU * 0.8 * 1000.0).ln();
        assert!((last(&run, "log_evidence") - integral).abs() < 0.1, "{} {integral}", last(&run, "log_evidence"));
    }
}

/// The integral is right on average, not its logarithm: the mean of 40 estimates with few particles
/// agrees with the known integral within its standard error.
#[test]
fn the_integral_is_estimated_without_bias() {
    let (target, prior) = (density(1, "-abs(x[0] - 2)^3"), wide(1, 3.0));
    // The integral of exp(-|x|^3) is 2 Gamma(4/3).
    let want: f64 = 2.0 * 0.892_979_511_569_249_2;
    let found: Vec<f64> = (0..40)
        .map(|seed| {
            let mut smc = Smc::new(target.clone(), Some(prior.clone()), &SmcOptions::default()).unwrap();
            let start = prior.sample(100, Stream::new(100 + seed)).unwrap();
            let run = Run::sampling(&mut smc, start).steps(30).seed(seed).go().unwrap();
            last(&run, "log_evidence").exp()
        })
        .collect();
    let mean = found.iter().sum::<f64>() / 40.0;
    let variance = found.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 39.0;
    let se = (variance / 40.0).sqrt();
    assert!((mean - want).abs() < 4.0 * se, "{mean} +- {se}, {want}");
    assert!(se < 0.05 * want, "{se}");
}

/// Two modes with the weights .2 and .8; the first has .4 times the width of the second.
#[test]
fn separate_modes_get_their_weights() {
    let target = density(
        3,
        "logsumexp(k, 0, 2, log(0.2 + 0.6*k) - 3*log(0.4 + 0.6*k) \
         - sum(i, 0, 3, (x[i] - 5 + 10*k)^2) / (2 * (0.4 + 0.6*k)^2))",
    );
    let prior = wide(3, 6.0);
    let run = ran(&target, &prior, 8000, 150, &SmcOptions::default());
    let narrow: Vec<usize> = (0..8000).filter(|i| run.points.row(*i)[0] > 0.0).collect();
    let share = narrow.len() as f64 / 8000.0;
    assert!((share - 0.2).abs() < 0.04, "{share}");
    let inside = run.points.select(&narrow);
    (0..3).for_each(|j| assert!((inside.covariance()[(j, j)] / 0.16 - 1.0).abs() < 0.25, "{:?}", inside.covariance()));
}

/// `v ~ N(0, 3^2)`, and nine coordinates `N(0, e^v)`: independent chains with one step size never
/// enter the neck.
#[test]
fn a_funnel_is_sampled_to_its_neck() {
    let target = density(10, "-x[0]^2/18 - 9*x[0]/2 - exp(-x[0]) * sum(i, 1, 10, x[i]^2) / 2");
    let options = SmcOptions { ess: 0.98, ..SmcOptions::default() };
    let run = ran(&target, &wide(10, 10.0), 2000, 400, &options);
    let v: Vec<f64> = run.points.iter().map(|x| x[0]).collect();
    let mean = v.iter().sum::<f64>() / 2000.0;
    let std = (v.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 2000.0).sqrt();
    assert!(mean.abs() < 0.8 && (std - 3.0).abs() < 0.5, "{mean} {std}");
    // Within the wide and the narrow half, the other coordinates have the standard deviation e^(v/2).
    for wide_half in [false, true] {
        let scaled: Vec<f64> = run
            .points
            .iter()
            .filter(|x| (x[0] > 0.0) == wide_half)
            .flat_map(|x| x[1..].iter().map(|u| u * (-x[0] / 2.0).exp()).collect::<Vec<_>>())
            .collect();
        let variance = scaled.iter().map(|u| u * u).sum::<f64>() / scaled.len() as f64;
        assert!((variance - 1.0).abs() < 0.15, "{wide_half} {variance}");
    }
}

#[test]
fn particles_never_leave_the_support() {
    // Gamma(3, 1): the density is 0 below 0.
    let target = density(1, "2*log(x[0]) - x[0]");
    let run = ran(&target, &wide(1, 4.0), 4000, 60, &SmcOptions::default());
    assert!(run.points.data().iter().all(|x| *x > 0.0) && run.warnings.is_empty(), "{:?}", run.warnings);
    let mean = run.points.mean()[0];
    assert!((mean - 3.0).abs() < 0.15, "{mean}");
    // Half of the prior is outside; the integral is Gamma(3) = 2.
    assert!((last(&run, "log_evidence") - 2f64.ln()).abs() < 0.1, "{}", last(&run, "log_evidence"));
}

#[test]
fn a_run_that_ends_too_early_is_told() {
    let target = density(2, "-(x[0]^2 + x[1]^2) * 1e6");
    let run = ran(&target, &wide(2, 10.0), 500, 5, &SmcOptions::default());
    assert!(run.warnings.iter().any(|w| w.contains("inverse temperature reached")), "{:?}", run.warnings);
    // Without a prior, the start gives its moments.
    let mut smc = Smc::new(target.clone(), None, &SmcOptions::default()).unwrap();
    let run = Run::sampling(&mut smc, Stream::new(1).normal(500, 2)).steps(80).go().unwrap();
    assert!(run.notes.iter().any(|note| note.starts_with("prior:")) && run.warnings.is_empty(), "{:?}", run.warnings);
    assert!((run.points.covariance()[(0, 0)] / 5e-7 - 1.0).abs() < 0.3);
}

#[test]
fn what_cannot_be_is_refused() {
    let target = density(2, "-(x[0]^2 + x[1]^2)");
    let told = |made: sdflow::Result<Smc>| made.unwrap_err().to_string();
    let with = |options: SmcOptions| told(Smc::new(target.clone(), None, &options));
    assert!(with(SmcOptions { ess: 1.0, ..SmcOptions::default() }).contains("`ess`"));
    assert!(with(SmcOptions { acceptance: 0.0, ..SmcOptions::default() }).contains("`acceptance`"));
    assert!(with(SmcOptions { leapfrog: 0, ..SmcOptions::default() }).contains("`leapfrog`"));
    assert!(told(Smc::new(target.clone(), Some(wide(3, 1.0)), &SmcOptions::default())).contains("3 dimensions"));
    let started = |target: &Arc<dyn Target>, start: Points| {
        let mut smc = Smc::new(target.clone(), None, &SmcOptions::default()).unwrap();
        Run::sampling(&mut smc, start).steps(3).go().unwrap_err().to_string()
    };
    assert!(started(&target, Points::zeros(10, 2)).contains("spread"));
    assert!(started(&density(2, "log(x[0] - 1e9)"), Stream::new(1).normal(10, 2)).contains("outside the target"));
}
