use super::*;
use crate::flow::{Clock, FieldAt, Noise, Scaling, SdFlowOptions, VelocityField};
use crate::pairwise::{Pairwise, Precision};
use crate::points::squared_distance;
use crate::rng::Stream;
use crate::score::{Exact, Kde};
use crate::target::Gaussian;
use std::sync::Arc;

const SIGMA: f64 = 0.7;

const ALL: [Divergence; 5] =
    [Divergence::ReverseKl, Divergence::Kl, Divergence::Jeffreys, Divergence::Js, Divergence::Pearson];

fn clouds() -> (Points, Points) {
    let mut x = Stream::new(1).normal(30, 2);
    x.data_mut().iter_mut().for_each(|v| *v = 0.5 * *v + 0.4);
    (x, Stream::new(2).normal(25, 2))
}

fn options(divergence: Divergence) -> SdFlowOptions {
    SdFlowOptions {
        sigma: Some(SIGMA.into()),
        scaling: Scaling::Raw,
        noise: Some(Noise::None),
        divergence,
        ..SdFlowOptions::default()
    }
}

fn velocity(x: &Points, weights: &[f64], cloud: &Points, z: &Points, divergence: Divergence) -> Points {
    let target = Kde::of(x.clone()).with_weights(weights).unwrap();
    let mut flow = SdFlow::new(target.into(), Kde::of_cloud().into(), options(divergence)).unwrap();
    let (clock, pairwise) =
        (Clock::at(0, 1, Stream::new(0)), Pairwise::default().at_precision(Some(Precision::F64)).unwrap());
    let mut out = Points::default();
    flow.velocity(&FieldAt::cloud(cloud, &clock, &pairwise).tracers(z), &mut out).unwrap();
    out
}

/// The kernel density, up to a constant that both densities share.
fn density(points: &Points, weights: &[f64], z: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    let kernel = |row: &[f64]| (-squared_distance(row, z) / (2.0 * SIGMA * SIGMA)).exp();
    points.iter().zip(weights).map(|(row, w)| w / total * kernel(row)).sum()
}

/// For each divergence, the velocity is minus the gradient of the first variation. The gradient is
/// computed by central differences of the naive densities.
#[test]
fn the_velocity_is_minus_the_gradient_of_the_first_variation() {
    let (x, y) = clouds();
    let weights: Vec<f64> = (0..30).map(|j| 1.0 + f64::from(j % 3)).collect();
    let ratio = |z: &[f64]| density(&x, &weights, z) / density(&y, &[1.0; 25], z);
    let at = Stream::new(3).normal(9, 2);
    for divergence in ALL {
        // Scaled to the factor 1 at r = 1, as in the velocity.
        let variation = |r: f64| match divergence {
            Divergence::ReverseKl => -r.ln(),
            Divergence::Kl => -r,
            Divergence::Jeffreys => -0.5 * (r.ln() + r),
            Divergence::Js => -2.0 * (1.0 + r).ln(),
            Divergence::Pearson => -0.5 * r * r,
        };
        let found = velocity(&x, &weights, &y, &at, divergence);
        let h = 1e-5;
        for (i, z) in at.iter().enumerate().filter(|(_, z)| ratio(z) < LARGEST_RATIO) {
            for c in 0..2 {
                let moved = |step: f64| {
                    let mut z = z.to_vec();
                    z[c] += step;
                    variation(ratio(&z))
                };
                let want = -(moved(h) - moved(-h)) / (2.0 * h);
                assert!((found.row(i)[c] - want).abs() < 1e-6, "{divergence:?} {i}: {} {want}", found.row(i)[c]);
            }
        }
    }
}

#[test]
fn equal_densities_rest_and_the_ratio_is_bounded() {
    let (x, y) = clouds();
    let equal = [1.0; 30];
    let far = Points::from_rows(&[[60.0, 60.0], [-60.0, 0.0], [0.0, 0.0]]).unwrap();
    let plain = velocity(&x, &equal, &y, &far, Divergence::ReverseKl);
    for divergence in ALL {
        let rest = velocity(&x, &equal, &x, &x, divergence);
        assert!(rest.data().iter().all(|v| v.abs() < 1e-12), "{divergence:?}");
        let found = velocity(&x, &equal, &y, &far, divergence);
        for (v, p) in found.data().iter().zip(plain.data()) {
            assert!(
                v.is_finite() && v.abs() <= p.abs() * divergence.largest_factor() * (1.0 + 1e-12),
                "{divergence:?}"
            );
        }
    }
}

#[test]
fn a_ratio_needs_two_kernel_estimates_of_all_points() {
    let gaussian = Arc::new(Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap());
    let exact = || Box::new(Exact::new(gaussian.clone()).unwrap());
    let other = crate::score::Estimate::Other(exact());
    let refused = SdFlow::new(other, Kde::of_cloud().into(), options(Divergence::Kl)).unwrap_err().to_string();
    assert!(refused.contains("divergence") && refused.contains("\"kl\""), "{refused}");
    let batches = SdFlowOptions { batch_target: Some(5), ..options(Divergence::Pearson) };
    assert!(SdFlow::new(Kde::of(clouds().0).into(), Kde::of_cloud().into(), batches).is_err());
    let other = crate::score::Estimate::Other(exact());
    assert!(SdFlow::new(other, Kde::of_cloud().into(), options(Divergence::ReverseKl)).is_ok());
}

/// The weights of a source that does not move count, too.
#[test]
fn the_ratio_has_the_weights_of_both_sides() {
    let (x, y) = clouds();
    let weights: Vec<f64> = (0..25).map(|j| 1.0 + f64::from(j % 4)).collect();
    let at = Stream::new(3).normal(9, 2);
    let velocity = |divergence| {
        let source = Kde::of(y.clone()).with_weights(&weights).unwrap();
        let mut flow = SdFlow::new(Kde::of(x.clone()).into(), source.into(), options(divergence)).unwrap();
        let clock = Clock::at(0, 1, Stream::new(0));
        let pairwise = Pairwise::default().at_precision(Some(Precision::F64)).unwrap();
        let mut out = Points::default();
        flow.velocity(&FieldAt::cloud(&y, &clock, &pairwise).tracers(&at), &mut out).unwrap();
        out
    };
    let (plain, found) = (velocity(Divergence::ReverseKl), velocity(Divergence::Kl));
    for (i, z) in at.iter().enumerate() {
        let ratio = density(&x, &[1.0; 30], z) / density(&y, &weights, z);
        for c in 0..2 {
            let want = ratio.min(LARGEST_RATIO) * plain.row(i)[c];
            assert!((found.row(i)[c] - want).abs() < 1e-10 * (1.0 + want.abs()), "{i}: {} {want}", found.row(i)[c]);
        }
    }
}
