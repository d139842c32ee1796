//! A generator that is fitted to points with all defaults has their variance, in few and in many
//! dimensions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

use sdflow::flow::SdFlow;
use sdflow::generator::{Affine, AffineOptions, Fit};
use sdflow::rng::Stream;
use sdflow::score::{Estimate, Kde};
use sdflow::target::Gaussian;
use sdflow::{Points, metric::Reference, pairwise::Pairwise};

/// Returns the variance, averaged over the coordinates.
fn variance(points: &Points) -> f64 {
    let cov = points.covariance();
    (0..points.dim()).map(|j| cov[(j, j)]).sum::<f64>() / points.dim() as f64
}

#[test]
fn an_affine_generator_does_not_shrink() {
    for dim in [1, 2, 4, 16] {
        let data = Stream::new(1).normal(1000, dim);
        let kde = |kde: Kde| Estimate::Kernel(Box::new(kde));
        let mut flow = SdFlow::new(kde(Kde::of(data.clone())), kde(Kde::of_cloud()), Default::default()).unwrap();
        let mut generator = Affine::new(&AffineOptions { dim, ..Default::default() }, Stream::new(2)).unwrap();
        let base = Gaussian::isotropic(vec![0.0; dim], 1.0).unwrap();
        Fit::new(&mut generator, &mut flow, &base).seed(3).go().unwrap();
        let mut made = Points::default();
        sdflow::generator::Generator::forward(&mut generator, &Stream::new(4).normal(20_000, dim), &mut made).unwrap();
        let ratio = variance(&made) / variance(&data);
        assert!((ratio - 1.0).abs() < 0.04, "{dim} dimensions: {ratio}");
        // The same is tested by a metric that the training does not use.
        let (metric, stream) = (sdflow::metric::by_name("energy", serde_json::Value::Null).unwrap(), Stream::new(5));
        let (reference, few) = (Reference::new(data).unwrap(), made.rows(0..1000));
        let energy = metric.estimate(&few, &reference, &Pairwise::default(), stream).unwrap().value;
        let floor = sdflow::metric::floor(&*metric, &reference, 1000, &Pairwise::default()).unwrap().value;
        assert!(energy < 1.2 * floor, "{dim} dimensions: {energy} against {floor}");
    }
}
