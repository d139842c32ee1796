//! The first half iteration of the diffusion Schroedinger bridge is the training of a score-based
//! generative model.

use super::*;
use crate::Points;
use crate::bridge::{Bridge, Direction};
use crate::pairwise::Pairwise;
use crate::score::{At, Denoiser, DenoiserOptions, Form, Score};
use crate::target::{Density, Mixture};

const EPSILON: f64 = 1.5;
const TIMES: [f64; 4] = [0.1, 0.25, 0.5, 1.0];

/// Both trainings have the same length, size of batch, rate and hidden layers.
const HIDDEN: usize = 64;
const LAYERS: usize = 2;
const STEPS: usize = 1200;
const BATCH: usize = 1024;

/// The queries of time `t`: points of the noised source.
fn queries(source: &Mixture, t: f64) -> (Points, f64) {
    let sigma = (EPSILON * t).sqrt();
    let mut x = source.sample(1000, Stream::new(3)).unwrap();
    Stream::new(4).add_normal(sigma, x.data_mut());
    (x, sigma)
}

/// The backward drift of the first fit at all times, one after the other.
fn first_fit(source: &Mixture, stream: Stream) -> Vec<f64> {
    let target = Gaussian::isotropic(vec![0.0; 2], 1.5).unwrap();
    let options = DsbOptions {
        epsilon: Some(EPSILON),
        iterations: 1,
        start: ChainStart::Reference,
        baseline: Baseline::None,
        hidden: HIDDEN,
        layers: LAYERS,
        steps: STEPS,
        batch: BATCH,
        ..DsbOptions::default()
    };
    let found = train_dsb([source, &target], &options, stream, &Interrupt::default(), &mut Unobserved).unwrap();
    let mut all = Vec::new();
    for t in TIMES {
        let mut drift = Points::default();
        let (x, _) = queries(source, t);
        (&found.bridge as &dyn Bridge).drift(Direction::Backward, t, &x, &mut drift).unwrap();
        all.extend_from_slice(drift.data());
    }
    all
}

/// `epsilon` times the score of the denoiser of the diffusion flows, at the same places.
fn denoising(source: &Mixture, stream: Stream) -> Vec<f64> {
    let options = DenoiserOptions {
        hidden: HIDDEN,
        layers: LAYERS,
        steps: STEPS,
        batch: BATCH,
        rate: DsbOptions::default().rate,
        ema: DsbOptions::default().ema,
        sigma_min: Some((EPSILON / 20.0).sqrt()),
        sigma_max: Some(EPSILON.sqrt()),
        ..DenoiserOptions::default()
    };
    let mut found = Denoiser::of_target(source, options, stream, &Interrupt::default(), &mut Unobserved).unwrap();
    let engine = Pairwise::default();
    let mut all = Vec::new();
    for t in TIMES {
        let mut score = Points::default();
        let (x, sigma) = queries(source, t);
        let at = At { z: &x, sigma, cloud: &x, aligned: true, learn: false, stream: Stream::new(9), pairwise: &engine };
        found.evaluate(&at, Form::Score, &mut score).unwrap();
        all.extend(score.data().iter().map(|v| EPSILON * v));
    }
    all
}

/// The root of the mean square of `a - b`.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    (a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / a.len() as f64).sqrt()
}

#[test]
fn both_trainings_give_one_field() {
    let source = Mixture::ring(3, 2.0, 0.6).unwrap();
    let fits: Vec<Vec<f64>> = (0..3).map(|k| first_fit(&source, Stream::new(20 + k))).collect();
    let scores: Vec<Vec<f64>> = (0..3).map(|k| denoising(&source, Stream::new(30 + k))).collect();
    let mut exact = Vec::new();
    for t in TIMES {
        let ((x, sigma), mut score) = (queries(&source, t), Points::default());
        source.score(&x, sigma, &mut score).unwrap();
        exact.extend(score.data().iter().map(|v| EPSILON * v));
    }
    let size = distance(&exact, &vec![0.0; exact.len()]);
    // Two trainings differ by the noise of both, whether they are of one kind or of different
    // kinds.
    let within =
        |all: &[Vec<f64>]| (distance(&all[0], &all[1]) + distance(&all[1], &all[2]) + distance(&all[0], &all[2])) / 3.0;
    let noise = ((within(&fits).powi(2) + within(&scores).powi(2)) / 2.0).sqrt();
    let across: f64 = fits.iter().flat_map(|a| scores.iter().map(move |b| distance(a, b))).sum::<f64>() / 9.0;
    // Neither training has converged after some seconds. The fields therefore differ by a little
    // more than that noise, but they are nearer to each other than to the exact field.
    assert!(across < 2.5 * noise, "{across} {noise}");
    let away = |all: &[Vec<f64>]| all.iter().map(|one| distance(one, &exact)).sum::<f64>() / 3.0;
    assert!(across < away(&fits) && across < away(&scores), "{across} {} {}", away(&fits), away(&scores));
    assert!(across < 0.25 * size, "{across} {size}");
}
