mod dense;

use super::*;
use crate::pairwise::{Pairwise, Precision};
use crate::points::squared_distance;
use crate::rng::Stream;
use proptest::prelude::*;

const NAMES: [&str; 5] = ["laplace", "gaussian", "imq", "matern32", "matern52"];

fn exact() -> Pairwise {
    Pairwise::default().at_precision(Some(Precision::F64)).unwrap()
}

fn velocity(flow: &mut DriftFlow, cloud: &Points, z: Option<&Points>) -> Points {
    let (clock, pairwise) = (Clock::at(0, 1, Stream::new(0)), exact());
    let at = FieldAt::cloud(cloud, &clock, &pairwise);
    let mut out = Points::default();
    flow.velocity(&z.map_or(at, |z| at.tracers(z)), &mut out).unwrap();
    out
}

fn clouds(m: usize, n: usize, dim: usize) -> (Points, Points) {
    let mut x = Stream::new(1).normal(m, dim);
    x.data_mut().iter_mut().for_each(|v| *v = 0.5 * *v + 0.7);
    (x, Stream::new(2).normal(n, dim))
}

fn options(kernel: &str, h: f64, normalisation: Normalisation, self_term: SelfTerm) -> DriftFlowOptions {
    let (kernel, temperature) = (kernel.to_string(), Temperatures::One(h));
    let self_term = Some(self_term);
    DriftFlowOptions {
        kernel,
        temperature,
        scale: TemperatureScale::None,
        normalisation,
        self_term,
        batch_target: None,
    }
}

fn largest_difference(a: &Points, b: &Points) -> f64 {
    a.data().iter().zip(b.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// With a Gaussian kernel, the mean shift is the squared bandwidth times the score difference.
#[test]
fn the_gaussian_row_field_is_a_score_difference() {
    let (x, y) = clouds(40, 30, 3);
    let h = 0.7;
    let mut flow = DriftFlow::new(x.clone(), options("gaussian", h, Normalisation::Row, SelfTerm::Include)).unwrap();
    let found = velocity(&mut flow, &y, None);
    let score = |z: &[f64], points: &Points, c: usize| {
        let weight = |x: &[f64]| (-0.5 * squared_distance(z, x) / (h * h)).exp();
        let total: f64 = points.iter().map(weight).sum();
        points.iter().map(|x| weight(x) * (x[c] - z[c]) / (h * h)).sum::<f64>() / total
    };
    for (i, z) in y.iter().enumerate() {
        for c in 0..3 {
            let want = h * h * (score(z, &x, c) - score(z, &y, c));
            assert!((found.row(i)[c] - want).abs() < 1e-13, "{i} {c}");
        }
    }
}

#[test]
fn the_unit_is_the_mean_distance_of_the_weighted_points() {
    let near = Stream::new(1).normal(50, 1);
    let mut both = near.data().to_vec();
    both.extend((0..50).map(|i| 1000.0 + 20.0 * f64::from(i)));
    let weights: Vec<f64> = (0..100).map(|i| if i < 50 { 1.0 } else { 1e-12 }).collect();
    let options = DriftFlowOptions { scale: TemperatureScale::Distance, ..DriftFlowOptions::default() };
    let of = |points: Points| DriftFlow::new(points, options.clone()).unwrap();
    let (plain, weighted) = (of(near), of(Points::new(both, 1, "data").unwrap()).with_weights(&weights).unwrap());
    assert!((weighted.unit / plain.unit - 1.0).abs() < 0.05, "{} {}", weighted.unit, plain.unit);
    let ratio = |flow: &DriftFlow| flow.kernels[0].bandwidth() / flow.unit;
    assert!((ratio(&weighted) / ratio(&plain) - 1.0).abs() < 1e-12);
}

#[test]
fn equal_sets_rest_unless_a_particle_is_left_out_of_its_own_mean() {
    let (x, _) = clouds(50, 1, 3);
    for name in NAMES {
        for normalisation in [Normalisation::Row, Normalisation::Joint] {
            let size = |self_term| {
                let mut flow = DriftFlow::new(x.clone(), options(name, 0.4, normalisation, self_term)).unwrap();
                root_mean_square(&velocity(&mut flow, &x, None))
            };
            assert!(size(SelfTerm::Include) < 1e-13, "{name}");
            assert!(size(SelfTerm::Exclude) > 1e-3, "{name}");
        }
    }
}

/// Exchanging the target and the cloud changes the sign of the row field at any point.
#[test]
fn the_row_field_is_antisymmetric() {
    let (x, y) = clouds(30, 30, 2);
    let options = options("laplace", 0.5, Normalisation::Row, SelfTerm::Include);
    let here = DriftFlow::new(x.clone(), options.clone()).unwrap();
    let there = DriftFlow::new(y.clone(), options).unwrap();
    let z = Stream::new(5).normal(20, 2);
    let [mut here, mut there] = [here, there];
    let (a, b) = (velocity(&mut here, &y, Some(&z)), velocity(&mut there, &x, Some(&z)));
    let off = a.data().iter().zip(b.data()).map(|(a, b)| (a + b).abs()).fold(0.0, f64::max);
    assert!(off < 1e-13, "{off:e}");
}

/// The field moves and turns with the points, scales with them, and does not depend on their order.
#[test]
fn the_field_moves_with_the_points() {
    let (x, y) = clouds(33, 21, 2);
    let (sin, cos) = 0.7_f64.sin_cos();
    let turn = |points: &Points, shift: f64, scale: f64| {
        let rows: Vec<[f64; 2]> = points
            .iter()
            .map(|r| [scale * (cos * r[0] - sin * r[1]) + shift, scale * (sin * r[0] + cos * r[1])])
            .collect();
        Points::from_rows(&rows).unwrap()
    };
    for normalisation in [Normalisation::Row, Normalisation::Joint] {
        let temperature = Temperatures::Several(vec![0.05, 0.2, 1.0]);
        let options = DriftFlowOptions { temperature, normalisation, ..DriftFlowOptions::default() };
        let of = |x: &Points, y: &Points| velocity(&mut DriftFlow::new(x.clone(), options.clone()).unwrap(), y, None);
        let plain = of(&x, &y);
        let moved = of(&turn(&x, 3.0, 5.0), &turn(&y, 3.0, 5.0));
        assert!(largest_difference(&moved, &turn(&plain, 0.0, 5.0)) < 1e-10);
        let order = Stream::new(4).rng().choose(21, 21);
        let mixed = of(&x.select(&Stream::new(6).rng().choose(33, 33)), &y.select(&order));
        // Here the mean distance is taken over all rows, so it does not depend on their order.
        assert!(largest_difference(&mixed, &plain.select(&order)) < 1e-12);
    }
}

/// Tracers at the particles move as the particles do.
#[test]
fn tracers_follow_the_field_of_the_cloud() {
    let (x, y) = clouds(33, 21, 2);
    for normalisation in [Normalisation::Row, Normalisation::Joint] {
        let temperature = Temperatures::Several(vec![0.1, 0.5]);
        let options = DriftFlowOptions { temperature, normalisation, ..DriftFlowOptions::default() };
        let mut flow = DriftFlow::new(x.clone(), options).unwrap();
        let alone = velocity(&mut flow, &y, Some(&y.rows(2..9)));
        let own = velocity(&mut flow, &y, None);
        assert!(largest_difference(&alone, &own.rows(2..9)) < 1e-13);
    }
}

/// Several temperatures: the mean of the fields in units of their own size, times their mean size.
/// A list of equal temperatures is one temperature.
#[test]
fn several_temperatures_are_added_in_units_of_their_size() {
    let (x, y) = clouds(33, 21, 2);
    let of = |temperature| {
        let options = DriftFlowOptions { temperature, ..DriftFlowOptions::default() };
        velocity(&mut DriftFlow::new(x.clone(), options).unwrap(), &y, None)
    };
    let parts = [0.1, 0.6].map(|t| of(Temperatures::One(t)));
    let sizes = parts.each_ref().map(root_mean_square);
    let both = of(Temperatures::Several(vec![0.1, 0.6]));
    let size = 0.25 * (sizes[0] + sizes[1]);
    for (i, found) in both.data().iter().enumerate() {
        let want = size * (parts[0].data()[i] / sizes[0] + parts[1].data()[i] / sizes[1]);
        assert!((found - want).abs() < 1e-12);
    }
    let twice = of(Temperatures::Several(vec![0.6; 3]));
    assert!(largest_difference(&twice, &parts[1]) < 1e-12);
}

/// In the training of a generator, a particle does not count in the mean of the cloud at that
/// particle. A tracer never counts in a mean. Readings describe the cloud only.
#[test]
fn fresh_samples_leave_themselves_out_and_tracers_change_no_reading() {
    let (x, y) = clouds(33, 21, 2);
    let of = |self_term, fresh| {
        let options = DriftFlowOptions { self_term, ..DriftFlowOptions::default() };
        let (clock, pairwise) = (Clock { fresh, ..Clock::at(0, 1, Stream::new(0)) }, exact());
        let (mut flow, mut out) = (DriftFlow::new(x.clone(), options).unwrap(), Points::default());
        let at = FieldAt::cloud(&y, &clock, &pairwise);
        flow.velocity(&at, &mut out).unwrap();
        let before = flow.readings(&at).unwrap();
        flow.velocity(&at.tracers(&x), &mut Points::default()).unwrap();
        assert_eq!(flow.readings(&at).unwrap(), before);
        out
    };
    assert_eq!(of(None, true), of(Some(SelfTerm::Exclude), false));
    assert_eq!(of(None, false), of(Some(SelfTerm::Include), true));
    let one = Points::zeros(1, 2);
    let options = DriftFlowOptions { self_term: Some(SelfTerm::Exclude), ..DriftFlowOptions::default() };
    let mut flow = DriftFlow::new(x.clone(), options).unwrap();
    assert_eq!(velocity(&mut flow, &one, Some(&y)).n(), 21);
}

#[test]
fn what_is_no_kernel_and_no_temperature_is_refused() {
    let (x, _) = clouds(5, 1, 2);
    let new = |options: DriftFlowOptions| DriftFlow::new(x.clone(), options).map(drop).unwrap_err().to_string();
    let error = new(DriftFlowOptions { kernel: "energy".into(), ..Default::default() });
    assert!(error.contains("one of \"gaussian\", \"laplace\""), "{error}");
    for temperature in [Temperatures::One(0.0), Temperatures::One(f64::NAN), Temperatures::Several(vec![0.1, -1.0])] {
        assert!(new(DriftFlowOptions { temperature, ..Default::default() }).contains("temperature"));
    }
    assert!(
        new(DriftFlowOptions { temperature: Temperatures::Several(Vec::new()), ..Default::default() })
            .contains("at least one")
    );
    let error = DriftFlow::new(Points::zeros(4, 2), DriftFlowOptions::default()).map(drop).unwrap_err().to_string();
    assert!(error.contains("scale \"none\""), "{error}");
    let options = DriftFlowOptions { self_term: Some(SelfTerm::Exclude), ..Default::default() };
    let (mut flow, clock, pairwise) = (DriftFlow::new(x, options).unwrap(), Clock::at(0, 1, Stream::new(0)), exact());
    let one = Points::zeros(1, 2);
    assert!(flow.velocity(&FieldAt::cloud(&one, &clock, &pairwise), &mut Points::default()).is_err());
}

proptest! {
    /// The velocity is finite far from the target and at tiny temperatures. The velocity of the row
    /// form is at most the distance between the two sets of points.
    #[test]
    fn the_velocity_is_finite(far in -1e6..1e6_f64, t in 1e-4..1e3_f64, joint in any::<bool>()) {
        let (x, mut y) = clouds(9, 7, 2);
        y.data_mut().iter_mut().for_each(|v| *v += far);
        let normalisation = if joint { Normalisation::Joint } else { Normalisation::Row };
        let options = options("laplace", t, normalisation, SelfTerm::Include);
        let found = velocity(&mut DriftFlow::new(x, options).unwrap(), &y, None);
        prop_assert!(found.data().iter().all(|v| v.is_finite() && (joint || v.abs() <= far.abs() + 10.0)));
    }
}

/// In one step, the velocity leads towards the drawn points only. If the field is linear and the
/// weights are equal, the mean velocity over many steps is the velocity towards all points. A batch
/// of all points gives this velocity in each step.
#[test]
fn a_batch_of_the_target_is_drawn_anew_in_each_step() {
    let (target, cloud) = clouds(40, 12, 2);
    let wide = |batch_target| DriftFlowOptions {
        batch_target,
        ..options("gaussian", 1e4, Normalisation::Row, SelfTerm::Include)
    };
    let pairwise = exact();
    let at_step = |batch, weights: &[f64], step| {
        let clock = Clock::at(step, 400, Stream::new(0));
        let mut flow = DriftFlow::new(target.clone(), wide(batch)).unwrap().with_weights(weights).unwrap();
        let mut out = Points::default();
        flow.velocity(&FieldAt::cloud(&cloud, &clock, &pairwise), &mut out).unwrap();
        out
    };
    let equal = [1.0; 40];
    let all = at_step(None, &equal, 0);
    assert_eq!(at_step(Some(40), &equal, 0), all);
    let few: Vec<Points> = (0..400).map(|step| at_step(Some(8), &equal, step)).collect();
    assert_ne!(few[0], few[1]);
    let mean = |c: usize| few.iter().map(|v| v.row(3)[c]).sum::<f64>() / 400.0;
    // The standard error of a mean of 8 out of 40 values with standard deviation 0.5, over 400
    // steps, is 0.008.
    assert!((0..2).all(|c| (mean(c) - all.row(3)[c]).abs() < 0.04), "{} {}", mean(0), mean(1));
    // Only points with a positive weight are drawn. The kernel is so wide that the velocity is a
    // difference of plain means.
    let only: Vec<f64> = (0..40).map(|j| if j == 5 { 2.0 } else { 0.0 }).collect();
    let found = at_step(Some(3), &only, 0);
    let own = cloud.mean();
    assert!((0..2).all(|c| (found.row(0)[c] - (target.row(5)[c] - own[c])).abs() < 1e-6));
}
