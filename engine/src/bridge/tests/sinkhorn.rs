//! The bridge between points, compared with its formula, its plan and the closed form between
//! Gaussians.

use crate::bridge::{Bridge, Coupling as _, Direction, GaussianBridge, ReferenceProcess, SinkhornBridge};
use crate::pairwise::{Pairwise, PairwiseOptions, Precision};
use crate::points::squared_distance;
use crate::rng::Stream;
use crate::sinkhorn::{Coupling, SinkhornOptions};
use crate::target::{Gaussian, Target};
use crate::{Interrupt, Points};
use std::sync::Arc;

const EPSILON: f64 = 0.5;

fn exact() -> Pairwise {
    let options = PairwiseOptions { precision: Precision::F64, ..PairwiseOptions::default() };
    Pairwise::new(options, Interrupt::default())
}

fn solved(x: &Points, y: &Points, weights: Option<&[f64]>) -> Coupling {
    let options = SinkhornOptions { epsilon: Some(EPSILON), tolerance: 1e-9, ..SinkhornOptions::default() };
    let sides = ((Arc::new(x.clone()), None), (Arc::new(y.clone()), weights));
    Coupling::solve(sides.0, sides.1, &options, &exact(), &mut |_, _, _| {}).unwrap()
}

fn drift(bridge: &dyn Bridge, direction: Direction, t: f64, at: &Points) -> Points {
    let mut out = Points::default();
    bridge.drift(direction, t, at, &mut out).unwrap();
    out
}

#[test]
fn the_drift_is_that_of_its_formula_in_both_directions() {
    let (x, mut y, at) = (Stream::new(1).normal(31, 2), Stream::new(2).normal(47, 2), Stream::new(3).normal(9, 2));
    y.data_mut().iter_mut().for_each(|v| *v = 3.0 + 0.5 * *v);
    let weights: Vec<f64> = (0..47).map(|j| f64::from(1 + j % 3)).collect();
    let plan = solved(&x, &y, Some(&weights));
    let bridge = SinkhornBridge::new(&plan, &exact()).unwrap();
    let potentials = plan.potentials();
    let masses = [vec![1.0; 31], weights.clone()];
    for (direction, ends, potential, mass) in
        [(Direction::Forward, &y, &potentials.g, &masses[1]), (Direction::Backward, &x, &potentials.f, &masses[0])]
    {
        for t in [0.0, 0.3, 0.95] {
            // `left` is the time that is left in the direction of the motion.
            let left = if direction == Direction::Forward { 1.0 - t } else { t };
            if left == 0.0 {
                continue;
            }
            let found = drift(&bridge, direction, t, &at);
            for (u, z) in found.iter().zip(at.iter()) {
                let log = |j: usize| {
                    mass[j].ln() + potential[j] / EPSILON - squared_distance(z, ends.row(j)) / (2.0 * EPSILON * left)
                };
                let most = (0..ends.n()).map(log).fold(f64::NEG_INFINITY, f64::max);
                let shares: Vec<f64> = (0..ends.n()).map(|j| (log(j) - most).exp()).collect();
                let total: f64 = shares.iter().sum();
                for k in 0..2 {
                    let mean: f64 = shares.iter().zip(ends.iter()).map(|(s, y)| s / total * y[k]).sum();
                    assert!((u[k] - (mean - z[k]) / left).abs() < 1e-9 * (1.0 + u[k].abs()), "{direction:?} {t}");
                }
            }
        }
    }
}

#[test]
fn the_plan_from_a_start_is_a_row_of_sinkhorns_plan() {
    let (x, y) = (Stream::new(1).normal(12, 2), Stream::new(2).normal(15, 2));
    let plan = solved(&x, &y, None);
    let bridge = SinkhornBridge::new(&plan, &exact()).unwrap();
    let (mut drawn, copies) = (Points::default(), 20_000);
    for i in [0, 7] {
        let row: Vec<f64> = (0..15).map(|j| 12.0 * plan.plan(i, j).unwrap()).collect();
        let moments = bridge.conditional_moments(x.row(i));
        let mean: f64 = row.iter().zip(y.iter()).map(|(p, y)| p * y[0]).sum();
        assert!((moments.mean[0] - mean).abs() < 1e-7, "{} {mean}", moments.mean[0]);
        let starts = Points::from_rows(&vec![x.row(i).to_vec(); copies]).unwrap();
        bridge.draw(&starts, Stream::new(4), &mut drawn).unwrap();
        for (j, share) in row.iter().enumerate() {
            let count = drawn.iter().filter(|row| *row == y.row(j)).count();
            let noise = (copies as f64 * share * (1.0 - share)).sqrt();
            assert!((count as f64 - copies as f64 * share).abs() < 5.0 * noise + 1.0, "{j}: {count}, {share}");
        }
    }
}

/// The plug-in estimate tends to the bridge between the distributions.
#[test]
fn many_points_of_gaussians_give_the_gaussian_bridge() {
    let (a, b) =
        (Gaussian::isotropic(vec![-0.5, 0.0], 1.0).unwrap(), Gaussian::isotropic(vec![0.5, 0.0], 0.6).unwrap());
    let n = 3000;
    let (x, y) = (a.sample(n, Stream::new(5)).unwrap(), b.sample(n, Stream::new(6)).unwrap());
    let bridge = SinkhornBridge::new(&solved(&x, &y, None), &exact()).unwrap();
    let closed = GaussianBridge::new(&a, &b, ReferenceProcess::brownian(EPSILON).unwrap()).unwrap();
    for t in [0.0, 0.4, 0.7] {
        let at = (&closed as &dyn Bridge).expect_marginal(t).unwrap().sample(200, Stream::new(7)).unwrap();
        let (found, want) = (drift(&bridge, Direction::Forward, t, &at), drift(&closed, Direction::Forward, t, &at));
        let square = |points: &Points| points.data().iter().map(|v| v * v).sum::<f64>();
        let off: f64 = found.data().iter().zip(want.data()).map(|(u, v)| (u - v) * (u - v)).sum();
        assert!((off / square(&want)).sqrt() < 0.2, "{t}: {}", (off / square(&want)).sqrt());
    }
}

#[test]
fn the_end_and_unbalanced_plans_are_refused() {
    let (x, y) = (Stream::new(1).normal(12, 2), Stream::new(2).normal(15, 2));
    let bridge: &dyn Bridge = &SinkhornBridge::new(&solved(&x, &y, None), &exact()).unwrap();
    let refused = bridge.drift(Direction::Forward, 1.0, &x, &mut Points::default()).unwrap_err().to_string();
    assert!(refused.contains("infinite at its end"), "{refused}");
    let options = SinkhornOptions { epsilon: Some(EPSILON), rho: Some(1.0), ..SinkhornOptions::default() };
    let plan = Coupling::unsolved((Arc::new(x), None), (Arc::new(y), None), &options).unwrap();
    assert!(SinkhornBridge::new(&plan, &exact()).is_err());
}
