//! The automatic sigma suits data at any location and of any scale, with outliers and with
//! coinciding points.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

use sdflow::Points;
use sdflow::flow::{SdFlow, SdFlowOptions};
use sdflow::metric::{Estimate, Reference};
use sdflow::points::{AffineMap, Standardiser};
use sdflow::rng::Stream;
use sdflow::run::{MetricChoice, Run, RunOptions, RunResult};
use sdflow::score::{Estimate as Score, Kde};
use sdflow::target::{DatasetOptions, dataset};

/// Runs with the default options from a standard normal start, with as many particles as data
/// points.
fn go(data: &Points, held_out: Points, standardise: bool) -> RunResult {
    let (units, start) = (Standardiser::of(data), Stream::new(4).normal(data.n(), data.dim()));
    let scored = if standardise { units.apply(data) } else { data.clone() };
    let target = Score::Kernel(Box::new(Kde::of(scored)));
    let mut flow = SdFlow::new(target, Score::Kernel(Box::new(Kde::of_cloud())), SdFlowOptions::default()).unwrap();
    if standardise {
        flow = flow.in_units(units.clone());
    }
    let metrics = vec![MetricChoice::Name("energy".into()), MetricChoice::Name("c2st".into())];
    let options = RunOptions { steps: 300, metrics, ..RunOptions::default() };
    let reference = Reference::new(held_out).unwrap();
    Run::new(&mut flow, start).reference(Some(&reference)).options(options).seed(3).go().unwrap()
}

fn within_the_floor(case: &str, done: &RunResult) {
    let metric = |name: &str| -> &Estimate { &done.metrics[name] };
    let (energy, c2st) = (metric("energy"), metric("c2st"));
    assert!(energy.value <= 1.5 * energy.floor.unwrap(), "{case}: {energy:?} {:?}", done.notes);
    assert!(c2st.value <= 0.5 + 4.0 * c2st.se, "{case}: {c2st:?} {:?}", done.notes);
}

fn moons(n: usize, seed: u64) -> Points {
    dataset("moons", &DatasetOptions::default()).unwrap().sample(n, Stream::new(seed)).unwrap()
}

/// The data are metres on a map, and columns of nanometres and of hundreds of kilometres.
#[test]
fn data_far_from_the_start_are_reached_to_their_spacing() {
    let (data, held_out) = (moons(400, 1), moons(400, 2));
    for (scales, shift, standardise) in [
        ([1.0, 1.0], [450_000.0, 5_200_000.0], false),
        ([1.0, 1.0], [450_000.0, 5_200_000.0], true),
        ([1e-9, 1e5], [0.0, -3e7], true),
    ] {
        let place = AffineMap::new(scales.to_vec(), shift.to_vec());
        let done = go(&place.apply(&data), place.apply(&held_out), standardise);
        let case = format!("{scales:?} {shift:?} {standardise}");
        assert!(done.notes[0].starts_with("start: it"), "{case}: {:?}", done.notes);
        // The metric is computed in the units in which the data have the shape of moons.
        let reference = Reference::new(held_out.clone()).unwrap();
        let again = energy_and_floor(&place.undo(&done.points), &reference);
        let [energy, floor] = again;
        assert!(energy < 2.0 * floor, "{case}: {energy} {floor}");
    }
}

fn energy_and_floor(points: &Points, reference: &Reference) -> [f64; 2] {
    let metric = sdflow::metric::by_name("energy", serde_json::Value::Null).unwrap();
    let (pairwise, stream) = (sdflow::pairwise::Pairwise::default(), Stream::new(9));
    let found = metric.estimate(points, reference, &pairwise, stream).unwrap().value;
    [found, sdflow::metric::floor(&*metric, reference, points.n(), &pairwise).unwrap().value]
}

#[test]
fn one_stray_row_does_not_ruin_the_rest() {
    let data = moons(400, 1).concat(&Points::from_rows(&[[1e9, -1e9]]).unwrap()).unwrap();
    for standardise in [false, true] {
        let done = go(&data, moons(400, 2), standardise);
        within_the_floor("stray", &done);
        assert!(done.notes.iter().any(|note| note.contains("1 stray point")), "{:?}", done.notes);
    }
}

#[test]
fn one_hot_and_lattice_data_are_met() {
    let one_hot = |seed: u64| {
        let mut rng = Stream::new(seed).rng();
        let mut points = Points::zeros(500, 3);
        for i in 0..500 {
            let u = rng.uniform();
            points.row_mut(i)[usize::from(u > 0.5) + usize::from(u > 0.8)] = 1.0;
        }
        points
    };
    let lattice = |seed: u64| {
        let mut points = Stream::new(seed).normal(500, 2);
        points.data_mut().iter_mut().for_each(|x| *x = (2.0 * *x).round());
        points
    };
    for (case, data, held_out) in [("one-hot", one_hot(1), one_hot(2)), ("lattice", lattice(1), lattice(2))] {
        // If the data take few distinct values, their own frequencies decide, not those of the
        // held-out points.
        let own = energy_and_floor(&data, &Reference::new(held_out.clone()).unwrap());
        let done = go(&data, held_out, false);
        let energy = &done.metrics["energy"];
        assert!(energy.value <= own[0] + own[1], "{case}: {energy:?} {own:?} {:?}", done.notes);
        // Particles end at the values of the data.
        let off = |x: &f64| (x - x.round()).abs();
        let mean = done.points.data().iter().map(off).sum::<f64>() / done.points.data().len() as f64;
        assert!(mean < 0.05, "{case}: {mean}");
    }
}
