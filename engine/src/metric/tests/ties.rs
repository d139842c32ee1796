//! Points that coincide and distances that are equal: no order of the points may decide.

use super::*;
use serde_json::Value;

fn c2st(points: &Points, reference: &Points) -> Estimate {
    let reference = Reference::new(reference.clone()).unwrap();
    let metric = by_name("c2st", Value::Null).unwrap();
    metric.estimate(points, &reference, &Pairwise::default(), Stream::new(7)).unwrap()
}

/// `n` coins, the first `ones` of which show 1.
fn coins(n: usize, ones: usize) -> Points {
    Points::new((0..n).map(|i| f64::from(u8::from(i < ones))).collect(), 1, "the coins").unwrap()
}

/// The best classifier of coins that show 1 with probability p or q is right with probability
/// `(1 + |p - q|) / 2`.
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
    pairs.push((a.joined(&a).unwrap(), b.joined(&b).unwrap()));
    for (i, (points, reference)) in pairs.iter().enumerate() {
        for (points, reference) in [(points, reference), (reference, points)] {
            let found = c2st(points, reference);
            // Points that come twice are half as many: the error grows by the root of two.
            assert!((found.value - 0.5).abs() < 6.0 * found.se, "{i}: {found:?}");
        }
    }
}
