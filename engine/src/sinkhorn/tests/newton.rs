//! Newton's method: against iterations, the exact assignment, and dense equations.

use super::super::sparse_plan::SparsePlan;
use super::*;
use crate::Interrupt;
use crate::points::dot;

/// Two rings of clusters, between which little mass is exchanged.
fn clusters(n: usize) -> (Points, Points) {
    let ring = |key: u64, corners: usize, radius: f64| {
        let mut points = cloud(key, n, 2, 0.0);
        for i in 0..n {
            let angle = std::f64::consts::TAU * (i % corners) as f64 / corners as f64;
            let row = points.row_mut(i);
            (row[0], row[1]) = (radius * angle.cos() + 0.4 * row[0], radius * angle.sin() + 0.5 * row[1]);
        }
        points
    };
    (ring(1, 8, 3.0), ring(2, 5, 2.0))
}

#[test]
fn a_small_epsilon_converges_where_iterations_do_not() {
    let (x, y) = clusters(200);
    let (a, b) = (weights(3, 200), weights(4, 200));
    let side = |points, weights| Marginal::new(points, Some(weights), "weights", false).unwrap();
    for share in [1e-3, 1e-4] {
        let epsilon = share * mean_cost(&x, &y);
        let solve = |newton: bool, max_iterations: usize| {
            let options = SinkhornOptions { newton, max_iterations, ..with_epsilon(epsilon) };
            let problem = Sinkhorn::new(side(&x, &a[..]), side(&y, &b[..]), options).unwrap();
            problem.solve(&Pairwise::default()).unwrap()
        };
        let found = solve(true, 250);
        assert!(found.converged && !found.is_dense, "{share}: {:e}", found.marginal_error);
        let plain = solve(false, 250);
        assert!(!plain.converged, "{share}: {}", plain.iterations);
        // The dual value of any potentials is at most that of the solution.
        assert!(found.cost >= plain.cost - 1e-12, "{share}: {} {}", found.cost, plain.cost);
        // The row sums of the plan of the result, computed here.
        let mut rows = vec![0.0; 200];
        let mut columns = vec![0.0; 200];
        for i in 0..200 {
            for j in 0..200 {
                let cost = 0.5 * squared_distance(x.row(i), y.row(j));
                let mass = a[i] * b[j] * ((found.f[i] + found.g[j] - cost) / epsilon).exp();
                (rows[i], columns[j]) = (rows[i] + mass, columns[j] + mass);
            }
        }
        let off = |sums: &[f64], masses: &[f64]| sums.iter().zip(masses).map(|(s, a)| (s - a).abs()).sum::<f64>();
        assert!(off(&rows, &a) + off(&columns, &b) < 1.1e-6, "{share}");
    }
}

#[test]
fn newton_and_iterations_find_the_same() {
    let (x, y) = clusters(150);
    let base = SinkhornOptions { max_iterations: 100_000, ..with_epsilon(1e-3 * mean_cost(&x, &y)) };
    let plain = solve(&x, &y, SinkhornOptions { newton: false, ..base.clone() });
    for precision in [SinkhornPrecision::Auto, SinkhornPrecision::F64] {
        let found = solve(&x, &y, SinkhornOptions { precision, ..base.clone() });
        assert!(found.converged && plain.converged);
        assert!(2 * found.iterations < plain.iterations, "{} {}", found.iterations, plain.iterations);
        assert!((found.cost - plain.cost).abs() < 1e-8, "{} {}", found.cost, plain.cost);
    }
}

#[test]
fn newton_gives_the_same_bytes_for_any_number_of_threads() {
    let (x, y) = clusters(150);
    let options = with_epsilon(1e-4 * mean_cost(&x, &y));
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| solve(&x, &y, options.clone()))
    };
    let one = run(1);
    assert!(one.converged && one == run(2) && one == run(5));
}

#[test]
fn a_plan_of_too_many_entries_is_refused() {
    let (x, y) = (cloud(1, 1500, 1, 0.0), cloud(2, 1500, 1, 0.5));
    let options = SinkhornOptions { tolerance: 0.0, max_iterations: 120, ..with_epsilon(5.0) };
    let found = solve(&x, &y, options);
    assert!(found.is_dense && !found.converged && found.iterations == 120);
    assert!(found.advice(0.0).unwrap().contains("too many entries"), "{:?}", found.advice(0.0));
}

/// `(diag(r) - P diag(1 / c) P^T + damping diag(a)) d = right`, where the plan has all its entries.
#[test]
fn the_equations_are_those_of_the_dense_matrix() {
    let (x, y) = (cloud(1, 20, 3, 0.0), cloud(2, 15, 3, 0.5));
    let (a, b) = (weights(3, 20), weights(4, 15));
    let side = |points, weights| Marginal::new(points, Some(weights), "weights", false).unwrap();
    let (first, second) = (side(&x, &a[..]), side(&y, &b[..]));
    let (f, g, epsilon) = (vec![0.3; 20], vec![-0.2; 15], 1.0);
    let interrupt = Interrupt::default();
    let plan = SparsePlan::new((&first, &second), (&f, &g), epsilon, &interrupt).unwrap().unwrap();
    let p = |i: usize, j: usize| a[i] * b[j] * (0.1 - 0.5 * squared_distance(x.row(i), y.row(j))).exp();
    let columns: Vec<f64> = (0..15).map(|j| (0..20).map(|i| p(i, j)).sum()).collect();
    let image = |v: &[f64]| -> Vec<f64> {
        let means: Vec<f64> = (0..15).map(|j| (0..20).map(|i| p(i, j) * v[i]).sum::<f64>() / columns[j]).collect();
        (0..20).map(|i| (0..15).map(|j| p(i, j) * (v[i] - means[j])).sum()).collect()
    };
    let v: Vec<f64> = (0..20).map(|i| (1.7 * i as f64).sin()).collect();
    let mut got = Vec::new();
    plan.apply(&v, &mut got);
    got.iter().zip(image(&v)).for_each(|(got, want)| assert!((got - want).abs() < 1e-7, "{got} {want}"));
    // The solution reduces the residual.
    let right = image(&v);
    let found = plan.solve(&right, 0.01, &interrupt).unwrap();
    let off: Vec<f64> = (0..20).map(|i| image(&found)[i] + 0.01 * a[i] * found[i] - right[i]).collect();
    assert!(dot(&off, &off) < 0.01 * dot(&right, &right), "{}", dot(&off, &off) / dot(&right, &right));
}
