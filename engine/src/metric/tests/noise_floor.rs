use super::*;
use crate::Interrupt;
use crate::metric::{Better, METRICS, Metric, floor, floor_observed};
use serde_json::json;

/// Returns the share of fresh samples that are at least as good as the floor, over independent
/// floors.
fn share_within(name: &str, floors: u64, fresh: u64, pair: impl Fn(Stream) -> (Points, Reference)) -> f64 {
    let metric = by_name(name, Value::Null).unwrap();
    let mut within = 0;
    for k in 0..floors {
        let key = stream().label(name).at(k);
        let (points, reference) = pair(key.label("sizes"));
        let floor = floor(&*metric, &reference.with_floor_stream(key.label("floor")), points.n(), &Pairwise::default());
        let floor = floor.unwrap().value;
        for f in 0..fresh {
            let (points, reference) = pair(key.label("fresh").at(f));
            let value = metric.estimate(&points, &reference, &Pairwise::default(), key.at(f)).unwrap().value;
            within +=
                usize::from(if metric.properties(2).better == Better::Lower { value <= floor } else { value >= floor });
        }
    }
    within as f64 / (floors * fresh) as f64
}

#[test]
fn a_fresh_sample_stays_within_the_floor_19_times_in_20() {
    let distribution = modes();
    let pair = |key: Stream| {
        let points = distribution.sample(60, key.at(0)).unwrap();
        (points, Reference::sample(distribution.clone(), 40, key.at(1)).unwrap())
    };
    for name in ["energy", "mmd", "sliced_w2", "kl_gauss", "log_density", "mode_weights", "w2"] {
        let share = share_within(name, 60, 20, pair);
        assert!((0.92..0.98).contains(&share), "{name}: {share}");
    }
}

#[test]
fn splits_of_data_give_the_floor_of_the_law() {
    let distribution = p();
    for name in ["energy", "mmd", "sliced_w2", "w2_gauss", "kl_gauss", "mean_error", "covariance_error"] {
        let metric = by_name(name, Value::Null).unwrap();
        let mean = |reference: &dyn Fn(Stream) -> Reference| {
            let floors = (0..20).map(|k| {
                let key = stream().label(name).at(k);
                let reference = reference(key.at(0)).with_floor_stream(key.at(1));
                floor(&*metric, &reference, 100, &Pairwise::default()).unwrap().value
            });
            floors.sum::<f64>() / 20.0
        };
        let sample = |key: Stream| Reference::new(distribution.sample(200, key).unwrap()).unwrap();
        let data = mean(&sample);
        // The distribution itself, with hidden moments: both sides are fitted, as they are for
        // data.
        let fresh = mean(&|key| {
            let points = distribution.sample(200, key).unwrap();
            Reference::with_target(points, Arc::new(super::error_bar::Opaque(distribution.clone()))).unwrap()
        });
        assert!((0.8..1.25).contains(&(data / fresh)), "{name}: {data} from data, {fresh} from the distribution");
    }
}

#[test]
fn every_metric_has_a_floor_and_it_is_keyed() {
    let reference = Reference::sample(modes(), 50, stream()).unwrap();
    for entry in METRICS {
        let metric = by_name(entry.name, Value::Null).unwrap();
        let at = |key| {
            let reference = reference.clone().with_floor_stream(stream().at(key));
            floor(&*metric, &reference, 40, &Pairwise::default()).unwrap().value
        };
        assert_eq!(at(1).to_bits(), at(1).to_bits(), "{}", entry.name);
        assert!(at(1).is_finite());
    }
}

#[test]
fn a_floor_tells_how_far_it_is() {
    let energy = by_name("energy", json!({})).unwrap();
    let (data, pairwise) = (Reference::new(stream().normal(30, 2)).unwrap(), Pairwise::default());
    let mut told = Vec::new();
    let mut tell = |done, total| told.push((done, total));
    let found = floor_observed(&*energy, &data, 10, &pairwise, &mut tell).unwrap();
    assert_eq!(found, floor(&*energy, &data, 10, &pairwise).unwrap());
    assert_eq!((told.first(), told.last()), (Some(&(0, 200)), Some(&(200, 200))));
    assert!(told.is_sorted());
}

#[test]
fn a_floor_refuses_what_it_cannot_give() {
    let energy = by_name("energy", json!({})).unwrap();
    let tiny = Reference::new(stream().normal(3, 2)).unwrap();
    assert!(floor(&*energy, &tiny, 10, &Pairwise::default()).is_err());
    let data = Reference::new(stream().normal(30, 2)).unwrap();
    assert!(floor(&*energy, &data, 0, &Pairwise::default()).is_err());
    let stop = Interrupt::default();
    stop.raise();
    let stopped = Pairwise::new(Default::default(), stop);
    assert_eq!(floor(&*energy, &data, 10, &stopped), Err(crate::Error::Interrupted));
}

/// The second call computes no pairs. Other options, sizes or random numbers have other floors.
#[test]
fn a_reference_remembers_its_floors() {
    let reference = Reference::new(modes().sample(200, stream()).unwrap()).unwrap();
    let engine = Pairwise::default();
    let [plain, unbiased] = [Value::Null, json!({"unbiased": true})].map(|options| by_name("energy", options).unwrap());
    let take = |metric: &dyn Metric, reference: &Reference, n: usize| {
        let before = engine.work().pairs();
        let found = floor(metric, reference, n, &engine).unwrap().value;
        (found, engine.work().pairs() > before)
    };
    let (first, worked) = take(&*plain, &reference, 100);
    assert!(worked && take(&*plain, &reference.clone(), 100) == (first, false));
    let others = [
        take(&*unbiased, &reference, 100),
        take(&*plain, &reference, 50),
        take(&*plain, &reference.clone().with_floor_stream(stream().label("other")), 100),
    ];
    assert!(others.iter().all(|(value, worked)| *worked && *value != first), "{first} {others:?}");
    assert_eq!(take(&*plain, &reference, 100), (first, false));
}
