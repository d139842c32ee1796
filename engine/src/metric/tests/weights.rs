//! What a finite sample has besides its points: weights and standard units.

use super::*;
use crate::target::{Samples, SamplesOptions};
use serde_json::json;

fn samples(points: &Points, options: SamplesOptions) -> Arc<dyn Target> {
    Arc::new(Samples::new(points.clone(), &options).unwrap())
}

fn weighted(points: &Points, weights: Vec<f64>) -> Reference {
    let options = SamplesOptions { weights: Some(weights), ..SamplesOptions::default() };
    Reference::of(samples(points, options), 1, stream()).unwrap()
}

/// Returns all metrics that need no closed form, with options where the defaults depend on the size
/// of the sample.
fn of_samples() -> Vec<(&'static str, Value)> {
    let others = ["mmd", "fisher", "coverage", "mode_weights", "log_density"];
    let plain = crate::metric::METRICS.iter().map(|m| m.name).filter(|name| !others.contains(name));
    plain.map(|name| (name, Value::Null)).chain([("mmd", json!({ "kernel": [0.5, 2] }))]).collect()
}

/// A weight that is a whole number acts as that number of equal points, and a weight of 0 as no
/// point. A metric that cannot use weights returns an error.
#[test]
fn a_weight_counts_as_so_many_points() {
    let distinct = p().sample(40, stream().label("distinct")).unwrap();
    let counts: Vec<usize> = (0..40).map(|i| [0, 1, 4, 2][i % 4]).collect();
    let rows: Vec<usize> = (0..40).flat_map(|i| std::iter::repeat_n(i, counts[i])).collect();
    let repeated = Reference::new(distinct.select(&rows)).unwrap();
    let reference = weighted(&distinct, counts.iter().map(|c| 0.7 * *c as f64).collect());
    // The number of points is that of the repeated points, because `w2` draws from the larger set.
    let points = q().sample(rows.len(), stream().label("points")).unwrap();
    let mut refused = Vec::new();
    for (name, options) in of_samples() {
        let found = try_estimate(name, options.clone(), &points, &reference);
        let want = try_estimate(name, options, &points, &repeated).unwrap().value;
        match found {
            Ok(found) => {
                assert!((found.value - want).abs() < 1e-12 * (1.0 + want), "{name}: {} {want}", found.value);
                assert!(found.se.is_finite());
            }
            Err(error) => {
                assert_eq!(error.to_string(), format!("`{name}` has no rule for the weights of a reference"));
                refused.push(name);
            }
        }
    }
    assert_eq!(refused, ["kl_knn", "precision_recall", "c2st"]);
}

/// The U-statistic of weighted points by its double sum.
#[test]
fn pairs_of_a_point_with_itself_are_left_out_by_weight() {
    let (points, others) = (Stream::new(1).normal(7, 2), Stream::new(2).normal(5, 2));
    let shares = [0.1, 0.3, 0.05, 0.35, 0.2];
    let reference = weighted(&others, shares.to_vec());
    let distance = |a: &[f64], b: &[f64]| crate::points::squared_distance(a, b).sqrt();
    let mut want = 0.0;
    for i in 0..7 {
        (0..5).for_each(|j| want += 2.0 / 7.0 * shares[j] * distance(points.row(i), others.row(j)));
        (0..7).for_each(|j| want -= distance(points.row(i), points.row(j)) / 42.0);
    }
    let pairs = (0..25).map(|k| (k / 5, k % 5)).filter(|(i, j)| i != j);
    let weight: f64 = pairs.clone().map(|(i, j)| shares[i] * shares[j]).sum();
    want -= pairs.map(|(i, j)| shares[i] * shares[j] * distance(others.row(i), others.row(j))).sum::<f64>() / weight;
    let found = try_estimate("energy", json!({ "unbiased": true }), &points, &reference).unwrap().value;
    assert!((found - want).abs() < 1e-12, "{found} {want}");
}

/// A single point, or a point that has all the weight, has no pairs except that with itself.
#[test]
fn unbiased_of_one_point_is_refused() {
    let (one, many) = (Points::zeros(1, 2), Stream::new(1).normal(5, 2));
    let all_on_one = weighted(&many, vec![0.0, 1.0, 0.0, 0.0, 0.0]);
    let pairs = [(&one, Reference::new(many.clone()).unwrap()), (&many, Reference::new(one.clone()).unwrap())];
    for (points, reference) in pairs.into_iter().chain([(&many, all_on_one)]) {
        for (name, options) in
            [("energy", json!({ "unbiased": true })), ("mmd", json!({ "unbiased": true, "kernel": 1 }))]
        {
            let told = try_estimate(name, options, points, &reference).unwrap_err().to_string();
            assert!(told.contains("one point") && told.contains("at least two"), "{told}");
        }
    }
}

/// Points of a wide Gaussian have weights with which they represent a narrow Gaussian. Values and
/// errors are right on average, and a floor from these points is near the floor of fresh points.
#[test]
fn errors_and_floors_of_weighted_points_are_those_of_the_distribution() {
    let wide = Gaussian::isotropic(vec![0.0; 2], 1.5).unwrap();
    let narrow: Arc<dyn Target> = Arc::new(Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap());
    let draw = |k: u64| {
        let points = wide.sample(400, stream().label("wide").at(k)).unwrap();
        let log_ratio = |x: &[f64]| -0.5 * (1.0 - 1.0 / 2.25) * (x[0] * x[0] + x[1] * x[1]);
        let weights = points.iter().map(|x| log_ratio(x).exp()).collect();
        weighted(&points, weights)
    };
    for name in ["energy", "sliced_w2", "mean_error", "w2_gauss"] {
        let other = q().sample(300, stream().label("other")).unwrap();
        let found: Vec<Estimate> = (0..60).map(|k| estimate(name, &other, &draw(k))).collect();
        let fresh = |k: u64| Reference::sample(narrow.clone(), 4000, stream().label("narrow").at(k)).unwrap();
        let want = (0..10).map(|k| estimate(name, &other, &fresh(k)).value).sum::<f64>() / 10.0;
        let mean = found.iter().map(|e| e.value).sum::<f64>() / 60.0;
        let sd = (found.iter().map(|e| (e.value - mean).powi(2)).sum::<f64>() / 59.0).sqrt();
        // The points are the same in all repetitions, so that only the part of the error that comes
        // from the reference varies.
        let se = found.iter().map(|e| e.se).sum::<f64>() / 60.0;
        assert!((mean - want).abs() < sd, "{name}: {mean} {want} +- {sd}");
        assert!(sd < 1.2 * se && se < 3.0 * sd, "{name}: {sd} {se}");
        let floor = |reference: &Reference| {
            let metric = by_name(name, Value::Null).unwrap();
            crate::metric::floor(metric.as_ref(), reference, 300, &Pairwise::default()).unwrap().value
        };
        let effective = draw(0).effective_n().round() as usize;
        let (data, exact) = (floor(&draw(0)), floor(&Reference::sample(narrow.clone(), effective, stream()).unwrap()));
        assert!(data / exact > 0.5 && data / exact < 2.0, "{name}: {data} {exact}");
    }
}

/// A sample with `standardise` is compared in its standard units, so that the units of its columns
/// do not matter.
#[test]
fn standard_units_are_heeded() {
    let factors = [1e-3, 1e4];
    let scaled = |points: &Points| {
        let mut out = points.clone();
        (0..out.n()).for_each(|i| out.row_mut(i).iter_mut().zip(factors).for_each(|(x, f)| *x = 5.0 * f + f * *x));
        out
    };
    let (data, points) = (p().sample(60, stream().label("a")).unwrap(), q().sample(60, stream().label("b")).unwrap());
    let target = samples(&scaled(&data), SamplesOptions { standardise: true, ..SamplesOptions::default() });
    let own = samples(&data, SamplesOptions { standardise: true, ..SamplesOptions::default() });
    for (name, options) in of_samples() {
        let of = |points: &Points, target: &Arc<dyn Target>| {
            let reference = Reference::of(target.clone(), 1, stream()).unwrap();
            try_estimate(name, options.clone(), points, &reference).unwrap().value
        };
        let (found, want) = (of(&scaled(&points), &target), of(&points, &own));
        assert!((found - want).abs() < 1e-9 * (1.0 + want.abs()), "{name}: {found} {want}");
        let standard = crate::points::Standardiser::of(&data);
        let by_hand = Reference::new(standard.apply(&data)).unwrap();
        let by_hand = try_estimate(name, options.clone(), &standard.apply(&points), &by_hand).unwrap().value;
        assert!((want - by_hand).abs() < 1e-12 * (1.0 + want.abs()), "{name}: {want} {by_hand}");
    }
}
