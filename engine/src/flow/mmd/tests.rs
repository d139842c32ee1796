//! The velocity of the maximum mean discrepancy against the values that it must equal.

use super::*;
use crate::pairwise::{PairwiseOptions, Precision};
use crate::rng::Stream;

/// The velocity of a particle that excludes itself is the velocity of a tracer at the same place in
/// the cloud of the remaining particles.
#[test]
fn a_particle_that_leaves_itself_out_is_a_tracer_among_the_others() {
    let (x, y) = (Stream::new(1).normal(30, 2), Stream::new(2).normal(20, 2));
    let exact = PairwiseOptions { precision: Precision::F64, ..PairwiseOptions::default() };
    let pairwise = Pairwise::new(exact, Default::default());
    let clock = Clock::at(0, 1, Stream::new(3));
    let options = MmdFlowOptions { kernel: Kernels::Given(Kernel::all(0.9)), ..MmdFlowOptions::default() };
    let flow = || MmdFlow::new(x.clone(), options.clone()).unwrap();
    let (mut without, mut other) = (Points::default(), Points::default());
    let mut alone = flow().with_self_term(SelfTerm::Exclude).unwrap();
    alone.velocity(&FieldAt::cloud(&y, &clock, &pairwise), &mut without).unwrap();
    for i in [0, 7, 19] {
        let others = y.select(&(0..20).filter(|j| *j != i).collect::<Vec<_>>());
        let place = y.rows(i..i + 1);
        let at = FieldAt::cloud(&others, &clock, &pairwise).tracers(&place);
        flow().velocity(&at, &mut other).unwrap();
        let gap = without.row(i).iter().zip(other.row(0)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(gap < 1e-12, "{i}: {gap}");
    }
    let normalised = MmdFlowOptions { weighting: Weighting::Normalised, ..MmdFlowOptions::default() };
    assert!(MmdFlow::new(x.clone(), normalised).unwrap().with_self_term(SelfTerm::Exclude).is_err());
    let single = y.rows(0..1);
    assert!(alone.velocity(&FieldAt::cloud(&single, &clock, &pairwise), &mut other).is_err());
}

/// A point with weight 2 acts as two equal points, and a point with weight 0 has no effect.
#[test]
fn weights_are_points_repeated() {
    let (x, y) = (Stream::new(1).normal(30, 2), Stream::new(2).normal(20, 2));
    let weights: Vec<f64> = (0..30).map(|j| f64::from(j % 3)).collect();
    let rows: Vec<usize> = (0..30).flat_map(|j| vec![j; j % 3]).collect();
    let exact = PairwiseOptions { precision: Precision::F64, ..PairwiseOptions::default() };
    let pairwise = Pairwise::new(exact, Default::default());
    let clock = Clock::at(0, 1, Stream::new(3));
    for weighting in [Weighting::Plain, Weighting::Normalised] {
        let kernel = Kernels::Given(vec![Kernel::Gaussian { h: 0.8 }, Kernel::Laplace { h: 1.0 }]);
        let options = MmdFlowOptions { kernel, weighting, ..MmdFlowOptions::default() };
        let [mut weighted, mut repeated, mut plain] = [(); 3].map(|()| Points::default());
        let of = |points: Points| MmdFlow::new(points, options.clone()).unwrap();
        let flow = of(x.clone()).with_weights(&weights);
        let at = FieldAt::cloud(&y, &clock, &pairwise);
        flow.unwrap().velocity(&at, &mut weighted).unwrap();
        of(x.select(&rows)).velocity(&at, &mut repeated).unwrap();
        of(x.clone()).velocity(&at, &mut plain).unwrap();
        let gap =
            |a: &Points, b: &Points| a.data().iter().zip(b.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(gap(&weighted, &repeated) < 1e-12, "{weighting:?}: {}", gap(&weighted, &repeated));
        assert!(gap(&weighted, &plain) > 1e-2, "{weighting:?}");
    }
}

#[test]
fn the_median_bandwidth_is_that_of_the_weighted_points() {
    let near = Stream::new(1).normal(50, 1);
    let mut both = near.data().to_vec();
    both.extend((0..50).map(|i| 1000.0 + 20.0 * f64::from(i)));
    let weights: Vec<f64> = (0..100).map(|i| if i < 50 { 1.0 } else { 1e-12 }).collect();
    let h = |flow: &MmdFlow| flow.kernels[0].bandwidth();
    let of = |data: Vec<f64>| MmdFlow::new(Points::new(data, 1, "data").unwrap(), MmdFlowOptions::default()).unwrap();
    let (plain, weighted) = (of(near.data().to_vec()), of(both.clone()).with_weights(&weights).unwrap());
    assert!((h(&weighted) / h(&plain) - 1.0).abs() < 0.05, "{} {}", h(&weighted), h(&plain));
    assert!(h(&of(both)) > 100.0 * h(&plain));
}
