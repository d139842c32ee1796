//! A generator that is fitted to points with all defaults has their variance, in few and in many
//! dimensions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

use sdflow::flow::SdFlow;
use sdflow::generator::{Affine, AffineOptions, Fit, Generator, MlpGenerator, MlpOptions};
use sdflow::rng::Stream;
use sdflow::score::{Estimate, Kde};
use sdflow::target::{Gaussian, StudentT, Target};
use sdflow::{Points, metric::Reference, pairwise::Pairwise};

/// Returns the variance, averaged over the coordinates.
fn variance(points: &Points) -> f64 {
    let cov = points.covariance();
    (0..points.dim()).map(|j| cov[(j, j)]).sum::<f64>() / points.dim() as f64
}

/// Fits a generator to points of its dimension with all defaults, from a normal base. Returns new
/// points of the generator.
fn fitted(generator: &mut dyn Generator, data: &Points, n: usize) -> Points {
    fitted_from(&Gaussian::isotropic(vec![0.0; data.dim()], 1.0).unwrap(), generator, data, n)
}

fn fitted_from(base: &dyn Target, generator: &mut dyn Generator, data: &Points, n: usize) -> Points {
    let kde = |kde: Kde| Estimate::Kernel(Box::new(kde));
    let mut flow = SdFlow::new(kde(Kde::of(data.clone())), kde(Kde::of_cloud()), Default::default()).unwrap();
    Fit::new(generator, &mut flow, base).seed(3).go().unwrap();
    let mut made = Points::default();
    generator.forward(&base.sample(n, Stream::new(4)).unwrap(), &mut made).unwrap();
    made
}

/// Returns the energy distance to `data` over its noise floor.
fn over_floor(made: &Points, data: &Points) -> f64 {
    let energy = sdflow::metric::by_name("energy", serde_json::Value::Null).unwrap();
    let reference = Reference::new(data.clone()).unwrap();
    let found = energy.estimate(made, &reference, &Pairwise::default(), Stream::new(5)).unwrap().value;
    found / sdflow::metric::floor(&*energy, &reference, made.n(), &Pairwise::default()).unwrap().value
}

fn student(dim: usize) -> StudentT {
    StudentT::new(Gaussian::isotropic(vec![0.0; dim], 1.0).unwrap(), 3.0).unwrap()
}

fn net(dim: usize) -> MlpGenerator {
    MlpGenerator::new(&MlpOptions { dim, ..Default::default() }, Stream::new(2)).unwrap()
}

/// Energy distance is a metric that the training does not use.
#[test]
fn a_net_learns_heavy_tails() {
    for (dim, most) in [(1, 1.0), (2, 1.0), (8, 1.3)] {
        let data = student(dim).sample(1000, Stream::new(1)).unwrap();
        let over = over_floor(&fitted(&mut net(dim), &data, 1000), &data);
        assert!(over < most, "{dim} dimensions: {over} noise floors");
    }
}

/// A few far points must not decide the training. Without a bound on their influence, the training
/// leads away from its start, to a distance of 11 noise floors in 32 dimensions.
#[test]
fn a_base_with_heavy_tails_carries_a_net_to_such_tails_in_many_dimensions() {
    for dim in [8, 32] {
        let law = student(dim);
        let data = law.sample(1000, Stream::new(1)).unwrap();
        let over = over_floor(&fitted_from(&law, &mut net(dim), &data, 1000), &data);
        assert!(over < 1.2, "{dim} dimensions: {over} noise floors");
    }
}

#[test]
fn an_affine_generator_does_not_shrink() {
    for dim in [1, 2, 4, 16] {
        let data = Stream::new(1).normal(1000, dim);
        let mut generator = Affine::new(&AffineOptions { dim, ..Default::default() }, Stream::new(2)).unwrap();
        let made = fitted(&mut generator, &data, 20_000);
        let ratio = variance(&made) / variance(&data);
        assert!((ratio - 1.0).abs() < 0.04, "{dim} dimensions: {ratio}");
        // The same is tested by a metric that the training does not use.
        let over = over_floor(&made.rows(0..1000), &data);
        assert!(over < 1.2, "{dim} dimensions: {over} noise floors");
    }
}
