//! Identities of plans, values and gradients.

use super::*;
use std::sync::Arc;

fn coupling(x: &Arc<Points>, y: &Arc<Points>, options: &SinkhornOptions) -> Coupling {
    let options = SinkhornOptions { debias: true, ..options.clone() };
    Coupling::solve((x.clone(), None), (y.clone(), None), &options, &Pairwise::default(), &mut |_, _, _| {}).unwrap()
}

#[test]
fn the_divergence_of_equal_sets_is_zero_and_otherwise_positive() {
    let x = cloud(1, 50, 3, 0.0);
    let turned = x.select(&(0..50).rev().collect::<Vec<_>>());
    for share in [0.1, 0.5, 5.0] {
        let options = with_epsilon(share * mean_cost(&x, &x));
        assert_eq!(value(&x, &x, &options), 0.0);
        assert!(value(&x, &turned, &options).abs() < 1e-9, "{}", value(&x, &turned, &options));
        for (key, n) in [(2, 50), (3, 20)] {
            let y = cloud(key, n, 3, 0.05);
            assert!(value(&x, &y, &options) > 1e-4);
            let (there, back) = (value(&x, &y, &options), value(&y, &x, &options));
            assert!((there - back).abs() < 1e-9, "{there} {back}");
        }
    }
    // The cost of a translation by `v` is `|v|^2 / 2`.
    let mut moved = x.clone();
    moved.data_mut().iter_mut().for_each(|v| *v += 0.4);
    let options = SinkhornOptions { tolerance: 1e-9, ..with_epsilon(0.3) };
    assert!((value(&x, &moved, &options) - 0.24).abs() < 1e-8, "{}", value(&x, &moved, &options));
}

#[test]
fn the_marginals_of_the_plan_are_the_masses() {
    let (x, y) = (Arc::new(cloud(1, 30, 2, 0.0)), Arc::new(cloud(2, 17, 2, 0.5)));
    let options = SinkhornOptions { tolerance: 1e-8, ..with_epsilon(0.05) };
    let plan = coupling(&x, &y, &options);
    let entry = |i, j| plan.plan(i, j).unwrap();
    let rows = (0..30).map(|i| ((0..17).map(|j| entry(i, j)).sum::<f64>() - 1.0 / 30.0).abs()).sum::<f64>();
    let columns = (0..17).map(|j| ((0..30).map(|i| entry(i, j)).sum::<f64>() - 1.0 / 17.0).abs()).sum::<f64>();
    assert!(rows < 1e-12 && columns <= plan.marginal_error() + 1e-12, "{rows:e} {columns:e}");
    // The map is the mean of a row, and the heaviest entries are those of the row in order.
    let mapped = plan.map(&x, &Pairwise::default()).unwrap();
    let mean: f64 = (0..17).map(|j| 30.0 * entry(4, j) * y.row(j)[1]).sum();
    assert!((mapped.row(4)[1] - mean).abs() < 1e-5);
    let heaviest = plan.heaviest(4, 3).unwrap();
    let most = (0..17).map(|j| entry(4, j)).fold(0.0, f64::max);
    assert!(heaviest.len() == 3 && heaviest[0].mass == most && heaviest[1].mass >= heaviest[2].mass);
    assert_eq!(plan.heaviest(4, 99).unwrap().len(), 17);
    assert!(plan.plan(30, 0).is_err() && plan.plan(0, 17).is_err() && plan.heaviest(30, 1).is_err());
    assert_eq!(entry(4, heaviest[0].column), heaviest[0].mass);
}

/// `d S / d x_i = a_i (T_aa(x_i) - T_ab(x_i))`, by central differences.
#[test]
fn the_gradient_of_the_divergence_is_the_difference_of_the_maps() {
    let (x, y) = (cloud(1, 12, 2, 0.0), cloud(2, 9, 2, 0.7));
    let options = SinkhornOptions { tolerance: 1e-11, precision: SinkhornPrecision::F64, ..with_epsilon(0.2) };
    let pairwise = Pairwise::default().at_precision(Some(crate::pairwise::Precision::F64)).unwrap();
    let mapped = |to: &Points| {
        let (x, y) = (Arc::new(x.clone()), Arc::new(to.clone()));
        let plan = Coupling::solve((x.clone(), None), (y, None), &options, &pairwise, &mut |_, _, _| {});
        plan.unwrap().map(&x, &pairwise).unwrap()
    };
    let (own, other) = (mapped(&x), mapped(&y));
    let h = 1e-4;
    for (i, k) in [(0, 0), (5, 1), (11, 0)] {
        let at = |step: f64| {
            let mut moved = x.clone();
            moved.row_mut(i)[k] += step;
            value(&moved, &y, &options)
        };
        let (found, want) = ((at(h) - at(-h)) / (2.0 * h), (own.row(i)[k] - other.row(i)[k]) / 12.0);
        assert!((found - want).abs() < 2e-8, "{i} {k}: {found} {want}");
    }
}

#[test]
fn a_weight_counts_as_so_many_equal_points() {
    let (x, y) = (cloud(1, 8, 2, 0.0), cloud(2, 10, 2, 0.5));
    let rows: Vec<usize> = vec![0, 0, 0, 1, 2, 2, 3, 4, 5, 6, 7];
    let many = x.select(&rows);
    let counts = [3.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    let options = with_epsilon(0.1);
    let weighted = Marginal::new(&x, Some(&counts), "weights", false).unwrap();
    let got = divergence(&weighted, &Marginal::equal(&y), &options, &Pairwise::default()).unwrap();
    assert!((got.value - value(&many, &y, &options)).abs() < 1e-9);
    // A point without mass has a potential but no influence.
    let mut with_zero = counts.to_vec();
    with_zero.push(0.0);
    let far = x.concat(&Points::from_rows(&[[50.0, -3.0]]).unwrap()).unwrap();
    let weighted = Marginal::new(&far, Some(&with_zero), "weights", false).unwrap();
    let found = divergence(&weighted, &Marginal::equal(&y), &options, &Pairwise::default()).unwrap();
    assert!((got.value - found.value).abs() < 1e-9 && found.between.f.iter().all(|f| f.is_finite()));
}

#[test]
fn every_way_of_iterating_finds_the_same() {
    let (x, y) = (cloud(1, 60, 2, 0.0), cloud(2, 50, 2, 1.0));
    let base = SinkhornOptions { tolerance: 1e-8, max_iterations: 20_000, ..with_epsilon(0.05) };
    let want = solve(&x, &y, base.clone());
    for (scaling, memory, precision) in [
        (0.0, 0, SinkhornPrecision::F64),
        (0.0, 6, SinkhornPrecision::Auto),
        (0.5, 0, SinkhornPrecision::Auto),
        (0.25, 10, SinkhornPrecision::F64),
    ] {
        let found = solve(&x, &y, SinkhornOptions { scaling, memory, precision, ..base.clone() });
        assert!(found.converged && (found.cost - want.cost).abs() < 1e-9, "{scaling} {memory}");
    }
    // Extrapolation takes fewer iterations, and the start from a solution takes one or two.
    let plain = solve(&x, &y, SinkhornOptions { memory: 0, ..base.clone() });
    assert!(want.iterations < plain.iterations, "{} {}", want.iterations, plain.iterations);
    let again = SinkhornOptions { tolerance: 2e-8, precision: SinkhornPrecision::F64, ..base };
    let again = Sinkhorn::between(&x, &y, again).unwrap().start(want.g).unwrap();
    let again = again.solve(&Pairwise::default()).unwrap();
    assert!(again.iterations <= 2 && again.converged, "{}", again.iterations);
}
