//! The denoiser is compared with closed forms.

use super::*;
use crate::pairwise::{Pairwise, PairwiseOptions};
use crate::process::Unobserved;
use crate::target::{Density, Gaussian, Mixture};

fn engine() -> Pairwise {
    Pairwise::new(PairwiseOptions::default(), Interrupt::default())
}

fn at<'a>(z: &'a Points, sigma: f64, cloud: &'a Points, step: u64, pairwise: &'a Pairwise) -> At<'a> {
    At { z, sigma, cloud, aligned: true, learn: true, stream: Stream::new(9).at(step), pairwise }
}

fn trained(target: &dyn Target, options: DenoiserOptions) -> Denoiser {
    Denoiser::of_target(target, options, Stream::new(1), &Interrupt::default(), &mut Unobserved).unwrap()
}

fn noisy(x: &Points, sigma: f64) -> Points {
    let mut z = x.clone();
    Stream::new(5).label("noise").scatter_normal(x.data(), sigma, z.data_mut());
    z
}

#[test]
fn the_denoising_loss_of_a_gaussian_reaches_its_floor() {
    let cov = faer::mat![[4.0, 0.9, 0.0], [0.9, 1.0, 0.3], [0.0, 0.3, 0.25]];
    let target = Gaussian::new(vec![3.0, -1.0, 0.5], cov.clone()).unwrap();
    let options = DenoiserOptions { hidden: 64, steps: 2500, ..DenoiserOptions::default() };
    let mut denoiser = trained(&target, options);
    let x = target.sample(20_000, Stream::new(2)).unwrap();
    let (engine, mut shift, mut exact) = (engine(), Points::default(), Points::default());
    let values = crate::matrix::Spectrum::of(&cov, "cov").unwrap().values().to_vec();
    for sigma in [0.1, 0.5, 1.0, 3.0, 8.0] {
        let z = noisy(&x, sigma);
        denoiser.evaluate(&at(&z, sigma, &x, 0, &engine), Form::Displacement, &mut shift).unwrap();
        target.score(&z, sigma, &mut exact).unwrap();
        // The loss of the exact denoiser is tr(S - S (S + s^2 I)^-1 S). The loss of the net exceeds
        // it by the mean squared distance to the exact denoiser.
        let floor: f64 = values.iter().map(|v| v * sigma * sigma / (v + sigma * sigma)).sum();
        let sum = |f: &dyn Fn(usize) -> f64| (0..x.data().len()).map(f).sum::<f64>() / x.n() as f64;
        let loss = sum(&|i| (z.data()[i] + shift.data()[i] - x.data()[i]).powi(2));
        let own = sum(&|i| (z.data()[i] + sigma * sigma * exact.data()[i] - x.data()[i]).powi(2));
        let excess = sum(&|i| (shift.data()[i] - sigma * sigma * exact.data()[i]).powi(2));
        assert!((own / floor - 1.0).abs() < 0.02, "sigma {sigma}: the exact denoiser's loss {own} against {floor}");
        assert!(
            (loss / own - 1.0).abs() < 0.03 && excess < 0.03 * floor,
            "sigma {sigma}: {loss} {own} {floor} {excess}"
        );
    }
}

fn mixture() -> Mixture {
    let modes = [[-2.0, 0.0], [2.0, 1.0], [0.0, -2.0]].map(|m| Gaussian::isotropic(m.to_vec(), 0.5).unwrap());
    Mixture::new(vec![0.3, 0.5, 0.2], modes.to_vec()).unwrap()
}

/// Returns the root mean square of the error of the score at smoothed samples, relative to the
/// score.
fn error(denoiser: &mut Denoiser, cloud: &Points, sigma: f64) -> f64 {
    let (engine, mut found, mut exact) = (engine(), Points::default(), Points::default());
    let z = noisy(&mixture().sample(4000, Stream::new(3)).unwrap(), sigma);
    denoiser.evaluate(&at(&z, sigma, cloud, 7, &engine), Form::Score, &mut found).unwrap();
    mixture().score(&z, sigma, &mut exact).unwrap();
    let gap: f64 = found.data().iter().zip(exact.data()).map(|(a, b)| (a - b).powi(2)).sum();
    (gap / exact.data().iter().map(|s| s * s).sum::<f64>()).sqrt()
}

#[test]
fn the_score_of_a_mixture_is_learned_from_its_samples() {
    let target: Arc<dyn Target> = Arc::new(mixture());
    let options = DenoiserOptions { hidden: 64, batch: 1024, steps: 6000, ..DenoiserOptions::default() };
    let mut denoiser = trained(target.as_ref(), options);
    for (sigma, bound) in [(0.3, 0.13), (0.6, 0.09), (1.5, 0.06), (4.0, 0.06)] {
        let error = error(&mut denoiser, &Points::zeros(2, 2), sigma);
        assert!(error < bound, "sigma {sigma}: {error}");
    }
}

#[test]
fn it_follows_a_cloud_that_moves_and_grows() {
    let engine = engine();
    let options = DenoiserOptions { hidden: 64, steps: 600, follow: 20, batch: 256, ..DenoiserOptions::default() };
    let mut denoiser = Denoiser::of_cloud(options).unwrap();
    let (mut worst, mut out, mut exact) = (0.0f64, Points::default(), Points::default());
    for step in 0..20u64 {
        let (centre, std) = (step as f64, 1.0 + 0.1 * step as f64);
        let law = Gaussian::isotropic(vec![centre, -centre], std).unwrap();
        let cloud = law.sample(2000, Stream::new(4).at(step)).unwrap();
        denoiser.evaluate(&at(&cloud, 0.5, &cloud, step, &engine), Form::Score, &mut out).unwrap();
        law.score(&cloud, 0.5, &mut exact).unwrap();
        let gap: f64 = out.data().iter().zip(exact.data()).map(|(a, b)| (a - b).powi(2)).sum();
        worst = worst.max((gap / exact.data().iter().map(|s| s * s).sum::<f64>()).sqrt());
    }
    assert!(worst < 0.25, "{worst}");
}

#[test]
fn measuring_beside_the_flow_leaves_the_net_as_it_is() {
    let (engine, cloud, mut out) = (engine(), Stream::new(1).normal(100, 2), Points::default());
    let options = DenoiserOptions { hidden: 8, steps: 5, follow: 3, batch: 16, ..DenoiserOptions::default() };
    let mut denoiser = Denoiser::of_cloud(options).unwrap();
    denoiser.evaluate(&at(&cloud, 0.5, &cloud, 0, &engine), Form::Score, &mut out).unwrap();
    let before = denoiser.net().unwrap().mlp().clone();
    let beside = At { learn: false, ..at(&cloud, 0.5, &cloud, 1, &engine) };
    denoiser.evaluate(&beside, Form::Score, &mut out).unwrap();
    assert_eq!(denoiser.net().unwrap().mlp(), &before);
    denoiser.evaluate(&at(&cloud, 0.5, &cloud, 1, &engine), Form::Score, &mut out).unwrap();
    assert_ne!(denoiser.net().unwrap().mlp(), &before);
}

#[test]
fn what_it_has_not_learned_it_refuses() {
    let target = Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap();
    let range = (Some(0.1), Some(2.0));
    let options =
        DenoiserOptions { hidden: 4, steps: 2, sigma_min: range.0, sigma_max: range.1, ..DenoiserOptions::default() };
    let mut denoiser = trained(&target, options);
    let (engine, z, mut out) = (engine(), Points::zeros(3, 2), Points::default());
    for (sigma, named) in [(3.0, "sigma_max"), (0.05, "sigma_min"), (0.0, "positive")] {
        let said = denoiser.evaluate(&at(&z, sigma, &z, 0, &engine), Form::Score, &mut out).unwrap_err().to_string();
        assert!(said.contains(named), "{said}");
    }
    for bad in [
        DenoiserOptions { hidden: 0, ..DenoiserOptions::default() },
        DenoiserOptions { layers: 1_000_000_000_000_000, ..DenoiserOptions::default() },
        DenoiserOptions { batch: 1_000_000_000_000_000, ..DenoiserOptions::default() },
        DenoiserOptions { ema: 1.0, ..DenoiserOptions::default() },
        DenoiserOptions { sigma_min: Some(3.0), sigma_max: range.1, ..DenoiserOptions::default() },
        DenoiserOptions { sigma_min: Some(3.0), ..DenoiserOptions::default() },
    ] {
        assert!(matches!(Denoiser::of_cloud(bad), Err(Error::Argument { .. })));
    }
}

#[test]
fn a_largest_noise_far_below_the_target_s_size_is_a_range_too() {
    let target = Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap();
    let options = DenoiserOptions { hidden: 4, steps: 2, sigma_max: Some(1e-9), ..DenoiserOptions::default() };
    assert_eq!(trained(&target, options).properties().sigma_range.learned, Some((5e-10, 1e-9)));
}
