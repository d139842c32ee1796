//! Regressions compared with maps that are known.

use super::*;
use crate::generator::{Affine, AffineOptions, MlpGenerator, MlpOptions};
use crate::process::Ending;
use crate::schedule::Schedule;

fn trained(generator: &mut dyn Generator, u: &Points, y: &Points, steps: usize) -> FitResult {
    let options = RegressOptions { steps, batch: 100, ..RegressOptions::default() };
    Regression::new(generator, Pairs { inputs: u, outputs: y }).options(options).seed(5).go().unwrap()
}

#[test]
fn an_affine_map_is_found_exactly() {
    let stream = Stream::new(1);
    let options = AffineOptions { dim: 3, dim_in: Some(2), ..AffineOptions::default() };
    let mut truth = Affine::new(&options, stream.label("truth")).unwrap();
    truth.parameters_mut()[6..].copy_from_slice(&[5.0, -2.0, 1e3]);
    let u = stream.normal(50, 2);
    let mut y = Points::default();
    truth.forward(&u, &mut y).unwrap();
    let mut found = Affine::new(&options, stream.label("start")).unwrap();
    let result = trained(&mut found, &u, &y, 1);
    for (found, truth) in found.parameters().iter().zip(truth.parameters()) {
        assert!((found - truth).abs() < 1e-9 * (1.0 + truth.abs()), "{found} {truth}");
    }
    assert!(result.history[0]["residual"] < 1e-9);
    // Points on a line do not determine the map across the line. The answer is still a map that
    // fits the points.
    let line = Points::from_rows(&[[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]).unwrap();
    truth.forward(&line, &mut y).unwrap();
    assert!(trained(&mut found, &line, &y, 1).history[0]["residual"] < 1e-9);
}

#[test]
fn a_net_learns_a_curved_map_and_keeps_it_on_new_points() {
    let stream = Stream::new(2);
    let bent = |u: &Points| {
        let rows: Vec<_> = u.iter().map(|u| [u[0] + 0.5 * u[1] * u[1], (2.0 * u[0]).sin()]).collect();
        Points::from_rows(&rows).unwrap()
    };
    let (u, new) = (stream.normal(1000, 2), stream.label("new").normal(200, 2));
    let mut net = MlpGenerator::new(&MlpOptions { hidden: 32, layers: 2, ..MlpOptions::default() }, stream).unwrap();
    trained(&mut net, &u, &bent(&u), 1500);
    let mut out = Points::default();
    net.forward(&new, &mut out).unwrap();
    let off = misfit(&out, &bent(&new), &mut Points::default());
    assert!(off < 0.15 * bent(&new).spread(), "{off}");
}

#[test]
fn a_net_knows_no_units_and_goes_on_from_what_it_has_learned() {
    let stream = Stream::new(2);
    let u = stream.normal(500, 2);
    let rows: Vec<_> = u.iter().map(|u| [u[0] + 0.5 * u[1] * u[1], (2.0 * u[0]).sin()]).collect();
    let y = Points::from_rows(&rows).unwrap();
    let options = MlpOptions { hidden: 32, layers: 2, ..MlpOptions::default() };
    let shares = [(1.0, 1.0, 0.0), (1e4, 1e4, 3e4), (1e-6, 1e5, -1e-6)].map(|(inner, outer, shift)| {
        let to = |points: &Points, scale: f64| AffineMap::uniform(scale, vec![shift; 2]).apply(points);
        let (u, y) = (to(&u, inner), to(&y, outer));
        let mut net = MlpGenerator::new(&options, stream).unwrap();
        let first = trained(&mut net, &u, &y, 800);
        let mut out = Points::default();
        net.forward(&u, &mut out).unwrap();
        let share = misfit(&out, &y, &mut Points::default()) / y.spread();
        let again = trained(&mut net, &u, &y, 1);
        assert!(first.history[0]["residual"] > 0.5 * y.spread());
        assert!(again.history[0]["residual"] < 2.0 * share * y.spread() + 1e-3 * y.spread(), "{again:?} {share}");
        share
    });
    assert!(shares.iter().all(|share| *share < 0.1), "{shares:?}");
}

#[test]
fn what_leaves_the_finite_numbers_is_taken_back() {
    let (u, y) = (Stream::new(1).normal(50, 2), Stream::new(2).normal(50, 2));
    for rate in [1e30, 1e200, 1e308] {
        let mut net = MlpGenerator::new(&MlpOptions { hidden: 8, ..MlpOptions::default() }, Stream::new(1)).unwrap();
        let options = RegressOptions { steps: 30, rate: Some(Schedule::from(rate)), ..RegressOptions::default() };
        let made = Regression::new(&mut net, Pairs { inputs: &u, outputs: &y }).options(options).seed(5).go();
        assert!(matches!(made.unwrap().ending, Ending::Diverged { .. }), "{rate}");
        let mut out = Points::default();
        net.forward(&u, &mut out).unwrap();
        assert!(net.is_finite() && out.data().iter().all(|x| x.is_finite()), "{rate}");
    }
}

#[test]
fn pairs_that_do_not_pair_are_refused() {
    let mut g = Affine::new(&AffineOptions::default(), Stream::new(1)).unwrap();
    let mut refused = |u: &Points, y: &Points, options: RegressOptions| {
        let made = Regression::new(&mut g, Pairs { inputs: u, outputs: y }).options(options).seed(1).go();
        made.err().unwrap().to_string()
    };
    let two = Points::zeros(4, 2);
    assert!(refused(&two, &Points::zeros(3, 2), RegressOptions::default()).contains("3 rows"));
    assert!(refused(&Points::zeros(4, 3), &two, RegressOptions::default()).contains("inputs"));
    assert!(refused(&two, &two, RegressOptions { batch: 0, ..RegressOptions::default() }).contains("batch"));
    assert!(refused(&two, &two, RegressOptions { average: 2.0, ..RegressOptions::default() }).contains("average"));
}
