//! Gaussians, whose plan has a closed form; and the exact assignment, for a small epsilon.

use super::*;
use crate::metric::{Reference, by_name};
use std::sync::Arc;

/// A grid of the plane from -6 to 6 standard deviations.
fn grid(side: usize) -> Points {
    let at = |k: usize| 12.0 * k as f64 / (side - 1) as f64 - 6.0;
    let rows: Vec<[f64; 2]> = (0..side * side).map(|i| [at(i / side), at(i % side)]).collect();
    Points::from_rows(&rows).unwrap()
}

/// The square root of a symmetric 2 x 2 matrix, `(M + sqrt(det) I) / sqrt(tr + 2 sqrt(det))`.
fn root([[p, q], [_, r]]: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
    let s = (p * r - q * q).sqrt();
    let t = (p + r + 2.0 * s).sqrt();
    [[(p + s) / t, q / t], [q / t, (r + s) / t]]
}

fn product(a: [[f64; 2]; 2], b: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
    let entry = |i: usize, j: usize| a[i][0] * b[0][j] + a[i][1] * b[1][j];
    [[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]]
}

fn inverse([[p, q], [r, s]]: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
    let det = p * s - q * r;
    [[s / det, -q / det], [-r / det, p / det]]
}

/// The covariance between the sides is `C = (A^1/2 D A^-1/2 - epsilon I) / 2` with `D = (4 A^1/2 B
/// A^1/2 + epsilon^2 I)^1/2` \[janati2020entropic\].
#[test]
fn the_plan_of_gaussians_has_the_known_covariance() {
    let points = Arc::new(grid(41));
    let (a, b) = ([[1.0, 0.3], [0.3, 0.5]], [[0.6, -0.2], [-0.2, 1.2]]);
    let masses = |cov: [[f64; 2]; 2]| -> Vec<f64> {
        let inverse = inverse(cov);
        let density = |z: &[f64]| {
            let square = inverse[0][0] * z[0] * z[0] + 2.0 * inverse[0][1] * z[0] * z[1] + inverse[1][1] * z[1] * z[1];
            (-0.5 * square).exp()
        };
        points.iter().map(density).collect()
    };
    let (of_a, of_b) = (masses(a), masses(b));
    let pairwise = Pairwise::default();
    for epsilon in [0.2, 1.0] {
        let options = SinkhornOptions { precision: SinkhornPrecision::F64, ..with_epsilon(epsilon) };
        let sides = ((points.clone(), Some(&of_a[..])), (points.clone(), Some(&of_b[..])));
        let found = Coupling::solve(sides.0, sides.1, &options, &pairwise, &mut |_, _, _| {}).unwrap();
        assert!(found.converged());
        let mapped = found.map(&points, &pairwise).unwrap();
        let total: f64 = of_a.iter().sum();
        let mut got = [[0.0; 2]; 2];
        for ((x, t), mass) in points.iter().zip(mapped.iter()).zip(&of_a) {
            (0..4).for_each(|k| got[k / 2][k % 2] += mass / total * x[k / 2] * t[k % 2]);
        }
        let half = root(a);
        let mut square = product(product(half, b), half);
        (0..4).for_each(|k| square[k / 2][k % 2] *= 4.0);
        (0..2).for_each(|k| square[k][k] += epsilon * epsilon);
        let mut want = product(product(half, root(square)), inverse(half));
        (0..2).for_each(|k| want[k][k] -= epsilon);
        for k in 0..4 {
            let (got, want) = (got[k / 2][k % 2], 0.5 * want[k / 2][k % 2]);
            assert!((got - want).abs() < 2e-5, "{epsilon}, {k}: {got} {want}");
        }
    }
}

/// For a small epsilon the cost is that of the best assignment, and every row has one entry.
#[test]
fn a_small_epsilon_finds_the_exact_assignment() {
    let (x, y) = (Arc::new(cloud(1, 40, 2, 0.0)), Arc::new(cloud(2, 40, 2, 1.0)));
    let pairwise = Pairwise::default();
    let reference = Reference::new(y.clone()).unwrap();
    let w2 = by_name("w2", serde_json::Value::Null).unwrap();
    let exact = w2.estimate(&x, &reference, &pairwise, Stream::new(1)).unwrap().value;
    let epsilon = 2e-3 * mean_cost(&x, &y);
    let options = SinkhornOptions { tolerance: 1e-4, max_iterations: 20_000, ..with_epsilon(epsilon) };
    let found = Coupling::solve((x.clone(), None), (y, None), &options, &pairwise, &mut |_, _, _| {}).unwrap();
    assert!(found.converged(), "{:e}", found.marginal_error());
    let cost = 2.0 * found.transport_cost();
    assert!((cost / (exact * exact) - 1.0).abs() < 5e-3, "{cost} {}", exact * exact);
    // The entropy of a plan of 40 equal rows is at most log 40.
    assert!(found.cost() >= 0.5 * exact * exact - 1e-6 && found.cost() <= 0.5 * exact * exact + epsilon * 40f64.ln());
}
