//! Standard errors compared with the spread over repetitions.

use super::super::{METRICS, memorisation};
use super::*;
use crate::Interrupt;
use serde_json::json;

const REPETITIONS: u64 = 200;

/// Returns the root mean square of the standard errors that the metric returns, divided by the
/// standard deviation of its values, over fresh pairs of samples.
fn claimed_over_true(
    name: &str,
    options: Value,
    from: &Arc<dyn Target>,
    to: &Arc<dyn Target>,
    n: usize,
    m: usize,
) -> f64 {
    let metric = by_name(name, options).unwrap();
    let found: Vec<Estimate> = (0..REPETITIONS)
        .map(|k| {
            let key = stream().label(name).at(k);
            let points = from.sample(n, key.at(0)).unwrap();
            let reference = Reference::sample(to.clone(), m, key.at(1)).unwrap();
            metric.estimate(&points, &reference, &Pairwise::default(), key.at(2)).unwrap()
        })
        .collect();
    let count = REPETITIONS as f64;
    let mean = found.iter().map(|e| e.value).sum::<f64>() / count;
    let spread = found.iter().map(|e| (e.value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let claimed = found.iter().map(|e| e.se * e.se).sum::<f64>() / count;
    (claimed / spread).sqrt()
}

/// A target whose moments are not known, so that both sides are fitted.
#[derive(Debug)]
pub(super) struct Opaque(pub Arc<dyn Target>);

impl Target for Opaque {
    fn name(&self) -> String {
        "opaque".into()
    }

    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn sample(&self, n: usize, stream: Stream) -> Result<Points> {
        self.0.sample(n, stream)
    }
}

#[test]
fn error_bars_agree_with_the_spread_over_repetitions() {
    let opaque: Arc<dyn Target> = Arc::new(Opaque(p()));
    for (name, options, to) in [
        ("mmd", Value::Null, p()),
        ("mmd", json!({ "kernel": [0.5, 2], "unbiased": true }), p()),
        ("energy", Value::Null, p()),
        ("sliced_w2", json!({ "directions": 20 }), p()),
        ("w2", Value::Null, p()),
        ("w2_gauss", Value::Null, p()),
        ("w2_gauss", Value::Null, opaque.clone()),
        ("frechet", Value::Null, p()),
        ("kl_gauss", Value::Null, p()),
        ("kl_gauss", Value::Null, opaque.clone()),
        ("bw_uvp", Value::Null, p()),
        ("kl_coordinates", Value::Null, p()),
        ("kl_coordinates", Value::Null, opaque.clone()),
        ("fisher", Value::Null, p()),
        ("mean_error", Value::Null, opaque.clone()),
        ("covariance_error", Value::Null, p()),
        ("covariance_error", Value::Null, opaque.clone()),
        ("log_density", Value::Null, p()),
        ("precision_recall", Value::Null, p()),
        ("precision_recall", Value::Null, q()),
        ("kl_knn", Value::Null, p()),
        ("kl_knn", Value::Null, q()),
        ("c2st", json!({ "classifier": "logistic" }), p()),
        ("c2st", json!({ "classifier": "knn" }), p()),
        ("c2st", json!({ "classifier": "knn" }), q()),
    ] {
        let ratio = claimed_over_true(name, options.clone(), &q(), &to, 150, 150);
        assert!((0.8..1.25).contains(&ratio), "{name} {options}: claimed over true is {ratio:.3}");
    }
}

#[test]
fn error_bars_of_mode_shares() {
    let at = |x: f64, y: f64| Gaussian::isotropic(vec![x, y], 0.2).unwrap();
    let uneven = |w: [f64; 3]| -> Arc<dyn Target> {
        Arc::new(Mixture::new(w.to_vec(), vec![at(0.0, 0.0), at(3.0, 0.0), at(0.0, 3.0)]).unwrap())
    };
    let ratio = claimed_over_true("mode_weights", Value::Null, &uneven([0.2, 0.3, 0.5]), &modes(), 150, 10);
    assert!((0.8..1.25).contains(&ratio), "mode_weights: {ratio:.3}");
    // The last mode counts as reached with 150 x .2 x .1 = 3 points, and 150 x .02 = 3 points are
    // expected.
    let ratio = claimed_over_true("coverage", Value::Null, &uneven([0.5, 0.48, 0.02]), &modes(), 150, 10);
    assert!((0.75..1.25).contains(&ratio), "coverage: {ratio:.3}");
}

#[test]
fn the_error_bar_of_memorisation() {
    let measure = |k: u64, share: usize| {
        let set = |name: &str, n: usize| stream().label(name).at(k).normal(n, 2);
        let (train, held, mut points) = (set("train", 200), set("held", 100), set("fresh", 300));
        (0..share).for_each(|i| points.row_mut(i).copy_from_slice(train.row(i % 200)));
        memorisation(&points, &train, &held, &Interrupt::default()).unwrap()
    };
    for share in [0, 150] {
        let found: Vec<(f64, f64)> = (0..REPETITIONS).map(|k| measure(k, share)).collect();
        let count = REPETITIONS as f64;
        let mean = found.iter().map(|(value, _)| value).sum::<f64>() / count;
        let spread = found.iter().map(|(value, _)| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let ratio = (found.iter().map(|(_, se)| se * se).sum::<f64>() / count / spread).sqrt();
        assert!((0.8..1.25).contains(&ratio), "{share} copies: claimed over true is {ratio:.3}");
    }
}

/// In the plane, a share of `exp(-8)` of a normal distribution lies beyond 4 standard deviations.
/// Most samples of 1,000 points have no such point.
#[test]
fn the_error_bar_of_a_share_near_one() {
    let target: Arc<dyn Target> =
        Arc::new(Mixture::new(vec![1.0], vec![Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap()]).unwrap());
    let claimed: f64 = (0..REPETITIONS)
        .map(|k| {
            let points = target.sample(1000, stream().at(k)).unwrap();
            let reference = Reference::sample(target.clone(), 10, stream()).unwrap();
            estimate("coverage", &points, &reference).part("within_se").unwrap() / REPETITIONS as f64
        })
        .sum();
    let spread = ((-8f64).exp() / 1000.0).sqrt();
    assert!((0.8..1.5).contains(&(claimed / spread)), "{claimed} against {spread}");
}

/// One point determines no variance: its standard error is NaN or the metric returns an error, but
/// the standard error is never 0.
#[test]
fn a_single_point_has_no_error_bar_of_zero() {
    let (one, many) = (p().sample(1, stream()).unwrap(), p().sample(30, stream()).unwrap());
    let data = |points: &Points| Reference::new(points.clone()).unwrap();
    let references = [
        ("a target", Reference::sample(modes(), 30, stream().at(1)).unwrap()),
        ("a target with the point of a mode", Reference::sample(modes(), 1, stream().at(2)).unwrap()),
        ("data", data(&many)),
        ("the point itself", data(&one)),
    ];
    for (name, (whose, reference)) in METRICS.iter().flat_map(|m| references.iter().map(move |r| (m.name, r))) {
        let Ok(found) = try_estimate(name, Value::Null, &one, reference) else { continue };
        assert_ne!(found.se, 0.0, "{name} against {whose}");
        let errors = found.parts.iter().filter(|(part, _)| part.ends_with("_se"));
        errors.for_each(|(part, se)| assert!(*se > 0.0, "{name}.{part} against {whose}: {se}"));
    }
    let (_, se) = memorisation(&one, &many, &many, &Interrupt::default()).unwrap();
    assert!(se.is_nan());
}

#[test]
fn near_a_match_the_error_bar_errs_on_the_large_side() {
    for name in ["mmd", "energy"] {
        let ratio = claimed_over_true(name, Value::Null, &p(), &p(), 100, 100);
        assert!((1.0..2.0).contains(&ratio), "{name}: claimed over true is {ratio:.3}");
    }
}
