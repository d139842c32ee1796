use super::*;
use crate::metric::METRICS;

fn case() -> (Points, Reference) {
    (q().sample(130, stream().at(1)).unwrap(), Reference::sample(p(), 130, stream().at(2)).unwrap())
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (a.abs() + b.abs())
}

#[test]
fn the_order_of_points_changes_nothing() {
    let (points, reference) = case();
    let order = stream().rng().choose(130, 130);
    let mixed = Reference::with_target(reference.points().select(&order), p()).unwrap();
    for name in METRICS.iter().map(|m| m.name).filter(|n| !["coverage", "mode_weights", "c2st"].contains(n)) {
        let (a, b) = (estimate(name, &points, &reference), estimate(name, &points.select(&order), &mixed));
        // Several sets of dual prices can be optimal, and the standard error of `w2` comes from one
        // of them. The standard error of `precision_recall` comes from random halves.
        let same_error = match name {
            "w2" => (a.se - b.se).abs() < 0.02 * a.se,
            "precision_recall" => (a.se / b.se).ln().abs() < 1.0,
            _ => close(a.se, b.se),
        };
        assert!(close(a.value, b.value) && same_error, "{name}: {a:?} and {b:?}");
    }
}

#[test]
fn rotating_both_sets_changes_nothing() {
    let (points, reference) = case();
    let (sin, cos) = 0.7_f64.sin_cos();
    let turned = |points: &Points| {
        let rows: Vec<[f64; 2]> = points.iter().map(|r| [cos * r[0] - sin * r[1], sin * r[0] + cos * r[1]]).collect();
        Points::from_rows(&rows).unwrap()
    };
    let plain = Reference::new(reference.points().clone()).unwrap();
    let rotated = Reference::new(turned(reference.points())).unwrap();
    for name in [
        "mmd",
        "energy",
        "w2",
        "w2_gauss",
        "frechet",
        "bw_uvp",
        "kl_gauss",
        "kl_knn",
        "precision_recall",
        "covariance_error",
        "mean_error",
    ] {
        let (a, b) = (estimate(name, &points, &plain), estimate(name, &turned(&points), &rotated));
        assert!(close(a.value, b.value) && close(a.se, b.se), "{name}: {a:?} and {b:?}");
    }
}

#[test]
fn a_common_offset_changes_little() {
    let (points, reference) = case();
    let plain = Reference::new(reference.points().clone()).unwrap();
    let by = [1e5, -1e5];
    let far = Reference::new(shifted(reference.points(), &by)).unwrap();
    for name in ["mmd", "energy", "sliced_w2", "w2", "w2_gauss", "kl_gauss", "covariance_error", "mean_error"] {
        let (a, b) = (estimate(name, &points, &plain), estimate(name, &shifted(&points, &by), &far));
        assert!((a.value - b.value).abs() < 1e-8 * a.value, "{name}: {a:?} and {b:?}");
    }
}

#[test]
fn threads_do_not_change_a_byte() {
    let points = modes().sample(137, stream().at(1)).unwrap();
    let reference = Reference::sample(modes(), 150, stream().at(2)).unwrap();
    let all = || -> Vec<u64> {
        let found = METRICS.iter().map(|m| estimate(m.name, &points, &reference));
        let energy = by_name("energy", Value::Null).unwrap();
        let floor = crate::metric::floor(&*energy, &reference, 137, &Pairwise::default()).unwrap().value;
        found.flat_map(|e| [e.value.to_bits(), e.se.to_bits()]).chain([floor.to_bits()]).collect()
    };
    let on = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(all);
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(5));
}
