//! Whole score differences, and their part over the particles, in which every pair is evaluated
//! once.

use super::*;

fn whole<'a>(x: &'a Points, y: &'a Points, sigma: f64) -> ScoreDifference<'a> {
    ScoreDifference { targets: x, target_log_weights: None, particles: y, leave_out_self: false, sigma }
}

fn check_whole(y: &Points, x: &Points, sigma: f64, label: &str) {
    let want = displacement(&reference(), y, x, &Softmax::of(sigma));
    every_path(|precision, backend, isa| {
        let mut got = Points::default();
        engine(precision, backend, isa).score_difference(Queries::Particles, &whole(x, y, sigma), &mut got).unwrap();
        let error = relative_error(got.data(), &want);
        let mut allowed = allowed(precision, y, x, sigma);
        if matches!(backend, Backend::Fused | Backend::Gemm) {
            let eps = if precision == Precision::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
            allowed = allowed.max(4.0 * eps * (1.0 + reach(y, x, sigma)));
        }
        assert!(error <= allowed, "{label} {precision:?} {backend:?} {isa:?}: {error:e} > {allowed:e}");
    });
}

#[test]
fn one_call_gives_the_whole_difference() {
    let (y, x) = clouds(129, 65, 9);
    for leave_out_self in [false, true] {
        let softmax = Softmax { leave_out_self, ..Softmax::of(0.9) };
        let want = displacement(&reference(), &y, &x, &softmax);
        every_path(|precision, backend, isa| {
            let difference = ScoreDifference {
                targets: &x,
                target_log_weights: None,
                particles: &y,
                leave_out_self,
                sigma: softmax.sigma,
            };
            let mut got = Points::default();
            engine(precision, backend, isa).score_difference(Queries::Particles, &difference, &mut got).unwrap();
            assert!(relative_error(got.data(), &want) < allowed(precision, &y, &x, 0.9));
            let same = ScoreDifference { targets: &y, ..difference };
            engine(precision, backend, isa).score_difference(Queries::Particles, &same, &mut got).unwrap();
            assert!(leave_out_self || got.data().iter().all(|v| *v == 0.0));
        });
    }
}

/// Sizes around whole panels and chunks of the widest registers, and dimensions below and above
/// every limit at which the method changes.
#[test]
fn pairs_evaluated_once() {
    for (n, dim) in
        [(239, 1), (240, 2), (241, 3), (530, 4), (1025, 2), (244, 16), (487, 17), (600, 64), (531, 65), (300, 130)]
    {
        let (y, x) = clouds(n, 65, dim);
        let sigma = 0.3 * (dim as f64).sqrt();
        check_whole(&y, &x, sigma, &format!("n={n} d={dim}"));
        let mut own = Points::default();
        own.reshape(n, dim);
        let used = engine(Precision::F32, Backend::Auto, Isa::Auto)
            .own_means(&y, sigma, &Default::default(), &mut own)
            .unwrap();
        assert!(used || Isa::Auto.resolved() == Isa::Scalar, "n={n} d={dim} goes through another path");
    }
}

#[test]
fn pairs_evaluated_once_at_any_sigma_offset_and_with_duplicates() {
    for dim in [2, 20] {
        let (y, x) = clouds(400, 65, dim);
        for share in [1e-3, 0.05, 1.0, 1e3] {
            check_whole(&y, &x, share * y.spread(), &format!("d={dim} sigma {share}"));
        }
        let twice = y.select(&(0..600).map(|i| i % 300).collect::<Vec<_>>());
        check_whole(&twice, &x, 0.5 * (dim as f64).sqrt(), &format!("duplicates d={dim}"));
        let mut far = y.clone();
        far.data_mut().iter_mut().for_each(|v| *v = (*v * 1048576.0).round() / 1048576.0 + 1e5);
        let mut x = x;
        x.data_mut().iter_mut().for_each(|v| *v = (*v * 1048576.0).round() / 1048576.0 + 1e5);
        check_whole(&far, &x, 0.3 * x.spread(), &format!("offset d={dim}"));
        far.row_mut(7).iter_mut().for_each(|v| *v -= 1e4);
        check_whole(&far, &x, 0.3 * x.spread(), &format!("one far away d={dim}"));
    }
}

#[test]
fn same_bytes_with_pairs_evaluated_once() {
    for dim in [3, 33] {
        let (y, x) = clouds(1025, 65, dim);
        for precision in [Precision::F32, Precision::F64] {
            let run = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let mut out = Points::default();
                let engine = engine(precision, Backend::Auto, Isa::Auto);
                pool.install(|| engine.score_difference(Queries::Particles, &whole(&x, &y, 0.9), &mut out)).unwrap();
                out
            };
            let one = run(1);
            assert!(one == run(2) && one == run(5), "{precision:?} d={dim}");
        }
    }
}
