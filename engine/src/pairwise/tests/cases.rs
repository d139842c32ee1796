//! One table of points and sigmas. Every path computes each case as two softmax means and as one
//! whole difference.

use super::*;

/// Particles, targets, sigma, and whether a particle excludes itself.
struct Case {
    name: String,
    y: Points,
    x: Points,
    sigma: f64,
    leave_out_self: bool,
}

fn case(name: &str, (y, x): (Points, Points), sigma: f64) -> Case {
    let name = format!("{name}: n={} m={} d={} sigma={sigma:.3}", y.n(), x.n(), x.dim());
    Case { name, y, x, sigma, leave_out_self: false }
}

fn odd_shapes() -> Vec<Case> {
    let mut shapes = vec![(1025, 65, 8), (65, 1025, 1), (9, 8, 1025)];
    for dim in [1, 7, 8, 9, 63, 64, 65] {
        let sizes = [(1, 65), (7, 64), (8, 63), (9, 9), (63, 1025), (65, 8), (64, 7), (65, 1)];
        shapes.extend(sizes.map(|(n, m)| (n, m, dim)));
    }
    let of = |(n, m, dim)| case("shape", clouds(n, m, dim), 0.3 * (dim as f64).sqrt());
    shapes.into_iter().map(of).collect()
}

fn sigma_from_tiny_to_huge() -> Vec<Case> {
    let mut cases = Vec::new();
    for dim in [1, 8, 65] {
        for share in [1e-3, 1e-2, 0.05, 0.1, 1.0, 10.0, 100.0, 1000.0] {
            let (y, x) = clouds(65, 129, dim);
            let sigma = share * x.spread();
            cases.push(case("sigma", (y, x), sigma));
        }
    }
    cases
}

/// A common offset costs no digits.
fn offsets() -> Vec<Case> {
    let mut cases = Vec::new();
    for dim in [1, 9, 64] {
        for share in [0.05, 0.3, 1.0] {
            let (mut y, mut x) = clouds(65, 129, dim);
            // Coordinates are multiples of 2^-20, so that adding the offset is exact and the
            // reference sees the same problem.
            for p in [&mut y, &mut x] {
                p.data_mut().iter_mut().for_each(|v| *v = (*v * 1048576.0).round() / 1048576.0 + 1e5);
            }
            let sigma = share * x.spread();
            cases.push(case("offset", (y, x), sigma));
        }
    }
    cases
}

fn duplicates() -> Vec<Case> {
    let of = |dim: usize| {
        let (y, x) = clouds(65, 33, dim);
        let x = x.select(&(0..99).map(|i| i % 33).collect::<Vec<_>>());
        let sigma = 0.5 * (dim as f64).sqrt();
        Case { leave_out_self: true, ..case("duplicates, leave out", (y, x), sigma) }
    };
    [2, 9, 64].map(of).into()
}

/// Runs cases through every path.
fn run(cases: Vec<Case>) {
    for Case { name, y, x, sigma, leave_out_self } in cases {
        let softmax = Softmax { leave_out_self, ..Softmax::of(sigma) };
        let want = displacement(&reference(), &y, &x, &softmax);
        every_path(|precision, backend, isa| {
            let engine = engine(precision, backend, isa);
            let mut allowed = allowed(precision, &y, &x, sigma);
            if matches!(backend, Backend::Fused | Backend::Gemm) {
                // If the product form is forced where the planner would not choose it, its own
                // error bound is the tolerance.
                let eps = if precision == Precision::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
                allowed = allowed.max(4.0 * eps * (1.0 + reach(&y, &x, sigma)));
            }
            let difference =
                ScoreDifference { targets: &x, target_log_weights: None, particles: &y, leave_out_self, sigma };
            let mut whole = Points::default();
            engine.score_difference(Queries::Particles, &difference, &mut whole).unwrap();
            for got in [&displacement(&engine, &y, &x, &softmax)[..], whole.data()] {
                assert!(got.iter().all(|v| v.is_finite()), "{name} {precision:?} {backend:?} {isa:?}");
                let error = relative_error(got, &want);
                assert!(error <= allowed, "{name} {precision:?} {backend:?} {isa:?}: {error:e} > {allowed:e}");
            }
        });
    }
}

#[test]
fn every_path_agrees_on_odd_shapes() {
    run(odd_shapes());
}

#[test]
fn every_path_agrees_at_any_sigma() {
    run(sigma_from_tiny_to_huge());
}

#[test]
fn every_path_agrees_at_an_offset() {
    run(offsets());
}

#[test]
fn every_path_agrees_on_duplicates_and_leaving_out() {
    run(duplicates());
}
