//! Distances in units and at any scale.

use super::*;
use crate::metric::{by_name, floor};
use crate::target::{Gaussian, Target};
use serde_json::json;
use std::sync::Arc;

const DISTANCES: [&str; 11] = [
    "mmd",
    "energy",
    "sliced_w2",
    "w2",
    "sinkhorn_divergence",
    "w2_gauss",
    "frechet",
    "kl_knn",
    "precision_recall",
    "c2st",
    "covariance_error",
];

fn value(name: &str, units: Value, points: &Points, reference: &Reference) -> f64 {
    let metric = by_name(name, json!({ "units": units })).unwrap();
    metric.estimate(points, reference, &Pairwise::default(), Stream::new(2)).unwrap().value
}

fn scaled(points: &Points, by: [f64; 2]) -> Points {
    AffineMap::new(by.to_vec(), vec![3.0, -7.0]).apply(points)
}

/// In units of the reference, a distance does not change if columns change their units. In
/// given units, it is the distance after each column is divided by its unit.
#[test]
fn units_of_columns_do_not_matter() {
    let (points, other) = (Stream::new(1).normal(120, 2), scaled(&Stream::new(3).normal(110, 2), [1.5, 0.5]));
    let reference = |by| Reference::new(scaled(&other, by)).unwrap();
    for name in DISTANCES {
        let of = |units: Value, by| value(name, units, &scaled(&points, by), &reference(by));
        let (plain, uneven) = (of(json!("reference"), [1.0, 1.0]), of(json!("reference"), [1e-3, 1e6]));
        assert!((plain - uneven).abs() <= 1e-8 * (1.0 + plain.abs()), "{name}: {plain} and {uneven}");
        let (raw, given) = (of(json!("raw"), [1.0, 1.0]), of(json!([1e-3, 1e6]), [1e-3, 1e6]));
        assert!((raw - given).abs() <= 1e-8 * (1.0 + raw.abs()), "{name}: {raw} and {given}");
    }
}

/// A distance, its standard error and its noise floor hold at every scale that points may have.
#[test]
fn the_scale_of_the_points_does_not_matter() {
    let (points, other) = (Stream::new(1).normal(60, 2), scaled(&Stream::new(3).normal(50, 2), [1.5, 0.5]));
    let degrees = [0, 1, 1, 1, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0];
    let names = DISTANCES.into_iter().chain(["bw_uvp", "kl_gauss", "mean_error"]);
    for (name, degree) in names.zip(degrees) {
        let metric = by_name(name, Value::Null).unwrap();
        let of = |unit: f64| {
            let units = AffineMap::uniform(unit, vec![0.0; 2]);
            let reference = Reference::new(units.apply(&other)).unwrap();
            let pairwise = Pairwise::default();
            let found = metric.estimate(&units.apply(&points), &reference, &pairwise, Stream::new(2)).unwrap();
            (found, floor(&*metric, &reference, 60, &pairwise).unwrap().value)
        };
        let (want, floor) = of(1.0);
        for exponent in [-450, -300, -170, 170, 300, 490] {
            let unit = f64::from(exponent).exp2();
            let (found, its_floor) = of(unit);
            let factor = unit.powi(degree);
            for (seen, want) in [(found.value, want.value), (found.se, want.se), (its_floor, floor)] {
                let is_same = (seen / factor - want).abs() <= 1e-9 * want.abs() || seen.is_nan() && want.is_nan();
                assert!(is_same, "{name} at 2^{exponent}: {} and {want}", seen / factor);
            }
        }
    }
}

/// Exact moments are converted to the units as well.
#[test]
fn exact_moments_are_in_the_units() {
    let target: Arc<dyn Target> = Arc::new(Gaussian::diagonal(vec![1.0, 5e4], &[2.0, 3e4]).unwrap());
    let reference = Reference::with_target(target.sample(50, Stream::new(1)).unwrap(), target.clone()).unwrap();
    let fresh = target.sample(40_000, Stream::new(2)).unwrap();
    let found = value("w2_gauss", json!([2.0, 3e4]), &fresh, &reference);
    assert!(found < 0.02, "{found}");
    // Points of 1e60 such units are measured at another scale again.
    let found = value("w2_gauss", json!([2e-60, 3e-56]), &fresh, &reference);
    assert!(found < 2e58, "{found}");
}

#[test]
fn uneven_columns_are_warned_of_and_bad_units_refused() {
    let uneven = Reference::new(scaled(&Stream::new(1).normal(50, 2), [1.0, 5e3])).unwrap();
    let raw = by_name("energy", Value::Null).unwrap();
    assert!(units_warning([&*raw], &uneven).unwrap().contains("`energy` hardly depends on"));
    let in_units = by_name("energy", json!({ "units": "reference" })).unwrap();
    assert_eq!(units_warning([&*in_units], &uneven), None);
    let constant = Reference::new(Points::from_rows(&[[1.0, 3.0], [2.0, 3.0]]).unwrap()).unwrap();
    assert!(units_warning([&*in_units], &constant).unwrap().starts_with("column 1 of the reference"));
    assert_eq!(units_warning([&*raw], &constant), None);
    assert_eq!(units_warning([&*raw], &Reference::new(Stream::new(1).normal(50, 2)).unwrap()), None);
    for units in [json!("std"), json!([1.0, 0.0]), json!(3)] {
        assert!(by_name("w2", json!({ "units": units })).is_err(), "{units}");
    }
    let points = Stream::new(1).normal(5, 2);
    for (units, seen) in [(json!([1, 1, 1]), "`units` is a list of 3"), (json!([]), "`units` is a list of 0")] {
        let metric = by_name("w2", json!({ "units": units })).unwrap();
        let told = metric.estimate(&points, &uneven, &Pairwise::default(), Stream::new(1)).unwrap_err().to_string();
        assert!(told.contains(seen) && told.contains("2 columns"), "{told}");
    }
}
