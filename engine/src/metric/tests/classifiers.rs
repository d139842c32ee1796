//! The classifier two-sample test, compared with the accuracy of the best classifier.

use super::*;
use crate::metric::floor;
use serde_json::json;

fn c2st(points: &Points, reference: &Points, options: serde_json::Value) -> Estimate {
    let reference = Reference::new(reference.clone()).unwrap();
    by_name("c2st", options).unwrap().estimate(points, &reference, &Pairwise::default(), stream()).unwrap()
}

/// Returns standard normal points, multiplied by this upper triangular matrix and moved by
/// `(shift, 0)`.
fn normal(n: usize, [a, b, c]: [f64; 3], shift: f64, k: u64) -> Points {
    let mut points = stream().at(k).normal(n, 2);
    for i in 0..n {
        let [x, y] = [points.row(i)[0], points.row(i)[1]];
        points.row_mut(i).copy_from_slice(&[a * x + b * y + shift, c * y]);
    }
    points
}

/// - N(0, I) and N((m, 0), I) are best told apart at `m / 2`, with accuracy `Phi(m / 2)`.
/// - N(0, 1) and N(0, 4) are best told apart at `x^2 = 8/3 ln 2`, with accuracy .6613.
/// - Correlations `r` and `-r` are best told apart by the sign of `x y`, with accuracy `1/2 +
///   asin(r) / pi`.
#[test]
fn a_classifier_is_as_good_as_the_best_where_it_can_be() {
    let whole = [1.0, 0.0, 1.0];
    let by_shift = |m: f64| 0.5 * libm::erfc(-m / 2.0 / std::f64::consts::SQRT_2);
    let correlated = |r: f64| [(1.0 - r * r).sqrt(), r, 1.0];
    let cases = [
        ("same", (whole, 0.0), 0.5),
        ("shift 1", (whole, 1.0), by_shift(1.0)),
        ("shift 3", (whole, 3.0), by_shift(3.0)),
        ("scale", ([2.0, 0.0, 1.0], 0.0), 0.6613),
    ];
    for classifier in ["knn", "logistic", "additive", "mlp", "best"] {
        for (name, (matrix, shift), want) in cases {
            let points = normal(4000, matrix, shift, 1);
            let got = c2st(&points, &normal(4000, whole, 0.0, 2), json!({ "classifier": classifier }));
            let (low, high) = (want - 4.0 * got.se - 0.02, want + 4.0 * got.se);
            assert!((low..high).contains(&got.value), "{classifier}, {name}: {got:?} against {want}");
        }
        // The columns alone are equally distributed.
        if classifier == "additive" {
            continue;
        }
        let (points, reference) = (normal(4000, correlated(0.8), 0.0, 3), normal(4000, correlated(-0.8), 0.0, 4));
        let (got, want) = (
            c2st(&points, &reference, json!({ "classifier": classifier })),
            0.5 + 0.8f64.asin() / std::f64::consts::PI,
        );
        assert!((want - 4.0 * got.se - 0.02..want + 4.0 * got.se).contains(&got.value), "{classifier}: {got:?} {want}");
    }
}

/// Of 30 columns, a narrow one is shifted by 1.5 of its standard deviations. The nearest neighbours
/// do not detect the shift, because the other columns decide the distances. The best classifier has
/// accuracy `Phi(.75)`, .773.
#[test]
fn the_best_classifier_sees_one_column_among_many() {
    let points = |k: u64, shift: f64| {
        let mut points = stream().at(k).normal(1000, 30);
        (0..1000).for_each(|i| points.row_mut(i)[7] = 0.1 * points.row(i)[7] + shift);
        points
    };
    let of = |classifier: &str| c2st(&points(1, 0.15), &points(2, 0.0), json!({ "classifier": classifier }));
    let [knn, best] = ["knn", "best"].map(of);
    assert!(best.value > 0.65 && best.value < 0.80 && knn.value < 0.58, "{knn:?} {best:?}");
}

/// One of 30 columns is a mixture of N(-.98, .2^2) and N(.98, .2^2), with the mean and the variance
/// of N(0, 1). The best rule asks whether its density is the larger one, and is right with
/// probability .7909 (by quadrature).
#[test]
fn the_best_classifier_sees_the_shape_of_one_column() {
    let reference = stream().at(2).normal(2000, 30);
    let mut points = stream().at(1).normal(2000, 30);
    for i in 0..2000 {
        let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
        points.row_mut(i)[7] = 0.2 * points.row(i)[7] + 0.98 * sign;
    }
    let of = |classifier: &str| c2st(&points, &reference, json!({ "classifier": classifier }));
    let [logistic, best] = ["logistic", "best"].map(of);
    assert!(best.value > 0.73 && best.value < 0.7909 + 4.0 * best.se && logistic.value < 0.56, "{logistic:?} {best:?}");
}

/// Between samples of one distribution, 95 % of the accuracies stay below the floor, whichever
/// classifier is selected.
#[test]
fn most_samples_of_one_distribution_stay_below_the_floor() {
    let (whole, repetitions) = ([1.0, 0.0, 1.0], 120_u64);
    let (metric, data) = (by_name("c2st", json!({})).unwrap(), Reference::new(normal(80, whole, 0.0, 1)).unwrap());
    let floor = floor(metric.as_ref(), &data, 80, &Pairwise::default()).unwrap().value;
    // 80 points are tested: 1/2 + 1.645 / (2 sqrt 80).
    assert!((floor - 0.59196).abs() < 1e-4, "{floor}");
    let value = |k| c2st(&normal(80, whole, 0.0, 2 * k), &normal(80, whole, 0.0, 2 * k + 1), json!({})).value;
    let below = (0..repetitions).filter(|k| value(*k) <= floor).count() as f64 / repetitions as f64;
    // Two standard errors of this share are .04.
    assert!(below > 0.91, "{below}");
}
