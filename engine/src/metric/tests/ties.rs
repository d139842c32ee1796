//! Points that coincide and distances that are equal: the order of the points must not matter.

use super::*;
use crate::metric::METRICS;
use serde_json::Value;

fn c2st(points: &Points, reference: &Points) -> Estimate {
    let reference = Reference::new(reference.clone()).unwrap();
    let metric = by_name("c2st", Value::Null).unwrap();
    metric.estimate(points, &reference, &Pairwise::default(), Stream::new(7)).unwrap()
}

/// Returns `n` coins, of which the first `ones` show 1.
fn coins(n: usize, ones: usize) -> Points {
    Points::new((0..n).map(|i| f64::from(u8::from(i < ones))).collect(), 1, "the coins").unwrap()
}

/// The best classifier of coins that show 1 with probability p or q has the accuracy `(1 + |p - q|)
/// / 2`.
#[test]
fn a_classifier_of_coins_is_as_right_as_can_be() {
    for (p, q) in [(100, 900), (900, 100), (200, 700), (1000, 0)] {
        let want = 0.5 * (1.0 + f64::from(i32::abs(p - q)) / 1000.0);
        let found = c2st(&coins(1000, p as usize), &coins(1000, q as usize));
        let error = (want * (1.0 - want) / 1000.0).sqrt();
        assert!((found.value - want).abs() <= 4.0 * error, "{p} {q}: {found:?} against {want}");
    }
}

/// Samples of one distribution cannot be told apart, however many of their points coincide.
#[test]
fn equal_distributions_with_ties_cannot_be_told_apart() {
    let rounded = |label: &str, cell: f64| {
        let mut points = Stream::new(3).label(label).normal(800, 2);
        points.data_mut().iter_mut().for_each(|x| *x = (*x / cell).round() * cell);
        points
    };
    let inflated = |label: &str| {
        let mut points = Stream::new(4).label(label).normal(800, 2);
        (0..500).for_each(|i| points.row_mut(i).fill(0.0));
        points
    };
    let mut pairs = vec![(coins(800, 400), coins(800, 400)), (inflated("a"), inflated("b"))];
    pairs.extend([0.5, 1.0, 4.0].map(|cell| (rounded("a", cell), rounded("b", cell))));
    let (a, b) = (Stream::new(5).normal(400, 2), Stream::new(6).normal(400, 2));
    pairs.push((a.concat(&a).unwrap(), b.concat(&b).unwrap()));
    for (i, (points, reference)) in pairs.iter().enumerate() {
        for (points, reference) in [(points, reference), (reference, points)] {
            let found = c2st(points, reference);
            // If every point occurs twice, there are half as many independent points: the error
            // grows by the square root of two.
            assert!((found.value - 0.5).abs() < 6.0 * found.se, "{i}: {found:?}");
        }
    }
}

/// On a lattice most distances are equal. The order of the points must not matter.
#[test]
fn the_order_of_tied_points_changes_no_metric() {
    let lattice = |stream: Stream, n: usize| {
        let mut points = modes().sample(n, stream).unwrap();
        points.data_mut().iter_mut().for_each(|x| *x = (*x * 4.0).round() / 4.0);
        points
    };
    let (points, real) = (lattice(stream().at(1), 150), lattice(stream().at(2), 140));
    let mut rng = stream().label("order").rng();
    let shuffled = (points.select(&rng.choose(150, 150)), real.select(&rng.choose(140, 140)));
    for name in METRICS.iter().map(|m| m.name) {
        let of = |points: &Points, real: &Points| {
            let reference = Reference::with_target(real.clone(), modes()).unwrap();
            try_estimate(name, Value::Null, points, &reference)
        };
        match (of(&points, &real), of(&shuffled.0, &shuffled.1)) {
            (Ok(a), Ok(b)) if a.value == b.value => {}
            // The classifier is trained on other points if the points have another order.
            (Ok(a), Ok(b)) if name == "c2st" => assert!((a.value - b.value).abs() < 3.0 * a.se, "{a:?} {b:?}"),
            (Ok(a), Ok(b)) => assert!((a.value - b.value).abs() < 1e-12 * a.value.abs(), "{name}: {a:?} {b:?}"),
            (Err(a), Err(b)) => assert_eq!(a.to_string(), b.to_string(), "{name}"),
            (a, b) => panic!("{name}: {a:?} {b:?}"),
        }
    }
}

/// Two modes at the same place share the points there in proportion to their weights.
#[test]
fn coinciding_modes_share_their_points() {
    let at = |x: f64| Gaussian::isotropic(vec![x, 0.0], 0.2).unwrap();
    let twice: Arc<dyn Target> = Arc::new(Mixture::new(vec![0.3, 0.3, 0.4], vec![at(0.0), at(0.0), at(3.0)]).unwrap());
    let reference = Reference::sample(twice.clone(), 50, stream().at(2)).unwrap();
    let points = twice.sample(1000, stream().at(1)).unwrap();
    assert_eq!(estimate("coverage", &points, &reference).value, 1.0);
    assert!(estimate("mode_weights", &points, &reference).value < 0.05);
}

/// The V-statistic by its definition, in f64.
fn by_definition(x: &Points, y: &Points, kernel: impl Fn(f64) -> f64) -> f64 {
    let mean = |a: &Points, b: &Points| {
        let sum: f64 = a
            .iter()
            .flat_map(|a| b.iter().map(move |b| (a, b)))
            .map(|(a, b)| kernel(a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()))
            .sum();
        sum / (a.n() * b.n()) as f64
    };
    mean(x, x) + mean(y, y) - 2.0 * mean(x, y)
}

/// One point with a value that stands for "missing" does not reduce the precision of the other
/// points.
#[test]
fn a_fill_value_leaves_the_other_points_alone() {
    let (base, y) = (Stream::new(8).normal(300, 2), Stream::new(9).normal(300, 2));
    for far in [1e8, 1e20, -1e30] {
        let x = base.concat(&Points::from_rows(&[[far, far]]).unwrap()).unwrap();
        let reference = Reference::new(y.clone()).unwrap();
        let found = try_estimate("mmd", serde_json::json!({ "kernel": 1.0 }), &x, &reference).unwrap().value;
        let want = by_definition(&x, &y, |d2| (-0.5 * d2).exp());
        assert!((found - want).abs() < 1e-12 && want > 0.0, "{far}: {found} against {want}");
        let (found, want) = (estimate("energy", &x, &reference).value, by_definition(&x, &y, |d2| -d2.sqrt()));
        assert!((found - want).abs() < 1e-9 * want, "{far}: {found} against {want}");
    }
}

/// If both sets have the same points in different order, the V-statistic is not below 0 at any
/// scale.
#[test]
fn a_v_statistic_of_equal_sets_is_not_below_zero() {
    for (exponent, seed) in (-60..=60).step_by(20).zip(1..) {
        let mut points = Stream::new(seed).normal(201, 3);
        points.data_mut().iter_mut().for_each(|x| *x = (*x + 7.0) * 10f64.powi(exponent));
        let order: Vec<usize> = (0..201).rev().collect();
        let reference = Reference::new(points.select(&order)).unwrap();
        for name in ["mmd", "energy"] {
            let found = estimate(name, &points, &reference).value;
            assert!(found >= 0.0 && found <= 1e-12 * 10f64.powi(exponent.max(0)), "{name} at 1e{exponent}: {found}");
        }
    }
}

#[test]
fn a_constant_column_is_named() {
    let mut points = Stream::new(1).normal(50, 3);
    (0..50).for_each(|i| points.row_mut(i)[1] = 2.5);
    let reference = Reference::new(Stream::new(2).normal(50, 3)).unwrap();
    let told = try_estimate("kl_gauss", Value::Null, &points, &reference).unwrap_err().to_string();
    assert!(told.contains("column 1 of the points") && told.contains("constant value 2.5"), "{told}");
}
