//! Plans are compared with all permutations, and proved optimal by their prices.

use super::*;
use crate::Points;
use crate::rng::Stream;
use proptest::prelude::*;

/// Solves the problem and proves that the plan is optimal: no pair has a cost below the sum of its
/// prices, and the dual value is the cost.
fn check(cost: &[f64], rows: &[u64], columns: &[u64]) -> Plan {
    let found = transport(cost, rows, columns, &Interrupt::default()).unwrap();
    let scale = cost.iter().fold(1e-300_f64, |a, c| a.max(c.abs()));
    for (i, c) in cost.iter().enumerate() {
        let (row, column) = (i / columns.len(), i % columns.len());
        let slack = c - found.row_price[row] - found.column_price[column];
        assert!(slack > -1e-11 * scale, "pair {row}, {column} has slack {slack}");
    }
    let total: u64 = rows.iter().sum();
    let side = |prices: &[f64], masses: &[u64]| -> f64 {
        prices.iter().zip(masses).map(|(p, m)| p * *m as f64).sum::<f64>() / total as f64
    };
    let dual = side(&found.row_price, rows) + side(&found.column_price, columns);
    assert!((dual - found.cost).abs() < 1e-11 * scale, "dual {dual}, primal {}", found.cost);
    found
}

/// Returns the least total cost over all permutations.
fn brute_force(cost: &[f64], n: usize, chosen: &mut Vec<usize>) -> f64 {
    if chosen.len() == n {
        return (0..n).map(|i| cost[i * n + chosen[i]]).sum();
    }
    let mut least = f64::INFINITY;
    let taken = chosen.clone();
    for j in (0..n).filter(|j| !taken.contains(j)) {
        chosen.push(j);
        least = least.min(brute_force(cost, n, chosen));
        chosen.pop();
    }
    least
}

proptest! {
    #[test]
    fn agrees_with_every_permutation(n in 1usize..=7, values in proptest::collection::vec(0.0..10.0, 49)) {
        let cost = &values[..n * n];
        let found = check(cost, &vec![1; n], &vec![1; n]);
        let want = brute_force(cost, n, &mut Vec::new()) / n as f64;
        prop_assert!((found.cost - want).abs() < 1e-10);
    }

    #[test]
    fn ties_are_no_trap(n in 1usize..=7, values in proptest::collection::vec(0u8..3, 49)) {
        let cost: Vec<f64> = values[..n * n].iter().map(|v| f64::from(*v)).collect();
        let found = check(&cost, &vec![1; n], &vec![1; n]);
        let want = brute_force(&cost, n, &mut Vec::new()) / n as f64;
        prop_assert!((found.cost - want).abs() < 1e-12);
    }

    #[test]
    fn unequal_masses_and_shapes(
        rows in proptest::collection::vec(1u64..20, 1..9),
        columns in proptest::collection::vec(0u64..20, 1..9),
        seed in 0u64..1000,
    ) {
        // Both sides must have the same sum.
        let (a, b): (u64, u64) = (rows.iter().sum(), columns.iter().sum());
        prop_assume!(b > 0);
        let (rows, columns): (Vec<u64>, Vec<u64>) =
            (rows.iter().map(|m| m * b).collect(), columns.iter().map(|m| m * a).collect());
        let mut rng = Stream::new(seed).rng();
        let cost: Vec<f64> = (0..rows.len() * columns.len()).map(|_| rng.normal()).collect();
        check(&cost, &rows, &columns);
    }
}

#[test]
fn prices_prove_large_plans_optimal() {
    let mut rng = Stream::new(3).rng();
    for (n, m) in [(300, 300), (300, 270), (7, 900), (900, 7)] {
        let cost: Vec<f64> = (0..n * m).map(|_| rng.uniform()).collect();
        check(&cost, &vec![m as u64; n], &vec![n as u64; m]);
        let lattice: Vec<f64> = cost.iter().map(|c| (3.0 * c).floor()).collect();
        check(&lattice, &vec![m as u64; n], &vec![n as u64; m]);
        check(&vec![1.0; n * m], &vec![m as u64; n], &vec![n as u64; m]);
        check(&vec![0.0; n * m], &vec![m as u64; n], &vec![n as u64; m]);
    }
}

/// The samples have repeated points. Most trees then have several arcs of the root that carry no
/// flow. Rounding must not make the large cost of such an arc look like an improvement.
#[test]
fn repeated_points_are_no_trap() {
    for (seed, n, m, distinct) in [(1, 100, 100, 60), (2, 100, 100, 2000), (3, 150, 150, 20), (4, 120, 90, 50)] {
        let stream = Stream::new(seed);
        let places = stream.normal(distinct, 2);
        for round in 0..20 {
            let mut rng = stream.label("draw").at(round).rng();
            let mut draw = |n: usize| (0..n).map(|_| rng.below(distinct)).collect::<Vec<_>>();
            let (x, y) = (draw(n), draw(m));
            let distance = |i: &usize, j: &usize| crate::points::squared_distance(places.row(*i), places.row(*j));
            let cost: Vec<f64> = x.iter().flat_map(|i| y.iter().map(|j| distance(i, j)).collect::<Vec<_>>()).collect();
            check(&cost, &vec![m as u64; n], &vec![n as u64; m]);
        }
    }
}

/// Both sides get one more point, at the same far place. However far this place is, the point does
/// not move, and the other points have the cost that they have without it.
#[test]
fn far_points_do_not_disturb_near_ones() {
    let (n, stream) = (200, Stream::new(5));
    let [x, y] = ["x", "y"].map(|name| stream.label(name).normal(n, 2));
    let distances = |x: &Points, y: &Points| -> Vec<f64> {
        let row = |i: usize| (0..y.n()).map(move |j| crate::points::squared_distance(x.row(i), y.row(j)));
        (0..x.n()).flat_map(row).collect()
    };
    let near = check(&distances(&x, &y), &vec![1; n], &vec![1; n]).cost * n as f64;
    for far in [1e4, 1e6, 1e8, 1e12] {
        let point = Points::from_rows(&[[far, -far]]).unwrap();
        let [x, y] = [&x, &y].map(|points| points.concat(&point).unwrap());
        for (x, y) in [(&x, &y), (&y, &x)] {
            let found = transport(&distances(x, y), &vec![1; n + 1], &vec![1; n + 1], &Interrupt::default());
            let found = found.unwrap().cost * (n + 1) as f64;
            assert!((found / near - 1.0).abs() < 1e-9, "{far}: {found} {near}");
        }
    }
}

#[test]
fn an_interrupt_ends_it() {
    let stop = Interrupt::default();
    stop.raise();
    assert!(transport(&[1.0], &[1], &[1], &stop).is_err());
}
