use super::*;
use crate::pairwise::Precision;
use crate::rng::Stream;
use crate::sinkhorn::divergence;

fn exact() -> Pairwise {
    Pairwise::default().at_precision(Some(Precision::F64)).unwrap()
}

fn velocity(flow: &mut SinkhornFlow, cloud: &Points, z: Option<&Points>) -> Points {
    let (clock, pairwise) = (Clock::at(0, 1, Stream::new(0)), exact());
    let at = FieldAt::cloud(cloud, &clock, &pairwise);
    let mut out = Points::default();
    flow.velocity(&z.map_or(at, |z| at.tracers(z)), &mut out).unwrap();
    out
}

fn clouds() -> (Points, Points) {
    let mut x = Stream::new(1).normal(9, 2);
    x.data_mut().iter_mut().for_each(|v| *v = 0.5 * *v + 0.7);
    (x, Stream::new(2).normal(12, 2))
}

/// The velocity is compared with `-n` times the gradient of the divergence, by central differences.
#[test]
fn the_velocity_is_the_gradient_of_the_divergence() {
    let (target, cloud) = clouds();
    let weights: Vec<f64> = (0..9).map(|j| 1.0 + 0.2 * f64::from(j)).collect();
    let options = SinkhornFlowOptions { epsilon: Some(0.2), tolerance: 1e-11, ..SinkhornFlowOptions::default() };
    let mut flow = SinkhornFlow::new(target.clone(), options).unwrap().with_weights(&weights).unwrap();
    let found = velocity(&mut flow, &cloud, None);
    let solver = SinkhornOptions { epsilon: Some(0.2), tolerance: 1e-11, ..SinkhornOptions::default() };
    let value = |cloud: &Points| {
        let y = Marginal::new(&target, Some(&weights), "weights", false).unwrap();
        divergence(&Marginal::equal(cloud), &y, &solver, &exact()).unwrap().value
    };
    let h = 1e-4;
    for (i, k) in [(0, 0), (3, 1), (11, 0)] {
        let at = |step: f64| {
            let mut moved = cloud.clone();
            moved.row_mut(i)[k] += step;
            value(&moved)
        };
        let want = -12.0 * (at(h) - at(-h)) / (2.0 * h);
        assert!((found.row(i)[k] - want).abs() < 3e-7, "{i} {k}: {} {want}", found.row(i)[k]);
    }
}

#[test]
fn a_cloud_equal_to_the_target_rests_and_one_step_moves_a_translation() {
    let (target, _) = clouds();
    let mut flow = SinkhornFlow::new(target.clone(), SinkhornFlowOptions::default()).unwrap();
    assert!(velocity(&mut flow, &target, None).data().iter().all(|v| *v == 0.0));
    // The plan between points and their translation is the plan of the points with themselves.
    let mut moved = target.clone();
    moved.data_mut().iter_mut().for_each(|v| *v -= 30.0);
    let options = SinkhornFlowOptions { tolerance: 1e-10, ..SinkhornFlowOptions::default() };
    let mut flow = SinkhornFlow::new(target, options).unwrap();
    assert!(velocity(&mut flow, &moved, None).data().iter().all(|v| (v - 30.0).abs() < 1e-7));
}

/// Tracers at the particles move as the particles do.
#[test]
fn tracers_follow_the_field_of_the_cloud() {
    let (target, cloud) = clouds();
    let mut flow = SinkhornFlow::new(target, SinkhornFlowOptions::default()).unwrap();
    let own = velocity(&mut flow, &cloud, None);
    let some = velocity(&mut flow, &cloud, Some(&cloud.rows(2..5)));
    let off = some.data().iter().zip(own.rows(2..5).data()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off < 1e-4, "{off:e}");
}

#[test]
fn an_unconverged_plan_is_told() {
    let (target, cloud) = clouds();
    let options = SinkhornFlowOptions { max_iterations: 1, epsilon: Some(1e-3), ..SinkhornFlowOptions::default() };
    let mut flow = SinkhornFlow::new(target.clone(), options).unwrap();
    assert!(velocity(&mut flow, &cloud, None).data().iter().all(|v| v.is_finite()));
    assert!(flow.warnings()[0].contains("increase `max_iterations`"), "{:?}", flow.warnings());
    assert!(SinkhornFlow::new(target, SinkhornFlowOptions { epsilon: Some(0.0), ..Default::default() }).is_err());
}
