//! A dense Sinkhorn iteration in f64, written for these tests: a matrix of costs, no scaling, no
//! extrapolation.

use super::*;

/// Potentials, and the value of the problem.
struct Dense {
    f: Vec<f64>,
    g: Vec<f64>,
    cost: f64,
    /// `sum_ij P_ij c_ij`.
    transport: f64,
}

fn log_sum_exp(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let max = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    max + terms.map(|t| (t - max).exp()).sum::<f64>().ln()
}

/// Solves with the cost `factor |x - y|^2`.
fn dense((x, a): (&Points, &[f64]), (y, b): (&Points, &[f64]), factor: f64, epsilon: f64, rho: f64) -> Dense {
    let (n, m) = (x.n(), y.n());
    let c: Vec<Vec<f64>> = x.iter().map(|x| y.iter().map(|y| factor * squared_distance(x, y)).collect()).collect();
    let damping = if rho.is_finite() { rho / (rho + epsilon) } else { 1.0 };
    let (mut f, mut g) = (vec![0.0; n], vec![0.0; m]);
    for _ in 0..20_000 {
        let before = f.clone();
        for j in 0..m {
            g[j] = -damping * epsilon * log_sum_exp((0..n).map(|i| a[i].ln() + (f[i] - c[i][j]) / epsilon));
        }
        for i in 0..n {
            f[i] = -damping * epsilon * log_sum_exp((0..m).map(|j| b[j].ln() + (g[j] - c[i][j]) / epsilon));
        }
        if f.iter().zip(&before).all(|(f, before)| (f - before).abs() < 1e-13 * (1.0 + f.abs())) {
            break;
        }
    }
    let p = |i: usize, j: usize| a[i] * b[j] * ((f[i] + g[j] - c[i][j]) / epsilon).exp();
    let pairs = || (0..n).flat_map(|i| (0..m).map(move |j| (i, j)));
    let transport = pairs().map(|(i, j)| p(i, j) * c[i][j]).sum();
    // This is the primal value; the solver returns the dual value.
    let kl = |p: f64, q: f64| if p > 0.0 { p * (p / q).ln() - p + q } else { q };
    let mut cost: f64 = pairs().map(|(i, j)| p(i, j) * c[i][j] + epsilon * kl(p(i, j), a[i] * b[j])).sum();
    if rho.is_finite() {
        cost += (0..n).map(|i| rho * kl((0..m).map(|j| p(i, j)).sum(), a[i])).sum::<f64>();
        cost += (0..m).map(|j| rho * kl((0..n).map(|i| p(i, j)).sum(), b[j])).sum::<f64>();
    }
    Dense { f, g, cost, transport }
}

/// Compares potentials, which are defined up to a constant.
fn assert_equal(got: (&[f64], &[f64]), want: (&[f64], &[f64]), scale: f64, what: &str) {
    let constant = got.0[0] - want.0[0];
    let off_f = got.0.iter().zip(want.0).map(|(a, b)| (a - b - constant).abs());
    let off_g = got.1.iter().zip(want.1).map(|(a, b)| (a - b + constant).abs());
    let worst = off_f.chain(off_g).fold(0.0, f64::max);
    assert!(worst <= 1e-6 * scale, "{what}: potentials differ by {worst:e} of {scale}");
}

#[test]
fn potentials_and_values_are_those_of_the_dense_iteration() {
    for (n, m, dim) in [(1, 1, 2), (7, 3, 1), (40, 30, 3), (200, 300, 2), (60, 70, 20)] {
        let (x, y) = (cloud(1, n, dim, 0.0), cloud(2, m, dim, 0.5));
        let (a, b) = (weights(3, n), weights(4, m));
        let mean = mean_cost(&x, &y);
        for share in [1.0, 0.1] {
            let epsilon = share * mean;
            let want = dense((&x, &a), (&y, &b), 0.5, epsilon, f64::INFINITY);
            let tolerance = 1e-9;
            let options = SinkhornOptions { tolerance, ..with_epsilon(epsilon) };
            let sides = || {
                let side = |points, weights| Marginal::new(points, Some(weights), "weights", false).unwrap();
                (side(&x, &a[..]), side(&y, &b[..]))
            };
            let found = Sinkhorn::new(sides().0, sides().1, options).unwrap().solve(&Pairwise::default()).unwrap();
            let what = format!("{n} x {m} in {dim}, {share}");
            assert!(found.converged, "{what}: {:e} after {}", found.marginal_error, found.iterations);
            assert_equal((&found.f, &found.g), (&want.f, &want.g), mean, &what);
            assert!((found.cost - want.cost).abs() <= 1e-9 * mean, "{what}: {} {}", found.cost, want.cost);
            // The default tolerance gives the value almost as exactly, because the error of the
            // value is of the order of the square of the marginal error.
            let usual = Sinkhorn::new(sides().0, sides().1, with_epsilon(epsilon)).unwrap();
            let usual = usual.solve(&Pairwise::default()).unwrap();
            assert!((usual.cost - want.cost).abs() <= 1e-9 * mean, "{what}: {} {}", usual.cost, want.cost);
        }
    }
}

/// The conversions of the documentation: POT and OTT have the cost `|x - y|^2`.
#[test]
fn conventions_of_other_libraries_are_converted() {
    let (x, y) = (cloud(1, 30, 2, 0.0), cloud(2, 20, 2, 0.5));
    let reg = 0.3;
    let equal = |n: usize| vec![1.0 / n as f64; n];
    let theirs = dense((&x, &equal(30)), (&y, &equal(20)), 1.0, reg, f64::INFINITY);
    let (x, y, pairwise) = (std::sync::Arc::new(x), std::sync::Arc::new(y), Pairwise::default());
    let options = with_epsilon(reg / 2.0);
    let ours = Coupling::solve((x.clone(), None), (y.clone(), None), &options, &pairwise, &mut |_, _, _| {});
    let ours = ours.unwrap();
    assert!((2.0 * ours.cost() - theirs.cost).abs() < 1e-7, "{} {}", ours.cost(), theirs.cost);
    let transport = ours.transport_cost();
    assert!((2.0 * transport - theirs.transport).abs() < 1e-5, "{transport} {}", theirs.transport);
    let blur = SinkhornOptions { blur: Some((reg / 2.0).sqrt()), ..SinkhornOptions::default() };
    assert!((solve(&x, &y, blur).cost - ours.cost()).abs() < 1e-12);
}

/// Masses that differ, with penalised marginals.
#[test]
fn unbalanced_values_are_those_of_the_dense_iteration() {
    let (x, y) = (cloud(1, 40, 2, 0.0), cloud(2, 30, 2, 1.5));
    let (a, b) = (weights(3, 40), weights(4, 30).iter().map(|w| 1.7 * w).collect::<Vec<f64>>());
    for (epsilon, rho) in [(0.2, 0.5), (0.1, 10.0), (0.5, 0.05)] {
        let want = dense((&x, &a), (&y, &b), 0.5, epsilon, rho);
        let side = |points, weights| Marginal::new(points, Some(weights), "weights", true).unwrap();
        let options = SinkhornOptions { rho: Some(rho), tolerance: 1e-9, ..with_epsilon(epsilon) };
        let problem = Sinkhorn::new(side(&x, &a[..]), side(&y, &b[..]), options.clone()).unwrap();
        let found = problem.solve(&Pairwise::default()).unwrap();
        assert!(found.converged, "{epsilon} {rho}: {:e}", found.marginal_error);
        let worst = found.f.iter().zip(&want.f).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-6, "{epsilon} {rho}: {worst:e}");
        assert!((found.cost - want.cost).abs() < 1e-7, "{epsilon} {rho}: {} {}", found.cost, want.cost);
        let own = Sinkhorn::new(side(&x, &a[..]), side(&x, &a[..]), options).unwrap();
        let (own, want) = (own.solve(&Pairwise::default()).unwrap(), dense((&x, &a), (&x, &a), 0.5, epsilon, rho));
        assert!(own.converged && (own.cost - want.cost).abs() < 1e-7, "{} {}", own.cost, want.cost);
    }
}
