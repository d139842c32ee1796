//! Trainings far from standard units end like trainings in standard units.

use super::super::{
    Affine, AffineOptions, DistillOptions, Distillation, Fit, FitOptions, FitResult, MlpGenerator, MlpOptions,
};
use super::*;
use crate::flow::{Noise, SdFlow, SdFlowOptions, Stepping};
use crate::net::Activation;
use crate::pairwise::{Pairwise, Precision};
use crate::points::Standardiser;
use crate::process::Ending;
use crate::rng::Stream;
use crate::schedule::Schedule;
use crate::score::{Estimate, Exact, GaussianFit, GaussianFitOptions, Kde};
use crate::target::{Gaussian, Samples, SamplesOptions};
use std::sync::Arc;

fn base() -> Gaussian {
    Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap()
}

/// 1000 points of `N(5000, 1000^2 I)` in two dimensions.
fn far() -> Points {
    AffineMap::uniform(1000.0, vec![5000.0; 2]).apply(&Stream::new(11).normal(1000, 2))
}

/// The flow towards the points `x`, with sigma about as large as their standard deviation. At such
/// a sigma a kernel estimate is smooth.
fn flow(x: Points) -> SdFlow {
    let size = AffineMap::common(&x).size();
    let sigma = Some(Schedule::Geometric { from: 2.0 * size, to: 0.7 * size });
    let options = SdFlowOptions { sigma, noise: Some(Noise::None), ..SdFlowOptions::default() };
    let cloud = Estimate::Kernel(Box::new(Kde::of_cloud()));
    SdFlow::new(Estimate::Kernel(Box::new(Kde::of(x))), cloud, options).unwrap()
}

/// The options of a training with this number of steps.
fn steps(steps: usize) -> FitOptions {
    FitOptions { steps: Some(steps), batch: 512, ..FitOptions::default() }
}

fn fitted(g: &mut dyn Generator, flow: &mut SdFlow, options: FitOptions) -> FitResult {
    follow(g, flow, &base(), options)
}

fn follow(g: &mut dyn Generator, flow: &mut SdFlow, base: &dyn Target, options: FitOptions) -> FitResult {
    Fit::new(g, flow, base).options(options).seed(5).go().unwrap()
}

/// Returns the deviations of the mean from 5000 and of the variance from 1e6. The first is in
/// standard deviations of the target; the second is relative.
fn off(g: &mut dyn Generator) -> (f64, f64) {
    let (u, mut y) = (Stream::new(7).normal(20_000, g.input_dim()), Points::default());
    g.forward(&u, &mut y).unwrap();
    let map = AffineMap::of(&y);
    let mean = map.shift().iter().map(|m| (m - 5000.0).abs() / 1000.0).fold(0.0, f64::max);
    let variance = map.scale().iter().map(|s| (s * s / 1e6 - 1.0).abs()).fold(0.0, f64::max);
    (mean, variance)
}

fn affine() -> Affine {
    Affine::new(&AffineOptions::default(), Stream::new(1)).unwrap()
}

fn net() -> MlpGenerator {
    MlpGenerator::new(&MlpOptions { hidden: 32, layers: 2, ..MlpOptions::default() }, Stream::new(1)).unwrap()
}

#[test]
fn an_affine_fit_finds_data_far_from_0_and_1() {
    let mut g = affine();
    let done = fitted(&mut g, &mut flow(far()), steps(400));
    let (mean, variance) = off(&mut g);
    assert!(mean < 0.1 && variance < 0.15, "mean {mean}, variance {variance}");
    assert!(done.ending == Ending::Finished && done.notes[0].contains("starts from a random map"), "{:?}", done.notes);
    // A second training continues from the result of the first.
    let done = fitted(&mut g, &mut flow(far()), steps(1));
    assert!(
        done.notes[0].contains("keeps its present map") && off(&mut g).0 < 0.15,
        "{:?} {:?}",
        done.notes,
        off(&mut g)
    );
}

/// Compares two trainings from the base: towards `near`, which are standardised points, and towards
/// the same points far away. The factor of the map between the points is a power of 2, so the
/// results differ only by rounding. Returns the largest difference, in standard deviations of the
/// target.
fn differ(make: &dyn Fn() -> Box<dyn Generator>, train: &dyn Fn(&mut dyn Generator, Points, f64)) -> f64 {
    let near = Standardiser::of(&far()).apply(&far());
    let units = AffineMap::uniform(1024.0, vec![5120.0; 2]);
    let made = |x: Points, size: f64| {
        let (mut g, mut y) = (make(), Points::default());
        train(&mut *g, x, size);
        g.forward(&Stream::new(7).normal(500, 2), &mut y).unwrap();
        y
    };
    let away = units.undo(&made(units.apply(&near), 1024.0));
    let near = made(near, 1.0);
    away.data().iter().zip(near.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Sigma is chosen from the data.
#[test]
fn a_fit_far_away_is_that_of_the_standardised_data_mapped_back() {
    let train = |g: &mut dyn Generator, x: Points, _: f64| {
        let options = SdFlowOptions { noise: Some(Noise::None), ..SdFlowOptions::default() };
        let cloud = Estimate::Kernel(Box::new(Kde::of_cloud()));
        let mut flow = SdFlow::new(Estimate::Kernel(Box::new(Kde::of(x))), cloud, options).unwrap();
        let stepping = Stepping { precision: Some(Precision::F64), ..Stepping::default() };
        let options = FitOptions { steps: Some(100), batch: 256, ..Default::default() };
        Fit::new(g, &mut flow, &base()).stepping(stepping).options(options).seed(5).go().unwrap();
    };
    let affine = differ(&|| Box::new(affine()), &train);
    let net = differ(&|| Box::new(net()), &train);
    assert!(affine < 1e-6 && net < 1e-3, "{affine} {net}");
}

#[test]
fn a_distillation_far_away_is_that_of_the_standardised_teacher_mapped_back() {
    let train = |g: &mut dyn Generator, x: Points, size: f64| {
        let (sigma_min, sigma_max) = (Some(0.5 * size), Some(3.0 * size));
        let options = DistillOptions { steps: 60, batch: 128, hidden: 16, sigma_min, sigma_max, ..Default::default() };
        Distillation::new(g, &mut Kde::of(x), &base()).options(options).seed(5).go().unwrap();
    };
    let affine = differ(&|| Box::new(affine()), &train);
    let net = differ(&|| Box::new(net()), &train);
    assert!(affine < 0.05 && net < 0.05, "{affine} {net}");
}

/// A generator that is trained towards points ends with a smaller variance than the points, in any
/// units. The difference is largest for a net.
const NARROWER: f64 = 0.35;

#[test]
fn a_net_s_fit_finds_them_too() {
    let mut g = net();
    fitted(&mut g, &mut flow(far()), steps(600));
    let (mean, variance) = off(&mut g);
    assert!(mean < 0.1 && variance < NARROWER, "mean {mean}, variance {variance}");
}

#[test]
fn an_exact_score_far_away_is_met_within_its_own_noise() {
    let target = Arc::new(Gaussian::isotropic(vec![5000.0; 2], 1000.0).unwrap());
    let options = SdFlowOptions { noise: Some(Noise::None), ..SdFlowOptions::default() };
    let exact = Estimate::Other(Box::new(Exact::new(target).unwrap()));
    let own = Estimate::Other(Box::new(GaussianFit::new(GaussianFitOptions::default()).unwrap()));
    let mut g = affine();
    fitted(&mut g, &mut SdFlow::new(exact, own, options).unwrap(), steps(400));
    let (mean, variance) = off(&mut g);
    assert!(mean < 0.05 && variance < 0.05, "mean {mean}, variance {variance}");
}

#[test]
fn a_distillation_finds_them_too() {
    for g in [&mut affine() as &mut dyn Generator, &mut net()] {
        let mut teacher = Kde::of(far());
        let (sigma_min, sigma_max) = (Some(500.0), Some(3000.0));
        let options = DistillOptions { steps: 500, batch: 256, hidden: 32, sigma_min, sigma_max, ..Default::default() };
        Distillation::new(g, &mut teacher, &base()).options(options).seed(5).go().unwrap();
        let (mean, variance) = off(g);
        assert!(mean < 0.1 && variance < NARROWER, "mean {mean}, variance {variance}");
    }
}

/// Height, weight and a rate. The first two have values in tens, and the last has values in
/// thousandths.
#[test]
fn every_column_of_a_table_of_mixed_units_keeps_its_correlations() {
    let mixed = faer::mat![[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [-0.5, 0.3, 0.8]];
    let stream = Stream::new(3).normal(800, 3);
    let rows: Vec<[f64; 3]> = stream
        .iter()
        .map(|e| {
            let z = [0, 1, 2].map(|i| (0..3).map(|j| mixed[(i, j)] * e[j]).sum::<f64>());
            [170.0 + 10.0 * z[0], 70.0 + 15.0 * z[1], 0.01 + 0.001 * z[2]]
        })
        .collect();
    let table = Points::from_rows(&rows).unwrap();
    let standard = Standardiser::of(&table);
    for g in [
        &mut Affine::new(&AffineOptions { dim: 3, ..AffineOptions::default() }, Stream::new(1)).unwrap()
            as &mut dyn Generator,
        &mut MlpGenerator::new(&MlpOptions { dim: 3, hidden: 32, layers: 2, ..MlpOptions::default() }, Stream::new(1))
            .unwrap(),
    ] {
        let mut flow = flow(standard.apply(&table)).in_units(standard.clone());
        follow(g, &mut flow, &Gaussian::isotropic(vec![0.0; 3], 1.0).unwrap(), steps(600));
        let (u, mut y) = (Stream::new(7).normal(20_000, 3), Points::default());
        g.forward(&u, &mut y).unwrap();
        let correlation = |points: &Points, i: usize, j: usize| {
            let cov = points.covariance();
            cov[(i, j)] / (cov[(i, i)] * cov[(j, j)]).sqrt()
        };
        let (found, want) = (AffineMap::of(&y), AffineMap::of(&table));
        for j in 0..3 {
            let mean = (found.shift()[j] - want.shift()[j]).abs() / want.scale()[j];
            let variance = (found.scale()[j] / want.scale()[j]).powi(2);
            assert!(mean < 0.15 && (variance - 1.0).abs() < 0.25, "column {j}: mean {mean}, variance {variance}");
        }
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            let (found, want) = (correlation(&y, i, j), correlation(&table, i, j));
            assert!((found - want).abs() < 0.15, "{i} {j}: {found} {want}");
        }
    }
}

#[test]
fn near_standard_units_are_left_as_they_are() {
    let of = |x: Points, each_column: bool| Known { map: AffineMap::of(&x), each_column }.needed();
    let shaped =
        |scale: f64, shift: f64| AffineMap::uniform(scale, vec![shift; 2]).apply(&Stream::new(2).normal(500, 2));
    assert_eq!((of(shaped(3.0, 1.0), true), of(shaped(0.3, -3.0), false)), (None, None));
    assert!(of(shaped(5.0, 0.0), false).is_some() && of(shaped(1.0, 5.0), false).is_some());
    // A column with values in thousandths matters only if each column has its own unit.
    let uneven = AffineMap::new(vec![1.0, 1e-3], vec![0.0; 2]).apply(&shaped(1.0, 0.0));
    assert!(of(uneven.clone(), true).is_some() && of(uneven, false).is_none());
    let units = Units::of(&base(), None);
    assert_eq!(units, Units::default());
}

#[test]
fn a_base_of_other_units_is_standardised_too() {
    let wide = Samples::new(
        AffineMap::uniform(1e3, vec![-1e5; 2]).apply(&Stream::new(4).normal(600, 2)),
        &SamplesOptions::default(),
    );
    let (wide, mut g) = (wide.unwrap(), affine());
    follow(&mut g, &mut flow(far()), &wide, steps(400));
    let mut y = Points::default();
    g.forward(wide.view().points, &mut y).unwrap();
    let map = AffineMap::of(&y);
    let near = map.shift().iter().all(|m| (m - 5000.0).abs() < 150.0)
        && map.scale().iter().all(|s| (s / 1e3 - 1.0).abs() < 0.15);
    assert!(near, "{map:?}");
}

/// If the first layer added its input, it could not absorb a map of the input. It therefore does
/// not add it.
#[test]
fn a_net_as_wide_as_its_input_absorbs_units() {
    let mut g = MlpGenerator::new(&MlpOptions { hidden: 2, ..MlpOptions::default() }, Stream::new(1)).unwrap();
    let (u, mut before, mut after) = (Stream::new(2).normal(5, 2), Points::default(), Points::default());
    let map = AffineMap::uniform(20.0, vec![500.0; 2]);
    g.forward(&map.apply(&u), &mut before).unwrap();
    assert!(Units { inputs: Some(map), outputs: None }.enter(&mut g, true));
    g.forward(&u, &mut after).unwrap();
    let off = before.data().iter().zip(after.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off < 1e-3, "{off}");
}

/// Before the first step nothing is learned, and the generator keeps its parameters.
#[test]
fn an_interrupt_before_the_first_step_changes_nothing() {
    let (interrupt, mut g) = (crate::Interrupt::default(), affine());
    interrupt.raise();
    let pairwise = Pairwise::new(Default::default(), interrupt);
    let before = g.parameters().to_vec();
    let mut towards = flow(far());
    let done = Fit::new(&mut g, &mut towards, &base()).pairwise(&pairwise).seed(5).go();
    assert_eq!((done.unwrap().ending, g.parameters()), (Ending::Interrupted { step: 0 }, before.as_slice()));
}

/// The random initial parameters of a net give points almost at one place. Such a net starts
/// instead with the mean and the standard deviations of the expected points, and as a linear map:
/// exactly with the default activation, nearly with tanh.
#[test]
fn a_net_whose_points_hardly_vary_starts_as_a_linear_map() {
    let plain = MlpOptions { activation: Some(Activation::Tanh), residual: false, ..MlpOptions::default() };
    let cases = [(6, 6), (2, 5), (6, 3)].map(|dims| [(dims, plain.clone(), 0.45), (dims, MlpOptions::default(), 1e-3)]);
    for ((dim_in, dim), options, most) in cases.into_iter().flatten() {
        let options = MlpOptions { dim, dim_in: Some(dim_in), ..options };
        let mut g = MlpGenerator::new(&options, Stream::new(1)).unwrap();
        let u = Stream::new(2).normal(2000, dim_in);
        let map = AffineMap::new((0..dim).map(|j| 1.0 + 0.25 * j as f64).collect(), vec![0.5; dim]);
        let known = Known { map: map.clone(), each_column: true };
        let spread = |g: &mut MlpGenerator| {
            Units::default().spread(g, Some(&known), (&u, dim_in), Stream::new(3)).unwrap().is_some()
        };
        assert!(spread(&mut g), "{dim_in} {dim}");
        let mut y = Points::default();
        g.forward(&u, &mut y).unwrap();
        let found = AffineMap::of(&y);
        for j in 0..dim {
            let off = (found.shift()[j] - 0.5).abs().max((found.scale()[j] / map.scale()[j] - 1.0).abs());
            assert!(off < 1e-3, "{dim_in} {dim} {j}: {off}");
        }
        // With at least as many outputs as inputs, the first coordinates are those of the base.
        let (z, base) = (map.undo(&y), AffineMap::of(&u).undo(&u));
        for j in 0..if dim < dim_in { 0 } else { dim_in } {
            let off = base.iter().zip(z.iter()).map(|(u, z)| (u[j] - z[j]).powi(2)).sum::<f64>() / u.n() as f64;
            assert!(off.sqrt() < most, "{dim_in} {dim} {j}: {}", off.sqrt());
        }
        // A generator whose points vary is not changed.
        let before = g.parameters().to_vec();
        assert!(!spread(&mut g) && g.parameters() == before);
    }
}
