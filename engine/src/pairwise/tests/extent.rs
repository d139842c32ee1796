//! f32 keeps its relative error of 1e-5 for any ratio of the extent of the points to the scale of
//! their neighbourhoods.

use super::*;

/// A case: particles, targets, sigma, and how many of the last particles are outliers, whose large
/// displacement would hide the errors of the other particles.
struct Extent {
    name: String,
    y: Points,
    x: Points,
    sigma: f64,
    outliers: usize,
}

fn normal(seed: u64, n: usize, dim: usize) -> Points {
    Stream::new(seed).label("extent").normal(n, dim)
}

fn join(mut points: Points, far: f64) -> Points {
    let mut data = points.data().to_vec();
    data.extend(vec![far; points.dim()]);
    let dim = points.dim();
    points = Points::new(data, dim, "points").unwrap();
    points
}

/// The points, assigned in turn to clusters that are `gap` apart along the diagonal.
fn clusters(mut points: Points, count: usize, gap: f64) -> Points {
    for i in 0..points.n() {
        points.row_mut(i).iter_mut().for_each(|v| *v += gap * (i % count) as f64);
    }
    points
}

fn cases() -> Vec<Extent> {
    let mut cases = Vec::new();
    let mut add = |name: String, y: Points, x: Points, sigma: f64, outliers: usize| {
        cases.push(Extent { name, y, x, sigma, outliers });
    };
    for dim in [2, 9] {
        let sigma = 0.35 * (dim as f64).sqrt();
        for far in [1e4, 1e6, 1e8, 1e9, 1e13, 1e20] {
            let (y, x) = (normal(1, 301, dim), normal(2, 303, dim));
            add(format!("a target at {far:e}, d={dim}"), y.clone(), join(x.clone(), far), sigma, 0);
            add(format!("a particle at {far:e}, d={dim}"), join(y, -far), x, sigma, 1);
        }
        for gap in [1e4, 1e6, 1e8] {
            for count in [2, 7] {
                let (y, x) = (clusters(normal(1, 301, dim), count, gap), clusters(normal(2, 303, dim), count, gap));
                add(format!("{count} clusters {gap:e} apart, d={dim}"), y, x, sigma, 0);
            }
        }
        let (y, x) = (clusters(normal(1, 51, dim), 2, 1e6), clusters(normal(2, 53, dim), 2, 1e6));
        add(format!("few points in 2 clusters, d={dim}"), y, x, sigma, 0);
        let (y, x) = (clusters(normal(1, 1201, dim), 25, 1e3), clusters(normal(2, 1203, dim), 25, 1e3));
        add(format!("many points in 25 clusters, d={dim}"), y, x, sigma, 0);
    }
    for dim in [1, 2, 8, 40] {
        for share in [1e-3, 1e-2] {
            let sigma = share * (dim as f64).sqrt();
            add(format!("sigma {sigma}, d={dim}"), normal(1, 401, dim), normal(2, 403, dim), sigma, 0);
        }
    }
    // Queries far from every source: the nearest source depends on a difference of large squares.
    let mut y = normal(1, 301, 2);
    y.data_mut().iter_mut().for_each(|v| *v += 3e3);
    add("particles far from all targets".into(), y, normal(2, 303, 2), 0.5, 0);
    cases
}

/// Calls `f` for every path that promises this accuracy.
fn promising(mut f: impl FnMut(Precision, &Pairwise)) {
    for isa in Isa::available() {
        for precision in [Precision::F32, Precision::Auto, Precision::Bf16x3, Precision::Bf16x6] {
            f(precision, &engine(precision, Backend::Auto, isa));
        }
    }
}

/// The error of all rows except the last `outliers` rows.
fn error_without(outliers: usize, dim: usize, got: &[f64], want: &[f64]) -> f64 {
    let kept = got.len() - outliers * dim;
    // Smaller values vanish in f32, and their squares may vanish in f64.
    if got[..kept].iter().chain(&want[..kept]).all(|v| v.abs() < 1e-100) {
        return 0.0;
    }
    relative_error(&got[..kept], &want[..kept])
}

#[test]
fn score_differences_at_any_extent() {
    let mut failed = Vec::new();
    for Extent { name, y, x, sigma, outliers } in cases() {
        let want = displacement(&reference(), &y, &x, &Softmax::of(sigma));
        promising(|precision, engine| {
            let tolerance = if precision == Precision::Bf16x3 { 4e-5 } else { 1e-5 };
            let difference =
                ScoreDifference { targets: &x, target_log_weights: None, particles: &y, leave_out_self: false, sigma };
            let copy = y.clone();
            for queries in [Queries::Particles, Queries::At(&copy)] {
                let mut got = Points::default();
                engine.score_difference(queries, &difference, &mut got).unwrap();
                let error = error_without(outliers, x.dim(), got.data(), &want);
                if error.is_nan() || error > tolerance {
                    let repeated = engine.work().repeated();
                    failed.push(format!(
                        "{name}: {precision:?} {:?} {error:.1e}, {repeated} repeated",
                        engine.options().isa
                    ));
                }
            }
        });
    }
    assert!(failed.is_empty(), "{} failures:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn normalisers_and_sample_sizes_at_any_extent() {
    let mut failed = Vec::new();
    for Extent { name, y, x, sigma, outliers } in cases() {
        let (softmax, mut want) = (Softmax::of(sigma), SoftmaxMean::default());
        reference().softmax_mean(&y, &x, Values::Own, &softmax, &mut want).unwrap();
        promising(|precision, engine| {
            let (mut got, mut log_sum) = (SoftmaxMean::default(), Vec::new());
            engine.softmax_mean(&y, &x, Values::Own, &softmax, &mut got).unwrap();
            engine.log_sum_exp(&y, &x, &softmax, &mut log_sum).unwrap();
            let errors = [
                error_without(outliers, 1, &got.log_sum, &want.log_sum),
                error_without(outliers, 1, &log_sum, &want.log_sum),
                0.3 * error_without(outliers, 1, &got.ess, &want.ess),
            ];
            if errors.iter().any(|error| error.is_nan() || *error > 1e-5) {
                failed.push(format!("{name}: {precision:?} {:?} {errors:?}", engine.options().isa));
            }
        });
    }
    assert!(failed.is_empty(), "{} failures:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn kernel_sums_at_any_extent() {
    let mut failed = Vec::new();
    for Extent { name, y, x, sigma, outliers } in cases().into_iter().filter(|case| case.x.n() < 1000) {
        for kernel in Kernel::all(sigma) {
            for part in [Part::Value, Part::Slope] {
                let sum = KernelSum { kernel, part, weights: None, values: Some(Values::Own), leave_out_self: false };
                let mut want = KernelSums::default();
                reference().kernel_sum(&y, &x, &sum, &mut want).unwrap();
                // `sum_j k_j (z - x_j)`, as flows use it.
                let pull = |sums: &KernelSums| -> Vec<f64> {
                    let rows = y.iter().zip(&sums.mass).zip(sums.moment.iter());
                    rows.flat_map(|((z, mass), moment)| z.iter().zip(moment).map(move |(z, m)| z * mass - m)).collect()
                };
                let wanted = pull(&want);
                promising(|precision, engine| {
                    let mut got = KernelSums::default();
                    engine.kernel_sum(&y, &x, &sum, &mut got).unwrap();
                    let errors = [
                        error_without(outliers, 1, &got.mass, &want.mass),
                        error_without(outliers, x.dim(), &pull(&got), &wanted),
                    ];
                    if errors.iter().any(|error| error.is_nan() || *error > 1e-5) {
                        let isa = engine.options().isa;
                        failed.push(format!("{name}: {} {part:?} {precision:?} {isa:?} {errors:?}", kernel.name()));
                    }
                });
            }
        }
    }
    assert!(failed.is_empty(), "{} failures:\n{}", failed.len(), failed.join("\n"));
}
